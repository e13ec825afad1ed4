"""Notes: what the members of a team tell each other while a run works."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from coterie.memory.migrations import wall

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what is new; everything that is there stays."""
    postgres = op.get_bind().dialect.name == "postgresql"
    moment: Any = sa.DateTime(timezone=True) if postgres else sa.BigInteger()
    identifier = sa.Text(collation="C") if postgres else sa.Text()
    op.create_table(
        "note",
        sa.Column("user_id", identifier, nullable=False),
        sa.Column("note_id", identifier, nullable=False),
        sa.Column("run_id", identifier, nullable=False),
        sa.Column("team_id", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.Column("member", sa.Text),
        sa.Column("task", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "note_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("note_run", "note", ["user_id", "run_id", "note_id"])
    if postgres:
        wall.raise_wall(op.get_bind(), "note", f"USING ({wall.WALLS['note']})")
