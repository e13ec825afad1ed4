"""Ctrl+C: what it does before Python raises KeyboardInterrupt."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl+C call this first, as long as it lasts.

    LangGraph waits for its threads when the main thread is interrupted: they have to hear of it at once. In another
    thread than the main one, and where somebody else handles the signal, nothing is changed.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def interrupted(number: int, frame: FrameType | None) -> None:
        stop()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
