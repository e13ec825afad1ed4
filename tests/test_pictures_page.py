"""docs/pictures.md is true: its code prints what it shows, its commands run, and its picture is of its team."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from coterie import Team
from coterie.graphs.draw import ENDINGS, FORMATS

DOCS = Path(__file__).parent.parent / "docs"
SVG = DOCS / "pictures" / "desk.svg"
TEXT = (DOCS / "pictures.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, flags=re.M | re.S)


def test_the_code_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    for language, text in BLOCKS:
        if language == "python":
            assert not printed.strip(), "the page shows nothing of what the block before prints"
            exec(compile(text, "pictures.md", "exec"), names)
            printed = capsys.readouterr().out
        elif language != "sh":
            assert text.strip() == printed.strip()
            printed = ""
    assert {language for language, _ in BLOCKS} == {"python", "text", "sh", "mermaid", "dot", "json"}
    assert isinstance(names["desk"], Team)
    drawn, shown = (set(re.findall(r'data-id="([^"]*)"', path.read_text("utf-8"))) for path in (Path("desk.svg"), SVG))
    assert drawn == shown


def test_the_commands_run(tmp_path: Path) -> None:
    (tmp_path / "desk.py").write_text(BLOCKS[0][1].replace("print(", "str("), encoding="utf-8")
    [commands] = [text for language, text in BLOCKS if language == "sh"]
    assert len(commands.splitlines()) == 4
    for command in commands.splitlines():
        arguments = command.removeprefix("coterie ").split()
        ended = subprocess.run([sys.executable, "-m", "coterie", *arguments], cwd=tmp_path, capture_output=True)
        assert ended.returncode == 0, (command, ended.stderr)


def test_it_has_every_format_and_ending() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`(\.\w+)`)? ?\|", TEXT, flags=re.M)
    assert [name for name, _ in rows] == list(FORMATS)
    assert {ending: name for name, ending in rows if ending} == ENDINGS


def test_the_pages_it_names_exist() -> None:
    for name in re.findall(r"\]\(([^)#]+\.(?:md|svg))", TEXT):
        assert name == "docs/desk.svg" or (DOCS / name).exists(), name
