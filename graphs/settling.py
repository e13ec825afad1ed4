"""Where courses meet the sides of things, and where they pass through rows."""

from collections.abc import Iterator, Sequence

from coterie.graphs.courses import PIN, Course, Courses, Lane, Pin, Side
from coterie.graphs.placing import Item, PlacedRow, free_intervals

LANE = 8.0
"""Pixels from one line that goes through a row to the next."""
CLEAR = 12.0
"""Pixels between a box and a line that passes it."""
_CORNER = 9.0
"""Pixels at the end of a side where no line begins: its corner is round."""
_NEARLY = 40.0
"""Lines that are so far from straight are made straight if they can."""
_MERGED = 90.0
"""Lines of one kind to the store, nearer than this in one gap, become one."""


def needed_width(courses: Courses, item: Item) -> float:
    """What a thing must have so that all its lines have a place at its sides."""
    return max(_length(courses.at(item, side)) for side in ("top", "bottom")) + 2 * _CORNER


def settle_pins(courses: Courses, rows: Sequence[PlacedRow]) -> None:
    """Give each pin its x: by where its lines lead, about the middle of the side."""
    for item in (item for row in rows for item in row.items):
        taken = [item.x + pin.fixed for pin in courses.pins.values() if pin.item is item and pin.fixed is not None]
        _settle_side(courses, item, "top", [])
        _settle_side(courses, item, "bottom", taken)
    for pin in courses.pins.values():
        if pin.fixed is not None:
            pin.x = pin.item.x + pin.fixed
        elif pin.side == "left":
            pin.x = pin.item.x


def align_pins(courses: Courses, rows: Sequence[PlacedRow]) -> None:
    """Move the pins at a side together, where that makes the most lines straight that are nearly so."""
    partners = _partners(courses)
    for item in (item for row in rows for item in row.items):
        taken = [pin.x for pin in courses.pins.values() if pin.item is item and pin.fixed is not None]
        for side in ("top", "bottom"):
            pins = courses.at(item, side)
            shifts = [partners[pin].x - pin.x for pin in pins if pin in partners]
            free = [shift for shift in shifts if abs(shift) < _NEARLY and _fits(item, side, pins, shift, taken)]
            if free:
                best = max(free, key=lambda shift: (sum(abs(shift - other) < 0.01 for other in shifts), -abs(shift)))
                for pin in pins:
                    pin.x += best


def _partners(courses: Courses) -> dict[Pin, Pin]:
    """The pins that one line joins, and no other one ends at, in two rows that follow each other."""
    partners: dict[Pin, set[Pin]] = {}
    for course in courses.through:
        one, two = course.stops[0], course.stops[-1]
        if isinstance(one, Pin) and isinstance(two, Pin) and one.side != two.side and len(course.stops) == 2:
            partners.setdefault(one, set()).add(two)
            partners.setdefault(two, set()).add(one)
    return {pin: next(iter(others)) for pin, others in partners.items() if len(others) == 1}


def _fits(item: Item, side: Side, pins: Sequence[Pin], shift: float, taken: Sequence[float]) -> bool:
    """Whether the pins at a side may be moved so far."""
    inside = all(
        item.x + _CORNER <= pin.x + shift - pin.room + PIN and pin.x + shift <= item.right - _CORNER for pin in pins
    )
    return inside and (side == "top" or _clear(pins, shift, taken))


def _settle_side(courses: Courses, item: Item, side: Side, taken: Sequence[float]) -> None:
    pins = sorted(courses.at(item, side), key=_wish)
    x = item.middle - _length(pins) / 2 - PIN / 2
    for pin in pins:
        x += pin.room
        pin.x = x
    shift = next((shift for shift in _shifts(item, pins) if _clear(pins, shift, taken)), 0.0)
    for pin in pins:
        pin.x += shift
        if not _clear([pin], 0.0, taken):
            pin.label = ""  # no room beside the lines of what is in the member; the edge's title has it


def _clear(pins: Sequence[Pin], shift: float, taken: Sequence[float]) -> bool:
    """Whether no line that is there already meets the pins or their labels, if they are moved so far."""
    half = LANE / 2
    return not any(
        pin.x + shift - pin.room + PIN - half < other < pin.x + shift + LANE - 0.01 for pin in pins for other in taken
    )


def _length(pins: Sequence[Pin]) -> float:
    return sum(pin.room for pin in pins)


def _wish(pin: Pin) -> float:
    """Where its lines lead; those to the store stand at the left."""
    return sum(other.middle for other in pin.others) / len(pin.others) if pin.others else float("-inf")


def _shifts(item: Item, pins: Sequence[Pin]) -> Iterator[float]:
    """How far a side's pins may be moved together, the least first."""
    yield 0.0
    if not pins:
        return
    left = item.x + _CORNER - (pins[0].x - pins[0].room + PIN)
    right = item.right - _CORNER - pins[-1].x
    for step in range(1, 40):
        yield from (shift for shift in (step * 4.0, step * -4.0) if left <= shift <= right)


def settle_lanes(courses: Courses, rows: Sequence[PlacedRow]) -> None:
    """Give each lane its x: in a gap near where its course comes from and leads to."""
    taken: list[list[tuple[float, str]]] = [[] for _ in rows]
    settled: set[Lane] = set()
    for course in sorted(courses.through, key=lambda course: course.bundle.kind == "store"):
        for place, stop in enumerate(course.stops):
            if isinstance(stop, Lane) and stop not in settled:
                settled.add(stop)
                stop.x = _lane_x(courses, rows, course, place, taken[stop.row])
                taken[stop.row].append((stop.x, _store_kind(course)))


def _store_kind(course: Course) -> str:
    """What lines to the store have in common that may become one. Empty: it is none."""
    return course.edge.kind if course.bundle.kind == "store" else ""


def _lane_x(
    courses: Courses,
    rows: Sequence[PlacedRow],
    course: Course,
    place: int,
    taken: Sequence[tuple[float, str]],
) -> float:
    """Where a course passes the row of one of its stops: the way to its goal is short, and the lane near to it."""
    lane, origin, goal = course.stops[place], course.stops[place - 1].x, course.stops[-1].x
    assert isinstance(lane, Lane)
    kind = _store_kind(course)
    if course.channels[place - 1] == -1:
        left = min(item.x for row in rows[lane.row :] for item in row.items[:1]) - CLEAR
        return _free_x(left, (float("-inf"), left), taken, kind)
    goal = origin if kind else goal
    closed = courses.labelled_gaps(lane.row)
    found = [
        _free_x(wish, interval, taken, kind)
        for interval in free_intervals(rows[lane.row], CLEAR, closed)
        for wish in {origin, goal}
    ]
    return min(found, key=lambda x: (abs(x - origin) + abs(x - goal), abs(x - goal)))


def _free_x(wish: float, interval: tuple[float, float], taken: Sequence[tuple[float, str]], kind: str) -> float:
    """The x nearest to a wish in an interval that no other lane is near to."""
    low, high = interval
    start = min(max(wish, low), high)
    same = [x for x, other in taken if kind and other == kind and low <= x <= high and abs(x - start) < _MERGED]
    if same:
        return min(same, key=lambda x: abs(x - start))
    for step in range(200):
        for x in (start + step * LANE / 2, start - step * LANE / 2):
            if low <= x <= high and all(abs(x - other) >= LANE for other, _ in taken):
                return x
    return float("inf") if high < float("inf") else start
