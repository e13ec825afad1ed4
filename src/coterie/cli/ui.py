"""``coterie ui``: the live view, in a browser on this machine."""

import signal
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import DEFAULT_DB, Db, User
from coterie.cli.stores import store
from coterie.cli.texts import argument
from coterie.settings import has_screen

if TYPE_CHECKING:
    from coterie.ui.serving import Server

Port = Annotated[
    int, typer.Option("--port", min=0, max=65535, show_default=False, help="Where; else any that is free.")
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Print the address, and open no browser.")]
Embedder = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="MODEL|FILE:NAME",
        callback=argument,
        help="The embedding model of the store, as for `coterie db reembed`: to search by meaning, too.",
    ),
]


def ui(
    user: User = None, db: Db = DEFAULT_DB, port: Port = 0, no_browser: NoBrowser = False, embedder: Embedder = None
) -> None:
    """Show runs as they happen, past runs and the memory of a user in a browser, until Ctrl-C.

    It is served to this machine alone, under an address with a token: who has it may read and change all that the
    database holds.
    """
    from coterie.cli.embedders import embedder as chosen
    from coterie.ui.serving import Server

    with store(db, must_exist=True, embedder=None if embedder is None else chosen(embedder)) as opened:
        server = Server(opened, port=port, user=user or "")
        print(server.address, flush=True)
        print("Ctrl-C ends it.", file=sys.stderr)
        wanted = not no_browser and sys.stdout.isatty() and has_screen()
        shown = _opened(server.address) if wanted else nullcontext()
        with _stopped_by_signals(server), shown, suppress(KeyboardInterrupt):  # has ended as asked
            server.run()


@contextmanager
def _opened(address: str) -> Iterator[None]:
    """Have a browser open an address. It is led there by a file: the arguments of programs are for all users to see."""
    with TemporaryDirectory() as folder:  # for its owner alone
        file = Path(folder, "coterie.html")
        file.write_text(f'<meta http-equiv="refresh" content="0;url={escape(address)}">', encoding="utf-8")
        webbrowser.open(file.as_uri())
        yield


@contextmanager
def _stopped_by_signals(server: "Server") -> Iterator[None]:
    """Have what would end the program at once stop the server, so that no file with the token stays behind."""
    caught: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        server.stop()

    ending = (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))  # SIGHUP: its terminal was closed
    before = {each: signal.signal(each, stop) for each in ending if signal.getsignal(each) is signal.SIG_DFL}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    if caught:
        raise typer.Exit(128 + caught[0])  # as shells say it
