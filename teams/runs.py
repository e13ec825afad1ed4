"""Running: what an agent and a team do alike. One driver for run and stream, with a loop each for sync and async.

LangGraph, and what stands on it, is loaded by the first use of a graph, not by defining an agent.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal, overload

from coterie.errors import ConfigurationError
from coterie.graphs.drawable import Drawable
from coterie.graphs.events import Event
from coterie.graphs.session import SessionState
from coterie.graphs.spec import Inherited
from coterie.memory.flow import adrive, drive, in_thread
from coterie.memory.manager import MemoryManager
from coterie.teams.ending import broken_off, recorded
from coterie.teams.output import RunFinished, RunOutput
from coterie.teams.stopping import interruptible
from coterie.teams.tracing import TraceSetting

if TYPE_CHECKING:
    from coterie.graphs.build import BoundGraph
    from coterie.graphs.spec import Graph, Spec
    from coterie.teams.run import Run


class Runs(Drawable, ABC):
    """What an agent and a team have in common: a graph, and ways to run it."""

    name: str
    checkpointer: Any
    trace: TraceSetting

    @abstractmethod
    def spec(self, inherited: Inherited = Inherited()) -> Spec:  # noqa: B008  # it is frozen
        """The plain values that the graph is built from. ``inherited`` is what a team lends it."""

    @property
    def graph(self) -> Graph:
        """The compiled LangGraph graph: made on first use, then kept.

        Its input is ``{"messages": [...]}``, its context a `coterie.graphs.state.RunContext`.
        """
        return self._compiled[1]

    @property
    def _compiled(self) -> tuple[Spec, BoundGraph]:
        found: tuple[Spec, BoundGraph] | None = self.__dict__.get("_cache")
        if found is None:
            from coterie.graphs.build import build_graph

            spec = self.spec()
            graph = build_graph(spec)
            if self.checkpointer is not None:
                from coterie.teams.savers import usable_saver

                graph.checkpointer = usable_saver(self.name, self.checkpointer)
            found = self.__dict__["_cache"] = (spec, graph)
        return found

    def reset(self) -> None:
        """Forget the compiled graph, so that the next run sees what was changed since (``agent.model = ...``)."""
        self.__dict__.pop("_cache", None)

    def _spec_to_draw(self) -> Spec:
        """That of the compiled graph. Before there is one MCP servers are not asked for their tools, only named."""
        if "_cache" in self.__dict__:
            return self._compiled[0]
        from coterie.graphs.build import build_graph

        return build_graph(self.spec(Inherited(drawn=True))).built.spec  # what could not run is not drawn

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

    def get_session_state(self, session_id: str, user_id: str | None = None) -> dict[str, Any]:
        """The state of a session: what is kept, and what ``session_state`` begins it with.

        Raises:
            NotFoundError: the user has no such session.
        """
        stored = self.memory.db.session(user_id, session_id).state
        return self._session(user_id, session_id).completed(stored)

    def update_session_state(
        self, session_id: str, state: Mapping[str, Any], user_id: str | None = None
    ) -> dict[str, Any]:
        """Join values with a session's state by ``session_reducers``, leave its other keys, and return the whole.

        An unknown session is made. Tools do the same with ``runtime.context.session``
        (`coterie.graphs.session.SessionState`).

        Raises:
            InputError: a value is not plain JSON, or a reducer failed.
        """
        return self._session(user_id, session_id).update(state)

    def _session(self, user_id: str | None, session_id: str) -> SessionState:
        return SessionState(self.memory.db, user_id, session_id, self._compiled[0].conduct)

    def get_session_summary(self, session_id: str, user_id: str | None = None) -> str | None:
        """What a session was about, as far as it was summed up; None if it was not yet.

        Raises:
            NotFoundError: the user has no such session.
        """
        return self.memory.db.session(user_id, session_id).summary

    aget_session_state = in_thread(get_session_state)
    aupdate_session_state = in_thread(update_session_state)
    aget_session_summary = in_thread(get_session_summary)

    def _stream(self, run: Run, tokens: bool) -> Iterator[Event]:
        run.check(asynchronous=False)
        drive(run.opened())
        yield run.started()
        drive(run.begun())
        chunks = run.graph.stream(run.input, **run.options(tokens))
        try:
            with interruptible(run.control):
                for chunk in chunks:
                    yield from run.read(chunk)
            drive(run.closed())
            last = run.finished()
        except BaseException as error:
            run.control.request_drain()
            chunks.close()
            raise drive(broken_off(run, error)) from error.__cause__
        yield drive(recorded(run, last))

    async def _astream(self, make: Callable[[], Run], tokens: bool) -> AsyncIterator[Event]:
        run = await asyncio.to_thread(make)
        run.check(asynchronous=True)
        await adrive(run.opened())
        yield run.started()
        await adrive(run.begun())
        try:
            async with aclosing(run.graph.astream(run.input, **run.options(tokens))) as chunks:
                async for chunk in chunks:
                    for event in run.read(chunk):
                        yield event
            await adrive(run.closed())
            last = run.finished()
        except BaseException as error:
            raise await adrive(broken_off(run, error)) from error.__cause__
        yield await adrive(recorded(run, last))

    def _new(self, message: str, user_id: str | None, session_id: str | None) -> Run:
        from coterie.teams.new_run import NewRun

        return self._recorded(NewRun(*self._compiled, message, user_id, session_id))

    def _resumed(self, run_id: str, decisions: Any, user_id: str | None) -> Run:
        from coterie.teams.resumed import ResumedRun

        return self._recorded(ResumedRun(*self._compiled, run_id, decisions, user_id))

    def _recorded(self, run: Run) -> Run:
        """The run, to be recorded if ``trace`` says so."""
        if self.trace is not False:
            from coterie.teams.recording import recorder

            run.recorder = recorder(self.name, self.trace, run)
        return run

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
                If the run waits for somebody, its ``waiting`` says for what, and `resume` goes on.
            user_id: whose memories are recalled and made. None: nobody's.
            session_id: the conversation to go on with. None: a new one.

        Raises:
            InputError: an empty message, one with a NUL character, or an id that cannot be used.
            RunError: a model failed, or the run went in circles.
            StoreError: the database refused.
            Exception: what a hook raised, as it is.
        """
        events = self._stream(self._new(message, user_id, session_id), tokens=stream)
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
        events = self._astream(lambda: self._new(message, user_id, session_id), tokens=stream)
        return events if stream else _drained(events)

    @overload
    def resume(
        self, run_id: str, decisions: Any, *, stream: Literal[False] = False, user_id: str | None = None
    ) -> RunOutput: ...
    @overload
    def resume(
        self, run_id: str, decisions: Any, *, stream: Literal[True], user_id: str | None = None
    ) -> Iterator[Event]: ...
    def resume(
        self, run_id: str, decisions: Any, *, stream: bool = False, user_id: str | None = None
    ) -> RunOutput | Iterator[Event]:
        """Go on with a run that waits for somebody, in this process or in another one than it began in.

        What is not decided keeps waiting: the output has it in ``waiting``, as that of ``run`` does.

        Args:
            run_id: `RunOutput.run_id`.
            decisions: True or False, for all calls that wait; or some of them by their `call_id` or `id`, each with
                True, False or a `coterie.graphs.pausing.Decision`. A `Question` gets its answer, whatever that is.
            stream: as in ``run``.
            user_id: whose run it is.

        Raises:
            NotFoundError: no run of this user's with this id waits.
            InputError: a decision fits nothing that waits.
            ConflictError: somebody resumes it at the same time.
            ConfigurationError: there is no checkpointer.
            RunError: as ``run`` does. The run is over then.
        """
        events = self._stream(self._resumed(run_id, decisions, user_id), tokens=stream)
        return events if stream else _output(list(events))

    @overload
    def aresume(
        self, run_id: str, decisions: Any, *, stream: Literal[False] = False, user_id: str | None = None
    ) -> Coroutine[Any, Any, RunOutput]: ...
    @overload
    def aresume(
        self, run_id: str, decisions: Any, *, stream: Literal[True], user_id: str | None = None
    ) -> AsyncIterator[Event]: ...
    def aresume(
        self, run_id: str, decisions: Any, *, stream: bool = False, user_id: str | None = None
    ) -> Coroutine[Any, Any, RunOutput] | AsyncIterator[Event]:
        """The async twin of `resume`, as `arun` is of `run`."""
        events = self._astream(lambda: self._resumed(run_id, decisions, user_id), tokens=stream)
        return events if stream else _drained(events)


async def _drained(events: AsyncIterator[Event]) -> RunOutput:
    return _output([event async for event in events])


def _output(events: list[Event]) -> RunOutput:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last.output
