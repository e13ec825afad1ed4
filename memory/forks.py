"""A process that forks (``multiprocessing``, gunicorn's preloading): its children inherit no connection and no lock."""

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_watching: "weakref.WeakKeyDictionary[Any, tuple[Callable[[Any], None], Callable[[Any, bool], None]]]" = (
    weakref.WeakKeyDictionary()
)
_held: list[tuple[Any, Callable[[Any, bool], None]]] = []
_one_fork = threading.RLock()


def watch(one: T, before: Callable[[T], None], after: Callable[[T, bool], None]) -> None:
    """Call functions of an object around every fork, for as long as it lives.

    ``before(one)`` waits until nothing is under way, and keeps it so; ``after(one, in_child)`` lets it go on, in the
    parent and in the child.
    """
    with _one_fork:
        _watching[one] = before, after


def _before_fork() -> None:
    _one_fork.acquire()
    for one, (before, after) in list(_watching.items()):
        before(one)
        _held.append((one, after))


def _after_fork(in_child: bool) -> None:
    while _held:
        one, after = _held.pop()
        after(one, in_child)
    _one_fork.release()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=lambda: _after_fork(in_child=False),
        after_in_child=lambda: _after_fork(in_child=True),
    )
