"""Tools of MCP servers: ``Agent(tools=[McpServer(command="uvx", args=["mcp-server-fetch"])])``.

The protocol's library is imported when tools are first listed, not before: it costs a second.
"""

import re
import shlex
from asyncio import timeout
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from coterie.errors import ConfigurationError
from coterie.memory.asking import shortened
from coterie.memory.flow import in_own_loop
from coterie.memory.secrets import masked, without_login

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool
    from langchain_mcp_adapters.interceptors import MCPToolCallRequest, MCPToolCallResult
    from langchain_mcp_adapters.sessions import Connection

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
"""MCP allows dots and more in a tool's name, OpenAI does not."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class McpServer:
    """A server of the Model Context Protocol, whose tools an agent may call.

    A light object that connects to nothing. Its tools are listed once, when the first agent that has it is built. Each
    call opens a session of its own; a server that is given by its command is started for it, and ended after it.

    Needs ``pip install 'coterie[mcp]'``.

    Raises:
        ConfigurationError: neither a command nor a URL, or both, or settings of the other one.
    """

    command: str | None = None
    """A program that speaks the protocol over its standard input and output."""
    args: Sequence[str] = ()
    """The program's arguments."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the program. Of this process's own it gets few (``PATH``, ``HOME``): hand on another one
    as ``{"TOKEN": "${TOKEN}"}``."""
    url: str | None = None
    """The address of a server that speaks streamable HTTP, such as ``https://example.com/mcp``."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """HTTP headers of every request, such as ``{"Authorization": "Bearer ..."}``."""
    include: Sequence[str] | None = None
    """The names of the tools to take, as the server knows them. None: all."""
    prefix: str = ""
    """What to put before the tools' names, so that they differ from those of another server."""
    timeout: float = 60.0
    """Seconds that listing the tools, and each call of one, may take; the program's start included."""

    def __post_init__(self) -> None:
        if (self.command is None) == (self.url is None):
            raise ConfigurationError(f"{self!r} needs either command=... or url=..., not both.")
        of_the_other = {"args": self.args, "env": self.env} if self.url else {"headers": self.headers}
        for name, value in of_the_other.items():
            if value:
                raise ConfigurationError(f"{self!r} has {name}, which mean nothing to it: leave them out.")
        for name, values in (("args", self.args), ("include", self.include)):
            if isinstance(values, str):
                raise ConfigurationError(f"{self!r}: {name}={values!r} is no list: write {name}=[...].")

    def __repr__(self) -> str:
        return f"McpServer({self._place!r})"

    @property
    def _place(self) -> str:
        """Its address, or its command, without anything that may be a secret."""
        if self.url is not None:
            return without_login(self.url.partition("?")[0])
        return masked(shlex.join([self.command or "", *self.args]))

    @cached_property
    def tools(self) -> "tuple[BaseTool, ...]":
        """Its tools as LangChain's, which can only be awaited. Asks the server the first time.

        Raises:
            ConfigurationError: the server cannot be started or reached, has no tool of a name in ``include``, or the
                extra ``coterie[mcp]`` is not installed.
        """
        try:
            found = {tool.name: tool for tool in in_own_loop(self._list)()}
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"{self!r}: {error}. Install it: pip install 'coterie[mcp]'.") from error
        except Exception as error:
            raise ConfigurationError(f"{self!r} did not tell its tools: {self._why(error)}. {self._advice}") from error
        wanted = found if self.include is None else self.include
        if missing := [name for name in wanted if name not in found]:
            raise ConfigurationError(f"{self!r} has no tool {missing[0]!r}: it has {', '.join(found)}.")
        return tuple(found[name].model_copy(update={"name": self._name(name)}) for name in wanted)

    @property
    def named(self) -> "tuple[BaseTool, ...]":
        """What stands for its tools in a drawing, without asking it: those that are known, else one for all of them."""
        from coterie.graphs.confirming import unlisted

        if "tools" in vars(self):
            return self.tools
        if self.include is not None:
            return tuple(unlisted(self._name(name)) for name in self.include)
        return (unlisted(f"MCP: {self._place}"),)

    def _name(self, name: str) -> str:
        return _NOT_IN_NAMES.sub("_", self.prefix + name)

    async def _list(self) -> "list[BaseTool]":
        from langchain_mcp_adapters.tools import load_mcp_tools

        async with timeout(self.timeout):
            return await load_mcp_tools(None, connection=self._connection, tool_interceptors=[self._call])

    async def _call(
        self,
        request: "MCPToolCallRequest",
        handler: "Callable[[MCPToolCallRequest], Awaitable[MCPToolCallResult]]",
    ) -> "MCPToolCallResult":
        """Call a tool; a server that fails to answer is an error that the model is told."""
        from langchain_core.tools import ToolException

        try:
            async with timeout(self.timeout):
                return await handler(request)
        except Exception as error:
            raise ToolException(f"{self!r} did not answer: {self._why(error)}.") from error

    @property
    def _connection(self) -> "Connection":
        if self.url is None:
            return {"transport": "stdio", "command": self.command or "", "args": [*self.args], "env": {**self.env}}
        return {
            "transport": "streamable_http",
            "url": self.url,
            "headers": {**self.headers},
            "timeout": 2 * self.timeout,  # ours is over before, and says so in one sentence
            "sse_read_timeout": 2 * self.timeout,
        }

    def _why(self, error: Exception) -> str:
        """What went wrong, on one line, without the groups that the protocol's library puts around it."""
        if isinstance(error, TimeoutError):
            return f"it took longer than {self.timeout:g} seconds"
        causes = (f"{type(cause).__name__}: {shortened(str(cause)).rstrip('.')}" for cause in _leaves(error))
        return ", ".join(dict.fromkeys(causes))

    @property
    def _advice(self) -> str:
        if self.url is not None:
            return "Is it running, is the URL that of its MCP endpoint, and do the headers let you in?"
        return "Is it installed, and does it start when you run this in a terminal? It may have said why on stderr."


def _leaves(error: BaseException) -> Iterable[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return (leaf for inner in error.exceptions for leaf in _leaves(inner))
    return [error]
