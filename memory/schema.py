"""Is the database's schema there, older, newer, or somebody else's? Made and upgraded on first use, under a lock."""

import threading
from pathlib import Path

import sqlalchemy as sa

from coterie.errors import SchemaError
from coterie.memory.dialect import Dialect
from coterie.memory.reach import NOTHING
from coterie.memory.tables import METADATA

VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every version of the schema, oldest first."""
HEAD = VERSIONS[-1]
VERSION_TABLE = "coterie_version"

_alembic = threading.Lock()  # its context is global to the process
_version = sa.select(sa.table(VERSION_TABLE, sa.column("version_num")).c.version_num)


def prepare(engine: sa.Engine, dialect: Dialect) -> None:
    """Bring the database to `HEAD`. Looks first, so that an up-to-date one costs a look and no lock.

    Raises:
        SchemaError: a newer coterie made it, or it has tables of somebody else's by our names.
    """
    with dialect.reading(engine, NOTHING) as connection:
        if found(connection, dialect.name) == HEAD:
            return
    with dialect.writing(engine, NOTHING) as connection:
        dialect.lock_schema(connection)
        if found(connection, dialect.name) != HEAD:  # unless another process was faster
            _upgrade(connection)


def found(connection: sa.Connection, name: str) -> str | None:
    """The version that is there, None for a database without our tables.

    Raises:
        SchemaError: a newer coterie made it, or it has tables of somebody else's by our names.
    """
    tables = set(sa.inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        _refuse_strangers(tables, name)
        return None
    version = connection.execute(_version).scalar()
    if version is not None and version not in VERSIONS:
        raise SchemaError(
            f"{name} has schema version {version!r}, this coterie knows up to {HEAD!r}: use the coterie that made it, "
            "or a newer one."
        )
    return version


def _refuse_strangers(tables: set[str], name: str) -> None:
    if taken := sorted(tables & set(METADATA.tables)):
        raise SchemaError(
            f"{name} is not one of coterie's, and already has the table(s) {', '.join(taken)}: use another database."
        )


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _alembic:
        command.upgrade(config, "head")
