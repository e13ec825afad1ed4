"""Finding the store that is meant."""

from pathlib import Path
from typing import TYPE_CHECKING

from coterie.cli.texts import utf8
from coterie.errors import InputError, NoDatabaseError, SchemaError
from coterie.memory.opening import is_postgres, store_at

if TYPE_CHECKING:
    from coterie.memory.db import Db
    from coterie.memory.embedding import Embedder


def store(db: str, *, must_exist: bool = False, embedder: "Embedder | None" = None) -> "Db":
    """The store at a path or a URL.

    Args:
        db: the path of a SQLite file (also as ``sqlite:///PATH``), or a PostgreSQL URL.
        must_exist: refuse a file that is not there, instead of making it.
        embedder: the embedding model to open it with.

    Raises:
        InputError: another kind of URL, or one that is not UTF-8, or a folder.
        NoDatabaseError: the file is not there, and must be.
    """
    if is_postgres(db):
        return store_at(utf8(db), embedder=embedder)
    found = store_at(db, what="--db", embedder=embedder)
    path = db.removeprefix("sqlite:///")
    if Path(path).is_dir():
        raise InputError(f"--db is {path!r}, which is a folder: give the path of a file.")
    if must_exist and not Path(path).is_file():
        raise NoDatabaseError(
            f"There is no database {path!r}: say where it is with --db or COTERIE_DB. A run makes it when its agents"
            " have a store."
        )
    return found


def changing(db: str, *, dry_run: bool, must_exist: bool = False) -> "Db":
    """The store that is to be changed; for a dry run one that opening it does not change.

    Where there is none yet, a dry run has one in memory.

    Raises:
        SchemaError: a dry run, and the store would have to be upgraded before.
    """
    from coterie.memory.schema import HEAD

    found = store(db, must_exist=must_exist)
    version = found.probe().schema if dry_run else HEAD
    if version is None:
        return store(":memory:")
    if version != HEAD:
        raise SchemaError(
            f"{found.name} has schema {version}, older than {HEAD}, and a dry run upgrades nothing: `coterie db"
            " upgrade` does, and so would this command without --dry-run."
        )
    return found
