"""What a run that is watched looks like: as it goes on, cut to the height of the terminal, and all of it at the end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from coterie.graphs.lanes import SIGNS, Line, lanes_lines, lasted
from coterie.graphs.memory_diff import MemoryEdit
from coterie.graphs.timeline import Timeline
from coterie.teams.output import RunStarted
from coterie.text import bracketed, one_line, showable

T = TypeVar("T")

_PIECES = {"same": "", "removed": "red strike", "added": "green underline"}
_ENDS = {
    "finished": ("", "dim"),
    "waiting": ("waits for somebody", "yellow"),
    "failed": ("failed", "red"),
    "cancelled": ("interrupted", "red"),
}
"""What the title says of how a run ended, and the style of its frame."""


@dataclass(frozen=True)
class Watched:
    """A run, as far as it has come."""

    message: str | None
    """What was said. None: it is not to be shown."""
    run: RunStarted | None
    timeline: Timeline
    work: Sequence[str]
    diff: Sequence[Text]
    answer: str
    waits: Sequence[str]


def diff_line(edit: MemoryEdit, *, plain: bool = True) -> Text:
    """What became of the memory, on one line.

    Args:
        edit: what it is.
        plain: put what went in ``[-…-]`` and what came in ``{+…+}``, where a memory was changed: nothing else
            would tell them apart.
    """
    line = Text.assemble((f"{edit.sign} ", SIGNS.get(edit.sign, "dim")))
    if edit.by != "curator":
        line.append(f"{one_line(edit.by)}: ", "dim")
    pieces = edit.pieces
    brackets = plain and bool(edit.before and edit.after)
    for piece in pieces:
        line.append(*((bracketed(piece), "") if brackets else (piece[1], _style(edit, piece[0]))))
    if edit.why:
        line.append(f" ({one_line(edit.why)})" if pieces else one_line(edit.why), "dim")
    return line


def _style(edit: MemoryEdit, kind: str) -> str:
    """A statement that was refused did not come, and in one that is new nothing is newer than the rest."""
    return "dim" if edit.sign in "!=" else "" if not edit.before else _PIECES[kind]


def whole_view(watched: Watched, options: ConsoleOptions) -> RenderableType:
    """The end: everything that happened, however long it is. Nothing, if the run did not come to begin."""
    parts: list[RenderableType] = []
    if watched.message is not None and watched.run is not None:
        parts.append(Panel(_text(watched.message), title="You", title_align="left", border_style="dim"))
    if watched.timeline.names:
        parts.append(_lanes(watched, options, None))
    parts += [Padding(_text(line, "dim"), (0, 0, 0, 2)) for line in watched.work]
    if watched.diff:
        parts.append(_memory(watched, watched.diff))
    if watched.answer:
        parts.append(_answer(watched, _text(watched.answer)))
    parts += [Padding(_text(line, "bold yellow"), (0, 0, 0, 2)) for line in watched.waits]
    return Group(*parts)


def live_view(watched: Watched, console: Console, options: ConsoleOptions) -> RenderableType:
    """As it goes on: the latest of everything, as much as the terminal is high."""
    room = _Room.of(watched, options.size.height)
    parts: list[RenderableType] = []
    if watched.message is not None:
        parts.append(_cut(Text(f"> {one_line(watched.message)}", "dim")))
    parts.append(_lanes(watched, options, room.lanes))
    parts += [_cut(_text(f"  {one_line(line)}", "dim")) for line in _last(watched.work, room.work)]
    if room.diff:
        parts.append(_memory(watched, [_cut(line.copy()) for line in _last(watched.diff, room.diff)]))
    parts.append(_answer(watched, _tail(watched.answer, room.answer, console, options.max_width - 4)))
    parts.append(Text())  # where the cursor stands: ^C, which a terminal writes there, makes no line longer
    return Group(*parts)


@dataclass(frozen=True)
class _Room:
    """How many lines each part may have."""

    lanes: int
    work: int
    diff: int
    answer: int

    @classmethod
    def of(cls, watched: Watched, height: int) -> "_Room":
        rows = sum(len(lane.rows) or 1 for lane in watched.timeline.lanes())
        free = height - 10  # the message, two frames, what stands around the lanes, a line of the answer, the last line
        lanes = min(rows, max(free // 2, 1))
        free -= lanes
        diff = min(len(watched.diff), max((free - 2) // 2, 0))
        free -= diff + 2 * bool(diff)
        work = min(len(watched.work), max(free // 2, 0))
        return cls(lanes, work, diff, max(free - work + 1, 1))


def _lanes(watched: Watched, options: ConsoleOptions, most: int | None) -> Panel:
    timeline, now = watched.timeline, datetime.now(UTC)
    if timeline.last:
        now = datetime.fromisoformat(timeline.last["at"])
    said, border = _ENDS[timeline.last["status"]] if timeline.last else ("", "cyan")
    name = watched.run.source if watched.run else ""
    tokens = timeline.totals.tokens
    told = [one_line(name), said, lasted(timeline.seconds(now)), f"{tokens:,} tokens" if tokens else ""]
    lines = lanes_lines(timeline, options.max_width - 4, now, most=most, ascii=options.ascii_only)
    return Panel(
        Group(*map(_line, lines)),
        title=Text(" · ".join(filter(None, told)), "bold"),
        title_align="left",
        subtitle=Text(" · ".join(_whose(watched.run)), "dim"),
        subtitle_align="right",
        border_style=border,
    )


def _whose(run: RunStarted | None) -> Iterator[str]:
    if run is not None:
        if run.user_id is not None:
            yield one_line(run.user_id)
        yield f"session {one_line(run.session_id)}"


def _memory(watched: Watched, lines: Sequence[Text]) -> Panel:
    number = Counter[str](mark.sign for mark in watched.timeline.marks)
    counts = [f"{sign}{number[sign]}" for sign in "+~-!?" if number[sign]]
    title = Text(" ".join(["memory", *counts]))
    return Panel(Group(*lines), title=title, title_align="left", border_style="dim")


def _answer(watched: Watched, text: Text) -> Panel:
    title = _text(watched.run.source if watched.run else "")
    return Panel(text if text.plain else Text("…", "dim"), title=title, title_align="left", border_style="cyan")


def _tail(answer: str, lines: int, console: Console, width: int) -> Text:
    """The end of a text, as far as it fits in that many lines."""
    end = "\n".join(answer.split("\n")[-lines:])[-lines * max(width, 1) :]
    return Text("\n").join(_text(end).wrap(console, max(width, 1))[-lines:]) if end else Text()


def _last(lines: Sequence[T], most: int) -> Sequence[T]:
    return lines[len(lines) - most :]


def _line(line: Line) -> Text:
    return _cut(Text.assemble(*line))


def _cut(text: Text) -> Text:
    """On one line, and no more."""
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _text(text: str, style: str = "") -> Text:
    return Text(showable(text), style=style)
