"""HTTP connections that survive ``asyncio.run``.

LangChain keeps one async client for all event loops. The connections it keeps alive belong to the loop that opened
them, so every second ``asyncio.run`` in a process fails with "Event loop is closed".
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from openai import DefaultAsyncHttpxClient

Kept = AsyncGenerator[None, None]


class PerLoopClient(DefaultAsyncHttpxClient):
    """An async HTTP client that sends each request over connections of the event loop that is running."""

    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[asyncio.AbstractEventLoop, tuple[DefaultAsyncHttpxClient, Kept]] = {}

    async def send(self, *request: Any, **options: Any) -> Any:
        """Send a request that this client has built."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            client = DefaultAsyncHttpxClient()
            self._clients[loop] = client, self._closed_at_the_end(loop, client)
            await anext(self._clients[loop][1])
        return await self._clients[loop][0].send(*request, **options)

    async def _closed_at_the_end(self, loop: asyncio.AbstractEventLoop, client: DefaultAsyncHttpxClient) -> Kept:
        """Close the client with its loop: ``asyncio.run`` closes the async generators that are still open."""
        try:
            yield
        finally:
            self._clients.pop(loop, None)
            await client.aclose()
