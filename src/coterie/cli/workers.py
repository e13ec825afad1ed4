"""``coterie curate --workers``: curate until a signal ends it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from coterie.text import one_line, showable

if TYPE_CHECKING:
    from rich.status import Status

    from coterie.memory.manager import MemoryManager
    from coterie.memory.report import CurationReport
    from coterie.memory.worker import Worker

EVERY_SECONDS = 5.0
"""How often the counts are printed at most, where there is no terminal to show them in."""


def work(manager: "MemoryManager", workers: int, user: str | None) -> None:
    """Curate what becomes due. The first SIGINT or SIGTERM has the turns in hand done, the second gives them back."""
    from coterie.memory.worker import Worker

    tally = _Tally(manager, user)
    worker = Worker(manager, workers, user_id=user, told=tally.add)
    try:
        with _ended_by_signals(worker), tally.shown():
            worker.run()
    except KeyboardInterrupt:
        tally.say()
        os._exit(130)  # Python would wait for the threads that wait for a model
    tally.say()


@contextmanager
def _ended_by_signals(worker: "Worker") -> Iterator[None]:
    asked = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        worker.stop()
        print(f"Ending when {worker.in_hand} turns in hand are done; once more ends at once.", file=sys.stderr)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Tally:
    """Counts what was done: live in a terminal, as lines on stderr elsewhere. Failures are lines in both."""

    def __init__(self, manager: "MemoryManager", user: str | None) -> None:
        self._db = manager.db
        self._user = user
        self._curated = self._failed = 0
        self._one_at_a_time = threading.Lock()
        self._said_at = time.monotonic()
        self._live: Status | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the counts meanwhile."""
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            with console.status(self._line()) as self._live:
                yield
            self._live = None
        else:
            yield

    def add(self, report: "CurationReport") -> None:
        """Count a turn."""
        with self._one_at_a_time:
            if report.error is None:
                self._curated += 1
            else:
                self._failed += 1
                print(showable(f"{report.turn_id} failed: {one_line(str(report.error))}"), file=sys.stderr)
            if time.monotonic() - self._said_at >= (EVERY_SECONDS if self._live is None else 1):
                self.say()

    def say(self) -> None:
        """Say how far it is."""
        self._said_at = time.monotonic()
        if self._live is None:
            print(self._line(), file=sys.stderr, flush=True)
        else:
            self._live.update(self._line())

    def _line(self) -> str:
        return f"{self._curated:,} turns curated, {self._failed:,} failed; {self._db.backlog(self._user).owed:,} owed."
