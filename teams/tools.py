"""Tools: from what people write to what graphs call."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from coterie.errors import ConfigurationError


def listed(owner: str, what: str, values: Iterable[Any]) -> tuple[Any, ...]:
    """Values as a tuple; a single one in place of a list is refused."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"{owner}: {what}={values!r} is no list: write {what}=[...].")
    return tuple(values)


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


def tool_names(owner: str, tools: Sequence[Any]) -> frozenset[str]:
    """The names of tools that are given by their names or themselves.

    Raises:
        ConfigurationError: something that is neither.
    """
    names = []
    for tool in tools:
        name = tool if isinstance(tool, str) else getattr(tool, "name", None) or getattr(tool, "__name__", None)
        if not isinstance(name, str):
            raise ConfigurationError(f"{owner}: {tool!r} is no tool: give a tool, or the name of one.")
        names.append(name)
    return frozenset(names)


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
