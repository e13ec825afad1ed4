"""A look at a SQLite file from outside: neither the file nor its log is changed."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from coterie.errors import StoreError
from coterie.memory.probes import Probe
from coterie.memory.schema import found

_VERSIONS = slice(18, 20)
"""Where a file says how it is written: twice 2 for the write-ahead log (https://www.sqlite.org/fileformat.html)."""


def probe(name: str, path: Path | None) -> Probe:
    """What can be known of the file. None: a store in memory.

    Raises:
        StoreError: it is a folder.
        SchemaError: it is not one of coterie's, or a newer coterie made it.
        sqlite3.Error: it cannot be read.
    """
    engine, text_search = f"SQLite {sqlite3.sqlite_version}", _text_search()
    if path is None or not path.exists():
        writable = path is None or os.access(path.absolute().parent, os.W_OK)
        return Probe(engine, there=path is None, writable=writable, text_search=text_search)
    if path.is_dir():
        raise StoreError(f"{name} is a folder: give the path of a file.")
    path = path.resolve()  # beside the file that a link leads to lies its log
    with _reading(path) as connection:
        schema = found(connection, name)
        locked = not _at_rest(path) and _locked(path)  # while it is open for reading: see there
    return Probe(engine, True, schema, os.access(path, os.W_OK), locked, text_search)


def _text_search() -> bool:
    with closing(sqlite3.connect(":memory:")) as connection:
        return ("ENABLE_FTS5",) in connection.execute("PRAGMA compile_options").fetchall()


def _at_rest(path: Path) -> bool:
    """Whether nobody has the file open: it has a write-ahead log while somebody does, and after a crash."""
    try:
        with path.open("rb") as file:
            logged = file.read(_VERSIONS.stop)[_VERSIONS] == b"\2\2"
    except OSError:  # SQLite will say so
        return False
    return logged and not path.with_name(f"{path.name}-wal").exists()


@contextmanager
def _reading(path: Path) -> Iterator[sa.Connection]:
    """A connection that only reads. A file at rest is read as it stands, or SQLite would put a log beside it."""
    uri = f"{path.absolute().as_uri()}?{'immutable=1' if _at_rest(path) else 'mode=ro'}"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


def _locked(path: Path) -> bool:
    """Whether the right to write is taken: it is asked for, not waited for, and given back at once.

    Somebody must have the file open for reading meanwhile: the last to close it would write its log into it.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # else it may not be written
    return False
