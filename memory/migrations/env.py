"""Alembic's way in: run the migrations on the connection, and in the transaction, that was handed over."""

from alembic import context

from coterie.memory.schema import VERSION_TABLE
from coterie.memory.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
