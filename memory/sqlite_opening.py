"""Connections to a SQLite file, and the wait for others who write to it."""

import logging
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from coterie.memory import tokens
from coterie.memory.prepared import run

BUSY_SECONDS = 30
"""How long a write waits for the writes of other processes."""

SECONDS_AT_A_TIME = 1
"""How long SQLite waits before Python has its turn: to tell of it, and to hear Ctrl-C, which SQLite does not."""

T = TypeVar("T")

log = logging.getLogger("coterie")


class _Snapshot(sqlite3.Connection):
    """A connection that takes it that the file does not change: good for one reading, never kept."""


def opened(
    where: str,
    *statements: str,
    uri: bool = False,
    seconds: float = BUSY_SECONDS,
    factory: type[sqlite3.Connection] = sqlite3.Connection,
) -> sqlite3.Connection:
    """A connection after its first statements.

    With the write-ahead log there are readers and one writer side by side; every commit is on disk before it returns.
    """
    connection = sqlite3.connect(
        where, timeout=seconds, isolation_level=None, check_same_thread=False, uri=uri, factory=factory
    )
    try:
        connection.create_function(tokens.SQL_NAME, 1, tokens.estimate_tokens, deterministic=True)
        for statement in statements:
            connection.execute(statement).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def with_log(where: str) -> sqlite3.Connection:
    """A connection that writes with the write-ahead log.

    Of two who turn a new file's log on at once, SQLite refuses one without letting it wait, so it waits here.
    """
    statements = "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"
    connection = _patiently(where, lambda: opened(where, *statements, seconds=_at_a_time()))
    _let_wait(connection, BUSY_SECONDS)
    return connection


def begin(connection: sa.Connection, name: str) -> None:
    """Begin a transaction that may write, when others have come to the end of theirs."""
    held = connection.connection.driver_connection
    assert isinstance(held, sqlite3.Connection)
    _let_wait(held, _at_a_time())
    try:
        _patiently(name, lambda: run(connection, "BEGIN IMMEDIATE").close())
    finally:
        if not connection.invalidated:
            _let_wait(held, BUSY_SECONDS)


def _at_a_time() -> float:
    return min(SECONDS_AT_A_TIME, BUSY_SECONDS)


def _let_wait(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}").close()


def _patiently(name: str, attempt: Callable[[], T]) -> T:
    """Try until others let it, for `BUSY_SECONDS` at most. After `SECONDS_AT_A_TIME` it is told."""
    began = time.monotonic()
    while True:
        try:
            return attempt()
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - began
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or waited > BUSY_SECONDS:
                raise
        if waited > SECONDS_AT_A_TIME:
            log.info("%s is locked by another process: waiting for it, for up to %s seconds.", name, BUSY_SECONDS)
        time.sleep(random.uniform(0.001, 0.01))


def read_only(path: Path, refused: sqlite3.OperationalError) -> sqlite3.Connection:
    """A connection to a file that may not be written, in a folder that perhaps may not either.

    Where the write-ahead log's files cannot be made, the file is read as it stands. That is everything only if no log
    is there: a log has what is newer.
    """
    uri, first = f"{path.absolute().as_uri()}?mode=ro", "SELECT 1 FROM sqlite_master LIMIT 1"
    try:
        return opened(uri, first, uri=True)
    except sqlite3.OperationalError:
        log_file = path.with_name(f"{path.name}-wal")
        if log_file.exists() and log_file.stat().st_size:
            raise refused from None
        return opened(f"{uri}&immutable=1", first, uri=True, factory=_Snapshot)


def drop_snapshot(connection: object, record: sa.pool.ConnectionPoolEntry) -> None:
    """Have the pool not keep a connection that may show what was."""
    if isinstance(connection, _Snapshot):
        record.invalidate()
