"""Waiting for something, but not for ever; and between two attempts at it.

An async call that takes too long is cancelled. A thread cannot be ended in Python: a synchronous call that takes too
long is left alone. The run goes on without it, and what it returns in the end is ignored; until then it keeps its
connection, and what else it does, it does. A model that streams stops at the next token.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any, TypeVar

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables.config import (
    ensure_config,
    get_callback_manager_for_config,
    patch_config,
    var_child_runnable_config,
)
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl

from coterie.memory.flow import Effect, Flow, through

T = TypeVar("T")
_SLICE = 0.1
"""Seconds: so often does one that waits look whether the run was stopped meanwhile."""


class CallTimeout(Exception):  # noqa: N818  # as LangGraph's NodeTimeoutError, no OSError: those are not retried
    """A call of a model or a tool took longer than ``timeout`` allows."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")
        self.seconds = seconds


class _Abandoned(BaseException):
    """Ends a model call that nobody waits for any more. No Exception: LangChain would log it."""


class _Leash(BaseCallbackHandler):
    """Ends a model call at its next token once it is abandoned, so that its words do not mix with the next one's."""

    raise_error = run_inline = True

    def __init__(self) -> None:
        self.abandoned = False

    def on_llm_new_token(self, *args: Any, **kwargs: Any) -> None:
        """A model wrote something."""
        if self.abandoned:
            raise _Abandoned

    on_llm_end = on_llm_new_token


@dataclass(frozen=True)
class Within:
    """The effect "wait for this one, so many seconds at most".

    Raises:
        CallTimeout: they have passed.
    """

    effect: Effect
    seconds: float

    def call(self) -> Any:
        """Wait for it in this thread, while another one does it."""
        leash = _Leash()

        def work() -> Any:
            var_child_runnable_config.set(patch_config(ensure_config(), callbacks=_led(leash)))
            return self.effect.call()

        try:
            return in_worker(work, self.seconds)
        finally:
            leash.abandoned = True

    async def acall(self) -> Any:
        """Await it."""
        return await awaited_within(self.effect.acall(), self.seconds)


def each_within(seconds: float | None, flow: Flow[T]) -> Flow[T]:
    """The same flow, which waits so many seconds at most for each effect. None: as long as it takes."""
    return flow if seconds is None else through(flow, partial(_within, seconds))


def _within(seconds: float, effect: Effect) -> Flow[Any]:
    return (yield Within(effect, seconds))


def _led(leash: _Leash) -> Any:
    """The run's callbacks, with this one before them: what it refuses, the others do not hear of."""
    manager = get_callback_manager_for_config(ensure_config())
    manager.handlers.insert(0, leash)
    manager.inheritable_handlers.insert(0, leash)
    return manager


def in_worker(work: Callable[[], T], seconds: float) -> T:
    """Do this in a thread of its own, within this context, and wait for it so many seconds at most.

    Raises:
        CallTimeout: they have passed. The thread goes on.
    """
    done: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            done.set_result(context.run(work))
        except BaseException as error:
            done.set_exception(error)

    Thread(target=run, name="coterie-call", daemon=True).start()
    wait([done], seconds)
    if not done.done():
        raise CallTimeout(seconds)
    return done.result()


async def awaited_within(awaitable: Awaitable[T], seconds: float) -> T:
    """Await this, so many seconds at most.

    Raises:
        CallTimeout: they have passed. It is cancelled.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await awaitable
    except TimeoutError:
        if limit.expired():
            raise CallTimeout(seconds) from None
        raise


@dataclass(frozen=True)
class Pause:
    """The effect "wait for some seconds". A run that is stopped meanwhile does not wait for their end."""

    seconds: float
    control: RunControl | None = None

    def call(self) -> None:
        """Sleep in this thread."""
        end = time.monotonic() + self.seconds
        while (left := end - time.monotonic()) > 0:
            self._look()
            time.sleep(min(left, _SLICE))
        self._look()

    async def acall(self) -> None:
        """Sleep; cancelling the task ends it."""
        await asyncio.sleep(self.seconds)
        self._look()

    def _look(self) -> None:
        if self.control is not None and self.control.drain_requested:
            raise GraphDrained(self.control.drain_reason or "")
