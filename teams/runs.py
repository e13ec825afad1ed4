"""Running: what an agent and a team do alike. One driver for run and stream, with a loop each for sync and async."""

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from langchain_core.messages import AIMessageChunk, HumanMessage
from langgraph.errors import GraphRecursionError

from coterie.errors import ConfigurationError, CoterieError, InputError, RunError
from coterie.graphs.agent import Graph
from coterie.graphs.draw import draw
from coterie.graphs.events import Event, MemberFinished, MemoryCurated, MemoryRecalled, Token
from coterie.graphs.memory_nodes import stored_messages
from coterie.graphs.offline import NOTICE
from coterie.graphs.spec import Spec, TeamSpec, slug
from coterie.graphs.state import RunContext, this_turn
from coterie.graphs.team import build_graph
from coterie.memory.ids import new_id
from coterie.memory.manager import MemoryManager
from coterie.memory.values import Turn
from coterie.teams.output import RunFinished, RunOutput, RunStarted

if TYPE_CHECKING:
    from rich.console import Console

log = logging.getLogger("coterie")

MAX_STEPS = 100
"""Graph steps in one run, members' steps not counted: far more than a sound run takes, far less than a loop."""


class Run:
    """One run under way: what to hand to the graph, and how to read what it streams. Does no I/O."""

    def __init__(self, spec: Spec, message: str, user_id: str | None, session_id: str | None) -> None:
        self.spec = spec
        self.told: list[Event] = []
        self.context = RunContext(user_id, session_id or new_id(), new_id(), told=self.told)
        self.input = {"messages": [HumanMessage(checked_message(message))]}
        self.state: dict[str, Any] = self.input
        self.names = {slug(each.name): each.name for each in everyone(spec)}

    def options(self, tokens: bool) -> dict[str, Any]:
        """Keyword arguments for ``graph.stream`` and ``graph.astream``.

        A checkpointer knows threads alone: the user is part of the thread's name, or two users would share a session.
        """
        thread = json.dumps([self.context.user_id, self.context.session_id])
        config = {"configurable": {"thread_id": thread}, "recursion_limit": MAX_STEPS}
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
            answering = metadata.get("langgraph_node") in ("model", "leader")
            if answering and isinstance(message, AIMessageChunk) and message.text:
                key = path[-1].split(":")[0] if path else ""
                yield Token(self.names.get(key, self.spec.name), message.text)

    def unfinished_turn(self) -> Turn | None:
        """The turn as far as it came, to keep when the run breaks off; None if the graph did not come to begin."""
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
            status="pending" if memory.curate and self.context.user_id is not None else "none",
        )

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
        notices = tuple(self._notices())
        for notice in notices:
            log.warning(notice)
        output = RunOutput(
            content=messages[-1].text,
            messages=messages,
            run_id=self.context.run_id or "",
            turn_id=self.state["turn_id"],
            session_id=self.context.session_id or "",
            user_id=self.context.user_id,
            members=tuple(event for event in self.told if isinstance(event, MemberFinished)),
            recalled=next(iter(recalled), None),
            curations=tuple(event.report for event in self.told if isinstance(event, MemoryCurated)),
            notices=notices,
        )
        return RunFinished(self.spec.name, output)

    def _notices(self) -> Iterator[str]:
        if any(each.model._llm_type == "offline" for each in everyone(self.spec)):
            yield NOTICE
        if self.spec.memory and self.spec.memory.curate and self.context.user_id is None:
            yield f"{self.spec.name} remembers nothing of this run: say who speaks with user_id=."

    def too_long(self) -> RunError:
        """The error of a run that goes round in circles."""
        return RunError(f"{self.spec.name} was stopped after {MAX_STEPS} steps without an answer: does a tool loop?")


def checked_message(message: str) -> str:
    """Refuse a message that says nothing, or that no database and no model takes.

    Raises:
        InputError: with what is wrong.
    """
    if not isinstance(message, str) or not message.strip():
        raise InputError(f"The message is {message!r}: say something.")
    if "\0" in message:
        raise InputError(f"The message holds a NUL character at position {message.index(chr(0))}: take it out.")
    try:
        message.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"The message is not valid Unicode at position {error.start} ({message[error.start]!r}): repair it."
        ) from None
    return message


def everyone(spec: Spec) -> Iterator[Spec]:
    """The agent or team, and everybody in it."""
    yield spec
    for member in spec.members if isinstance(spec, TeamSpec) else ():
        yield from everyone(member)


