"""Steps of a run as spans of time, and the rows in which they can be drawn without overlapping."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from coterie.graphs.events import ModelCall

LAST = datetime.max.replace(tzinfo=UTC)
"""When what still goes on may end."""


@dataclass(frozen=True)
class Span:
    """One step: a node of a graph at work."""

    step: int
    """Its number in the trace."""
    parent: int | None
    """The step that it is part of. None: it is one of the graph that was run."""
    path: str
    node: str
    started: datetime
    ended: datetime | None = None
    """None: it goes on."""
    calls: tuple[ModelCall, ...] = ()
    error: str | None = None
    member: str | None = None
    """The path of the member that worked in it. None: it is a step of its agent's or team's own."""

    @property
    def place(self) -> str:
        """The path of the lane that it is drawn in."""
        return self.member or self.path

    def until(self, now: datetime = LAST) -> datetime:
        """When it ended; one that goes on ends now."""
        return self.ended or max(now, self.started)


@dataclass(frozen=True)
class Row:
    """What one agent did one after the other. Neither visits nor steps overlap."""

    visits: tuple[Span, ...]
    """The steps of its team in which it worked, each around some of ``steps``."""
    steps: tuple[Span, ...]


@dataclass
class _Track:
    """Spans that come one after the other."""

    spans: list[Span]
    ended: datetime

    def takes(self, started: datetime) -> bool:
        return self.ended <= started

    def add(self, spans: list[Span], ended: datetime) -> None:
        self.spans += spans
        self.ended = max(self.ended, ended)


def rows_of(spans: Iterable[Span]) -> tuple[Row, ...]:
    """The rows of a lane: what belongs to one visit stays in one row, unless it overlaps itself."""
    rows: list[_Track] = []
    for track in sorted((t for visit in _visits(spans) for t in _tracks(visit)), key=lambda t: _begin(t.spans)):
        started = _begin(track.spans)
        row = next((row for row in rows if row.takes(started)), None)
        if row is None:
            rows.append(track)
        else:
            row.add(track.spans, track.ended)
    return tuple(_row(row.spans) for row in rows)


def _row(spans: list[Span]) -> Row:
    return Row(
        tuple(span for span in spans if span.member is not None), tuple(span for span in spans if span.member is None)
    )


def _begin(spans: Iterable[Span]) -> datetime:
    return min(span.started for span in spans)


def _visits(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """The spans of a lane by the step of the team that they are in, which is one of them."""
    yield from grouped(spans, _visit).values()


def _visit(span: Span) -> int:
    return span.step if span.member is not None else span.parent or 0


def _tracks(visit: list[Span]) -> list[_Track]:
    """What a visit needs: one track, or as many as its steps overlap. The visit itself is in the first."""
    around = [span for span in visit if span.member is not None]
    tracks = [_Track(list(around), datetime.min.replace(tzinfo=UTC))]
    for span in sorted((span for span in visit if span.member is None), key=attrgetter("started", "step")):
        track = next((track for track in tracks if track.takes(span.started)), None)
        if track is None:
            tracks.append(_Track([span], span.until()))
        else:
            track.add([span], span.until())
    for track in tracks:
        track.ended = max(span.until() for span in track.spans)
    return tracks


def grouped(spans: Iterable[Span], key: Callable[[Span], Any]) -> dict[Any, list[Span]]:
    """The spans by what the key makes of each."""
    return {name: list(group) for name, group in groupby(sorted(spans, key=key), key)}
