"""Threads for calls that nobody may want to wait for until they end: neither does Python when the program ends.

A thread that has made its call is kept for the next one. To begin one costs as much as a small tool does.
"""

import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

KEPT = 64
"""How many threads without work are kept."""

Work = Callable[[], None]
_idle: "list[SimpleQueue[Work]]" = []


def begin(work: Work) -> None:
    """Have this done in a thread. It must not raise."""
    try:
        given = _idle.pop()
    except IndexError:
        given = SimpleQueue()
        Thread(target=_work, args=[given], name="coterie-call", daemon=True).start()
    given.put(work)


def _work(given: "SimpleQueue[Work]") -> None:
    while True:
        work = given.get()
        work()
        del work  # what it holds would live until the next one
        if len(_idle) >= KEPT:
            return
        _idle.append(given)


if hasattr(os, "register_at_fork"):  # a child has none of the threads
    os.register_at_fork(after_in_child=_idle.clear)
