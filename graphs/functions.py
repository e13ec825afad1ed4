"""Functions that people give: called from a graph's steps, be they plain or async ones."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from langgraph.errors import GraphBubbleUp

from coterie.errors import RunError
from coterie.memory.flow import Flow, awaited


@dataclass(frozen=True)
class Call:
    """The effect "call this function", and wait for it where it is an async one."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def call(self) -> Any:
        """Call it in this thread. An async one gets an event loop of its own."""
        result = self.function(*self.arguments)
        return awaited(result) if isawaitable(result) else result

    async def acall(self) -> Any:
        """Call it in a thread, where it may wait as it likes; await an async one here."""
        result = await asyncio.to_thread(self.function, *self.arguments)
        return await result if isawaitable(result) else result


def called(owner: str, what: str, function: Callable[..., Any], *arguments: Any) -> Flow[Any]:
    """Call a function that somebody gave to ``owner`` as its ``what``.

    Raises:
        RunError: it raised; with both names.
    """
    try:
        return (yield Call(function, arguments))
    except GraphBubbleUp:
        raise
    except Exception as error:
        raise RunError(f"{owner}: {what}={function_name(function)} failed: {type(error).__name__}: {error}") from error


def shown_name(function: Callable[..., Any], otherwise: str) -> str:
    """The same for pictures: ``otherwise`` stands for a function that has no name that says anything."""
    name = function_name(function)
    return name if name.isidentifier() else otherwise


def function_name(function: Callable[..., Any]) -> str:
    """What a function is called, for messages."""
    return getattr(function, "__name__", None) or type(function).__name__
