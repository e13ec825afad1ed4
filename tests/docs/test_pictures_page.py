"""docs/pictures.md shows every format."""

import re
from pathlib import Path

from coterie.graphs.draw import ENDINGS, FORMATS

TEXT = (Path(__file__).parents[2] / "docs" / "pictures.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, flags=re.M | re.S)


def test_it_has_every_format_and_ending() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`(\.\w+)`)? ?\|", TEXT, flags=re.M)
    assert [name for name, _ in rows] == list(FORMATS)
    assert {ending: name for name, ending in rows if ending} == ENDINGS
    assert {language for language, _ in BLOCKS} == {"python", "text", "sh", "mermaid", "dot", "json"}
