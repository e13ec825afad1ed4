"""Laws of a layout: what may not overlap does not, and every edge ends where it should."""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie import Agent, SqliteDb, Team
from coterie.graphs.geometry import Box, Line, Point
from coterie.graphs.layout import Layout, layout
from coterie.graphs.modes import MODES, Mode, Route, Sequence, Swarm
from coterie.graphs.picture import Cluster, Edge, Node, Picture
from coterie.graphs.picturing import picture
from tests.graphs.pictures import random_picture

Segment = tuple[Point, Point]

PICTURES = st.builds(random_picture, st.integers(0, 2**32), st.integers(1, 200), st.integers(1, 4))


def segments(points: tuple[Point, ...]) -> list[Segment]:
    return list(pairwise(points))


def box_of(segment: Segment) -> Box:
    (x, y), (right, bottom) = segment
    return Box(min(x, right), min(y, bottom), abs(right - x), abs(bottom - y))


def crosses(segment: Segment, box: Box) -> bool:
    """Whether a line goes through the inside of a box."""
    inside = Box(box.x + 0.5, box.y + 0.5, box.width - 1.0, box.height - 1.0)
    line = box_of(segment)
    return line.x < inside.right and line.right > inside.x and line.y < inside.bottom and line.bottom > inside.y


def on_border(point: Point, box: Box) -> bool:
    x, y = point
    within = box.x - 0.1 <= x <= box.right + 0.1 and box.y - 0.1 <= y <= box.bottom + 0.1
    sides = [abs(x - box.x), abs(x - box.right), abs(y - box.y), abs(y - box.bottom)]
    return within and min(sides) < 0.1


def contains(outer: Box, inner: Box) -> bool:
    return (
        outer.x <= inner.x + 0.01
        and outer.y <= inner.y + 0.01
        and inner.right <= outer.right + 0.01
        and inner.bottom <= outer.bottom + 0.01
    )


def boxes(drawn: Layout) -> dict[str, Box]:
    """All boxes by their ids."""
    found = {node.node.id: node.box for node in drawn.nodes}
    return found | {cluster.cluster.id: cluster.box for cluster in drawn.clusters}


def home(picture: Picture) -> dict[str, str]:
    """The cluster that each step and member is in."""
    found = {node.id: each.id for each in picture.clusters() for node in each.nodes}
    found |= {member.id: each.id for each in picture.clusters() for member in each.members}
    return found | {picture.start.id: picture.root.id, picture.end.id: picture.root.id}


def around(homes: dict[str, str], id: str) -> Iterator[str]:
    """A thing, and all clusters that it is in."""
    yield id
    while id in homes:
        id = homes[id]
        yield id


def texts(drawn: Layout) -> Iterator[Line]:
    yield from (line for cluster in drawn.clusters for line in cluster.lines)
    yield from (edge.label for edge in drawn.edges if edge.label)


@given(PICTURES)
@settings(max_examples=40)
def test_boxes(picture: Picture) -> None:
    drawn = layout(picture)
    found, homes = boxes(drawn), home(picture)
    assert len(found) == len(drawn.nodes) + len(drawn.clusters)
    assert set(found) == {node.id for node in picture.nodes()} | {cluster.id for cluster in picture.clusters()}
    page = Box(0, 0, drawn.width, drawn.height)
    for id, box in found.items():
        assert contains(found[homes[id]] if id in homes else page, box)
    siblings: dict[str, list[Box]] = {}
    for id, box in found.items():
        siblings.setdefault(homes.get(id, ""), []).append(box)
    for group in siblings.values():
        assert not any(one.overlaps(other) for one, other in combinations(group, 2))


@given(PICTURES)
@settings(max_examples=40)
def test_edges(picture: Picture) -> None:
    drawn = layout(picture)
    found, homes = boxes(drawn), home(picture)
    assert sorted(map(str, (edge.edge for edge in drawn.edges))) == sorted(map(str, picture.edges))
    for edge in drawn.edges:
        assert on_border(edge.points[0], found[edge.edge.source]), edge
        assert on_border(edge.points[-1], found[edge.edge.target]), edge
        mine = {*around(homes, edge.edge.source), *around(homes, edge.edge.target)}
        for segment in segments(edge.points):
            assert min(box_of(segment).width, box_of(segment).height) < 0.01, "at right angles"
            through = [id for id, box in found.items() if crosses(segment, box)]
            assert set(through) <= mine - {edge.edge.source, edge.edge.target}, edge


