"""The heights of a cluster's rows and of the channels between them, and the ways of its edges, point by point."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from coterie.graphs.boxes import line_at, line_box
from coterie.graphs.courses import Beside, Course, Courses, Lane, Pin
from coterie.graphs.geometry import DrawnEdge, Line, Point, simplified
from coterie.graphs.placing import PlacedRow
from coterie.graphs.tracks import TRACK, Net, assign_tracks

_ABOVE, _BELOW = 11.0, 19.0
"""Pixels from the upper row to the first track, and from the last one to the lower row, where the arrows are."""
_LABEL = 15.0
"""Pixels for labels beside the lines, above or below the tracks."""
_EMPTY = 14.0
"""Pixels between two rows without a line between them."""
_APART = 14.0
"""Pixels between two lines from a thing to its neighbour."""


@dataclass
class Channel:
    """What lies between two rows."""

    nets: dict[Hashable, Net] = field(default_factory=lambda: defaultdict(Net))
    labels: set[str] = field(default_factory=set)
    """Where labels are: "top", "bottom"."""
    y: float = 0.0
    """Of the first track."""

    def height(self, outermost: bool) -> float:
        """All of it, in pixels."""
        if not self.nets:
            return 0.0 if outermost else _EMPTY
        tracks = assign_tracks(list(self.nets.values()))
        return _ABOVE + _BELOW + TRACK * max(tracks - 1, 0) + _LABEL * len(self.labels)

    def put(self, top: float) -> None:
        """Give it its place."""
        self.y = top + _ABOVE + (_LABEL if "top" in self.labels else 0.0)

    def track(self, key: Hashable) -> float:
        """The y of a net's track."""
        return self.y + TRACK * self.nets[key].track


def put_rows(courses: Courses, rows: Sequence[PlacedRow], top: float) -> tuple[list[Channel], float]:
    """Give rows and channels their heights, from a y downwards. Returns the channels, and the y where all ends."""
    channels = _channels(courses, len(rows))
    for number, (channel, row) in enumerate(zip(channels, rows, strict=True)):
        height = channel.height(outermost=number == 0)
        channel.put(top)
        row.put(top + height)
        top += height + row.height
    return channels, top


def _channels(courses: Courses, count: int) -> list[Channel]:
    """The channels with their nets, and with what is labelled in them."""
    channels = [Channel() for _ in range(count)]
    for course in courses.through:
        for (one, two), number in zip(pairwise(course.stops), course.channels, strict=True):
            if number < 0:
                continue
            net = channels[number].nets[net_of(course, two)]
            for stop in (one, two):
                above = stop.side == "bottom" if isinstance(stop, Pin) else stop.row < number
                (net.above if above else net.below).add(stop.x)
    for pin in courses.pins.values():
        if pin.label:
            number = pin.item.row + (pin.side == "bottom")
            channels[number].labels.add("top" if pin.side == "bottom" else "bottom")
    return channels


def drawn_through(courses: Courses, channels: Sequence[Channel]) -> Iterator[tuple[Course, DrawnEdge]]:
    """The edges that go through channels; those to the store end where they come out below the last row."""
    labelled: set[Hashable] = set()
    for course in courses.through:
        label = None
        pin = next((stop for stop in course.stops if isinstance(stop, Pin) and stop.label), None)
        if pin is not None and course.bundle.key not in labelled:
            labelled.add(course.bundle.key)
            label = _label(pin)
        points = simplified(_points(course, channels))
        yield course, DrawnEdge(course.edge, points, label, () if course.covered else None)


def net_of(course: Course, stop: Pin | Lane) -> Hashable:
    """What the net is known by that leads to a stop; lines to the store that come together are one."""
    return ("store", course.edge.kind, stop.x) if course.bundle.kind == "store" else course.bundle.key


def _points(course: Course, channels: Sequence[Channel]) -> Iterator[Point]:
    first, last = course.stops[0], course.stops[-1]
    assert isinstance(first, Pin)
    yield from ((first.item.x + x, first.item.y + y) for x, y in course.before)
    yield first.x, first.y
    for (one, two), number in zip(pairwise(course.stops), course.channels, strict=True):
        y = first.y if number < 0 else channels[number].track(net_of(course, two))
        if abs(one.x - two.x) > 0.01:
            yield one.x, y
            yield two.x, y
    if isinstance(last, Pin) and last is not first:
        yield last.x, last.y


def _label(pin: Pin) -> Line:
    width, height = line_box(pin.label, "edge")
    top = pin.y - height - 3.0 if pin.side == "top" else pin.y + 3.0
    return line_at(pin.label, pin.x - 5.0 - width, top, "edge")


def drawn_beside(beside: Beside) -> DrawnEdge:
    """An edge from a thing to its neighbour in a row."""
    source, target = beside.source, beside.target
    top, bottom = max(source.y, target.y), min(source.bottom, target.bottom)
    y = (top + bottom) / 2 + (beside.place - (beside.count - 1) / 2) * _APART
    left, right = (source.right, target.x) if source.x < target.x else (source.x, target.right)
    label = None
    if beside.label:
        _, height = line_box(beside.label, "edge")
        place = y - height - 2.0 if beside.place == 0 else y + 2.0
        label = line_at(beside.label, (left + right) / 2, place, "edge", centred=True)
    return DrawnEdge(beside.edge, ((left, y), (right, y)), label)
