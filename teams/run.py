"""One run: what goes into the graph, and how what comes out is read. What it reads and writes are effects of flows."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Interrupt

from coterie.errors import ConfigurationError, RunError
from coterie.graphs.build import BoundGraph
from coterie.graphs.confirming import waiting_for
from coterie.graphs.events import (
    Event,
    MemberFinished,
    MemoryChanged,
    MemoryCurated,
    MemoryRecalled,
    StepFinished,
    Token,
)
from coterie.graphs.halting import Stop
from coterie.graphs.memory_nodes import stored_messages
from coterie.graphs.offline import NOTICE
from coterie.graphs.pausing import Waiting
from coterie.graphs.spec import Curate, Spec, TeamSpec, asks_model, slug
from coterie.graphs.state import RunContext, question, run_around, this_turn
from coterie.graphs.task_list import tasks_of
from coterie.memory.flow import Flow
from coterie.memory.values import StoredRun, Turn
from coterie.teams.checkpoints import thread_name
from coterie.teams.output import RunFinished, RunOutput, RunStarted
from coterie.teams.savers import check_loop

if TYPE_CHECKING:
    from coterie.teams.recording import Recorder

ANSWERING = frozenset({"model", "leader", "router", "join", "form"})
"""The nodes that write answers, piece by piece."""

log = logging.getLogger("coterie")


class Run(ABC):
    """One run under way: what to hand to the graph, and how to read what it streams."""

    input: Any
    """What the graph is given."""
    resumed: ClassVar[bool] = False
    """Whether it goes on with one that waited."""

    def __init__(self, spec: Spec, graph: BoundGraph, user_id: str | None, session_id: str | None, run_id: str) -> None:
        self.spec = spec
        self.graph = graph
        self.saver = graph.checkpointer if isinstance(graph.checkpointer, BaseCheckpointSaver) else None
        self.told: list[Event] = []
        self.recorder: Recorder | None = None
        """What records it. None: nothing does."""
        around = run_around()
        self.control = Stop(around.control if around is not None else None)
        """Stops the run, and its members, at their next steps."""
        self.context = RunContext(user_id, session_id, run_id, listen=self._hear, noted=set())
        self.state: dict[str, Any] = {"messages": []}
        self.interrupts: list[Interrupt] = []
        self.names = dict(names_of(spec))

    def check(self, *, asynchronous: bool) -> None:
        """Refuse a run that could not wait for somebody, though it may have to.

        Raises:
            ConfigurationError: there is no checkpointer, or it cannot be used here.
        """
        if self.saver is None:
            for each in everyone(self.spec):
                if each.conduct.confirm:
                    raise ConfigurationError(
                        f"{each.name} is to wait for somebody's word (confirm_tools), but {self.spec.name} has nowhere"
                        " to wait: give it checkpointer=, one of LangGraph's, such as SqliteSaver."
                    )
        check_loop(self.spec.name, self.saver, asynchronous=asynchronous)

    def opened(self) -> Flow[None]:
        """What comes before the start is told."""
        return
        yield

    def begun(self) -> Flow[None]:
        """What comes right before the graph runs, when the start is told.

        Raises:
            ConflictError: somebody else has the same run go on.
        """
        return
        yield

    @abstractmethod
    def closed(self) -> Flow[None]:
        """What comes after the graph has run, however it ended: the checkpointer has what waits, and nothing else."""

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What it waits for. Nothing: it goes on, or is over."""
        return waiting_for(self.interrupts)

    def options(self, tokens: bool) -> dict[str, Any]:
        """Keyword arguments for ``graph.stream`` and ``graph.astream``.

        Each run is a thread of its own, since the store has the session's history. It is written when the run stops:
        to write each step takes ten times as long.
        """
        config: dict[str, Any] = {"recursion_limit": self.spec.conduct.max_steps}
        if self.saver is not None:
            thread = thread_name(self.context.user_id, self.context.run_id or "")
            config["configurable"] = {"thread_id": thread}
        modes = ["values", "custom", "messages"] if tokens else ["values"]
        durable = {"durability": "exit"} if self.saver is not None else {}
        return {
            "config": config,
            "context": self.context,
            "stream_mode": modes,
            "subgraphs": tokens,
            "control": self.control,
            **durable,
        }

    def started(self) -> RunStarted:
        """The first event."""
        context = self.context
        return RunStarted(self.spec.name, context.run_id or "", context.session_id or "", context.user_id)

    def _hear(self, event: Event) -> None:
        self.told.append(event)
        if self.recorder is not None:
            self.recorder.tell(event)

    def record(self, state: Mapping[str, Any] | None = None) -> None:
        """Begin to record it, where it is to be and is not yet. ``state`` has what was said, if that may be kept."""
        if self.recorder is not None and not self.recorder.begun:
            message = None if state is None else question(state["messages"])
            self.recorder.begin(self._stored, message, resumed=self.resumed)

    @property
    def _stored(self) -> StoredRun:
        return StoredRun(
            run_id=self.context.run_id or "",
            user_id=self.context.user_id,
            session_id=self.context.session_id,
            team_id=self.spec.team_id if isinstance(self.spec, TeamSpec) else None,
            agent_id=None if isinstance(self.spec, TeamSpec) else self.spec.agent_id,
            name=self.spec.name,
            started_at=datetime.now(UTC),
        )

    def read(self, chunk: tuple[Any, ...]) -> Iterator[Event]:
        """Take note of one streamed chunk, and yield the events in it."""
        *where, mode, payload = chunk
        path = where[0] if where else ()
        if mode == "custom" and isinstance(payload, Event):
            yield payload
        elif mode == "values" and not path:
            if "turn_id" in payload:
                self.record(payload)  # it has begun: what was said is as the pre_hooks left it
            self.interrupts += payload.get("__interrupt__", ())  # each has a chunk of its own
            self.state = payload
        elif mode == "messages":
            message, metadata = payload
            answering = metadata.get("langgraph_node") in ANSWERING
            if answering and isinstance(message, AIMessageChunk) and message.text:
                nodes = tuple(part.split(":")[0] for part in path)
                yield Token(self.names.get(nodes, self.spec.name), message.text)

    def unfinished_turn(self) -> Turn | None:
        """The turn as far as it came, to keep when the run breaks off.

        None if the graph did not come to begin.
        """
        memory, turn_id = self.spec.memory, self.state.get("turn_id")
        if memory is None or turn_id is None:
            return None
        return Turn(
            turn_id=turn_id,
            session_id=self.context.session_id or "",
            run_id=self.context.run_id or "",
            messages=tuple(stored_messages(this_turn(self.state["messages"]))),
            at=datetime.now(UTC),
            user_id=self.context.user_id,
            team_id=self.spec.team_id if isinstance(self.spec, TeamSpec) else None,
            agent_id=None if isinstance(self.spec, TeamSpec) else self.spec.agent_id,
            status="pending" if self._curated else "none",
        )

    @property
    def _curated(self) -> Curate:
        """How this run's turn is curated."""
        memory = self.spec.memory
        return memory.curate if memory is not None and self.context.user_id is not None else False

    def finished(self) -> RunFinished:
        """The last event. What the user should know is in it, and logged.

        Raises:
            RunError: it is to wait for somebody, and there is no checkpointer.
        """
        if self.waiting and self.saver is None:
            raise RunError(
                f"{self.spec.name} stopped at an interrupt and cannot be resumed: give it checkpointer=, one of"
                " LangGraph's, such as SqliteSaver."
            )
        notices = tuple(self._notices())
        for notice in notices:
            log_once(notice)
        return RunFinished(self.spec.name, self._output(notices))

    def _output(self, notices: tuple[str, ...]) -> RunOutput:
        """What the run came to, of what it told and of its last state."""
        messages, waiting = tuple(this_turn(self.state["messages"])), self.waiting
        own = (event for event in self.told if isinstance(event, MemoryRecalled) and event.source == self.spec.name)
        schema = self.spec.conduct.output_schema
        return RunOutput(
            content=messages[-1].text if not waiting else said_last(messages),
            parsed=schema.model_validate_json(messages[-1].text) if schema and not waiting else None,
            messages=messages,
            run_id=self.context.run_id or "",
            turn_id=self.state.get("turn_id", ""),
            session_id=self.context.session_id or "",
            user_id=self.context.user_id,
            members=tuple(event for event in self.told if isinstance(event, MemberFinished)),
            tasks=tuple(tasks_of(self.state.get("tasks", {})).values()),
            recalled=next((event.recall for event in own), None),
            own_changes=tuple(event.applied for event in self.told if isinstance(event, MemoryChanged)),
            curations=tuple(event.report for event in self.told if isinstance(event, MemoryCurated)),
            in_background=self._curated == "background" and not waiting,
            steps=tuple(event for event in self.told if isinstance(event, StepFinished)),
            notices=notices,
            waiting=waiting,
        )

    def _notices(self) -> Iterator[str]:
        if any(each.model._llm_type == "offline" for each in everyone(self.spec) if asks_model(each)):
            yield NOTICE
        if self.spec.memory and self.spec.memory.curate and self.context.user_id is None:
            yield f"{self.spec.name} remembers nothing of this run: say who speaks, with user_id= or --user."


@lru_cache(maxsize=100)
def log_once(notice: str) -> None:
    """Log what the user should know, the first time in this process: what is configured is the same in the next run."""
    log.warning(notice)


def said_last(messages: Sequence[AnyMessage]) -> str:
    """What the model said before it had to wait."""
    return next((message.text for message in reversed(messages) if isinstance(message, AIMessage)), "")


def names_of(spec: Spec, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The names of an agent or team and of everybody in it, by the nodes that lead to each."""
    yield path, spec.name
    for member in spec.members if isinstance(spec, TeamSpec) else ():
        yield from names_of(member, (*path, slug(member.name)))


def everyone(spec: Spec) -> Iterator[Spec]:
    """The agent or team, and everybody in it."""
    yield spec
    for member in spec.members if isinstance(spec, TeamSpec) else ():
        yield from everyone(member)
