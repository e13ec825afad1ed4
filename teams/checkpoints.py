"""The checkpoints of one run, in LangGraph's checkpointer: where it waits for somebody."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import StateSnapshot

from coterie.errors import ConfigurationError, ConflictError
from coterie.graphs.spec import Graph
from coterie.memory.flow import Flow
from coterie.memory.ids import new_id

Saver = BaseCheckpointSaver[Any]

LEASE = timedelta(minutes=15)
"""How long a run counts as being resumed when the process that does it says nothing more: it was killed, perhaps."""

_CLAIMED, _RELEASED = "coterie_claimed", "coterie_released"


@dataclass(frozen=True)
class Ask:
    """The effect "call this method", which has an async twin with an ``a`` in front."""

    owner: Any
    method: str
    arguments: tuple[Any, ...]

    def call(self) -> Any:
        """Call it in this thread."""
        return getattr(self.owner, self.method)(*self.arguments)

    async def acall(self) -> Any:
        """Await its twin."""
        return await getattr(self.owner, f"a{self.method}")(*self.arguments)


class BothWays(BaseCheckpointSaver[Any]):
    """Gives a checkpointer that is synchronous alone its async methods: the same calls, in worker threads."""

    async def aget_tuple(self, config: RunnableConfig) -> Any:
        """The async twin of ``get_tuple``."""
        try:
            return await super().aget_tuple(config)
        except NotImplementedError:
            return await asyncio.to_thread(self.get_tuple, config)

    async def alist(self, config: RunnableConfig | None, **options: Any) -> AsyncIterator[Any]:
        """The async twin of ``list``."""
        for found in await asyncio.to_thread(lambda: list(self.list(config, **options))):
            yield found

    async def aput(self, *arguments: Any) -> RunnableConfig:
        """The async twin of ``put``."""
        try:
            return await super().aput(*arguments)
        except NotImplementedError:
            return await asyncio.to_thread(self.put, *arguments)

    async def aput_writes(self, config: RunnableConfig, writes: Any, task_id: str, task_path: str = "") -> None:
        """The async twin of ``put_writes``."""
        try:
            await super().aput_writes(config, writes, task_id, task_path)
        except NotImplementedError:
            await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """The async twin of ``delete_thread``."""
        try:
            await super().adelete_thread(thread_id)
        except NotImplementedError:
            await asyncio.to_thread(self.delete_thread, thread_id)


@cache
def _both_ways(kind: type[Saver]) -> type[Saver]:
    return type(f"BothWays{kind.__name__}", (BothWays, kind), {})


def usable_saver(owner: str, saver: Any) -> Saver:
    """The checkpointer, for ``run`` and ``arun`` alike. It shares the given one's connection.

    Raises:
        ConfigurationError: it is none.
    """
    if not isinstance(saver, BaseCheckpointSaver):
        raise ConfigurationError(
            f"{owner}: checkpointer={saver!r} is none of LangGraph's: give InMemorySaver(), or what"
            " `with SqliteSaver.from_conn_string(path) as saver` gives."
        )
    if hasattr(saver, "loop"):  # it is asynchronous: its own methods do
        return saver
    usable = copy.copy(saver)
    usable.__class__ = _both_ways(type(saver))  # type: ignore[arg-type]  # a class is hashable
    return usable


def check_loop(owner: str, saver: Any, *, asynchronous: bool) -> None:
    """Refuse an asynchronous checkpointer where it cannot work: it would wait for ever.

    Raises:
        ConfigurationError: with what to do.
    """
    loop = getattr(saver, "loop", None)
    if loop is None:
        return
    try:
        running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is not (loop if asynchronous else None) or not loop.is_running():
        raise ConfigurationError(
            f"{owner}: its {type(saver).__name__} works in the event loop alone that it was made in: use arun and"
            " aresume there, or give it a synchronous checkpointer, which does for run and arun."
        )


def thread_name(user_id: str | None, run_id: str) -> str:
    """The name of a run's thread. The user is part of it, so that nobody goes on with somebody else's run."""
    return json.dumps([user_id, run_id])


@dataclass(frozen=True)
class Thread:
    """The checkpoints of one run."""

    graph: Graph
    name: str

    @property
    def config(self) -> RunnableConfig:
        """How LangGraph is told of it."""
        return {"configurable": {"thread_id": self.name}}

    @property
    def saver(self) -> Saver:
        """The checkpointer."""
        assert isinstance(self.graph.checkpointer, BaseCheckpointSaver)
        return self.graph.checkpointer

    def state(self) -> Flow[StateSnapshot]:
        """Where the run stands."""
        found: StateSnapshot = yield Ask(self.graph, "get_state", (self.config,))
        return found

    def claim(self, state: StateSnapshot) -> Flow["Claim"]:
        """Make sure that nobody else resumes the run meanwhile.

        Checkpointers keep the first of two writes of one name, so of two who claim at once one finds the other's.

        Raises:
            ConflictError: somebody resumes it, or did since ``state`` was read.
        """
        before = yield Ask(self.saver, "get_tuple", (state.config,))
        writes = before.pending_writes or [] if before else []
        claims = [value for _, channel, value in writes if channel == _CLAIMED]
        over = {value for _, channel, value in writes if channel == _RELEASED}
        fresh = (datetime.now(UTC) - LEASE).isoformat()
        if any(since > fresh for token, since in claims if token not in over):
            raise being_resumed()
        token = new_id()
        write = (_CLAIMED, [token, datetime.now(UTC).isoformat()])
        yield Ask(self.saver, "put_writes", (state.config, [write], f"claim-{len(claims)}"))
        now = yield Ask(self.saver, "get_tuple", (self.config,))
        if now is None:
            yield from self.delete()  # the run ended meanwhile: what was just written is of nothing
        mine = (
            any(value[0] == token for _, channel, value in now.pending_writes if channel == _CLAIMED) if now else False
        )
        if not mine or now.config["configurable"]["checkpoint_id"] != state.config["configurable"]["checkpoint_id"]:
            raise being_resumed()
        return Claim(self, state.config, token)

    def delete(self) -> Flow[None]:
        """Remove everything of it, if the checkpointer can."""
        try:
            yield Ask(self.saver, "delete_thread", (self.name,))
        except NotImplementedError:
            return


@dataclass(frozen=True)
class Claim:
    """The right to resume a run."""

    thread: Thread
    config: RunnableConfig
    token: str

    def release(self) -> Flow[None]:
        """Let others resume it: it waits again."""
        write = (_RELEASED, self.token)
        yield Ask(self.thread.saver, "put_writes", (self.config, [write], f"release-{self.token}"))


def being_resumed() -> ConflictError:
    """The error of those who come second."""
    return ConflictError("The run is being resumed by somebody else: see what came of it before you resume it again.")
