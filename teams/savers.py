"""LangGraph's checkpointers, as runs use them: sync and async alike, and written to by runs that have to wait alone."""

import asyncio
import copy
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from coterie.errors import ConfigurationError
from coterie.memory.flow import Flow

Saver = BaseCheckpointSaver[Any]


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


class Draft(InMemorySaver):
    """Holds what a run writes until it has to wait. Most runs never do, and write nothing to their checkpointer.

    A checkpointer on disk takes 10 to 15 ms to write a run and to remove it again.
    """

    def __init__(self, saver: Saver) -> None:
        super().__init__(serde=saver.serde)
        self._saver = saver
        self._written: list[tuple[str, tuple[Any, ...]]] = []

    def get_next_version(self, current: Any, channel: None) -> Any:
        """Number versions as the checkpointer does."""
        return self._saver.get_next_version(current, channel)

    def put(self, *arguments: Any) -> RunnableConfig:
        """Hold a checkpoint."""
        self._written.append(("put", arguments))
        return super().put(*arguments)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Hold what nodes wrote."""
        self._written.append(("put_writes", (config, writes, task_id, task_path)))
        super().put_writes(config, writes, task_id, task_path)

    def keep(self) -> Flow[None]:
        """Write it all to the checkpointer."""
        for method, arguments in self._written:
            yield Ask(self._saver, method, arguments)
