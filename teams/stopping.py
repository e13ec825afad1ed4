"""Ctrl+C: what it does before Python raises KeyboardInterrupt."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coterie.graphs.halting import Stop


@contextmanager
def interruptible(run: "Stop") -> Iterator[None]:
    """Have Ctrl+C interrupt a run first, as long as this lasts.

    LangGraph waits for its threads when the main thread is interrupted: they have to hear of it at once
    (`coterie.graphs.waiting`). In another thread than the main one, and where somebody else handles the signal (another
    run, say), nothing is changed.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def interrupted(number: int, frame: FrameType | None) -> None:
        run.interrupt()
        signal.default_int_handler(number, frame)

    run.interruptible = True
    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        # Not in another thread, where a stream that began here may be closed; and not where somebody came after us.
        if current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is interrupted:
            signal.signal(signal.SIGINT, signal.default_int_handler)
