"""draw(): its formats, what it returns and writes, and what it refuses."""

import json
import sys
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest

from coterie import Agent, SqliteDb, Team
from coterie.errors import ConfigurationError, InputError
from coterie.graphs.draw import ENDINGS, FORMATS, Format
from coterie.graphs.drawable import Drawable
from coterie.graphs.modes import Route
from coterie.graphs.picture import from_json
from tests.support.dot import read

GOLDEN = Path(__file__).parent / "drawings"
BEGINNINGS = {
    ".txt": b"team company (route) ",
    ".svg": b"<svg ",
    ".png": b"\x89PNG",
    ".mmd": b"flowchart TB\n",
    ".dot": b'digraph "company" {\n',
    ".json": b"{\n",
    ".html": b"<!doctype html>",
}


def search(text: str) -> str:
    """Search."""
    return text


def company() -> Team:
    """Teams in a team, one name twice, CJK, quotes; a fallback, notes, and an agent that changes the memory itself."""
    research = Team("research", [Agent("writer"), Agent("scout", tools=[search])], role='finds "facts"')
    press = Team("press", [Agent("writer"), Agent("調査", role="数える", enable_agentic_memory=True)], mode="broadcast")
    clerk = Agent("clerk", role="answers whatever is left")
    db = SqliteDb("data/company.db")
    return Team("company", [research, press, clerk], mode=Route(fallback="clerk"), db=db, update_memory_on_run=True)


@pytest.mark.parametrize("name", ["tree.txt", "ascii.txt", "mermaid.mmd", "dot.dot", "json.json"])
def test_it_is_drawn_as_it_was(name: str) -> None:
    assert company().draw(format=name.partition(".")[0]) == (GOLDEN / name).read_text(encoding="utf-8")  # type: ignore[call-overload]


def test_a_file_has_what_is_returned_in_the_format_of_its_ending(tmp_path: Path) -> None:
    assert set(BEGINNINGS) == set(ENDINGS)
    for ending, beginning in BEGINNINGS.items():
        path = tmp_path / f"company{ending.upper()}"
        drawing = company().draw(path)
        assert path.read_bytes() == (drawing if isinstance(drawing, bytes) else drawing.encode())
        assert path.read_bytes().startswith(beginning)


def test_a_format_that_is_named_counts_more_than_the_ending(tmp_path: Path) -> None:
    assert company().draw(tmp_path / "TEAM.md", format="mermaid").startswith("flowchart TB\n")
    assert company().draw(format="png").startswith(b"\x89PNG")
    assert set(FORMATS) == {name for each in get_args(Format) for name in get_args(each) or [each]}


def test_agents_teams_and_compiled_graphs_draw_alike() -> None:
    team = company()
    assert team.graph.draw(depth=1, memory=False) == team.draw(depth=1, memory=False)  # type: ignore[attr-defined]
    agent = Agent("a", tools=[search])
    assert agent.graph.draw(format="svg") == agent.draw(format="svg")  # type: ignore[attr-defined]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_the_depth_and_may_be_without_the_memory(format: Any) -> None:
    whole, folded, bare = (
        company().draw(format=format, **options) for options in ({}, {"depth": 1}, {"memory": False})
    )
    assert len(folded) < len(whole)
    assert len(bare) < len(whole)
    if format != "png":
        assert ("2 members" in folded, "2 members" in whole) == (True, format == "svg" or format == "html")
        assert ("company.db" in bare, "company.db" in whole) == (False, True)


def test_json_is_the_picture() -> None:
    assert from_json(json.loads(company().draw(format="json", depth=2))) == company().picture(depth=2)


@pytest.mark.parametrize("path", ["desk.pdf", "desk", "desk.", ".svg"])
def test_other_endings_are_refused_before_anything_is_built(tmp_path: Path, path: str) -> None:
    broken = Team("t", [Agent("a"), Agent("a")])
    with pytest.raises(InputError, match=r"ends in \.txt, \.svg, \.png, \.mmd, \.dot, \.json or \.html, or say"):
        broken.draw(tmp_path / path)
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InputError, match=r"^'pdf' is no format of drawings: give tree, ascii, svg, png, .* or html"):
        company().draw(format="pdf")  # type: ignore[call-overload]


def test_a_file_that_cannot_be_written_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "folder.mmd").mkdir()
    for path in ("absent/desk.svg", "folder.mmd", "a\0b.dot"):
        with pytest.raises(InputError, match=r"give a file in a folder that exists and is writable\."):
            company().draw(tmp_path / path)


def test_png_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ConfigurationError, match=r"coterie\[png\]"):
        company().draw(tmp_path / "company.png")
    assert not list(tmp_path.iterdir())


def test_drawing_makes_no_store() -> None:
    db = SqliteDb("absent/folder/team.db")
    assert isinstance(team := Team("t", [Agent("a")], db=db, update_memory_on_run=True), Drawable)
    assert "team.db" in team.draw()
    assert not Path("absent").exists()


def test_half_of_a_character_does_not_keep_a_drawing_from_its_file(tmp_path: Path) -> None:
    agent = Agent("a", role="half \ud83d of it")
    for ending in (ending for ending in ENDINGS if ending != ".png"):
        agent.draw(tmp_path / f"a{ending}")
        (tmp_path / f"a{ending}").read_text(encoding="utf-8")
    assert "half \ud83d of it" in json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["root"]["role"]


ODD = [
    *(
        "x" * 300,
        "調" * 300,
        "a\nb\r\n\tc",
        "\x00\x1b[31mred\x7f",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "שלום",
        "\u202etxt.exe",
        "\u2028x\ufeff",
        "é" + "\u0301" * 40,
    ),
    *(
        "<script>alert(1)</script>",
        "\"q\" 'q' `q`",
        "[a] (b) {c}",
        "100% %s",
        "&amp; ]]> <!--",
        "a/b",
        "end",
        "$$x$$ #35;",
    ),
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_at_several_levels_are_drawn_in_every_format(name: str) -> None:
    inner = Team(name, [Agent(name, role=name), Agent(f"{name}2")], role=name)
    team = Team(name, [inner, Agent(f"{name}3", role=name)], db=SqliteDb("a.db"), update_memory_on_run=True)
    for depth in (None, 1):
        picture = team.picture(depth=depth)
        drawn: dict[str, Any] = {name: draw(picture) for name, draw in FORMATS.items() if depth or name != "png"}
        ElementTree.fromstring(drawn["svg"])
        read(drawn["dot"])
        assert from_json(json.loads(drawn["json"])) == picture
        assert "<script>alert" not in drawn["html"]
        for text in (drawn["tree"], drawn["ascii"], drawn["mermaid"]):
            assert text.replace("\n", "").translate(dict.fromkeys((0x200B, 0x200C, 0x200D))).isprintable()
