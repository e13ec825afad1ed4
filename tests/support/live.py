"""The live view, answering in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from coterie.memory.db import Db
from coterie.ui.serving import Server


@contextmanager
def serving(db: Db, user: str = "ana", port: int = 0) -> Iterator[Server]:
    """A live view of a store, in a thread."""
    server = Server(db, user=user, port=port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
