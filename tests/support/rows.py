"""What the database itself keeps, read past the store's verbs."""

from typing import Any

from coterie.memory.db import Db
from coterie.memory.tables import METADATA

Rows = dict[str, list[tuple[Any, ...]]]


def rows_of(db: Db, user_id: str | None, *tables: str) -> Rows:
    """Every column of every row about a user (None: of all), in the order of the keys; of all tables, or of these."""
    found: Rows = {}
    with db._reading() as connection:
        for name in tables or METADATA.tables:
            table = METADATA.tables[name]
            columns = ", ".join(f'"{column.name}"' for column in table.c)
            key = ", ".join(f'"{column.name}"' for column in table.primary_key)
            rows = connection.exec_driver_sql(f'SELECT {columns} FROM "{name}" ORDER BY {key}')
            owner = list(table.c.keys()).index("user_id")
            found[name] = [tuple(map(_plain, row)) for row in rows if user_id in (None, row[owner])]
    return found


def _plain(value: Any) -> Any:
    return repr(value) if isinstance(value, dict | list) else value
