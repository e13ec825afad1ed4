"""SVG drawings: what they hold, and what they look like (golden files).

Where a drawing is meant to look otherwise, look at it, and renew the files:
``RENEW_GOLDEN=1 python -m pytest tests/graphs/test_svg.py``
"""

import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie import Agent, SqliteDb, Team
from coterie.errors import InputError
from coterie.graphs.modes import MODES
from coterie.graphs.picture import Cluster, Edge, Node, Picture
from coterie.graphs.picturing import picture
from coterie.graphs.svg import svg
from tests.graphs.pictures import random_picture

GOLDEN = Path(__file__).parent / "golden"
SVG = "{http://www.w3.org/2000/svg}"


def search(text: str) -> str:
    """Search."""
    return text


def trio(mode: str) -> Team:
    members = [Agent("scout", role="finds facts", tools=[search]), Agent("writer"), Agent("editor")]
    return Team("trio", members, mode=mode, db=SqliteDb("trio.db"), update_memory_on_run=True)


def company() -> Team:
    """Teams in a team, with members of the same name."""
    research = Team("research", [Agent("writer"), Agent("scout", tools=[search])], role="finds out")
    press = Team("press", [Agent("writer"), Agent("printer")], mode="sequence")
    return Team("company", [research, press], db=SqliteDb("company.db"), enable_agentic_memory=True)


CASES = {mode: trio(mode) for mode in MODES} | {
    "agent": Agent("assistant", tools=[search], db=SqliteDb("a.db"), update_memory_on_run=True),
    "company": company(),
    "crowd": Team("crowd", [Agent(f"member {number}") for number in range(12)], mode="swarm"),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    drawn = svg(picture(CASES[name].spec()))
    golden = GOLDEN / f"{name}.svg"
    if os.environ.get("RENEW_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(drawn, encoding="utf-8")
    assert drawn == golden.read_text(encoding="utf-8")


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def groups(root: ElementTree.Element, word: str) -> list[ElementTree.Element]:
    return [each for each in root.iter(f"{SVG}g") if word in each.get("class", "").split()]


PICTURES = st.builds(random_picture, st.integers(0, 2**32), st.integers(1, 200), st.integers(1, 4))


@given(PICTURES)
@settings(max_examples=40)
def test_everything_is_there_once(shown: Picture) -> None:
    root = parsed(svg(shown))
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(set(ids)) == len(ids) == 3
    assert sorted(each.get("data-id", "") for each in groups(root, "node")) == sorted(node.id for node in shown.nodes())
    assert [each.get("data-id") for each in groups(root, "cluster")].count(shown.root.id) == 1
    assert len(groups(root, "cluster")) == len(list(shown.clusters()))
    ways = {(each.get("data-source"), each.get("data-target"), each.get("class")) for each in groups(root, "edge")}
    assert ways == {(edge.source, edge.target, f"edge {edge.kind}") for edge in shown.edges}


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=200)
def test_any_text_is_escaped(name: str, detail: str) -> None:
    node = Node("a/model", "model", name, (detail, name))
    cluster = Cluster("a", "agent", name, detail, (node,), (), notes=(name,))
    way = Edge("/start", "a/model", "choice", name)
    shown = Picture(cluster, Node("/start", "start", name), Node("/end", "end", detail), None, (way,))
    root = parsed(svg(shown, title=detail))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= set("svg title desc style rect g text path".split())


def test_names_are_text_and_nothing_else() -> None:
    agent = Agent("<script>alert(1)</script>", role="\"quotes\" & 'more' \x00\x1b[31m ]]>")
    text = svg(picture(agent.spec()))
    assert "<script" not in text
    assert [each.text for each in parsed(text).iter(f"{SVG}text")][:2] == [
        "<script>alert(1)</script>",
        "\"quotes\" & 'more' ��[31m ]]>",
    ]


def test_what_a_screen_reader_says() -> None:
    root = parsed(svg(picture(trio("route").spec()), title="Our desk"))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert title.text == "Our desk"
    assert (description.text or "").startswith(
        "Team trio (route) with 3 members: recall · 5 earlier turns · memories, "
    )
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_two_drawings_in_one_page_share_no_id() -> None:
    ids = [set(re.findall(r' id="([^"]+)"', svg(picture(CASES[name].spec())))) for name in CASES]
    assert len(set.union(*ids)) == sum(map(len, ids)) == 3 * len(CASES)


def test_the_colours_are_attributes_too_and_dark_ones_stay_in_the_drawing() -> None:
    root = parsed(svg(picture(trio("coordinate").spec())))
    for each in [*root.iter(f"{SVG}rect"), *root.iter(f"{SVG}text"), *root.iter(f"{SVG}path")]:
        assert re.fullmatch("#[0-9a-f]{6}|none", each.get("fill", "")), each.attrib
    style = root.find(f"{SVG}style")
    assert style is not None
    assert (style.text or "").startswith("@media (prefers-color-scheme:dark){")
    rules = re.findall(r"([^{}]+)\{", (style.text or "").partition("{")[2])
    assert rules
    assert all(rule.startswith(f"#{root.get('id')} ") for rule in rules)


def test_the_curator_is_marked_and_chosen_steps_are_dashed() -> None:
    root = parsed(svg(picture(trio("coordinate").spec())))
    (curator,) = groups(root, "curator")
    assert "◆ curator" in [each.text for each in curator.iter(f"{SVG}text")]
    for kind, dashed in {"always": False, "choice": True, "read": False, "write": False}.items():
        lines = [
            each for group in groups(root, kind) for each in group.iter(f"{SVG}path") if each.get("class") == "line"
        ]
        assert lines
        assert all(("stroke-dasharray" in each.attrib) is dashed for each in lines)


def test_nothing_about_memory_without_one() -> None:
    text = svg(picture(Team("t", [Agent("a"), Agent("b")]).spec()))
    assert "memory" not in re.sub("<style>.*</style>", "", text)


def test_long_names_are_cut_and_their_title_has_all_of_them() -> None:
    name = "an agent whose name is a good deal longer than any box that one would like to look at"
    root = parsed(svg(picture(Agent(name).spec())))
    (cluster,) = groups(root, "cluster")
    title, text = cluster.find(f"{SVG}title"), cluster.find(f"{SVG}text")
    assert title is not None
    assert text is not None
    assert title.text == name
    assert (text.text or "").endswith("…")
    assert float(root.get("width", "")) < 400


def test_an_edge_from_inside_of_one_member_to_another_is_refused() -> None:
    shown = picture(trio("sequence").spec())
    stray = Edge("trio/scout/model", "trio/writer/model", "always")
    with pytest.raises(InputError, match="'trio/scout/model' to 'trio/writer/model' cannot be drawn"):
        svg(Picture(shown.root, shown.start, shown.end, shown.store, (*shown.edges, stray)))
