"""Something drawn again and again at the bottom of a terminal, below what is printed meanwhile."""

import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from threading import Event, RLock, Thread
from typing import TextIO, cast

from rich.console import Console, RenderableType
from rich.file_proxy import FileProxy
from rich.live import Live


class Display:
    """Draws in a terminal. What any thread prints stands above it, once, and nothing of an older drawing is left.

    Rich's own `Live` finds out where its drawing begins before it writes, and lets another thread draw between the two
    (https://github.com/Textualize/rich/issues/1530). Here one writes at a time.

    Args:
        console: of a terminal.
        view: what to draw.
        redraws: how many times a second it draws by itself. None: only when told to.
    """

    def __init__(self, console: Console, view: Callable[[], RenderableType], redraws: float | None = None) -> None:
        self._console = console
        self._redraws = redraws
        self._live = Live(
            console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False, get_renderable=view
        )
        self._one_writes = RLock()
        self._over = Event()
        self._ending = ExitStack()

    def start(self) -> None:
        """Begin. It draws when it is told to, or when the time has come."""
        self._live.start()
        self._ending.callback(self._live.stop)
        for redirect, file in ((redirect_stdout, sys.stdout), (redirect_stderr, sys.stderr)):
            above = _Above(self._console, file, self._one_writes)
            self._ending.enter_context(redirect(cast(TextIO, above)))
            self._ending.callback(above.flush)
        if self._redraws is not None:
            Thread(target=self._keep_drawing, args=(1 / self._redraws,), daemon=True).start()

    def draw(self) -> None:
        """Draw it as it is now. What has ended is not drawn again."""
        with self._one_writes:
            if not self._over.is_set():
                self._live.refresh()

    def stop(self) -> None:
        """Draw it for the last time, below all that was printed, a line that was not ended too."""
        with self._one_writes:
            self._over.set()
            self._ending.close()

    def _keep_drawing(self, seconds: float) -> None:
        while not self._over.wait(seconds):
            self.draw()


class _Above(FileProxy):
    """What stands for standard output meanwhile."""

    def __init__(self, console: Console, file: TextIO, one_writes: RLock) -> None:
        super().__init__(console, file)
        self._one_writes = one_writes

    def write(self, text: str) -> int:
        with self._one_writes:
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with self._one_writes:
            super().flush()
