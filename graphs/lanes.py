"""A timeline as lines of text: a bar for each agent, what it cost, and what became of the memory when."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from rich.cells import cell_len, set_cell_size

from coterie.graphs.spans import LAST, Row, Span
from coterie.graphs.timeline import Lane, Timeline, Totals
from coterie.graphs.trace import Record
from coterie.text import one_line

Line = list[tuple[str, str]]
"""Pieces of a line of text, each with its style as rich has it."""

COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_red")
"""Of the lanes, in turn."""
SIGNS = {"-": "red", "~": "yellow", "+": "green", "!": "bold red", "?": "bold yellow", "<": "blue"}
"""The signs of the memory with their styles, the one that matters most first."""

_NODES = {"recall": "░", "tools": "▒", "plan": "▪", "curate": "▓"}
_MODEL, _VISIT, _FAILED, _READ = "█", "─", "✗", "◂"
_MEANINGS = {
    **{glyph: node for node, glyph in _NODES.items()},
    _MODEL: "model",
    _VISIT: "at work",
    _FAILED: "failed",
}
_OF_MEMORY = {"<": "memory read", "+": "added", "~": "changed", "-": "removed", "!": "refused", "?": "held"}
_ASCII = str.maketrans("░▒▪▓█─✗◂…·", ".%o@#-x<~.")
_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)


def lanes_text(records: Iterable[Record], width: int = 100, *, ascii: bool = False) -> str:
    """The lanes of a run as plain text.

    Args:
        records: its trace.
        width: the most columns of a line; names are cut, and in little room there are fewer numbers.
        ascii: draw the bars with ASCII characters. Names stay what they are.
    """
    timeline = Timeline.of(records)
    lines = lanes_lines(timeline, width, timeline.latest or LAST, ascii=ascii)
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)


def lanes_lines(
    timeline: Timeline, width: int, now: datetime, *, most: int | None = None, ascii: bool = False
) -> list[Line]:
    """The lanes as lines: the axis, a line for each row, the memory, and what the signs mean.

    Args:
        timeline: a run, which may still go on.
        width: the most columns of a line.
        now: until when, if it goes on.
        most: how many rows there may be: those that changed last. None: all.
        ascii: draw the bars with ASCII characters.
    """
    lanes = timeline.lanes()
    rows = [_Entry(lane, place, row) for lane in lanes for place, row in enumerate(lane.rows or (Row((), ()),))]
    shown = rows if most is None or len(rows) <= most else _latest(rows, most)
    axis = _Axis(timeline, now)
    columns = _Columns.of(width, [_name(entry.lane) for entry in shown])
    colours = {lane.path: COLOURS[place % len(COLOURS)] for place, lane in enumerate(lanes)}
    lines = [columns.head(axis)]
    lines += [columns.row(entry, axis, colours[entry.lane.path]) for entry in shown]
    lines += [[("memory", "dim"), *columns.memory(timeline, axis)]] if timeline.marks else []
    lines += [[(f"… and {len(rows) - len(shown)} rows more", "dim")]] if len(shown) < len(rows) else []
    lines += list(_legend(lines, timeline, width))
    return [[(text.translate(_ASCII), style) for text, style in line] for line in lines] if ascii else lines


def lasted(seconds: float) -> str:
    """A time as people say it.

    >>> lasted(4.02), lasted(125), lasted(4000)
    ('4.0 s', '2:05 min', '1:06 h')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02} h"


def cut(text: str, cells: int) -> str:
    """A text that takes no more than these columns; a CJK character takes two."""
    return text if cell_len(text) <= cells else set_cell_size(text, max(cells - 1, 0)).rstrip() + "…"


@dataclass(frozen=True)
class _Entry:
    """One row of a lane. Only the first says whose it is, and what it cost."""

    lane: Lane
    place: int
    row: Row

    @property
    def until(self) -> datetime:
        return max((span.until() for span in (*self.row.visits, *self.row.steps)), default=LAST)


def _latest(rows: Sequence[_Entry], most: int) -> list[_Entry]:
    """Those that still work or worked last, in the order in which they stand."""
    chosen = sorted(range(len(rows)), key=lambda place: rows[place].until, reverse=True)[:most]
    return [rows[place] for place in sorted(chosen)]


class _Axis:
    """Where a time stands. While a run goes on there is some room on the right, so that the bars can grow."""

    def __init__(self, timeline: Timeline, now: datetime) -> None:
        self.timeline = timeline
        self.now = now
        self.length = timeline.seconds(now)
        if not timeline.last:
            hours = ceil(self.length / 3600) * 3600
            self.length = float(next((step for step in _STEPS if step > self.length), hours))

    def place(self, at: datetime, width: int) -> float:
        """Between 0 and the width."""
        return min(self.timeline.seconds(at) / (self.length or 1) * width, width)


