"""The store in a SQLite file, or in memory."""

import os
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from coterie.errors import InputError, LockedError, SchemaError, StoreError
from coterie.memory import rows
from coterie.memory.db import Db
from coterie.memory.dialect import Dialect, first_line, rolled_back
from coterie.memory.embedding import Embedder
from coterie.memory.meaning import CACHE_BYTES
from coterie.memory.prepared import Row, run
from coterie.memory.probes import Probe
from coterie.memory.reach import Reach
from coterie.memory.secrets import without_login
from coterie.memory.sqlite_check import findings
from coterie.memory.sqlite_opening import BUSY_SECONDS, begin, drop_snapshot, opened, read_only, with_log
from coterie.memory.sqlite_probe import probe
from coterie.memory.sqlite_search import NEIGHBOURS, search, search_turns
from coterie.memory.values import Filters, Scope


class SqliteDb(Db):
    """The store in a SQLite file. Many processes may share it on one machine.

    One that writes waits for the others, each for 30 seconds at most: then `LockedError` is raised. After a second the
    logger ``coterie`` tells of it, at level INFO. A file that may not be written can be read, if its schema is the
    newest.

    Args:
        db_file: The file; made on first use if it is missing. None or ``":memory:"``: in memory, gone when this object
            is closed.
        embedder: Finds memories and turns by meaning too: any LangChain ``Embeddings``. None: by words alone, and what
            is written gets no vector (``reembed`` fills that gap).
        vector_cache_bytes: How much memory this process may use for the vectors of the users asked about last.

    Raises:
        InputError: it is no path, or empty, or holds a NUL, or is a URL.
        ConfigurationError: the embedder is none.
    """

    def __init__(
        self,
        db_file: str | Path | None = None,
        *,
        embedder: Embedder | None = None,
        vector_cache_bytes: int = CACHE_BYTES,
    ) -> None:
        in_memory = db_file is None or str(db_file) == ":memory:"
        super().__init__(_Sqlite(None if in_memory else _checked_path(db_file)), embedder, vector_cache_bytes)


def _checked_path(path: str | Path | None) -> Path:
    if not isinstance(path, str | os.PathLike) or not str(path).strip() or "\0" in str(path):
        raise InputError(f"db_file is {path!r}: give the path of a file, or None for a store in memory.")
    if re.match(r"[a-z][\w+.-]*://", str(path), re.IGNORECASE):
        better = (
            "give the path alone" if str(path).startswith("sqlite") else "for PostgreSQL use PostgresDb(db_url=...)"
        )
        raise InputError(f"db_file is the URL {without_login(str(path))!r}, not a path: {better}.")
    return Path(path)


