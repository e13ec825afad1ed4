"""docs/teams.md is true: its code runs and prints what the page says, and its drawings are those of its teams."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from coterie import Team
from coterie.graphs.mermaid import mermaid
from coterie.graphs.modes import MODES
from coterie.graphs.picturing import picture
from coterie.graphs.terminal import drawing

PAGE = Path(__file__).parent.parent / "docs" / "teams.md"


def sections() -> list[tuple[str, list[tuple[str, str]]]]:
    """Each section's title, with its blocks: the language, and what is in it."""
    _, *parts = re.split(r"^## (.+)\n", PAGE.read_text(encoding="utf-8"), flags=re.M)
    blocks = [re.findall(r"^```(\w+)\n(.*?)^```", part, flags=re.M | re.S) for part in parts[1::2]]
    return list(zip(parts[::2], blocks, strict=True))


def test_what_it_says_is_so(capsys: pytest.CaptureFixture[str]) -> None:
    [(_, setting_up)] = re.findall(r"^```(python)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)[:1]
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(setting_up, str(PAGE), "exec"), names)
    for _, blocks in sections():
        for code in (text for language, text in blocks if language == "python"):
            exec(compile(code, str(PAGE), "exec"), names)
        printed = capsys.readouterr().out
        said = [printed] if printed else []
        diagrams = [text for language, text in blocks if language == "mermaid"]
        if diagrams:
            team = names["team"]
            assert isinstance(team, Team)
            shown = picture(team.spec())
            assert diagrams == [mermaid(shown)]
            said.append(drawing(shown))
        assert [text for language, text in blocks if language == "text"] == said


def test_it_has_a_section_for_each_mode_and_their_settings() -> None:
    modes = sections()[: len(MODES)]
    assert [title for title, _ in modes] == list(MODES)
    assert all({"python", "text", "mermaid"} == {language for language, _ in blocks} for _, blocks in modes)
    page = PAGE.read_text(encoding="utf-8")
    for mode in MODES.values():
        assert all(f"`{name}`" in page for name in mode.__dataclass_fields__)


def test_the_settings_it_lists_are_settings() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), flags=re.M)
    assert len(listed) > 5
    assert set(listed) <= {field.name for field in fields(Team)}


def test_the_pages_and_sections_it_names_exist() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([^)#]+)\)", page):
        assert (PAGE.parent / name).exists(), name
    titles = {title.lower().replace(" ", "-") for title, _ in sections()}
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= titles
