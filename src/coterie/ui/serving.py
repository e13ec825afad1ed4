"""The server: uvicorn on 127.0.0.1, until a signal ends it."""

import secrets
import socket
from urllib.parse import quote

from coterie.errors import ConfigurationError
from coterie.memory.db import Db

HOST = "127.0.0.1"


class Server:
    """The live view of a store, for this machine alone.

    It listens as soon as it is made: ``address`` can be opened, and is answered when ``run`` is called.

    Args:
        db: The store. It stays open when the server ends.
        port: Where; 0 for one that is free.
        user: Whose runs and memories the page shows first. Empty: runs without a user.

    Raises:
        ConfigurationError: starlette and uvicorn are not installed, or the port is taken.
        StoreError: the store cannot be opened.
    """

    def __init__(self, db: Db, *, port: int = 0, user: str = "") -> None:
        try:
            import uvicorn

            from coterie.ui.app import application
            from coterie.ui.ending import Ending
        except ImportError as error:
            if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
                raise
            raise ConfigurationError(
                'The live view needs starlette and uvicorn: pip install "coterie[server]".'
            ) from None
        db.upgrade()
        self._socket = _listening(port)
        self.port: int = self._socket.getsockname()[1]
        self.token = secrets.token_urlsafe(32)
        app = application(db, token=self.token, port=self.port)
        app.state.ending = lambda: self._server.should_exit
        self._server: Ending = Ending(
            uvicorn.Config(
                app,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        self._user = user

    @property
    def address(self) -> str:
        """The page's. The token is in its fragment, which browsers send to nobody."""
        return f"http://{HOST}:{self.port}/#token={self.token}&user={quote(self._user, safe='')}"

    def run(self) -> None:
        """Answer until `stop` is called, or a signal ends the main thread: SIGINT raises KeyboardInterrupt then."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Have `run` return."""
        self._server.should_exit = True


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"Port {port} cannot be had ({error}): give another, or 0 for one that is free."
        ) from None
