"""The store at an address that stands in a file or on a command line."""

from pathlib import Path
from typing import TYPE_CHECKING

from coterie.errors import InputError

if TYPE_CHECKING:
    from coterie.memory.db import Db
    from coterie.memory.embedding import Embedder

_POSTGRES = ("postgresql:", "postgresql+psycopg:", "postgres:")


def is_postgres(address: str) -> bool:
    """Whether an address is a PostgreSQL URL."""
    return address.startswith(_POSTGRES)


def store_at(address: str, *, what: str = "db", folder: Path | None = None, embedder: "Embedder | None" = None) -> "Db":
    """The store that is meant; it is not opened yet.

    Args:
        address: the path of a SQLite file (also as ``sqlite:///PATH``), or a PostgreSQL URL.
        what: what to call it in errors.
        folder: where relative paths begin. None: the current folder.
        embedder: the embedding model to open it with.

    Raises:
        InputError: another kind of URL, or nothing.
    """
    if is_postgres(address):
        from coterie.memory.postgres import PostgresDb

        return PostgresDb(db_url=address, embedder=embedder)
    path = address.removeprefix("sqlite:///")
    if "://" in path or not path.strip():
        from coterie.memory.secrets import without_login

        raise InputError(
            f"{what} is {without_login(address)!r}: give the path of a SQLite file, or"
            " postgresql://user:password@host/database."
        )
    from coterie.memory.sqlite import SqliteDb

    return SqliteDb(path if path == ":memory:" else (folder or Path()) / path, embedder=embedder)
