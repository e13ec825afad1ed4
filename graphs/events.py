"""What a run tells while it works. Nodes write these to LangGraph's custom stream; ``stream=True`` yields them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from coterie.graphs.task_list import Task
from coterie.memory.edits import Applied
from coterie.memory.hits import Hit, Recall
from coterie.memory.report import CurationReport
from coterie.memory.values import Note


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Event:
    """Something happened in ``source``: the name of an agent or a team."""

    source: str
    at: datetime = field(kw_only=True, default_factory=_now, compare=False, repr=False)
    path: str = field(kw_only=True, default="", compare=False)
    """Where the agent or team stands: ``desk/scout`` is the member scout of the team desk. Empty: outside of steps."""
    node: str = field(kw_only=True, default="", compare=False)
    """The step in which it happened: ``recall``, ``model``, ``tools``, ``curate``, or a member's."""
    step: str = field(kw_only=True, default="", compare=False, repr=False)
    """The step's own id, LangGraph's checkpoint namespace: ``scout:6f…|model:92…`` ran inside ``scout:6f…``."""


@dataclass(frozen=True)
class Token(Event):
    """A piece of an answer, as the model writes it."""

    text: str


@dataclass(frozen=True)
class AttemptFailed(Event):
    """A model was asked in vain. What it had written by then (`Token`) counts for nothing.

    It is asked again where ``retry_policy`` says so; otherwise the run, or the member, fails.
    """

    attempt: int
    """From 1."""
    error: str
    error_type: str = field(kw_only=True, default="", compare=False, repr=False)
    """The class of what was raised: all that may be told where contents are not to be."""


@dataclass(frozen=True)
class ToolStarted(Event):
    """A tool was called."""

    tool: str
    arguments: Mapping[str, Any]
    call_id: str


@dataclass(frozen=True)
class ToolFinished(Event):
    """A tool answered. With ``failed`` the content is the error that the model is shown."""

    tool: str
    content: str
    call_id: str
    failed: bool


@dataclass(frozen=True)
class MemoryRecalled(Event):
    """Memories were put into the prompt."""

    recall: Recall
    query: str = field(kw_only=True, default="", compare=False, repr=False)
    """What they were to fit."""


@dataclass(frozen=True)
class MemorySearched(Event):
    """An agent searched the memory itself, by its memory tool."""

    query: str
    hits: tuple[Hit, ...]
    """What it was shown, best first."""


@dataclass(frozen=True)
class NoteShared(Event):
    """A member told ``source``, a team, a note: its answer, or what it found while it worked."""

    member: str
    text: str


@dataclass(frozen=True)
class NotesRead(Event):
    """Notes of other members were put into the prompt."""

    notes: tuple[Note, ...]


@dataclass(frozen=True)
class MemoryCurated(Event):
    """The curator went through a turn: this run's, or an earlier one that was still owed."""

    report: CurationReport


@dataclass(frozen=True)
class MemoryChanged(Event):
    """An agent changed the memory itself, by one of its memory tools."""

    applied: Applied


@dataclass(frozen=True)
class MemberStarted(Event):
    """A member was given a task by ``source``, its team."""

    member: str
    task: str


@dataclass(frozen=True)
class MemberFinished(Event):
    """A member answered its team. With ``error`` it failed, and the leader was told so."""

    member: str
    task: str
    content: str
    error: str | None
    error_type: str = field(kw_only=True, default="", compare=False, repr=False)
    """The class of what was raised; empty if nothing was."""


@dataclass(frozen=True)
class TaskChanged(Event):
    """A task of ``source``, a team with a list of tasks, was added, begun, finished or cancelled."""

    task: Task


@dataclass(frozen=True)
class HandedOver(Event):
    """A member of ``source``, a swarm, handed the conversation over."""

    member: str
    to: str


@dataclass(frozen=True)
class ModelCall:
    """One answer of a model."""

    model: str
    """Its name, as its server says it. Empty: it does not say."""
    started: datetime
    seconds: float
    input_tokens: int | None
    """Of the prompt. None: the model does not say."""
    output_tokens: int | None


@dataclass(frozen=True)
class StepStarted(Event):
    """A node of a graph begins to run."""


@dataclass(frozen=True)
class StepFinished(Event):
    """A node of a graph has run."""

    started: datetime
    seconds: float
    """By the clock, the time of members and models that it waited for included."""
    calls: tuple[ModelCall, ...]
    """The answers of models that it got, its members' not included."""
    error: str | None
    error_type: str = field(kw_only=True, default="", compare=False, repr=False)
    """The class of what was raised; empty if nothing was."""
