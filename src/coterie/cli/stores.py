"""Finding the store that is meant."""

from pathlib import Path
from typing import TYPE_CHECKING

from coterie.cli.texts import utf8
from coterie.errors import InputError, StoreError

if TYPE_CHECKING:
    from coterie.memory.db import Db
    from coterie.memory.embedding import Embedder

_POSTGRES = ("postgresql:", "postgresql+psycopg:", "postgres:")


def store(db: str, *, must_exist: bool = False, embedder: "Embedder | None" = None) -> "Db":
    """The store at a path or a URL.

    Args:
        db: the path of a SQLite file (also as ``sqlite:///PATH``), or a PostgreSQL URL.
        must_exist: refuse a file that is not there, instead of making it.
        embedder: the embedding model to open it with.

    Raises:
        InputError: another kind of URL, or one that is not UTF-8.
        StoreError: the file is not there, and must be.
    """
    if db.startswith(_POSTGRES):
        from coterie.memory.postgres import PostgresDb

        return PostgresDb(db_url=utf8(db), embedder=embedder)
    path = db.removeprefix("sqlite:///")
    if "://" in path or not path.strip():
        from coterie.memory.secrets import without_login

        raise InputError(
            f"--db is {without_login(db)!r}: give the path of a SQLite file, or postgresql://user:password@host/database."
        )
    if must_exist and not Path(path).is_file():
        raise StoreError(
            f"There is no database {path!r}: say where it is with --db or COTERIE_DB. A run makes it when its agents"
            " have a store."
        )
    from coterie.memory.sqlite import SqliteDb

    return SqliteDb(path, embedder=embedder)
