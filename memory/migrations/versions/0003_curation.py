"""Curation as a queue with leases; edits that were refused, or wait for somebody to decide."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from coterie.memory.migrations import wall

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is new; everything that is there stays."""
    postgres = op.get_bind().dialect.name == "postgresql"
    moment: Any = sa.DateTime(timezone=True) if postgres else sa.BigInteger()
    identifier = sa.Text(collation="C") if postgres else sa.Text()
    _turn(postgres)
    _proposal(postgres, moment, identifier)


def _turn(postgres: bool) -> None:
    """What was ``lease_until`` says more now: from when on anybody may take the turn up."""
    table = wall.DOORS["turn"] if postgres else "turn"  # what happens to the door happens to the table
    op.execute(f"ALTER TABLE {table} RENAME COLUMN lease_until TO due_at")
    op.add_column(table, sa.Column("lease", sa.Text))
    if postgres:
        op.execute("ALTER TABLE turn NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE turn SET due_at = at WHERE status = 'pending'")
    if postgres:
        op.execute("ALTER TABLE turn FORCE ROW LEVEL SECURITY")
    _index("turn_due", ["due_at"], "status = 'pending'")
    _index("turn_leased", ["user_id", "due_at"], "status = 'pending' AND lease IS NOT NULL")
    _index("turn_dead", ["user_id", "at", "turn_id"], "status = 'dead'")


def _index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "turn", columns, sqlite_where=where, postgresql_where=where)


def _proposal(postgres: bool, moment: Any, identifier: sa.Text) -> None:
    op.create_table(
        "proposal",
        sa.Column("user_id", identifier, nullable=False),
        sa.Column("proposal_id", identifier, nullable=False),
        sa.Column("turn_id", identifier, nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("team_id", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("edit", sa.JSON, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("decided_at", moment),
        sa.PrimaryKeyConstraint("user_id", "proposal_id"),
    )
    op.create_index("proposal_status", "proposal", ["user_id", "status", "proposal_id"])
    if postgres:
        wall.raise_wall(op.get_bind(), "proposal", f"USING ({wall.WALLS['proposal']})")
