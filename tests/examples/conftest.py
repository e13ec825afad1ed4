"""What the tests of the examples may ask for."""

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What an example is given as ``--db``: an empty store, on each of the databases."""
    if request.param == "sqlite":
        return str(tmp_path / "example.db")
    return str(request.getfixturevalue("postgres_url"))
