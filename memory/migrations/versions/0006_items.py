"""Items of a LangGraph store: memories that are in a namespace."""

import sqlalchemy as sa
from alembic import op

from coterie.memory.migrations import wall

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what is new; everything that is there stays."""
    postgres = op.get_bind().dialect.name == "postgresql"
    table = wall.DOORS["memory"] if postgres else "memory"  # what happens to the door happens to the table
    op.add_column(table, sa.Column("item", sa.JSON))
    op.add_column(table, sa.Column("namespace", sa.Text(collation="C") if postgres else sa.Text()))
    where = sa.text("valid_until IS NULL AND namespace IS NOT NULL")
    columns = ["user_id", "audience", "namespace", "created_at", "memory_id"]
    op.create_index("memory_namespace", "memory", columns, sqlite_where=where, postgresql_where=where)
