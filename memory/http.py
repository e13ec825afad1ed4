"""HTTP connections that survive ``asyncio.run``.

LangChain keeps one async client for all event loops. The connections it keeps alive belong to the loop that opened
them, so every second ``asyncio.run`` in a process fails with "Event loop is closed".
"""

import asyncio
from collections.abc import AsyncGenerator
from functools import cache
from importlib import import_module
from typing import Any

from langchain_core.language_models import BaseChatModel
from openai import DEFAULT_CONNECTION_LIMITS, AsyncAzureOpenAI, AsyncOpenAI, DefaultAsyncHttpxClient

Kept = AsyncGenerator[None, None]
SocketOptions = tuple[tuple[int, int, int], ...]


class PerLoopClient(DefaultAsyncHttpxClient):
    """An async HTTP client that sends each request over connections of the event loop that is running.

    Args:
        proxy: the URL of the proxy to send through. None: the environment's, if there is one.
        socket_options: what each connection's socket is set to, as for ``socket.setsockopt``.
    """

    def __init__(self, proxy: str | None = None, socket_options: SocketOptions = ()) -> None:
        super().__init__()
        self._proxy = proxy
        self._socket_options = socket_options
        self._clients: dict[asyncio.AbstractEventLoop, tuple[DefaultAsyncHttpxClient, Kept]] = {}

    async def send(self, *request: Any, **options: Any) -> Any:
        """Send a request that this client has built."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            client = self._client()
            self._clients[loop] = client, self._closed_at_the_end(loop, client)
            await anext(self._clients[loop][1])
        return await self._clients[loop][0].send(*request, **options)

    def _client(self) -> DefaultAsyncHttpxClient:
        if not self._socket_options:
            return DefaultAsyncHttpxClient(proxy=self._proxy)
        httpx = import_module(str(DefaultAsyncHttpxClient.__base__.__module__))  # httpx2; before openai 3 httpx
        transport = httpx.AsyncHTTPTransport(
            proxy=self._proxy and httpx.Proxy(self._proxy),
            socket_options=list(self._socket_options),
            limits=DEFAULT_CONNECTION_LIMITS,
        )
        return DefaultAsyncHttpxClient(transport=transport)

    async def _closed_at_the_end(self, loop: asyncio.AbstractEventLoop, client: DefaultAsyncHttpxClient) -> Kept:
        """Close the client with its loop: ``asyncio.run`` closes the async generators that are still open."""
        try:
            yield
        finally:
            self._clients.pop(loop, None)
            await client.aclose()


@cache
def per_loop_client(proxy: str | None = None, socket_options: SocketOptions = ()) -> PerLoopClient:
    """The client that all models share: making one takes 20 ms, and all else comes with each request."""
    return PerLoopClient(proxy, socket_options)


def surviving(model: BaseChatModel) -> BaseChatModel:
    """A chat model of langchain-openai as a copy that sends by a `PerLoopClient`, all else being as it was.

    Any other model is returned as it is, and so is one with an ``http_async_client`` of the user's own.
    """
    from langchain_openai.chat_models.base import BaseChatOpenAI

    if not isinstance(model, BaseChatOpenAI) or not isinstance(model.root_async_client, AsyncOpenAI):
        return model
    plain = not isinstance(model.root_async_client, AsyncAzureOpenAI)  # for Azure LangChain reads neither of these two
    proxy = model.openai_proxy if plain else None
    socket_options = getattr(model, "http_socket_options", None) if plain else None
    given = model.http_async_client  # which LangChain sets itself where there is a proxy
    if isinstance(given, PerLoopClient) or (given is not None and proxy is None):
        return model
    client = per_loop_client(proxy, tuple(map(tuple, socket_options or ())))
    root = model.root_async_client.with_options(http_client=client)
    changed = {"http_async_client": client, "root_async_client": root, "async_client": root.chat.completions}
    return model.model_copy(update=changed)
