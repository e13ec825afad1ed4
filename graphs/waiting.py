"""Waiting for something, but not for ever; and between two attempts at it.

An async call that takes too long is cancelled. A thread cannot be ended in Python: a synchronous call that takes too
long is left alone. The run goes on without it, and what it returns in the end is ignored; until then it keeps its
connection, and what else it does, it does. A model that streams stops at the next token.

The same becomes of a synchronous call at Ctrl-C. LangGraph waits for the threads of its own in which tools and members
are at work, and Python for those of any pool when the program ends. So such a call is made in a thread that nobody
waits for, and LangGraph's looks, while it waits, whether the run was interrupted.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from math import inf
from threading import current_thread, main_thread
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

from coterie.graphs.halting import INTERRUPTED, Stop, stop_of
from coterie.graphs.workers import begin
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
    """The effect "wait for this one, so many seconds at most, and until the run is interrupted".

    Raises:
        CallTimeout: they have passed.
        GraphDrained: the user pressed Ctrl-C.
    """

    effect: Effect
    seconds: float | None
    control: RunControl | None = None

    def call(self) -> Any:
        """Wait for it in this thread, while another one does it; the main one is interrupted by Python itself.

        A model that nobody waits for any more because of Ctrl-C is not stopped at its next token: that would cost as
        much again, in every run.
        """
        stop = stop_of(self.control)
        if self.seconds is None and (stop is None or current_thread() is main_thread()):
            return self.effect.call()
        if self.seconds is None:
            return in_worker(self.effect.call, None, stop)
        leash = _Leash()

        def work() -> Any:
            var_child_runnable_config.set(patch_config(ensure_config(), callbacks=_led(leash)))
            return self.effect.call()

        try:
            return in_worker(work, self.seconds, stop)
        finally:
            leash.abandoned = True

    async def acall(self) -> Any:
        """Await it."""
        awaited = self.effect.acall()
        return await (awaited if self.seconds is None else awaited_within(awaited, self.seconds))


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


def in_worker(work: Callable[[], T], seconds: float | None, stop: Stop | None = None) -> T:
    """Do this in a thread of its own, within this context, and wait for it so many seconds at most.

    Raises:
        CallTimeout: they have passed. The thread goes on.
        GraphDrained: the run that ``stop`` is of was interrupted. The thread goes on.
    """
    done: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            done.set_result(context.run(work))
        except BaseException as error:
            done.set_exception(error)

    begin(run)
    end = time.monotonic() + (inf if seconds is None else seconds)
    while not _over(done, _left(end, stop)):
        if stop is not None and stop.interrupted:
            raise GraphDrained(INTERRUPTED)
        if seconds is not None and time.monotonic() >= end:
            raise CallTimeout(seconds)
    return done.result()


def _over(done: Future[Any], seconds: float | None) -> bool:
    try:
        done.exception(seconds)
    except TimeoutError:
        return False
    return True


def _left(end: float, stop: Stop | None) -> float | None:
    """Seconds until one looks again: whether they are over, or the run was interrupted. None: never."""
    left = min(end - time.monotonic(), _SLICE if stop is not None else inf)
    return None if left == inf else left


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
