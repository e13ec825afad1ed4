"""A look at a PostgreSQL database from outside: nothing is changed."""

import sqlalchemy as sa

from coterie.memory.postgres_wall import holds
from coterie.memory.probes import Probe
from coterie.memory.schema import HEAD, found

_SERVER = sa.text(
    "SELECT split_part(current_setting('server_version'), ' ', 1), current_user, NOT pg_is_in_recovery(),"
    " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),"
    " (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')"
)


def probe(name: str, engine: sa.Engine) -> Probe:
    """What can be known of the database. The engine is the caller's.

    Raises:
        SchemaError: it is not one of coterie's, or a newer coterie made it.
        sqlalchemy.exc.DBAPIError: it cannot be reached.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
        version, user, writable, may_create, pgvector = connection.execute(_SERVER).one()
        schema = found(connection, name)
        walled = holds(connection) if schema == HEAD else None
    return Probe(
        f"PostgreSQL {version}",
        there=True,
        schema=schema,
        writable=writable,
        user=user,
        walled=walled,
        may_create=may_create,
        pgvector=pgvector,
    )
