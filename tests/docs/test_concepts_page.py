"""The pictures of docs/concepts.md are those that docs/pictures/concepts.py makes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from docs.pictures.concepts import HERE, curator, modes, readers, recall, turn
from docs.pictures.sketch import Sheet


@pytest.mark.parametrize("make", [modes, readers, turn, curator, recall])
def test_a_picture_is_the_one_that_is_made(make: Callable[[], Sheet], tmp_path: Path) -> None:
    name = f"{make.__name__}.svg"
    make().save(tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8") == (HERE / name).read_text(encoding="utf-8")
