"""A small MCP server: over standard input and output, or with ``--http`` over HTTP on a port that it prints."""

import asyncio
import os
import socket
import sys

import uvicorn
from mcp.server.fastmcp import Context, FastMCP

server = FastMCP("small", log_level="ERROR", stateless_http=True)


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool(name="text.upper")
def upper(text: str) -> str:
    """Write in capitals."""
    return text.upper()


@server.tool()
def fail(why: str) -> str:
    """Fail."""
    raise ValueError(why)


@server.tool()
def die() -> str:
    """End the server."""
    os._exit(3)


@server.tool()
async def hang() -> str:
    """Never answer."""
    await asyncio.Event().wait()
    return "never"


@server.tool()
def token() -> str:
    """Tell the variable TOKEN."""
    return os.environ.get("TOKEN", "none")


@server.tool()
def header(ctx: Context) -> str:  # type: ignore[type-arg]
    """Tell the header x-token."""
    request = ctx.request_context.request
    return str(request.headers.get("x-token", "none")) if request is not None else "no request"


def serve() -> None:
    """Speak HTTP on a free port of the loopback device until the process is ended."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    web = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="error"))
    web.run(sockets=[listening])


if __name__ == "__main__":
    if "--http" in sys.argv:
        serve()
    else:
        server.run()
