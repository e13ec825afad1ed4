"""Functions that people give: called from a graph's steps, be they plain or async ones."""

from collections.abc import Callable
from typing import Any

from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime

from coterie.graphs.nodes import failure
from coterie.graphs.state import RunContext
from coterie.memory.flow import Call, Flow


def called(runtime: Runtime[RunContext], what: str, function: Callable[..., Any], *arguments: Any) -> Flow[Any]:
    """Call a function that somebody gave to the agent or team that is running, as its ``what``.

    Raises:
        RunError: it raised; with both names.
    """
    try:
        return (yield Call(function, arguments))
    except GraphBubbleUp:
        raise
    except Exception as error:
        reason = f"{what}={function_name(function)} failed: {type(error).__name__}: {error}"
        raise failure(runtime, reason) from error


def shown_name(function: Callable[..., Any], otherwise: str) -> str:
    """The same for pictures: ``otherwise`` stands for a function that has no name that says anything."""
    name = function_name(function)
    return name if name.isidentifier() else otherwise


def function_name(function: Callable[..., Any]) -> str:
    """What a function is called, for messages."""
    return getattr(function, "__name__", None) or type(function).__name__
