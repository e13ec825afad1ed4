"""Who did what, when: the records of a run, as spans in lanes. It may be read while the run goes on."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Literal

from coterie.graphs.events import ModelCall
from coterie.graphs.memory_diff import Sign, edits_of
from coterie.graphs.spans import Row, Span, grouped, rows_of
from coterie.graphs.trace import Record


@dataclass(frozen=True)
class Totals:
    """What the steps of a lane come to."""

    steps: int = 0
    """Those of its own; the times that a member was given a task are not among them."""
    model_calls: int = 0
    tokens: int = 0
    """Of prompts and answers, as far as the models say."""
    reads: int = 0
    """Memories that were put into prompts."""
    writes: int = 0
    """Memories that were added, changed or removed."""

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.steps + other.steps,
            self.model_calls + other.model_calls,
            self.tokens + other.tokens,
            self.reads + other.reads,
            self.writes + other.writes,
        )


@dataclass(frozen=True)
class Mark:
    """The memory was read or written, or was not to be written."""

    at: datetime
    path: str
    sign: Sign | Literal["<"]
    """``<``: it was read."""
    memories: int = 1

    @property
    def totals(self) -> Totals:
        """What it adds to those of its lane."""
        if self.sign == "<":
            return Totals(reads=self.memories)
        return Totals(writes=self.memories if self.sign in "+~-" else 0)


@dataclass(frozen=True)
class Lane:
    """An agent or a team. It has several rows where it was at work several times at once."""

    path: str
    name: str
    rows: tuple[Row, ...]
    totals: Totals

    @property
    def depth(self) -> int:
        """How many teams it stands in, one in the other."""
        return self.path.count("/")


@dataclass
class Timeline:
    """The spans and lanes of one run, from its records: all of them, or those that there are yet."""

    first: Record = field(default_factory=dict)
    """The record that began the run; empty if there is none."""
    last: Record = field(default_factory=dict)
    """The record that ended it; empty while it goes on."""
    spans: dict[int, Span] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """Who has a lane, by path, in the order in which they come first."""
    began: datetime | None = None
    latest: datetime | None = None
    """The time of the latest record."""
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)
    """When the run waited for somebody, and nobody worked."""
    _lanes: list[Lane] | None = field(default=None, repr=False, compare=False)
    """What `lanes` found, until there is more."""

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Timeline":
        """The timeline of these records."""
        timeline = cls()
        for record in records:
            timeline.add(record)
        return timeline

    def add(self, record: Record) -> None:
        """Take in the next record. Kinds that it does not know are passed over."""
        at = datetime.fromisoformat(record["at"])
        self._lanes = None
        self.began = at if self.began is None else min(self.began, at)
        self.latest = at if self.latest is None else max(self.latest, at)
        match record["kind"]:
            case "run_started":
                self.first = record
            case "run_resumed":
                self._resume(at)
            case "run_finished":
                self._finish(record, at)
            case "step_started":
                self._start(record, at)
            case "step_finished":
                self._end(record, at)
            case "memory_recalled":
                self._mark(record, Mark(at, record["path"], "<", len(record["hits"])))
        for edit in edits_of(record):
            self._mark(record, Mark(at, record["path"], edit.sign))

    def _start(self, record: Record, at: datetime) -> None:
        path, parent = record["path"], self.spans.get(record["parent"])
        self.names.setdefault(path, record["source"])
        if parent is not None and path == f"{parent.path}/{parent.node}":
            self.spans[parent.step] = replace(parent, member=path)
        self.spans[record["step"]] = Span(record["step"], record["parent"], path, record["node"], at)

    def _end(self, record: Record, at: datetime) -> None:
        if (span := self.spans.get(record["step"])) is not None:
            calls = tuple(_call(call) for call in record["calls"])
            ended = max(at, span.started)
            self.spans[span.step] = replace(span, ended=ended, calls=calls, error=record["error"])

    def _mark(self, record: Record, mark: Mark) -> None:
        self.names.setdefault(mark.path, record["source"])
        self.marks.append(mark)

    def _finish(self, record: Record, at: datetime) -> None:
        """What still goes on is over: it was cancelled, or waits and begins anew."""
        self.last = record
        self.spans = {number: replace(span, ended=span.until(at)) for number, span in self.spans.items()}

    def _resume(self, at: datetime) -> None:
        if self.last:
            self.pauses.append((datetime.fromisoformat(self.last["at"]), at))
            self.last = {}

    def seconds(self, at: datetime) -> float:
        """The time from the start of the run until then, without the times in which it waited for somebody."""
        if self.began is None:
            return 0.0
        waited = sum((min(until, at) - since).total_seconds() for since, until in self.pauses if since < at)
        return max((at - self.began).total_seconds() - waited, 0.0)

    def lanes(self) -> list[Lane]:
        """A lane for each agent and team that did something, its team's first."""
        if self._lanes is None:
            spans, totals = grouped(self.spans.values(), attrgetter("place")), self._totals()
            self._lanes = [
                Lane(path, self.names[path], rows_of(spans.get(path, [])), totals[path]) for path in self._order()
            ]
        return self._lanes

    def _order(self) -> list[str]:
        """The paths of the lanes: members below their team, in the order in which they come first."""
        places = {path: place for place, path in enumerate(self.names)}

        def key(path: str) -> tuple[int, ...]:
            parts = path.split("/")
            return tuple(places.get("/".join(parts[: end + 1]), -1) for end in range(len(parts)))

        return sorted(self.names, key=key)

    def _totals(self) -> dict[str, Totals]:
        """What each lane comes to. A model that was asked in a member's step was asked by the team."""
        totals = dict.fromkeys(self.names, Totals())
        for span in self.spans.values():
            totals[span.path] += Totals(int(span.member is None), len(span.calls), sum(map(_tokens, span.calls)))
        for mark in self.marks:
            totals[mark.path] += mark.totals
        return totals

    @property
    def totals(self) -> Totals:
        """What the whole run comes to."""
        return sum((lane.totals for lane in self.lanes()), Totals())


def _call(call: Record) -> ModelCall:
    return ModelCall(
        call["model"],
        datetime.fromisoformat(call["started"]),
        call["seconds"],
        call["input_tokens"],
        call["output_tokens"],
    )


def _tokens(call: ModelCall) -> int:
    return (call.input_tokens or 0) + (call.output_tokens or 0)