@given(PICTURES)
@settings(max_examples=40)
def test_texts(picture: Picture) -> None:
    drawn = layout(picture)
    lines, page = list(texts(drawn)), Box(0, 0, drawn.width, drawn.height)
    for node in drawn.nodes:
        assert all(contains(node.box, line.box) for line in node.lines)
        assert not any(node.box.overlaps(line.box) for line in lines)
    for cluster in drawn.clusters:
        assert all(contains(cluster.box, line.box) for line in cluster.lines)
    for one, other in combinations(lines, 2):
        assert not one.box.overlaps(other.box), (one, other)
    for line in lines:
        assert contains(page, line.box)
        for edge in drawn.edges:
            assert not any(crosses(segment, line.box) for segment in segments(edge.points)), (line, edge)
    assert all(contains(page, entry.line.box) for entry in drawn.legend)


def search(text: str) -> str:
    """Search."""
    return text


def team(mode: Mode | str, members: int = 3, **settings: Any) -> Picture:
    parts = [Agent(f"member {number}", role="does things", tools=[search]) for number in range(members)]
    store = SqliteDb("desk.db")
    return picture(Team("desk", parts, mode=mode, db=store, update_memory_on_run=True, **settings).spec())


TEAMS = {mode: team(mode) for mode in MODES} | {
    "many": team("coordinate", 12, tools=[search]),
    "a swarm of many": team("swarm", 12),
    "a swarm with some handoffs": team(Swarm(handoffs={"member 0": ["member 2"], "member 3": []}), 4),
    "a route with a fallback": team(Route(fallback="member 1"), 7),
    "a sequence that may stop": team(Sequence(stop_when=bool), 8),
    "agents that change the memory": team("coordinate", enable_agentic_memory=True),
}


def on_each_other(one: Segment, other: Segment) -> bool:
    """Whether two parallel lines look like one for more than a pixel."""
    if (one[0][0] == one[1][0]) is not (other[0][0] == other[1][0]):
        return False
    first, second = box_of(one), box_of(other)
    wide = Box(first.x - 1, first.y - 1, first.width + 2, first.height + 2)
    both = Box(second.x - 1, second.y - 1, second.width + 2, second.height + 2)
    return wide.overlaps(both) and (first.width > 1 or first.height > 1)


@pytest.mark.parametrize("name", TEAMS)
def test_lines_of_two_meanings_are_not_on_each_other(name: str) -> None:
    for one, other in combinations(layout(TEAMS[name]).edges, 2):
        if (one.edge.kind, one.edge.label) != (other.edge.kind, other.edge.label):
            pairs = [(a, b) for a in segments(one.points) for b in segments(other.points)]
            assert not any(on_each_other(a, b) for a, b in pairs), (one, other)


@pytest.mark.parametrize("mode", MODES)
def test_many_members_are_wrapped(mode: str) -> None:
    drawn = layout(team(mode, 12))
    assert drawn.width < 1400
    assert drawn.height < 1800
    assert len({box.y for id, box in boxes(drawn).items() if id.count("/") == 1 and "member" in id}) > 1


def test_handing_over_to_all_is_one_line_that_branches() -> None:
    drawn = layout(team("swarm", 5))
    ways = [edge for edge in drawn.edges if edge.edge.label == "hands over"]
    assert len(ways) == 20
    assert len({points[1][1] for edge in ways for points in [edge.points]}) == 1, "one height"
    assert sum(edge.label is not None for edge in ways) == 1
    assert [edge.edge.source for edge in ways if edge.part != ()] == ["desk/member_0"] * 4


def test_a_member_without_anything_in_it_is_a_box_with_its_name() -> None:
    """What is left of a team when a drawing goes only so deep."""
    folded = Cluster("t/a", "team", "a", "works", (), ())
    root = Cluster("t", "team", "t", "", (Node("t/leader", "leader", "leader"),), (folded,))
    ways = (
        Edge("/start", "t/leader", "always"),
        Edge("t/leader", "t/a", "choice", "task"),
        Edge("/memory", "t/a", "read"),
    )
    store = Node("/memory", "memory", "shared memory")
    drawn = layout(Picture(root, Node("/start", "start", "start"), Node("/end", "end", "end"), store, ways))
    assert [line.text for line in drawn.clusters[1].lines] == ["a", "works"]
    assert len(drawn.edges) == 3