class _Sqlite(Dialect):
    insert = staticmethod(insert)
    driver_error = sqlite3.Error
    driver_conflict = sqlite3.IntegrityError
    neighbours = NEIGHBOURS
    survives_fork = True  # its connections are closed before it, or in memory

    def __init__(self, path: Path | None) -> None:
        self.address = None if path is None else str(path)
        self.name = self.address or "the store in memory"
        self._path = path
        self._writer = threading.RLock()
        self._reads = 0
        self._reads_change = threading.Condition()

    def engine(self) -> sa.Engine:
        pool: dict[str, Any] = {"poolclass": sa.StaticPool}
        if self._path is not None:
            # The one that was used last has most of the pages that are wanted.
            pool = {"poolclass": sa.QueuePool, "max_overflow": 40, "pool_use_lifo": True}
        options: dict[str, Any] = {"pool_reset_on_return": None, "json_serializer": rows.to_json}
        engine = sa.create_engine("sqlite://", creator=self._connect, **options, **pool)
        sa.event.listen(engine, "checkin", drop_snapshot)
        return engine

    def _connect(self) -> sqlite3.Connection:
        """A connection; one that only reads where that is all that is allowed."""
        where = ":memory:" if self._path is None else str(self._path)
        try:
            return with_log(where)
        except sqlite3.OperationalError as error:
            refused = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
            if self._path is None or not refused or not self._path.is_file():
                raise
            return read_only(self._path, error)

    @contextmanager
    def reading(self, engine: sa.Engine, reach: Reach) -> Iterator[sa.Connection]:
        if self._path is None:  # there is one connection, so one at a time
            with self._writer, engine.connect() as connection:
                yield connection
            return
        with self._reads_change:
            self._reads += 1
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            with self._reads_change:
                self._reads -= 1
                self._reads_change.notify_all()

    @contextmanager
    def snapshot(self, engine: sa.Engine, reach: Reach) -> Iterator[sa.Connection]:
        """A read transaction; of a store in memory, whose one connection must stay free, a copy."""
        if self._path is not None:
            with self.reading(engine, reach) as connection:
                run(connection, "BEGIN").close()
                with rolled_back(connection):
                    yield connection
            return
        copy = opened(":memory:")
        with self.reading(engine, reach) as connection:
            connection.connection.dbapi_connection.backup(copy)  # type: ignore[union-attr]  # of sqlite3
        of_copy = sa.create_engine("sqlite://", creator=lambda: copy, poolclass=sa.StaticPool)
        try:
            with of_copy.connect() as connection:
                yield connection
        finally:
            of_copy.dispose()

    @contextmanager
    def writing(self, engine: sa.Engine, reach: Reach) -> Iterator[sa.Connection]:
        with self._writer, engine.begin() as connection:
            begin(connection, self.name)
            yield connection

    @contextmanager
    def fleeting(self, engine: sa.Engine, reach: Reach) -> Iterator[sa.Connection]:
        """The log is not forced to the disk: that takes ten times as long as the rest."""
        with self._writer, engine.connect() as connection:
            run(connection, "PRAGMA synchronous = NORMAL").close()
            try:
                with connection.begin():
                    begin(connection, self.name)
                    yield connection
            finally:
                run(connection, "PRAGMA synchronous = FULL").close()

    def dispose(self, engine: sa.Engine) -> None:
        """Close the connections; the one of a store in memory when nobody uses it, or SQLite would crash."""
        with self._writer:
            engine.dispose()

    def before_fork(self, engine: sa.Engine | None) -> None:
        """Wait for what is under way, and close the file: it is opened again on demand.

        A child that inherits an open SQLite file believes that it has the parent's locks, and may damage the file.
        """
        self._writer.acquire()
        self._reads_change.acquire()
        self._reads_change.wait_for(lambda: not self._reads, BUSY_SECONDS)
        if engine is not None and self._path is not None:
            engine.dispose()

    def after_fork(self) -> None:
        """Let reads and writes go on."""
        self._reads_change.release()
        self._writer.release()

    def lock_schema(self, connection: sa.Connection) -> None:
        """BEGIN IMMEDIATE has locked everything."""

    def lock_owner(self, connection: sa.Connection, owner: str) -> None:
        """BEGIN IMMEDIATE has locked everything."""

    def scrub(self, connection: sa.Connection) -> None:
        """Write the text index and the file anew, and empty the write-ahead log."""
        for index in ("memory_text", "turn_text"):
            connection.exec_driver_sql(f"INSERT INTO {index}({index}) VALUES ('optimize')")
        connection.exec_driver_sql("VACUUM")
        busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if busy:
            raise StoreError(
                f"{self.name}: the rows are gone, but others were reading the file, so its log still holds what was "
                "erased. Erase again when they are done."
            )

    def search(
        self, connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int, filters: Filters
    ) -> list[Row]:
        return search(connection, scope, words, limit, filters)

    def search_turns(self, connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int) -> list[Row]:
        return search_turns(connection, scope, words, limit)

    def elements(self, column: sa.ColumnElement[Any]) -> sa.TableValuedAlias:
        return sa.func.json_each(column).table_valued("value")

    def findings(self, connection: sa.Connection) -> Iterator[str]:
        return findings(connection, self.name)

    def probe(self) -> Probe:
        return probe(self.name, self._path)

    def problem(self, error: Exception) -> StoreError:
        said = first_line(error)
        for words, advice, kind in _PROBLEMS:
            if words in said:
                return kind(f"{self.name}: {said}. {advice}")
        return StoreError(f"{self.name}: {said}.")


_PROBLEMS: tuple[tuple[str, str, type[StoreError]], ...] = (
    ("not a database", "The file is something else: give another path.", SchemaError),
    ("malformed", "The file is damaged: restore a copy, or try `sqlite3 FILE .recover`.", SchemaError),
    ("locked", f"Another process was writing for over {BUSY_SECONDS} seconds: try again.", LockedError),
    ("readonly", "Make the file and its folder writable, or give another path.", StoreError),
    ("is full", "Nothing was written: make room on the disk and try again.", StoreError),
    ("unable to open", "Give a path to a file in a folder that exists and is writable.", StoreError),
    ("disk I/O error", "Nothing was written: look at the disk and its free space.", StoreError),
)
