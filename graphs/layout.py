"""Where everything of a picture stands, and which way its edges go.

Each cluster is laid out by itself, its members before it: its things in rows (`coterie.graphs.rows`), the lines between
them in the channels that the rows leave free, and in the gaps in rows. So no line runs through a box or a heading. What
reads and writes the memory has a line down and out at the cluster's lower side, and so on to the bus under the graph.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from coterie.errors import InputError
from coterie.graphs.boxes import heading, node_box, store_box
from coterie.graphs.courses import Courses, add_store_courses, courses
from coterie.graphs.geometry import Block, Box, DrawnCluster, DrawnEdge, DrawnNode, simplified
from coterie.graphs.legend import Entry, legend
from coterie.graphs.levels import Channel, drawn_beside, drawn_through, put_rows
from coterie.graphs.picture import Cluster, Edge, Node, Picture
from coterie.graphs.placing import Item, PlacedRow, placed, spread
from coterie.graphs.rows import Row, rows_of
from coterie.graphs.settling import align_pins, needed_width, settle_lanes, settle_pins
from coterie.graphs.sharing import drawn_once

MARGIN = 16.0
"""Pixels around everything."""
_PAD = 16.0
"""Pixels between a cluster's frame and what is in it."""
_TOP, _UNDER_HEADING = 12.0, 10.0
"""Pixels above a cluster's heading, and under it."""
_MIN_WIDTH = 180.0
"""Pixels of the root's frame, for the legend to have room under it."""
_UNDER = 44.0
"""Pixels between the graph and the bus."""


@dataclass(frozen=True)
class Layout:
    """A whole drawing; sizes are in pixels."""

    width: float
    height: float
    nodes: tuple[DrawnNode, ...]
    clusters: tuple[DrawnCluster, ...]
    """Outer ones first."""
    edges: tuple[DrawnEdge, ...]
    legend: tuple[Entry, ...]


@dataclass(frozen=True)
class _Scope:
    """The edges that are drawn in one cluster."""

    inner: list[Edge] = field(default_factory=list)
    """Between its things."""
    store: list[tuple[Edge, str]] = field(default_factory=list)
    """Between the store and one of its things."""


def layout(picture: Picture) -> Layout:
    """Lay a picture out.

    Raises:
        InputError: an edge joins what is not in the picture, or two things that are not in one cluster (to the store
            they may lead from anywhere).
    """
    scopes = _scopes(picture)
    rows = rows_of(picture.root, picture.start, picture.end)
    block = _block(picture.root, rows, scopes)
    block = block.widened(max(block.width, _MIN_WIDTH)).moved(MARGIN, MARGIN)
    nodes, edges, height = block.nodes, block.edges, MARGIN + block.height
    if picture.store:
        bus = store_box(picture.store, block.width).moved(MARGIN, height + _UNDER)
        nodes, edges = [*nodes, bus], [*edges, *(_to_the_bus(drop, bus) for drop in block.drops)]
        height = bus.box.bottom
    entries, height = legend(picture, MARGIN, height + 12.0, block.width)
    return Layout(
        block.width + 2 * MARGIN,
        height + MARGIN / 2,
        tuple(nodes),
        tuple(block.clusters),
        tuple(drawn_once(edges)),
        entries,
    )


def _scopes(picture: Picture) -> dict[str, _Scope]:
    """The edges by the cluster that they are drawn in."""
    home = {node.id: cluster.id for cluster in picture.clusters() for node in cluster.nodes}
    home |= {member.id: cluster.id for cluster in picture.clusters() for member in cluster.members}
    home |= {picture.start.id: picture.root.id, picture.end.id: picture.root.id}
    store = picture.store.id if picture.store else None
    scopes = {cluster.id: _Scope() for cluster in picture.clusters()}
    for edge in picture.edges:
        ends = [end for end in (edge.source, edge.target) if end != store]
        homes = {home.get(end) for end in ends}
        if len(homes) != 1 or (scope := scopes.get(homes.pop() or "")) is None:
            raise InputError(
                f"The edge from {edge.source!r} to {edge.target!r} cannot be drawn: an edge joins two steps or members"
                " of one agent or team, or one of them and the store."
            )
        if len(ends) == 1:
            scope.store.append((edge, ends[0]))
        else:
            scope.inner.append(edge)
    return scopes


