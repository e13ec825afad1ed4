"""How the server ends: whoever still reads gets an answer, and nobody else is waited for long."""

import asyncio
import socket

import uvicorn

PATIENCE_SECONDS = 5
"""How long a browser that does not read what it is sent is waited for."""


class Ending(uvicorn.Server):
    """Uvicorn's server, which hangs up on those that it has waited for. Uvicorn would log each as a failure."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody more, and return when everybody has gone."""
        leaving = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._hang_up)
        await super().shutdown(sockets)
        leaving.cancel()

    def _hang_up(self) -> None:
        for connection in self.server_state.connections:
            connection.transport.abort()
