"""docs/examples.md has every example, each once, with the command that runs it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
EXAMPLES = sorted(file.stem for file in (ROOT / "examples").glob("[!_]*.py"))


def test_each_example_is_on_the_page_and_each_on_the_page_exists() -> None:
    _, *parts = re.split(r"^### (.+)\n", PAGE, flags=re.M)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    assert sorted(parts[::2]) == EXAMPLES
    assert sorted(re.findall(r"^\| \[(\w+)\]\(#\1\) \|", PAGE, flags=re.M)) == EXAMPLES
    for name, section in sections.items():
        assert f"coterie examples run {name}" in section
