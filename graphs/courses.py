"""The ways of a cluster's edges, by what they pass: out of a thing, through gaps in the rows between, into another.

A channel is what lies between two rows: channel 0 is above the first row, channel ``n`` above row ``n``. A course goes
through channels that follow each other, and where it passes a row in between it has a lane there.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from coterie.graphs.boxes import SIZES, line_box
from coterie.graphs.bundles import Bundle, bundles
from coterie.graphs.geometry import Point
from coterie.graphs.lettering import cut
from coterie.graphs.picture import Edge
from coterie.graphs.placing import ARROW, Item, PlacedRow
from coterie.text import one_line

Side = Literal["top", "bottom", "left"]

PIN = 14.0
"""Pixels from one line at a side of a box to the next."""
_MAX_LABEL = 130.0
_BESIDE = 5.0
"""Pixels between a line and its label."""


@dataclass(eq=False)
class Pin:
    """Where lines meet the side of a thing."""

    item: Item
    side: Side
    x: float = 0.0
    fixed: float | None = None
    """Its place on a member that is laid out already, from the member's left side."""
    below: float = 0.0
    """On a left side: pixels under its middle."""
    label: str = ""
    others: list[Item] = field(default_factory=list)
    """Where its lines lead. Empty: down to the store."""

    @property
    def y(self) -> float:
        """Of the side."""
        if self.side == "left":
            return self.item.y + self.item.height / 2 + self.below
        return self.item.y if self.side == "top" else self.item.bottom

    @property
    def room(self) -> float:
        """What it needs to its left."""
        return PIN + (line_box(self.label, "edge")[0] + _BESIDE if self.label else 0.0)


@dataclass(eq=False)
class Lane:
    """Where lines go down or up through a row."""

    row: int
    x: float = 0.0


@dataclass(eq=False)
class Course:
    """The way of one edge: two pins, and lanes between them. One that leads to the store ends with a lane, or a pin."""

    edge: Edge
    bundle: Bundle
    stops: list[Pin | Lane]
    channels: list[int]
    """Between each two stops. -1: the line to the first lane is straight."""
    covered: bool = False
    """Other courses of its bundle draw all of its way."""
    before: tuple[Point, ...] = ()
    """Its way inside of a member, from the member's upper left corner."""


@dataclass(eq=False)
class Beside:
    """An edge from a thing to its neighbour in the row: one of ``count`` lines, the uppermost is the first."""

    edge: Edge
    source: Item
    target: Item
    label: str
    place: int = 0
    count: int = 1


@dataclass
class Courses:
    """All ways of a cluster's edges."""

    beside: list[Beside] = field(default_factory=list)
    through: list[Course] = field(default_factory=list)
    pins: dict[Hashable, Pin] = field(default_factory=dict)
    lanes: dict[Hashable, Lane] = field(default_factory=dict)

    def gaps(self) -> dict[tuple[int, int], float]:
        """What the gaps in rows must have, by row and the place of the item before them."""
        found: dict[tuple[int, int], float] = {}
        for each in self.beside:
            left = min(each.source, each.target, key=lambda item: item.place)
            room = line_box(each.label, "edge")[0] + 18.0 if each.label else 0.0
            found[left.row, left.place] = max(found.get((left.row, left.place), ARROW), room)
        return found

    def labelled_gaps(self, row: int) -> frozenset[int]:
        """The gaps of a row that have a label in them."""
        labelled = [each for each in self.beside if each.label and each.source.row == row]
        return frozenset(min(each.source.place, each.target.place) for each in labelled)

    def at(self, item: Item, side: Side) -> list[Pin]:
        """The pins at a side of a thing that may be moved."""
        return [pin for pin in self.pins.values() if pin.item is item and pin.side == side and pin.fixed is None]