def _to_the_bus(drop: DrawnEdge, bus: DrawnNode) -> DrawnEdge:
    points = simplified((*drop.points, (drop.points[-1][0], bus.box.y)))
    return replace(drop, points=points[::-1] if drop.edge.source == bus.node.id else points)


def _block(cluster: Cluster, things: Sequence[Row], scopes: Mapping[str, _Scope]) -> Block:
    """A cluster, laid out."""
    items = {thing.id: _item(thing, scopes) for row in things for thing in row.things}
    scope = scopes[cluster.id]
    rows = placed(things, items)
    ways = courses(items, scope.inner)
    _widen(items.values(), ways)
    add_store_courses(ways, rows, [(edge, items[id]) for edge, id in scope.store])
    _widen(items.values(), ways)
    spread(rows, ways.gaps())
    settle_pins(ways, rows)
    align_pins(ways, rows)
    settle_lanes(ways, rows)
    return _framed(cluster, rows, ways)


def _item(thing: Node | Cluster, scopes: Mapping[str, _Scope]) -> Item:
    if isinstance(thing, Node):
        node = node_box(thing)
        return Item(thing.id, node, node.box.width, node.box.height)
    block = _block(thing, rows_of(thing), scopes)
    return Item(thing.id, block, block.width, block.height)


def _widen(items: Iterable[Item], ways: Courses) -> None:
    for item in items:
        item.widen(needed_width(ways, item))


def _framed(cluster: Cluster, rows: Sequence[PlacedRow], ways: Courses) -> Block:
    """The frame with its heading around the rows."""
    left, right = _extent(rows, ways)
    lines, heading_width, heading_height = heading(cluster, right - left)
    width = max(right - left, heading_width) + 2 * _PAD
    channels, bottom = put_rows(ways, rows, _TOP + heading_height + (_UNDER_HEADING if rows else 0.0))
    height = bottom + _PAD
    content = _content(rows, ways, channels, height).moved((width - right - left) / 2, 0.0)
    frame = DrawnCluster(cluster, Box(0, 0, width, height), tuple(line.moved(_PAD, _TOP) for line in lines))
    return replace(content, width=width, height=height, clusters=[frame, *content.clusters])


def _extent(rows: Sequence[PlacedRow], ways: Courses) -> tuple[float, float]:
    """From where to where the rows go, with the lines beside them."""
    left = [item.x for row in rows for item in row.items] + [lane.x - 2.0 for lane in ways.lanes.values()]
    right = [item.right for row in rows for item in row.items] + [lane.x + 2.0 for lane in ways.lanes.values()]
    return min(left, default=0.0), max(right, default=0.0)


def _content(rows: Sequence[PlacedRow], ways: Courses, channels: Sequence[Channel], height: float) -> Block:
    """All that is in a frame; lines to the store are led to its lower side, at this height."""
    content = Block(0.0, 0.0, edges=[drawn_beside(each) for each in ways.beside])
    for item in (item for row in rows for item in row.items):
        if isinstance(item.content, DrawnNode):
            content.nodes.append(item.content.moved(item.x, item.y))
        else:
            inner = item.content.moved(item.x, item.y)
            content.nodes.extend(inner.nodes)
            content.clusters.extend(inner.clusters)
            content.edges.extend(inner.edges)
    for course, drawn in drawn_through(ways, channels):
        if course.bundle.kind == "store":
            points = (*drawn.points, (drawn.points[-1][0], height))
            content.drops.append(replace(drawn, points=simplified(points)))
        else:
            content.edges.append(drawn)
    return content
