"""What is wrapped around each tool call: telling of it, in that the hooks, and inside of them the time it may take.

All but the telling is done in a thread that Ctrl-C need not wait for.

The wrappers are LangGraph's (`langgraph.prebuilt.tool_node.ToolCallWrapper`), one for each way to run.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any

from langchain_core.messages import ToolMessage
from langgraph.prebuilt.tool_node import AsyncToolCallWrapper, ToolCallRequest, ToolCallWrapper
from langgraph.runtime import get_runtime
from langgraph.types import Command

from coterie.errors import ConfigurationError
from coterie.graphs.functions import function_name
from coterie.graphs.halting import stop_of
from coterie.graphs.spec import Conduct
from coterie.graphs.state import RunContext
from coterie.graphs.tool_events import told, told_error
from coterie.graphs.waiting import CallTimeout, awaited_within, in_worker
from coterie.memory.flow import awaited

Answered = ToolMessage | Command[Any]
Next = Callable[[ToolCallRequest], Answered]
AsyncNext = Callable[[ToolCallRequest], Awaitable[Answered]]
ToolHook = ToolCallWrapper | AsyncToolCallWrapper
"""``hook(request, call_next)``: returns what ``call_next(request)`` returns, or a ``ToolMessage`` of its own.

``request.tool_call`` has the name, the arguments and the id, ``request.runtime.context`` the `RunContext`;
``request.override(tool_call=...)`` changes the call. An ``async def`` hook awaits ``call_next(request)``. What a hook
raises is answered to the model as an error of the tool.
"""


def around(conduct: Conduct) -> tuple[ToolCallWrapper, AsyncToolCallWrapper]:
    """The wrappers for a ``ToolNode``, sync and async."""
    hooks, seconds = conduct.tool_hooks, conduct.timeout

    def wrap(request: ToolCallRequest, execute: Next) -> Answered:
        call = execute if seconds is None else partial(_limited, seconds, execute)
        for hook in reversed(hooks):
            call = partial(_hooked, hook, call)
        with told(request) as returned:
            returned.append(stoppable(partial(call, request)))
        return returned[0]  # type: ignore[no-any-return]

    async def awrap(request: ToolCallRequest, execute: AsyncNext) -> Answered:
        call = execute if seconds is None else partial(_alimited, seconds, execute)
        for hook in reversed(hooks):
            call = partial(_ahooked, hook, call)
        with told(request) as returned:
            returned.append(await call(request))
        return returned[0]  # type: ignore[no-any-return]

    return wrap, awrap


def stoppable(call: Callable[[], Answered]) -> Answered:
    """Call it in a thread of its own, for which nobody waits any more when the user presses Ctrl-C."""
    stop = stop_of(get_runtime(RunContext).control)
    return call() if stop is None else in_worker(call, None, stop)


def _limited(seconds: float, execute: Next, request: ToolCallRequest) -> Answered:
    try:
        return in_worker(partial(execute, request), seconds)
    except CallTimeout as error:
        return _late(request, error)


async def _alimited(seconds: float, execute: AsyncNext, request: ToolCallRequest) -> Answered:
    try:
        return await awaited_within(execute(request), seconds)
    except CallTimeout as error:
        return _late(request, error)


def _late(request: ToolCallRequest, error: CallTimeout) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(told_error(error), tool_call_id=call["id"], name=call["name"], status="error")


def _hooked(hook: Callable[..., Any], call_next: Next, request: ToolCallRequest) -> Answered:
    """Call a hook in this thread; one that is async has an event loop for itself."""
    if not inspect.iscoroutinefunction(hook):
        return _checked(hook, hook(request, call_next))

    async def awaited_next(request: ToolCallRequest) -> Answered:
        return await asyncio.to_thread(call_next, request)

    return _checked(hook, awaited(hook(request, awaited_next)))


async def _ahooked(hook: Callable[..., Any], call_next: AsyncNext, request: ToolCallRequest) -> Answered:
    """Await a hook; one that is not async runs in a worker thread, and waits there for the call."""
    if inspect.iscoroutinefunction(hook):
        return _checked(hook, await hook(request, call_next))
    loop, begun, over = asyncio.get_running_loop(), list[Future[Answered]](), False

    def waited_next(request: ToolCallRequest) -> Answered:
        if over:
            raise CancelledError
        begun.append(asyncio.run_coroutine_threadsafe(_coroutine(call_next(request)), loop))
        return begun[-1].result()

    try:
        return _checked(hook, await asyncio.to_thread(hook, request, waited_next))
    finally:  # a cancelled run ends the call that the hook waits for, and lets it make no other
        over = True
        for each in begun:
            each.cancel()


def _coroutine(awaitable: Awaitable[Answered]) -> Coroutine[Any, Any, Answered]:
    async def awaiting() -> Answered:
        return await awaitable

    return awaiting()


def _checked(hook: Callable[..., Any], answer: Any) -> Answered:
    if isinstance(answer, ToolMessage | Command | list):  # a list: some tools return several
        return answer  # type: ignore[return-value]  # LangGraph's types do not know the list
    raise ConfigurationError(
        f"The tool hook {function_name(hook)} returned {answer!r}: return what call_next(request) returned."
    )
