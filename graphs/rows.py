"""Which steps and members of a cluster stand in which row of its drawing.

A run by itself reads like a line of text: start, recall, the model, curator, end; what the model chooses among is
below it. Where no model asks the members, they are between what comes before and what comes after. A member is drawn
narrow, one step below the other, so that many fit side by side.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from coterie.graphs.picture import Cluster, Node

Thing = Node | Cluster


@dataclass(frozen=True)
class Row:
    """Things side by side, in this order."""

    things: tuple[Thing, ...]
    anchor: Thing | None = None
    """What stands in the middle of the cluster. None: the middle of the row."""
    grid: bool = False
    """Many may be wrapped into several rows."""


def rows_of(cluster: Cluster, start: Node | None = None, end: Node | None = None) -> tuple[Row, ...]:
    """The rows of a cluster from top to bottom; ``start`` and ``end`` are drawn in one that is run by itself."""
    rows = [row for row in _rows(cluster, start, end) if row.things]
    there = {thing.id for row in rows for thing in row.things}
    others = tuple(node for node in cluster.nodes if node.id not in there)
    return (*rows, Row(others, grid=True)) if others else tuple(rows)


def _rows(cluster: Cluster, start: Node | None, end: Node | None) -> Iterator[Row]:
    before = _present(start, cluster.node("recall"))
    asks = cluster.asks
    after = (*_present(cluster.node("join")), *cluster.ends, *_present(end))
    tools, plan = _present(cluster.node("tools")), _present(cluster.node("plan"))
    if asks is None or asks.kind == "router":
        yield Row((*before, *_present(asks)), asks or (before[-1] if before else None))
        yield Row((*tools, *cluster.members), grid=True)
        yield Row((*plan, *after), after[0] if after else None)
        return
    if start is None:
        yield Row(before)
        before = ()
    beside = cluster.members or end is not None
    yield Row((*before, asks, *(after if beside else ())), asks)
    if plan:
        yield Row((*tools, *plan), plan[0])
        tools = ()
    yield Row((*tools, *(() if beside else after), *cluster.members), grid=True)


def _present(*nodes: Node | None) -> tuple[Node, ...]:
    return tuple(node for node in nodes if node is not None)
