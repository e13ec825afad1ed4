"""Where the things of a cluster stand: rows from top to bottom, many members wrapped into several rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from coterie.graphs.geometry import Block, Bounded, Box, DrawnEdge, DrawnNode
from coterie.graphs.rows import Row

GAP = 32.0
"""Pixels between two things of a row; more where an edge between them has a label, or two."""
ARROW = 40.0
"""Pixels between two things of a row with an edge from the one to the other."""
_ROW_HEIGHT = 64.0
"""About what the lines between two rows take."""
_FORMAT = 1.25
"""Width to height of what is looked at: members are wrapped so that it is filled."""


@dataclass(eq=False)
class Item(Bounded):
    """A thing in a row: a step, or a laid out member."""

    id: str
    content: DrawnNode | Block
    width: float
    height: float
    row: int = 0
    place: int = 0
    x: float = 0.0
    """Its left side; 0 is the middle of the cluster until everything has its place."""
    y: float = 0.0

    def widen(self, width: float) -> None:
        """Make it at least so wide."""
        if width > self.width:
            self.content = self.content.widened(width)
            self.width = width

    @property
    def drops(self) -> list[DrawnEdge]:
        """What comes out at its lower side, on the way to the store or from it."""
        return self.content.drops if isinstance(self.content, Block) else []

    @property
    def box(self) -> Box:
        """What it covers."""
        return Box(self.x, self.y, self.width, self.height)


@dataclass(frozen=True)
class PlacedRow:
    """Items side by side. In a grid their upper sides are on one height, else their middles."""

    items: tuple[Item, ...]
    grid: bool
    anchor: Item | None = None

    @property
    def height(self) -> float:
        """The highest item's."""
        return max(item.height for item in self.items)

    def put(self, top: float) -> None:
        """Give the items their y."""
        for item in self.items:
            item.y = top if self.grid else top + (self.height - item.height) / 2


def placed(rows: Sequence[Row], items: Mapping[str, Item]) -> list[PlacedRow]:
    """The rows with their items, grids wrapped; each item knows its row and its place in it."""
    done: list[PlacedRow] = []
    for row in rows:
        things = [items[thing.id] for thing in row.things]
        if row.grid:
            done += [PlacedRow(tuple(part), True) for part in _wrapped(things)]
        else:
            done.append(PlacedRow(tuple(things), False, items[row.anchor.id] if row.anchor else None))
    for number, each in enumerate(done):
        for place, item in enumerate(each.items):
            item.row, item.place = number, place
    return done


def _wrapped(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The members in as many rows as fill the format best, as even as they go; steps are before them in the first."""
    steps = _steps(items)
    members = items[steps:]
    best = min(range(1, len(members) + 1), key=lambda count: _extent(list(_split(members, count))))
    first, *others = _split(members, best)
    yield [*items[:steps], *first]
    yield from others


def _steps(items: Sequence[Item]) -> int:
    """How many steps are before the members; if there are only steps, none is before the others."""
    steps = sum(isinstance(item.content, DrawnNode) for item in items)
    return steps if steps < len(items) else 0


def _split(items: Sequence[Item], rows: int) -> Iterator[Sequence[Item]]:
    columns = -(-len(items) // rows)
    for start in range(0, len(items), columns):
        yield items[start : start + columns]


def _extent(rows: Sequence[Sequence[Item]]) -> float:
    width = max(sum(item.width + GAP for item in row) for row in rows)
    height = sum(max(item.height for item in row) + _ROW_HEIGHT for row in rows)
    return max(width / _FORMAT, height)


def spread(rows: Sequence[PlacedRow], gaps: Mapping[tuple[int, int], float]) -> None:
    """Give the items their x. ``gaps``: what a gap must have at least, by row and the place of the item before it."""
    widths, between = _columns(rows, gaps)
    for number, row in enumerate(rows):
        steps = _steps(row.items) if row.grid else 0
        members = row.items[steps:]
        whole = row.grid and len(members) == len(widths)
        x = 0.0
        for column, item in enumerate(members):
            width = widths[column] if whole else item.width
            item.x = x + (width - item.width) / 2
            x += width + (between[column] if row.grid else gaps.get((number, item.place), GAP))
        _align(row, members)
        for before, item in zip(row.items[steps:0:-1], row.items[:steps][::-1], strict=True):
            item.x = before.x - gaps.get((number, item.place), GAP) - item.width


def _align(row: PlacedRow, members: Sequence[Item]) -> None:
    """Move a row so that its anchor, or else the middle of its members, is at 0."""
    middle = row.anchor.middle if row.anchor else (members[0].x + members[-1].right) / 2
    for item in members:
        item.x -= middle


def _columns(rows: Sequence[PlacedRow], gaps: Mapping[tuple[int, int], float]) -> tuple[list[float], list[float]]:
    """The columns that the rows of a grid have in common: their widths, and the gaps behind them.

    The last row of a grid may be shorter; it has the gaps, and is for the rest by itself.
    """
    grid = [(number, row.items[_steps(row.items) :]) for number, row in enumerate(rows) if row.grid]
    count = max((len(items) for _, items in grid), default=0)
    widths = [max(items[column].width for _, items in grid if len(items) == count) for column in range(count)]
    between = [GAP] * count
    for number, items in grid:
        for column, item in enumerate(items):
            between[column] = max(between[column], gaps.get((number, item.place), GAP))
    return widths, between


def free_intervals(row: PlacedRow, margin: float, closed: frozenset[int]) -> Iterator[tuple[float, float]]:
    """Where a line may go down through a row: left of it, right of it, and in its gaps but the ``closed`` ones."""
    items = row.items
    yield float("-inf"), items[0].x - margin
    for one, two in pairwise(items):
        if one.place not in closed and two.x - margin >= one.right + margin:
            yield one.right + margin, two.x - margin
    yield items[-1].right + margin, float("inf")
