"""One run: what goes into the graph, and how what comes out is read. Does no I/O."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import AIMessageChunk, HumanMessage

from coterie.errors import InputError, RunError
from coterie.graphs.events import (
    Event,
    MemberFinished,
    MemoryChanged,
    MemoryCurated,
    MemoryRecalled,
    StepFinished,
    Token,
)
from coterie.graphs.memory_nodes import stored_messages
from coterie.graphs.offline import NOTICE
from coterie.graphs.spec import Curate, Spec, TeamSpec, asks_model, slug
from coterie.graphs.state import RunContext, this_turn
from coterie.memory.ids import new_id
from coterie.memory.inputs import checked_text
from coterie.memory.values import Turn
from coterie.teams.output import RunFinished, RunOutput, RunStarted

ANSWERING = frozenset({"model", "leader", "router", "join", "form"})
"""The nodes that write answers, piece by piece."""

log = logging.getLogger("coterie")


class Run:
    """One run under way: what to hand to the graph, and how to read what it streams. Does no I/O."""

    def __init__(self, spec: Spec, message: str, user_id: str | None, session_id: str | None) -> None:
        self.spec = spec
        self.told: list[Event] = []
        session_id = session_id or new_id()
        self.context = RunContext(user_id, session_id, new_id(), told=self.told, noted=set())
        self.input = {"messages": [HumanMessage(checked_message(message))]}
        self.state: dict[str, Any] = self.input
        self.names = dict(names_of(spec))

    def options(self, tokens: bool) -> dict[str, Any]:
        """Keyword arguments for ``graph.stream`` and ``graph.astream``.

        A checkpointer knows threads alone: the user is part of the thread's name, or two users would share a session.
        """
        thread = json.dumps([self.context.user_id, self.context.session_id])
        config = {"configurable": {"thread_id": thread}, "recursion_limit": self.spec.conduct.max_steps}
        modes = ["values", "custom", "messages"] if tokens else ["values"]
        return {"config": config, "context": self.context, "stream_mode": modes, "subgraphs": tokens}

    def started(self) -> RunStarted:
        """The first event."""
        context = self.context
        return RunStarted(self.spec.name, context.run_id or "", context.session_id or "", context.user_id)

    def read(self, chunk: tuple[Any, ...]) -> Iterator[Event]:
        """Take note of one streamed chunk, and yield the events in it."""
        *where, mode, payload = chunk
        path = where[0] if where else ()
        if mode == "custom" and isinstance(payload, Event):
            yield payload
        elif mode == "values" and not path:
            self.state = payload
        elif mode == "messages":
            message, metadata = payload
            answering = metadata.get("langgraph_node") in ANSWERING
            if answering and isinstance(message, AIMessageChunk) and message.text:
                nodes = tuple(part.split(":")[0] for part in path)
                yield Token(self.names.get(nodes, self.spec.name), message.text)

    def unfinished_turn(self) -> Turn | None:
        """The turn as far as it came, to keep when the run breaks off.

        None if the graph did not come to begin, or waits at an interrupt: resumed, it keeps the turn itself.
        """
        memory, turn_id = self.spec.memory, self.state.get("turn_id")
        if memory is None or turn_id is None or self.state.get("__interrupt__"):
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
        """The last event. What the user should know is in it, and logged once.

        Raises:
            RunError: the run stopped at an interrupt.
        """
        if self.state.get("__interrupt__"):
            raise RunError(
                f"{self.spec.name} stopped at an interrupt: give its graph a checkpointer, and resume the graph itself."
            )
        messages = tuple(this_turn(self.state["messages"]))
        own = (event for event in self.told if isinstance(event, MemoryRecalled) and event.source == self.spec.name)
        recalled = (event.recall for event in own)
        schema = self.spec.conduct.output_schema
        notices = tuple(self._notices())
        for notice in notices:
            log.warning(notice)
        output = RunOutput(
            content=messages[-1].text,
            parsed=schema.model_validate_json(messages[-1].text) if schema else None,
            messages=messages,
            run_id=self.context.run_id or "",
            turn_id=self.state["turn_id"],
            session_id=self.context.session_id or "",
            user_id=self.context.user_id,
            members=tuple(event for event in self.told if isinstance(event, MemberFinished)),
            recalled=next(iter(recalled), None),
            own_changes=tuple(event.applied for event in self.told if isinstance(event, MemoryChanged)),
            curations=tuple(event.report for event in self.told if isinstance(event, MemoryCurated)),
            in_background=self._curated == "background",
            steps=tuple(event for event in self.told if isinstance(event, StepFinished)),
            notices=notices,
        )
        return RunFinished(self.spec.name, output)

    def _notices(self) -> Iterator[str]:
        if any(each.model._llm_type == "offline" for each in everyone(self.spec) if asks_model(each)):
            yield NOTICE
        if self.spec.memory and self.spec.memory.curate and self.context.user_id is None:
            yield f"{self.spec.name} remembers nothing of this run: say who speaks with user_id=."

    def too_long(self) -> RunError:
        """The error of a run that goes round in circles."""
        steps = self.spec.conduct.max_steps
        return RunError(f"{self.spec.name} was stopped after {steps} steps without an answer: does a tool loop?")


def checked_message(message: str) -> str:
    """Refuse a message that says nothing, or that no database and no model takes.

    Raises:
        InputError: with what is wrong.
    """
    if not isinstance(message, str) or not message.strip():
        raise InputError(f"The message is {message!r}: say something.")
    return checked_text("message", message)


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
