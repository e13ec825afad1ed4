"""How far something is, on stderr, where that is a terminal and nothing else is written to it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeVar

T = TypeVar("T")


def counted(things: Iterable[T], what: str, *, on_stdout: bool) -> Iterator[T]:
    """The same things; while they are asked for, how many there were is shown, unless they go to the terminal."""
    shown = not (on_stdout and sys.stdout.isatty())
    with _bar("{task.completed:,} {task.description}", bar=False, shown=shown) as bar:
        task = bar.add_task(what, total=None)
        for thing in things:
            yield thing
            bar.advance(task)


def measured(file: IO[bytes], what: str, size: int | None) -> Iterator[bytes]:
    """The lines of a file; while they are asked for, how much was read of its size is shown. None: it has none."""
    with _bar("{task.description}", bar=size is not None, shown=True) as bar:
        task = bar.add_task(what, total=size)
        for line in file:
            yield line
            bar.advance(task, len(line))


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function that is told how many are done, and of how many; meanwhile that is shown."""
    with _bar("{task.completed:,} of {task.total:,} {task.description}", bar=False, shown=True) as bar:
        task = bar.add_task(what, total=0)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show meanwhile that something is under way, and for how long."""
    with _bar("{task.description}", bar=False, shown=True) as bar:
        bar.add_task(what, total=None)
        yield


def _bar(text: str, *, bar: bool, shown: bool) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = [SpinnerColumn(), TextColumn(text)]
    columns += [BarColumn(), DownloadColumn()] if bar else []
    console = Console(stderr=True)
    off = not (shown and sys.stderr.isatty() and console.is_terminal)  # FORCE_COLOR makes rich see one everywhere
    return Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=off)
