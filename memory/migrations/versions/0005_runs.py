"""Runs, and the records of what happened in them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from coterie.memory.migrations import wall

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what is new; everything that is there stays."""
    postgres = op.get_bind().dialect.name == "postgresql"
    moment: Any = sa.DateTime(timezone=True) if postgres else sa.BigInteger()
    identifier = sa.Text(collation="C") if postgres else sa.Text()
    _runs(identifier, moment)
    _records(identifier)
    if postgres:
        for table in ("run", "run_record"):
            wall.raise_wall(op.get_bind(), table, f"USING ({wall.WALLS[table]})")


def _runs(identifier: sa.Text, moment: Any) -> None:
    op.create_table(
        "run",
        sa.Column("user_id", identifier, nullable=False),
        sa.Column("run_id", identifier, nullable=False),
        sa.Column("session_id", identifier),
        sa.Column("team_id", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("ended_at", moment),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "run_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("run_newest", "run", ["user_id", "started_at", "run_id"])
    where = sa.text("session_id IS NOT NULL")
    columns = ["user_id", "session_id", "started_at", "run_id"]
    op.create_index("run_session", "run", columns, sqlite_where=where, postgresql_where=where)


def _records(identifier: sa.Text) -> None:
    """On SQLite with row numbers: in the key's own tree a record of a few kilobytes takes twice the room."""
    op.create_table(
        "run_record",
        sa.Column("user_id", identifier, nullable=False),
        sa.Column("run_id", identifier, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "run_id", "number"),
    )
