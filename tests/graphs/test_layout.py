"""Laws of a layout: what may not overlap does not, and every edge ends where it should."""

from collections.abc import Iterator
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.graphs.geometry import Box, Line, Point
from coterie.graphs.layout import Layout, layout
from coterie.graphs.picture import Picture
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
@settings(max_examples=60, deadline=None)
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
@settings(max_examples=60, deadline=None)
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
@settings(max_examples=60, deadline=None)
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
