"""Steps that wait for a model, written once for sync and async.

A *flow* is a generator. It yields what it waits for (an `Effect`: a model call, a run of another graph) and is sent the
answer; everything between two yields is ordinary synchronous code. `drive` runs a flow in this thread. `adrive` awaits
the effects and runs the code between them in worker threads, so a slow database never blocks the event loop.

`driven` and `adriven` make a verb and its async twin of a flow. `in_thread` gives a synchronous method that waits for
no model its async twin in one line, `iterated_in_thread` one that returns what a database is read for bit by bit.
`in_own_loop` gives an async function that others wrote its synchronous twin, `awaited` waits for any awaitable; `Call`
is the effect of a function that people give, be it async or not.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import wraps
from inspect import GEN_RUNNING, getgeneratorstate, isawaitable
from itertools import islice
from typing import Any, ParamSpec, Protocol, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Effect(Protocol):
    """Something a flow waits for, callable both ways."""

    def call(self) -> Any:
        """Wait for the answer in this thread."""

    async def acall(self) -> Any:
        """Await the answer."""


Flow = Generator[Effect, Any, T]
"""A generator that yields effects, is sent their answers, and returns a ``T``."""


class _Done(Exception):  # noqa: N818  # it is no error
    """Carries a flow's result: StopIteration cannot cross a future."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _resume(flow: Flow[T], answer: Any, error: BaseException | None) -> Effect:
    try:
        return flow.throw(error) if error is not None else flow.send(answer)
    except StopIteration as stop:
        raise _Done(stop.value) from None


def drive(flow: Flow[T]) -> T:
    """Run the flow to its end. What an effect raises is raised inside the flow, which may catch it."""
    answer, error = None, None
    while True:
        try:
            effect = _resume(flow, answer, error)
        except _Done as done:
            return done.value  # type: ignore[no-any-return]  # what the generator returned: a T
        answer, error = None, None
        try:
            answer = effect.call()
        except Exception as raised:
            error = raised


async def adrive(flow: Flow[T]) -> T:
    """The async twin of `drive`. Cancelling the task closes the flow where it stands."""
    answer, error = None, None
    try:
        while True:
            try:
                effect = await asyncio.to_thread(_resume, flow, answer, error)
            except _Done as done:
                return done.value  # type: ignore[no-any-return]  # what the generator returned: a T
            answer, error = None, None
            try:
                answer = await effect.acall()
            except Exception as raised:
                error = raised
    finally:
        if getgeneratorstate(flow) != GEN_RUNNING:  # else a worker thread is still in a step: it ends that one alone
            flow.close()


def through(flow: Flow[T], wait: Callable[[Effect], Flow[Any]]) -> Flow[T]:
    """The same flow, but each of its effects is waited for as this says: as often, say, as it takes."""
    answer, error = None, None
    while True:
        try:
            effect = flow.throw(error) if error is not None else flow.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # what the flow returned: a T
        answer, error = None, None
        try:
            answer = yield from wait(effect)
        except GeneratorExit:
            flow.close()
            raise
        except Exception as raised:
            error = raised


def driven(flow: Callable[P, Flow[T]]) -> Callable[P, T]:
    """Make a verb of a flow: called, it runs the flow to its end. `adriven` makes its async twin."""

    @wraps(flow)
    def verb(*args: P.args, **kwargs: P.kwargs) -> T:
        return drive(flow(*args, **kwargs))

    return verb


def adriven(verb: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The async twin of a verb that `driven` made: the same flow, awaited."""
    flow: Callable[P, Flow[T]] = verb.__wrapped__  # type: ignore[attr-defined]  # set by functools.wraps

    @wraps(flow)
    async def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        return await adrive(flow(*args, **kwargs))

    return twin


def in_thread(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The async twin of a function that waits for a database: the same call, in a worker thread."""

    @wraps(function)
    async def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(function, *args, **kwargs)

    return twin


def awaited(awaitable: Awaitable[T]) -> T:
    """Wait for an awaitable in synchronous code: in an event loop of its own.

    The loop runs in this thread, or in a fresh one where a loop is running already. What is awaited sees the caller's
    context variables.
    """

    async def waiting() -> T:
        return await awaitable

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(waiting())
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(copy_context().run, asyncio.run, waiting()).result()


def in_own_loop(function: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """The synchronous twin of an async function: each call is `awaited`."""

    @wraps(function)
    def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        async def called() -> T:
            return await function(*args, **kwargs)

        return awaited(called())

    return twin


@dataclass(frozen=True)
class Call:
    """The effect "call this function", and wait for it where it is an async one."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def call(self) -> Any:
        """Call it in this thread."""
        result = self.function(*self.arguments)
        return awaited(result) if isawaitable(result) else result

    async def acall(self) -> Any:
        """Call it in a thread, where it may wait as it likes; await an async one here."""
        result = await asyncio.to_thread(self.function, *self.arguments)
        return await result if isawaitable(result) else result


PART = 100
"""How many values are fetched by one visit to a worker thread."""


def iterated_in_thread(
    function: Callable[P, Generator[T, None, None]],
) -> Callable[P, AsyncGenerator[T, None]]:
    """The async twin of a function whose generator waits for a database: it goes on in worker threads.

    Ended early (``aclose()``, a cancelled task), it closes the generator.
    """

    @wraps(function)
    async def twin(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T, None]:
        values = await asyncio.to_thread(function, *args, **kwargs)
        try:
            while part := await asyncio.to_thread(list, islice(values, PART)):
                for value in part:
                    yield value
        finally:
            if getgeneratorstate(values) != GEN_RUNNING:  # else a worker thread is still reading: then it is closed
                values.close()

    return twin
