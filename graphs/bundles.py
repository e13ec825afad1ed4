"""Which edges are drawn as one line that branches.

Where a leader has many members, or all members of a swarm hand over to each other, a line for each edge is a tangle,
and one that branches says the same. ``Bundle`` is what such edges have in common.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from coterie.graphs.picture import Edge

MANY = 5
"""So many edges from one thing, or to one, are one line."""
_MESH = 3
"""So many members that all hand over to each other share one line."""


@dataclass(frozen=True)
class Bundle:
    """What is drawn as one line: a single edge, or several."""

    key: Hashable
    kind: str = "single"
    """Or "mesh" (all to all), "out" (from one), "in" (to one), "pair" (there and back)."""


def bundles(edges: Sequence[Edge], row_of: Callable[[str], int]) -> list[Bundle]:
    """The bundle of each edge. ``row_of``: the row that a thing is in."""
    found: dict[int, Bundle] = {}
    for key, places in _alike(edges, lambda edge: None).items():
        all_to_all = _all_to_all([edges[place] for place in places])
        inside = [place for place in places if {edges[place].source, edges[place].target} <= all_to_all]
        found |= dict.fromkeys(inside, Bundle(("mesh", key), "mesh"))
    down = {place: row_of(edge.target) - row_of(edge.source) for place, edge in enumerate(edges)}
    _fans(edges, found, down, "in")
    _fans(edges, found, down, "out")
    _pairs(edges, found, row_of)
    return [found.get(place, Bundle(place)) for place in range(len(edges))]


def _alike(edges: Sequence[Edge], by: Callable[[Edge], Hashable]) -> dict[Hashable, list[int]]:
    """The places of edges of one kind and label that have something else in common as well."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place, edge in enumerate(edges):
        groups[edge.kind, edge.label, by(edge)].append(place)
    return groups


def _all_to_all(edges: Sequence[Edge]) -> set[str]:
    """Things of which each has an edge to each other one: what is left when those with the fewest are put aside."""
    pairs = {(edge.source, edge.target) for edge in edges}
    mutual: dict[str, set[str]] = {one: set() for one, _ in pairs}
    for one, two in pairs:
        if one != two and (two, one) in pairs:
            mutual[one].add(two)
    while mutual:
        fewest = min(mutual, key=lambda id: (len(mutual[id]), id))
        if len(mutual[fewest]) == len(mutual) - 1:
            break
        del mutual[fewest]
        for others in mutual.values():
            others.discard(fewest)
    return set(mutual) if len(mutual) >= _MESH else set()


def _fans(edges: Sequence[Edge], found: dict[int, Bundle], down: Mapping[int, int], kind: str) -> None:
    """Edges from one thing or to one, all down, all up, or all in a row. ``down``: how many rows each edge goes."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place, edge in enumerate(edges):
        if place not in found:
            hub = edge.target if kind == "in" else edge.source
            way = (down[place] > 0) - (down[place] < 0)
            groups[edge.kind, edge.label, hub, way].append(place)
    for key, places in groups.items():
        level = down[places[0]] == 0
        enough = 2 if kind == "in" and edges[places[0]].label and not level else MANY
        if len(places) >= enough:
            found |= dict.fromkeys(places, Bundle((kind, key), kind))


def _pairs(edges: Sequence[Edge], found: dict[int, Bundle], row_of: Callable[[str], int]) -> None:
    """Two edges of one row, there and back."""
    for places in _alike(edges, lambda edge: frozenset((edge.source, edge.target))).values():
        free = [place for place in places if place not in found]
        ends = {edges[place].source for place in free}
        if len(free) == len(ends) == 2 and len(set(map(row_of, ends))) == 1:
            found |= dict.fromkeys(free, Bundle(("pair", frozenset(ends)), "pair"))
