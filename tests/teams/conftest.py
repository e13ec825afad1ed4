"""Where runs are recorded."""

from pathlib import Path

import pytest

from coterie.memory.db import Db
from tests.support.traced import Place, place


@pytest.fixture(params=["file", "store"])
def where(request: pytest.FixtureRequest, tmp_path: Path, db: Db) -> Place:
    """A file, or the store."""
    return place(request.param, tmp_path, db)
