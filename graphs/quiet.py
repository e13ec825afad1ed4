"""Models that work beside the conversation: what they write is nobody's to read in the run's stream of messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.runnables.config import ensure_config, patch_config, var_child_runnable_config
from langgraph.constants import TAG_NOSTREAM

from coterie.memory.flow import Effect, Flow, through

T = TypeVar("T")


@dataclass(frozen=True)
class _Quietly:
    """The effect "wait for this one", with LangGraph's tag by which ``stream_mode="messages"`` leaves models out."""

    effect: Effect

    def call(self) -> Any:
        """Wait for it in this thread."""
        with _tagged():
            return self.effect.call()

    async def acall(self) -> Any:
        """Await it."""
        with _tagged():
            return await self.effect.acall()


@contextmanager
def _tagged() -> Iterator[None]:
    config = ensure_config()
    token = var_child_runnable_config.set({**patch_config(config), "tags": [*config["tags"], TAG_NOSTREAM]})
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


def quietly(flow: Flow[T]) -> Flow[T]:
    """The same flow; of the models that it waits for nothing is streamed."""
    return through(flow, _quiet)


def _quiet(effect: Effect) -> Flow[Any]:
    return (yield _Quietly(effect))
