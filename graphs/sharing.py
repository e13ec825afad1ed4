"""Which part of an edge is drawn, where its way is in part that of another.

Lines on each other look thicker than others, and dashes on each other look like no dashes.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from coterie.graphs.geometry import DrawnEdge, Point

_BACK = 6.0
"""Pixels of the common way that a part has as well, where it turns off in a round corner."""


def drawn_once(edges: Iterable[DrawnEdge]) -> list[DrawnEdge]:
    """The edges, each with the part of its way that no other one draws that begins or ends where it does."""
    begun: dict[Hashable, list[Sequence[Point]]] = defaultdict(list)
    ended: dict[Hashable, list[Sequence[Point]]] = defaultdict(list)
    done = []
    for drawn in edges:
        if drawn.part is None:
            ahead, back = drawn.points, drawn.points[::-1]
            beginning, ending = begun[drawn.edge.kind, _key(ahead[0])], ended[drawn.edge.kind, _key(back[0])]
            part = _rest(ahead, beginning) if beginning else _rest(back, ending)[::-1]
            beginning.append(ahead)
            ending.append(back)
            drawn = replace(drawn, part=part if part != drawn.points else None)
        done.append(drawn)
    return done


def _key(point: Point) -> Point:
    return round(point[0], 1), round(point[1], 1)


def _rest(way: tuple[Point, ...], others: Sequence[Sequence[Point]]) -> tuple[Point, ...]:
    """What is left of a way after the longest piece that it has in common with another one from the begin."""
    common = max((_common(way, other) for other in others), default=0.0)
    return _from(way, common) if common > 0 else way


def _common(one: Sequence[Point], other: Sequence[Point]) -> float:
    """The length of what two ways have in common from their begin."""
    total = 0.0
    for (start, end), (_, far) in zip(pairwise(one), pairwise(other), strict=False):
        along, whole = _steps(start, end), _steps(start, far)
        if (along[0] > 0, along[1] > 0, along[0] < 0, along[1] < 0) != (
            whole[0] > 0, whole[1] > 0, whole[0] < 0, whole[1] < 0,
        ):  # fmt: skip
            return total
        total += min(_length(along), _length(whole))
        if abs(_length(along) - _length(whole)) > 0.05:
            return total
    return total


def _from(way: Sequence[Point], length: float) -> tuple[Point, ...]:
    """A way without its first pixels; if it turns just there, with a little of what is before the turn."""
    for place, (start, end) in enumerate(pairwise(way)):
        steps = _steps(start, end)
        whole = _length(steps)
        if length < whole + 0.05:
            turns = whole - length < 0.1 and place + 2 < len(way)
            if whole - length < 0.1 and not turns:
                return ()
            share = (max(length - _BACK, 0.0) if turns else length) / whole
            return (start[0] + steps[0] * share, start[1] + steps[1] * share), *way[place + 1 :]
        length -= whole
    return ()


def _steps(start: Point, end: Point) -> Point:
    dx, dy = end[0] - start[0], end[1] - start[1]
    return (dx if abs(dx) > 0.01 else 0.0), (dy if abs(dy) > 0.01 else 0.0)


def _length(steps: Point) -> float:
    return abs(steps[0]) + abs(steps[1])