@dataclass(frozen=True)
class _Columns:
    """How wide things are."""

    name: int
    bar: int
    numbers: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, width: int, names: Sequence[str]) -> "_Columns":
        numbers: tuple[tuple[str, int], ...] = (("tokens", 9), ("r/w", 7))
        if width >= 84:
            numbers = (("steps", 7), ("calls", 7), ("tokens", 10), ("memory r/w", 12))
        elif width < 44:
            numbers = ()
        name = min(max(map(cell_len, [*names, "memory"])), max(width // 4, 8))
        return cls(name, max(width - name - 1 - sum(size for _, size in numbers), 4), numbers)

    def head(self, axis: _Axis) -> Line:
        end = lasted(axis.length)
        line = " " * (self.name + 1) + "0 s" + end.rjust(self.bar - 3)
        return [(line + "".join(title.rjust(size) for title, size in self.numbers), "dim")]

    def row(self, entry: _Entry, axis: _Axis, colour: str) -> Line:
        busy = any(span.ended is None for span in (*entry.row.visits, *entry.row.steps))
        style = f"bold {colour}" if busy else colour
        name = _name(entry.lane) if entry.place == 0 else ""
        line = [(set_cell_size(cut(name, self.name), self.name) + " ", style)]
        line += [(glyphs, _style(glyphs, colour)) for glyphs in _runs(_bar(entry.row, axis, self.bar))]
        return [*line, *self.costs(entry.lane.totals)] if entry.place == 0 else line

    def costs(self, totals: Totals) -> Line:
        memory = f"{totals.reads}/{totals.writes}"
        told = {
            "steps": f"{totals.steps:,}",
            "calls": f"{totals.model_calls:,}",
            "tokens": f"{totals.tokens:,}" if totals.tokens else "-",
            "r/w": memory,
            "memory r/w": memory,
        }
        return [(told[name].rjust(size), "") for name, size in self.numbers]

    def memory(self, timeline: Timeline, axis: _Axis) -> Iterator[tuple[str, str]]:
        """When it was read and written, and when something was refused or held: side by side, if at the same time."""
        cells = [" "] * self.bar
        for sign in SIGNS:
            for mark in timeline.marks:
                if mark.sign == sign:
                    _put(cells, min(int(axis.place(mark.at, self.bar)), self.bar - 1), sign)
        yield " " * (self.name - 5), ""
        for signs in _runs("".join(cells)):
            yield signs.replace("<", _READ), SIGNS.get(signs[0], "")


def _put(cells: list[str], place: int, sign: str) -> None:
    """Write a sign into its cell, or into one beside it that is free. Where there is none, it is left out."""
    for cell in (place, place - 1, place + 1, place - 2, place + 2):
        if 0 <= cell < len(cells) and cells[cell] in (" ", sign):
            cells[cell] = sign
            return


def _name(lane: Lane) -> str:
    return "  " * lane.depth + one_line(lane.name)


def _style(glyphs: str, colour: str) -> str:
    return {_FAILED: "bold red", _VISIT: "dim"}.get(glyphs[0], colour)


def _runs(line: str) -> Iterator[str]:
    """Pieces of equal characters."""
    start = 0
    for place in range(1, len(line) + 1):
        if place == len(line) or line[place] != line[start]:
            yield line[start:place]
            start = place


@dataclass(frozen=True)
class _Part:
    """Where a span begins and ends, in cells."""

    span: Span
    begin: float
    end: float
    cells: range
    """The cells that it touches: one at least."""

    @classmethod
    def of(cls, span: Span, axis: _Axis, width: int) -> "_Part":
        begin, end = axis.place(span.started, width), axis.place(span.until(axis.now), width)
        first = min(int(begin), width - 1)
        return cls(span, begin, end, range(first, max(ceil(end), first + 1)))


def _bar(row: Row, axis: _Axis, width: int) -> str:
    cells = [" "] * width
    visits = [_Part.of(visit, axis, width) for visit in row.visits]
    for part in visits:
        cells[part.cells.start : part.cells.stop] = _VISIT * len(part.cells)
    owners = _owners([_Part.of(span, axis, width) for span in row.steps])
    for cell, span in owners.items():
        last = owners.get(cell + 1) is not span
        cells[cell] = _FAILED if span.error and last else _NODES.get(span.node, _MODEL)
    for part in visits:
        if part.span.error:
            cells[part.cells[-1]] = _FAILED
    return "".join(cells)


def _owners(parts: Sequence[_Part]) -> dict[int, Span]:
    """Which span each cell shows: the one that has most of it. A short one gets a cell of a long one."""
    owners: dict[int, Span] = {}
    most: dict[int, float] = {}
    for part in parts:
        for cell in part.cells:
            share = min(part.end, cell + 1) - max(part.begin, cell)
            if share > most.get(cell, -1.0):
                owners[cell], most[cell] = part.span, share
    has = Counter(span.step for span in owners.values())
    for part in parts:
        cell = part.cells[0]
        if not has[part.span.step] and has[owners[cell].step] > 1:
            has[owners[cell].step] -= 1
            has[part.span.step] += 1
            owners[cell] = part.span
    return owners


def _legend(lines: Iterable[Line], timeline: Timeline, width: int) -> Iterator[Line]:
    """What the signs that are there mean, on as many lines as that takes."""
    drawn = {text[0] for line in lines for text, _ in line if text}
    signs = {mark.sign for mark in timeline.marks}
    parts = [f"{glyph} {meaning}" for glyph, meaning in _MEANINGS.items() if glyph in drawn]
    parts += [f"{sign.replace('<', _READ)} {meaning}" for sign, meaning in _OF_MEMORY.items() if sign in signs]
    line = ""
    for told in parts:
        if line and len(line) + len(told) + 2 > width:
            yield [(line, "dim")]
            line = ""
        line += f"  {told}" if line else told
    yield [(line, "dim")]
