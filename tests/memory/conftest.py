"""What the tests of the store may ask for beside `tests/conftest.py`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.memory.db import Db
from coterie.memory.embedding import Embedder
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Db]]:
    """Opens the same store again and again: with an embedder, or without."""
    made: list[Db] = []
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")

    def one(embedder: Embedder | None = None, **options: Any) -> Db:
        if request.param == "sqlite":
            made.append(SqliteDb(tmp_path / "coterie.db", embedder=embedder, **options))
        else:
            made.append(PostgresDb(url, embedder=embedder, **options))
        return made[-1]

    yield one
    for db in made:
        db.close()
