"""The store in a SQLite file, or in memory."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from coterie.errors import InputError, SchemaError, StoreError
from coterie.memory import rows
from coterie.memory.db import Db
from coterie.memory.dialect import Dialect, first_line
from coterie.memory.reading import current
from coterie.memory.scope import Shelf, readable
from coterie.memory.tables import MEMORY

BUSY_SECONDS = 30
"""How long a write waits for the writes of other processes."""

_TEXT = sa.table("memory_text", sa.column("rowid"))


class SqliteDb(Db):
    """The store in a SQLite file. Many processes may share it on one machine.

    Args:
        path: The file; made on first use if it is missing. None: in memory, gone when this object is closed.

    Raises:
        InputError: the path is empty or holds a NUL.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        if path is not None and (not str(path).strip() or "\0" in str(path)):
            raise InputError(f"path is {path!r}: give the path of a file, or None for a store in memory.")
        super().__init__(_Sqlite(None if str(path) == ":memory:" else path))


class _Sqlite(Dialect):
    insert = staticmethod(insert)
    driver_error = sqlite3.Error

    def __init__(self, path: str | Path | None) -> None:
        self.name = "the store in memory" if path is None else str(path)
        self._path = path
        self._writer = threading.RLock()

    def engine(self) -> sa.Engine:
        url = sa.URL.create("sqlite", database=":memory:" if self._path is None else str(self._path))
        pool: dict[str, Any] = {"poolclass": sa.StaticPool} if self._path is None else {"max_overflow": 40}
        engine = sa.create_engine(
            url,
            connect_args={"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False},
            pool_reset_on_return=None,
            **pool,
        )
        sa.event.listen(engine, "connect", _use_write_ahead_log)
        return engine

    @contextmanager
    def reading(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        if self._path is not None:
            with engine.connect() as connection:
                yield connection
        else:  # there is one connection, so one at a time
            with self._writer, engine.connect() as connection:
                yield connection

    @contextmanager
    def writing(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        with self._writer, engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def lock_schema(self, connection: sa.Connection) -> None:
        """BEGIN IMMEDIATE has locked everything."""

    def lock_owner(self, connection: sa.Connection, owner: str) -> None:
        """BEGIN IMMEDIATE has locked everything."""

    def search(self, kinds: tuple[str, ...]) -> sa.Select[Any]:
        return _search(kinds)

    def search_parameters(self, shelves: Sequence[Shelf], words: Sequence[str]) -> dict[str, str]:
        keys = (f"u{_hex(owner)}" if to is None else f"k{_hex(f'{owner}{chr(31)}{to}')}" for owner, to in shelves)
        return {"match": f"readers : ({_any(keys)}) AND memory : ({_any(words)})"}

    def problem(self, error: Exception) -> StoreError:
        said = first_line(error)
        for words, advice, kind in _PROBLEMS:
            if words in said:
                return kind(f"{self.name}: {said}. {advice}")
        return StoreError(f"{self.name}: {said}.")


_PROBLEMS: tuple[tuple[str, str, type[StoreError]], ...] = (
    ("not a database", "The file is something else: give another path.", SchemaError),
    ("malformed", "The file is damaged: restore a copy, or try `sqlite3 FILE .recover`.", SchemaError),
    ("locked", f"Another process was writing for over {BUSY_SECONDS} seconds: try again.", StoreError),
    ("readonly", "Make the file and its folder writable, or give another path.", StoreError),
    ("is full", "Nothing was written: make room on the disk and try again.", StoreError),
    ("unable to open", "Give a path to a file in a folder that exists and is writable.", StoreError),
    ("disk I/O error", "Nothing was written: look at the disk and its free space.", StoreError),
)


def _use_write_ahead_log(connection: sqlite3.Connection, record: object) -> None:
    """Readers and one writer side by side; every commit is on disk before it returns."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


@cache
def _search(kinds: tuple[str, ...]) -> sa.Select[Any]:
    score = (-sa.func.bm25(sa.literal_column("memory_text"), 0.0, 1.0)).label("score")
    found = sa.select(*rows.MEMORY_COLUMNS, score).join_from(
        _TEXT, MEMORY, sa.literal_column("memory.seq") == _TEXT.c.rowid
    )
    found = found.where(sa.literal_column("memory_text").op("MATCH")(sa.bindparam("match", type_=sa.Text)))
    found = found.where(readable(MEMORY, kinds), current(MEMORY))
    return found.order_by(sa.desc("score"), MEMORY.c.created_at.desc()).limit(
        sa.bindparam("limit", type_=sa.BigInteger)
    )


def _any(words: Any) -> str:
    return " OR ".join(f'"{word}"' for word in words)


def _hex(text: str) -> str:
    return text.encode().hex()