def courses(items: Mapping[str, Item], edges: Sequence[Edge]) -> Courses:
    """The ways of the edges between the things of a cluster."""
    done = Courses()
    labelled: set[Hashable] = set()
    hubs: dict[Hashable, str] = {}
    for edge, bundle in zip(edges, bundles(edges, lambda id: items[id].row), strict=True):
        label = cut(one_line(edge.label), _MAX_LABEL, SIZES["edge"])
        source, target = items[edge.source], items[edge.target]
        if (
            bundle.kind in ("single", "pair")
            and _neighbours(source, target)
            and len(_between(done, source, target)) < 2
        ):
            done.beside.append(Beside(edge, source, target, label))
            continue
        stops, channels = _stops(done, bundle, source, target)
        hub = hubs.setdefault(bundle.key, edge.source)
        covered = bundle.kind in ("mesh", "pair") and hub != edge.source
        done.through.append(Course(edge, bundle, stops, channels, covered))
        if bundle.key not in labelled:
            labelled.add(bundle.key)
            pin = stops[0] if bundle.kind in ("out", "mesh") else stops[-1]
            assert isinstance(pin, Pin)
            pin.label = label
    _number(done.beside)
    return done


def add_store_courses(done: Courses, rows: Sequence[PlacedRow], edges: Sequence[tuple[Edge, Item]]) -> None:
    """Add the ways down to the store: of the steps' own edges, and of what comes out of members."""
    for edge, item in edges:
        aside = item.place == 0 and item.row < len(rows) - 1
        bundle = Bundle(("store", edge.kind, item.id), "store")
        pin = done.pins.setdefault(bundle.key, Pin(item, "left" if aside else "bottom"))
        done.through.append(_down(done, rows, Course(edge, bundle, [pin], [])))
    _part_left_pins(done)
    for item in (item for row in rows for item in row.items):
        for drop in item.drops:
            bundle = Bundle(("store", drop.edge.kind, item.id), "store")
            x = drop.points[-1][0]
            pin = done.pins.setdefault((bundle.key, x), Pin(item, "bottom", fixed=x))
            done.through.append(_down(done, rows, Course(drop.edge, bundle, [pin], [], before=drop.points)))


def _part_left_pins(done: Courses) -> None:
    """Where two lines leave a left side, put one above its middle, and one below."""
    left = [pin for pin in done.pins.values() if pin.side == "left"]
    for pin in left:
        same = [other for other in left if other.item is pin.item]
        pin.below = (same.index(pin) - (len(same) - 1) / 2) * PIN / 2


def _down(done: Courses, rows: Sequence[PlacedRow], course: Course) -> Course:
    """The course, led through all rows below its pin."""
    pin = course.stops[0]
    assert isinstance(pin, Pin)
    first = pin.item.row if pin.side == "left" else pin.item.row + 1
    course.stops += [_lane(done, course.bundle, row) for row in range(first, len(rows))]
    course.channels += [-1 if row == pin.item.row else row for row in range(first, len(rows))]
    return course


def _stops(done: Courses, bundle: Bundle, source: Item, target: Item) -> tuple[list[Pin | Lane], list[int]]:
    level = bundle.kind in ("mesh", "pair") or source.row == target.row
    out: Side = "top" if level or source.row > target.row else "bottom"
    into: Side = "top" if level or source.row < target.row else "bottom"
    first, last = source.row + (out == "bottom"), target.row + (into == "bottom")
    channels = list(range(first, last + 1) if first <= last else range(first, last - 1, -1))
    start = _pin(done, bundle, source, out)
    end = _pin(done, bundle, target, into, "loop" if source is target else "")
    start.others.append(target)
    end.others.append(source)
    lanes = [_lane(done, bundle, min(one, two)) for one, two in pairwise(channels)]
    return [start, *lanes, end], channels


def _pin(done: Courses, bundle: Bundle, item: Item, side: Side, more: str = "") -> Pin:
    return done.pins.setdefault((bundle.key, item.id, side, more), Pin(item, side))


def _lane(done: Courses, bundle: Bundle, row: int) -> Lane:
    return done.lanes.setdefault((bundle.key, row), Lane(row))


def _neighbours(one: Item, other: Item) -> bool:
    return one.row == other.row and abs(one.place - other.place) == 1


def _between(done: Courses, one: Item, other: Item) -> list[Beside]:
    return [each for each in done.beside if {each.source, each.target} == {one, other}]


def _number(beside: Sequence[Beside]) -> None:
    """Tell those between the same two things apart."""
    groups: dict[frozenset[str], list[Beside]] = {}
    for each in beside:
        groups.setdefault(frozenset((each.source.id, each.target.id)), []).append(each)
    for group in groups.values():
        for place, each in enumerate(group):
            each.place, each.count = place, len(group)
