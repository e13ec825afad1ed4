"""Ctrl+C: what it does before Python raises KeyboardInterrupt."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coterie.graphs.halting import Stop

_under_way: "list[Stop]" = []
"""The runs of the main thread: there may be several, where one is streamed and another one is run meanwhile."""


@contextmanager
def interruptible(run: "Stop") -> Iterator[None]:
    """Have Ctrl+C interrupt a run first, as long as this lasts.

    LangGraph waits for its threads when the main thread is interrupted: they have to hear of it at once
    (`coterie.graphs.waiting`). In another thread than the main one, and where somebody else handles the signal, nothing
    is changed.
    """
    ours = signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _interrupted)
    if current_thread() is not main_thread() or not ours:
        yield
        return
    run.interruptible = True
    _under_way.append(run)
    signal.signal(signal.SIGINT, _interrupted)
    try:
        yield
    finally:
        _under_way.remove(run)
        # Not in another thread, where a stream that began here may be closed; and not where somebody came after us.
        last = not _under_way and signal.getsignal(signal.SIGINT) is _interrupted
        if last and current_thread() is main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupted(number: int, frame: FrameType | None) -> None:
    for run in _under_way:
        run.interrupt()
    signal.default_int_handler(number, frame)
