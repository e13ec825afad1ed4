"""What the database itself keeps, read past the store's verbs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from coterie.memory.db import Db
from coterie.memory.reach import NOTHING
from coterie.memory.sqlite import SqliteDb
from coterie.memory.tables import METADATA

Rows = dict[str, list[tuple[Any, ...]]]


def rows_of(db: Db, user_id: str | None, *tables: str) -> Rows:
    """Every column of every row about a user (None: of all), in the order of the keys; of all tables, or of these."""
    found: Rows = {}
    with past_the_wall(db) as connection:
        for name in tables or METADATA.tables:
            table = METADATA.tables[name]
            columns = ", ".join(f'"{column.name}"' for column in table.c)
            key = ", ".join(f'"{column.name}"' for column in table.primary_key)
            rows = connection.exec_driver_sql(f'SELECT {columns} FROM "{name}" ORDER BY {key}')
            if "user_id" not in table.c:  # the store's own
                continue
            owner = list(table.c.keys()).index("user_id")
            found[name] = [tuple(map(_plain, row)) for row in rows if user_id in (None, row[owner])]
    return found


@contextmanager
def past_the_wall(db: Db) -> Iterator[sa.Connection]:
    """A connection that sees every row: on PostgreSQL the superuser's."""
    if isinstance(db, SqliteDb):
        with db._reading(NOTHING) as connection:
            yield connection
        return
    engine = db._opened()
    of_all = sa.create_engine(engine.url.set(username="postgres"), poolclass=sa.NullPool)
    with of_all.connect() as connection:
        yield connection


def _plain(value: Any) -> Any:
    return repr(value) if isinstance(value, dict | list) else value
