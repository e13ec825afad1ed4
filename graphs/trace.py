"""A trace: what a run did, as records of plain JSON. ``docs/tracing.md`` says what is in each.

The records are made of the events that the nodes of a graph tell, which LangGraph's custom stream has too. `Records`
numbers the steps: LangGraph names each by a namespace, ``scout:6f…|model:92…``, in which one that it runs again has
the same name. Here each has a number of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from coterie.graphs.events import (
    AttemptFailed,
    Event,
    HandedOver,
    MemberFinished,
    MemberStarted,
    MemoryChanged,
    MemoryCurated,
    MemoryRecalled,
    MemorySearched,
    ModelCall,
    NoteShared,
    NotesRead,
    StepFinished,
    StepStarted,
    TaskChanged,
    ToolFinished,
    ToolStarted,
)
from coterie.graphs.traced import Contents, Fields, call, when
from coterie.memory.tokens import estimate_tokens
from coterie.memory.values import RunStatus, StoredRun

SCHEMA = 1
"""The version of the records' form. A reader ignores fields and kinds that it does not know."""

WHOSE = ("run_id", "session_id", "user_id", "team_id", "agent_id", "name")
"""What the first record says of the run, by the names of `StoredRun`."""

Record = dict[str, Any]
"""One thing that happened, as JSON has it."""


@dataclass(frozen=True)
class End:
    """How a run ended."""

    status: RunStatus
    content: str = ""
    """The answer."""
    waiting: int = 0
    """How many things it waits for."""
    notices: Sequence[str] = ()
    error: BaseException | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Records:
    """Makes the records of one run. One thread at a time may use it.

    Args:
        run: which run it is.
        contents: whether what was said, remembered, called with and answered may be in the records. Otherwise there
            is no text in them but names, ids and the types of errors.
        steps: how many steps the trace has already: those of a run that is resumed.
    """

    def __init__(self, run: StoredRun, contents: bool = False, steps: int = 0) -> None:
        self.run = run
        self._contents = Contents(contents)
        self._steps = steps
        self._numbers: dict[str, int] = {}
        self._calls: list[ModelCall] = []

    def started(self, graph: Record, message: str | None = None) -> Record:
        """The first record of a trace.

        Args:
            graph: the graph's picture.
            message: what the user said. None: the run goes on with what was said before.
        """
        said = {} if message is None else self._contents.only(message=message)
        return {**self._begun("run_started"), "graph": graph, **said}

    def resumed(self) -> Record:
        """The record with which a run that waited goes on in its trace."""
        return self._begun("run_resumed")

    def _begun(self, kind: str) -> Record:
        return {
            "kind": kind,
            "at": when(self.run.started_at),
            "schema": SCHEMA,
            "coterie": _version(),
            **{name: getattr(self.run, name) for name in WHOSE},
            "contents": self._contents.on,
        }

    def of(self, event: Event | End) -> Record | None:
        """The record of an event, or of the end. None: it is of no kind that is recorded."""
        if isinstance(event, End):
            return self._finished(event)
        if type(event) not in KINDS:
            return None
        kind, fields = KINDS[type(event)]
        parent = self._begin(event.step) if isinstance(event, StepStarted) else {}
        if isinstance(event, StepFinished):
            self._calls += event.calls
        where = {"step": self._number(event.step), "path": event.path, "node": event.node, "source": event.source}
        return {"kind": kind, "at": when(event.at), **where, **parent, **fields(event, self._contents)}

    def _begin(self, namespace: str) -> Fields:
        """Number a step. One that LangGraph runs again is a new one."""
        around, _, _ = namespace.rpartition("|")
        parent = self._number(around)
        self._steps += 1
        self._numbers[namespace] = self._steps
        return {"parent": parent}

    def _number(self, namespace: str) -> int | None:
        """The step in which something happened: of those that are known, the innermost."""
        while namespace:
            if (found := self._numbers.get(namespace)) is not None:
                return found
            namespace, _, _ = namespace.rpartition("|")
        return None

    def _finished(self, end: End) -> Record:
        """The last record: how it ended, and what it cost since it began, or was resumed."""
        calls = self._calls
        said = all(each.input_tokens is not None and each.output_tokens is not None for each in calls)
        return {
            "kind": "run_finished",
            "at": when(end.at),
            "status": end.status,
            "seconds": round((end.at - self.run.started_at).total_seconds(), 6),
            "error": self._contents.raised(end.error),
            "model_calls": len(calls),
            "input_tokens": sum(each.input_tokens or 0 for each in calls) if said else None,
            "output_tokens": sum(each.output_tokens or 0 for each in calls) if said else None,
            **self._contents.only(content=end.content),
            "waiting": end.waiting,
            "notices": list(end.notices),
        }