class Runs(ABC):
    """What an agent and a team have in common: a graph, and ways to run it."""

    name: str

    @abstractmethod
    def spec(self) -> Spec:
        """The plain values that the graph is built from."""

    @property
    def graph(self) -> Graph:
        """The compiled LangGraph graph: made on first use, then kept.

        Its input is ``{"messages": [...]}``, its context a `coterie.graphs.state.RunContext`.
        """
        return self._compiled[1]

    @property
    def _compiled(self) -> tuple[Spec, Graph]:
        found: tuple[Spec, Graph] | None = self.__dict__.get("_cache")
        if found is None:
            spec = self.spec()
            found = self.__dict__["_cache"] = (spec, build_graph(spec))
        return found

    def reset(self) -> None:
        """Forget the compiled graph, so that the next run sees what was changed since (``agent.model = ...``)."""
        self.__dict__.pop("_cache", None)

    def draw(self, path: str | Path | None = None) -> str:
        """Draw the graph, with what reads and writes the memory: needs no network and no model.

        Args:
            path: a file to write, too: ``team.mmd`` for Mermaid, ``team.txt`` for text. None: text, to no file.

        Returns:
            The drawing as text.

        Raises:
            InputError: a file that ends otherwise.
        """
        return draw(self._compiled[0], path)

    @property
    def memory(self) -> MemoryManager:
        """The memory manager in use.

        Raises:
            ConfigurationError: there is no store.
        """
        use = self._compiled[0].memory
        if use is None:
            raise ConfigurationError(f"{self.name} has no store, so no memory: give it db=SqliteDb('team.db').")
        return use.manager

    def _stream(self, run: Run, graph: Graph, tokens: bool) -> Iterator[Event]:
        yield run.started()
        try:
            for chunk in graph.stream(run.input, **run.options(tokens)):
                yield from run.read(chunk)
            yield run.finished()
        except BaseException as error:
            raise self._broken_off(run, error) from error.__cause__

    async def _astream(
        self, message: str, user_id: str | None, session_id: str | None, tokens: bool
    ) -> AsyncIterator[Event]:
        spec, graph = await asyncio.to_thread(lambda: self._compiled)
        run = Run(spec, message, user_id, session_id)
        yield run.started()
        try:
            async for chunk in graph.astream(run.input, **run.options(tokens)):
                for event in run.read(chunk):
                    yield event
            yield run.finished()
        except BaseException as error:
            raise await asyncio.to_thread(self._broken_off, run, error) from error.__cause__

    def _broken_off(self, run: Run, error: BaseException) -> BaseException:
        """Keep what was said in a run that failed, was cancelled or is not read any further, and return its error."""
        turn, memory = run.unfinished_turn(), run.spec.memory
        if turn is not None and memory is not None:
            try:
                memory.manager.db.record_turn(turn)
            except CoterieError as lost:
                error.add_note(f"The turn could not be kept: {lost}")
        return run.too_long() if isinstance(error, GraphRecursionError) else error

    @overload
    def run(
        self, message: str, *, stream: Literal[False] = False, user_id: str | None = None, session_id: str | None = None
    ) -> RunOutput: ...
    @overload
    def run(
        self, message: str, *, stream: Literal[True], user_id: str | None = None, session_id: str | None = None
    ) -> Iterator[Event]: ...
    def run(
        self, message: str, *, stream: bool = False, user_id: str | None = None, session_id: str | None = None
    ) -> RunOutput | Iterator[Event]:
        """Answer a message.

        Args:
            message: what the user says.
            stream: yield `Event`s as they happen, a `RunFinished` last, instead of returning a `RunOutput`.
            user_id: whose memories are recalled and made. None: nobody's.
            session_id: the conversation to go on with. None: a new one.

        Raises:
            InputError: an empty message, one with a NUL character, or an id that cannot be used.
            RunError: a model failed, or the run went in circles.
            StoreError: the database refused.
        """
        spec, graph = self._compiled
        run = Run(spec, message, user_id, session_id)
        events = self._stream(run, graph, tokens=stream)
        return events if stream else _output(list(events))

    @overload
    def arun(
        self, message: str, *, stream: Literal[False] = False, user_id: str | None = None, session_id: str | None = None
    ) -> Coroutine[Any, Any, RunOutput]: ...
    @overload
    def arun(
        self, message: str, *, stream: Literal[True], user_id: str | None = None, session_id: str | None = None
    ) -> AsyncIterator[Event]: ...
    def arun(
        self, message: str, *, stream: bool = False, user_id: str | None = None, session_id: str | None = None
    ) -> Coroutine[Any, Any, RunOutput] | AsyncIterator[Event]:
        """The async twin of `run`: ``await agent.arun(...)``; with ``stream=True``, ``async for event in ...``."""
        events = self._astream(message, user_id, session_id, tokens=stream)

        async def drained() -> RunOutput:
            return _output([event async for event in events])

        return events if stream else drained()

    def print_response(
        self,
        message: str,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        console: "Console | None" = None,
    ) -> RunOutput:
        """Answer a message and print it, as it is written: the members at work, the answer, what memory learnt.

        Takes and raises what `run` does. ``console`` is rich's; None prints to standard output, plainly when that is
        not a terminal.
        """
        from coterie.teams.printing import Printer

        printer = Printer(message, console)
        with printer:
            for event in self.run(message, stream=True, user_id=user_id, session_id=session_id):
                printer.show(event)
        return printer.output

    async def aprint_response(
        self,
        message: str,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        console: "Console | None" = None,
    ) -> RunOutput:
        """The async twin of `print_response`."""
        from coterie.teams.printing import Printer

        printer = Printer(message, console)
        with printer:
            async for event in self.arun(message, stream=True, user_id=user_id, session_id=session_id):
                printer.show(event)
        return printer.output


def _output(events: list[Event]) -> RunOutput:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last.output
