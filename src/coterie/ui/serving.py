"""The server: uvicorn on 127.0.0.1, until a signal ends it."""

import secrets
import socket
from collections.abc import Callable
from urllib.parse import quote

from coterie.errors import ConfigurationError
from coterie.memory.db import Db

HOST = "127.0.0.1"


def serve(db: Db, *, port: int = 0, user: str = "", started: Callable[[str], object] = print) -> None:
    """Serve the live view of a store to this machine, until SIGINT or SIGTERM.

    Args:
        db: The store.
        port: Where; 0 for one that is free.
        user: Whose runs and memories the page shows first. Empty: runs without a user.
        started: Called with the page's address, as soon as it can be opened. The token is in its fragment, which
            browsers send to nobody.

    Raises:
        ConfigurationError: starlette and uvicorn are not installed, or the port is taken.
        StoreError: the store cannot be opened.
    """
    try:
        import uvicorn

        from coterie.ui.app import application
    except ImportError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise ConfigurationError('The live view needs starlette and uvicorn: pip install "coterie[server]".') from None
    db.upgrade()
    with _listening(port) as listening:
        port, token = listening.getsockname()[1], secrets.token_urlsafe(32)
        app = application(db, token=token, port=port)
        config = uvicorn.Config(
            app, ws="none", lifespan="off", log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=5,  # seconds: for a browser that does not read what it is sent
        )  # fmt: skip
        server = uvicorn.Server(config)
        app.state.ending = lambda: server.should_exit
        started(f"http://{HOST}:{port}/#token={token}&user={quote(user, safe='')}")
        server.run(sockets=[listening])


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"Port {port} cannot be had ({error}): give another, or 0 for one that is free.") from None
