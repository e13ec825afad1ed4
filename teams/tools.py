"""Tools: from what people write to what graphs call."""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from coterie.errors import ConfigurationError


def usable_tools(owner: str, tools: Sequence[Callable[..., Any] | BaseTool]) -> tuple[BaseTool, ...]:
    """LangChain tools, made of functions where need be.

    Raises:
        ConfigurationError: something that is no tool, or a function without a docstring to tell the model what it does.
    """
    usable = []
    for tool in tools:
        if isinstance(tool, BaseTool):
            usable.append(tool)
        elif callable(tool):
            usable.append(_made_of(owner, tool))
        else:
            raise ConfigurationError(f"{owner}: {tool!r} is no tool: give a function or a LangChain tool.")
    return tuple(usable)


def _made_of(owner: str, function: Callable[..., Any]) -> BaseTool:
    import inspect

    try:
        if inspect.iscoroutinefunction(function):
            return StructuredTool.from_function(coroutine=function)
        return StructuredTool.from_function(function)
    except ValueError as error:
        raise ConfigurationError(
            f"{owner}: {getattr(function, '__name__', function)!r} cannot be a tool: {error} "
            "A docstring tells the model what it does."
        ) from error
