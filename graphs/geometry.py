"""What a drawing is made of, in pixels: boxes, lines of text, and the ways of edges. x goes right, y goes down."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from coterie.graphs.picture import Cluster, Edge, Node

Point = tuple[float, float]
Style = Literal["label", "detail", "title", "role", "note", "edge", "legend"]


class Bounded:
    """What has an upper left corner and a size: where its other sides are."""

    __slots__ = ()
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of its lower side."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Box(Bounded):
    """A rectangle: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    def moved(self, dx: float, dy: float) -> "Box":
        """The same, elsewhere."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def overlaps(self, other: "Box") -> bool:
        """Whether they have more than a side in common."""
        wide = min(self.right, other.right) - max(self.x, other.x)
        high = min(self.bottom, other.bottom) - max(self.y, other.y)
        return wide > 0.01 and high > 0.01


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. ``x`` is its left end, or its middle if it is ``centred``; ``y`` is its baseline."""

    text: str
    x: float
    y: float
    style: Style
    box: Box
    """What it covers."""
    centred: bool = False

    def moved(self, dx: float, dy: float) -> "Line":
        """The same, elsewhere."""
        return replace(self, x=self.x + dx, y=self.y + dy, box=self.box.moved(dx, dy))


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A step or the store, as a box with lines of text."""

    node: Node
    box: Box
    lines: tuple[Line, ...]

    def moved(self, dx: float, dy: float) -> "DrawnNode":
        """The same, elsewhere."""
        return DrawnNode(self.node, self.box.moved(dx, dy), tuple(line.moved(dx, dy) for line in self.lines))

    def widened(self, width: float) -> "DrawnNode":
        """The same with a wider box, the texts in its middle."""
        shift = (width - self.box.width) / 2
        lines = tuple(line.moved(shift, 0) for line in self.lines)
        return DrawnNode(self.node, replace(self.box, width=width), lines)


@dataclass(frozen=True, slots=True)
class DrawnCluster:
    """An agent or a team, as a frame with its title, its role and what its team says of it."""

    cluster: Cluster
    box: Box
    lines: tuple[Line, ...]

    def moved(self, dx: float, dy: float) -> "DrawnCluster":
        """The same, elsewhere."""
        return DrawnCluster(self.cluster, self.box.moved(dx, dy), tuple(line.moved(dx, dy) for line in self.lines))


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """The way of an edge: from a border of its source by right angles to a border of its target."""

    edge: Edge
    points: tuple[Point, ...]
    label: Line | None = None
    part: tuple[Point, ...] | None = None
    """What is left to draw of its way where others draw the rest of it. None: all of it."""

    def moved(self, dx: float, dy: float) -> "DrawnEdge":
        """The same, elsewhere."""
        points = tuple((x + dx, y + dy) for x, y in self.points)
        return replace(self, points=points, label=self.label and self.label.moved(dx, dy))


@dataclass(frozen=True)
class Block:
    """A laid out cluster with all that is in it. Its upper left corner is (0, 0)."""

    width: float
    height: float
    nodes: list[DrawnNode] = field(default_factory=list)
    clusters: list[DrawnCluster] = field(default_factory=list)
    """Outer ones first."""
    edges: list[DrawnEdge] = field(default_factory=list)
    drops: list[DrawnEdge] = field(default_factory=list)
    """Edges to and from the store, drawn from the step to the block's lower side, where they leave it."""

    def moved(self, dx: float, dy: float) -> "Block":
        """The same, elsewhere."""
        return Block(
            self.width,
            self.height,
            [node.moved(dx, dy) for node in self.nodes],
            [cluster.moved(dx, dy) for cluster in self.clusters],
            [edge.moved(dx, dy) for edge in self.edges],
            [drop.moved(dx, dy) for drop in self.drops],
        )

    def widened(self, width: float) -> "Block":
        """The same with a wider frame, and what is in it in its middle."""
        frame = self.clusters[0]
        inside = replace(self, clusters=self.clusters[1:]).moved((width - self.width) / 2, 0)
        wider = replace(frame, box=replace(frame.box, width=width))
        return replace(inside, width=width, clusters=[wider, *inside.clusters])


def simplified(points: Iterable[Point]) -> tuple[Point, ...]:
    """The way without the points at which it does not turn."""
    way: list[Point] = []
    for point in points:
        if way and _same(way[-1], point):
            continue
        if len(way) > 1 and _straight(way[-2], way[-1], point):
            way[-1] = point
        else:
            way.append(point)
    return tuple(way)


def _same(one: Point, other: Point) -> bool:
    return abs(one[0] - other[0]) < 0.01 and abs(one[1] - other[1]) < 0.01


def _straight(one: Point, two: Point, three: Point) -> bool:
    return abs(one[0] - two[0]) + abs(two[0] - three[0]) < 0.01 or abs(one[1] - two[1]) + abs(two[1] - three[1]) < 0.01