@cache
def _version() -> str:
    return version("coterie")


def _step(event: StepFinished, contents: Contents) -> Fields:
    calls, error = [call(each) for each in event.calls], contents.error(event.error, event.error_type)
    return {"seconds": round(event.seconds, 6), "calls": calls, "error": error}


def _attempt(event: AttemptFailed, contents: Contents) -> Fields:
    return {"attempt": event.attempt, "error": contents.error(event.error, event.error_type)}


def _tool(event: ToolStarted, contents: Contents) -> Fields:
    return {"tool": event.tool, "call_id": event.call_id, **contents.only(arguments=event.arguments)}


def _answer(event: ToolFinished, contents: Contents) -> Fields:
    told = contents.only(content=event.content)
    return {"tool": event.tool, "call_id": event.call_id, "failed": event.failed, **told}


def _recalled(event: MemoryRecalled, contents: Contents) -> Fields:
    recall = event.recall
    hits = [contents.hit(hit.memory, hit.score, hit.parts) for hit in recall.hits]
    return {**contents.only(query=event.query), "tokens": recall.tokens, "complete": recall.complete, "hits": hits}


def _searched(event: MemorySearched, contents: Contents) -> Fields:
    tokens = sum(estimate_tokens(hit.memory.memory) for hit in event.hits)
    hits = [contents.hit(hit.memory, hit.score, hit.parts) for hit in event.hits]
    return {**contents.only(query=event.query), "tokens": tokens, "complete": False, "hits": hits}


def _curated(event: MemoryCurated, contents: Contents) -> Fields:
    report = event.report
    return {
        "turn_id": report.turn_id,
        "model_calls": report.model_calls,
        "error": contents.raised(report.error),
        "changes": contents.changes(*report.applied, *(report.optimized.applied if report.optimized else ())),
        "refused": [contents.refused(each) for each in report.refused],
        "held": [contents.held(each) for each in report.held],
    }


def _member(event: MemberFinished, contents: Contents) -> Fields:
    told = contents.only(content=event.content)
    return {"member": event.member, **told, "error": contents.error(event.error, event.error_type)}


def _notes(event: NotesRead, contents: Contents) -> Fields:
    return {"notes": [{"member": note.member, **contents.only(text=note.text)} for note in event.notes]}


KINDS: dict[type[Event], tuple[str, Callable[[Any, Contents], Fields]]] = {
    StepStarted: ("step_started", lambda event, contents: {}),
    StepFinished: ("step_finished", _step),
    AttemptFailed: ("attempt_failed", _attempt),
    ToolStarted: ("tool_started", _tool),
    ToolFinished: ("tool_finished", _answer),
    MemoryRecalled: ("memory_recalled", _recalled),
    MemorySearched: ("memory_recalled", _searched),
    MemoryCurated: ("memory_curated", _curated),
    MemoryChanged: ("memory_changed", lambda event, contents: {"changes": contents.changes(event.applied)}),
    MemberStarted: (
        "member_started",
        lambda event, contents: {"member": event.member, **contents.only(task=event.task)},
    ),
    MemberFinished: ("member_finished", _member),
    NoteShared: ("note_shared", lambda event, contents: {"member": event.member, **contents.only(text=event.text)}),
    NotesRead: ("notes_read", _notes),
    TaskChanged: ("task_changed", lambda event, contents: {"task": contents.task(event.task)}),
    HandedOver: ("handed_over", lambda event, contents: {"member": event.member, "to": event.to}),
}
"""The kinds of records, by the events that they are made of."""
