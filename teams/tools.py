"""Tools: from what people write to what graphs call, in runs that are awaited and in runs that are not."""

import inspect
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import FunctionType
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool
from langchain_core.tools import Tool as TextTool

from coterie.errors import ConfigurationError
from coterie.memory.flow import in_own_loop
from coterie.teams.mcp import McpServer

Tool = Callable[..., Any] | BaseTool | McpServer
"""What people may give as a tool."""


def usable_tools(owner: str, tools: Sequence[Tool], *, ask: bool = True) -> tuple[BaseTool, ...]:
    """LangChain tools: made of functions where need be, and asked of MCP servers; or not, where only names matter.

    Raises:
        ConfigurationError: something that is no tool, a function without a docstring to tell the model what it does, or
            an MCP server that cannot be reached.
    """
    return tuple(_called_or_awaited(usable) for tool in tools for usable in _made_of(owner, tool, ask))


def _made_of(owner: str, tool: Tool, ask: bool) -> Sequence[BaseTool]:
    if isinstance(tool, McpServer):
        return tool.tools if ask else tool.named
    if isinstance(tool, BaseTool):
        return [tool]
    if callable(tool):
        return [_of_function(owner, tool)]
    raise ConfigurationError(
        f"{owner}: {tool!r} is no tool: give a function, a LangChain tool or an McpServer(command=...)."
    )


def _of_function(owner: str, function: Callable[..., Any]) -> BaseTool:
    try:
        return (_structured if isinstance(function, FunctionType) else _structured.__wrapped__)(function)
    except ValueError as error:
        raise ConfigurationError(
            f"{owner}: {getattr(function, '__name__', function)!r} cannot be a tool: {error} "
            "A docstring tells the model what it does."
        ) from error


@lru_cache(256)
def _structured(function: Callable[..., Any]) -> BaseTool:
    """The tool that a function is, made once: reading its signature takes a millisecond."""
    if inspect.iscoroutinefunction(function):
        return StructuredTool.from_function(coroutine=function)
    return StructuredTool.from_function(function)


def _called_or_awaited(tool: BaseTool) -> BaseTool:
    """The tool; of one that can only be awaited, a copy that can be called as well."""
    if isinstance(tool, StructuredTool | TextTool) and tool.func is None and tool.coroutine is not None:
        return tool.model_copy(update={"func": in_own_loop(tool.coroutine)})
    return tool
