"""What a run returns, and the events that only a whole run has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from coterie.graphs.events import Event, MemberFinished, StepFinished
from coterie.graphs.pausing import Waiting
from coterie.graphs.task_list import Task
from coterie.memory.edits import Applied
from coterie.memory.evidence import Refused
from coterie.memory.hits import Recall
from coterie.memory.report import CurationReport

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage


@dataclass(frozen=True)
class Usage:
    """What models were asked for."""

    model_calls: int
    input_tokens: int | None
    """Of all prompts. None: a model did not say."""
    output_tokens: int | None

    @classmethod
    def of(cls, steps: Iterable[StepFinished]) -> Usage:
        """The sum over some steps."""
        calls = [call for step in steps for call in step.calls]
        said = all(call.input_tokens is not None and call.output_tokens is not None for call in calls)
        return cls(
            model_calls=len(calls),
            input_tokens=sum(call.input_tokens or 0 for call in calls) if said else None,
            output_tokens=sum(call.output_tokens or 0 for call in calls) if said else None,
        )


@dataclass(frozen=True)
class RunOutput:
    """One run of an agent or a team: finished, or waiting for somebody.

    Of a run that was resumed, it has what the run came to, and tells what happened since.
    """

    content: str
    """The answer. Of a run that waits: what was said so far."""
    parsed: BaseModel | None
    """The answer as an instance of ``output_schema``. None: there is no such schema."""
    messages: tuple[AnyMessage, ...]
    """This turn: the user's message, the tool calls with their answers, the answer."""
    run_id: str
    turn_id: str
    """Names this exchange in the store, and in the revisions that came of it."""
    session_id: str
    """Give it to the next run to go on with this conversation."""
    user_id: str | None
    members: tuple[MemberFinished, ...]
    """The tasks that members worked on, in the order in which they finished."""
    tasks: tuple[Task, ...]
    """The list of a team in mode tasks, as it is now."""
    recalled: Recall | None
    """The memories that were put into the prompt. None: memory is off, or a team asked no model of its own."""
    own_changes: tuple[Applied, ...]
    """What agents did to the memory by their memory tools."""
    curations: tuple[CurationReport, ...]
    """What the curator did: for this turn, and for earlier ones that were still owed."""
    in_background: bool
    """The curator goes through this run's turn when the answer is out: what it does is not in here."""
    steps: tuple[StepFinished, ...]
    """The nodes that ran, the members' too, in the order in which they finished: how long each took, what models were
    asked in it."""
    notices: tuple[str, ...]
    """What the user should know, such as that no model is configured."""
    waiting: tuple[Waiting, ...]
    """What somebody has to say before it goes on, by ``resume(run_id, ...)``. Empty: it is finished."""

    def __str__(self) -> str:
        return self.content

    @property
    def paused(self) -> bool:
        """Whether it waits for somebody. Its turn is kept when it ends."""
        return bool(self.waiting)

    @property
    def curation(self) -> CurationReport | None:
        """What the curator did with this run's turn. None: nothing was to be remembered, or it is `in_background`."""
        return next((report for report in self.curations if report.turn_id == self.turn_id), None)

    @property
    def usage(self) -> Usage:
        """The model calls of the run, its members' and its curator's too, and their tokens."""
        return Usage.of(self.steps)

    def usage_by_node(self) -> dict[str, Usage]:
        """The same for each node that asked a model: ``{"desk/leader": ..., "desk/scout/model": ...}``."""
        nodes = {f"{step.path}/{step.node}" for step in self.steps if step.calls}
        steps = {node: [step for step in self.steps if f"{step.path}/{step.node}" == node] for node in sorted(nodes)}
        return {node: Usage.of(found) for node, found in steps.items()}

    @property
    def memories_changed(self) -> tuple[Applied, ...]:
        """Every change to the memory that came of this run: by agents' own tools, then by the curator."""
        curated = (applied for report in self.curations for applied in report.applied)
        return tuple(applied for applied in (*self.own_changes, *curated) if applied.revisions)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """The changes that the curator proposed and its checks refused, each with the reason."""
        return tuple(refused for report in self.curations for refused in report.refused)

    @property
    def errors(self) -> tuple[str, ...]:
        """What failed without stopping the run: members, and the curator."""
        failed = [f"{member.member}: {member.error}" for member in self.members if member.error]
        return (*failed, *(f"curator: {report.error}" for report in self.curations if report.error))


@dataclass(frozen=True)
class RunStarted(Event):
    """The first event of a run."""

    run_id: str
    session_id: str
    user_id: str | None


@dataclass(frozen=True)
class RunFinished(Event):
    """The last event of a run: all of it, or as far as it came if it waits for somebody."""

    output: RunOutput
