"""The cases that are measured, and how: needs nothing but Python, so that every peer's own Python can run it."""

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Any

Sample = Callable[[], float]
"""Measures once, in the case's unit."""

SAID = "I like hiking"
OBJECTS = 2_000
"""How many objects are kept alive to see what one takes."""
AT_ONCE = 12
THINKING_SECONDS = 0.2
"""How long the memory model takes where runs go on at once. Everywhere else models take no time."""


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    title: str
    unit: str
    kind: str
    """The method of a `Side` that prepares it."""
    arguments: tuple[Any, ...] = ()
    mark: str = ""
    """What coterie is to reach."""
    samples: int = 10
    """How often it is measured in one round."""


class Side:
    """A framework that is measured: a method for each kind of case that it can do. Each prepares one."""

    def prepared(self, kind: str, arguments: Sequence[Any]) -> Sample | None:
        """The case, ready to be measured."""
        prepare = getattr(self, kind, None)
        return None if prepare is None else prepare(*arguments)


def memory(number: int) -> str:
    """What is remembered: a statement of about 66 characters."""
    return f"The user likes hobby number {number} and does it on weekends with friends"


def topics(number: int) -> list[str]:
    """Its topics."""
    return ["hobby", f"t{number % 20}"]


def cpu_ms(work: Callable[[], object], repeat: int = 1) -> Sample:
    """CPU time of this process for one call, in milliseconds."""

    def sample() -> float:
        start = time.process_time_ns()
        for _ in range(repeat):
            work()
        return (time.process_time_ns() - start) / 1e6 / repeat

    return sample


def cpu_us(work: Callable[[], object], repeat: int = 500) -> Sample:
    """CPU time of one call among many, in microseconds."""
    sample = cpu_ms(work, repeat)
    return lambda: sample() * 1000


def retained_kib(make: Callable[[], object]) -> Sample:
    """What an object takes as long as it lives, in KiB."""

    def sample() -> float:
        gc.collect()
        tracemalloc.start()
        kept = [make() for _ in range(OBJECTS)]
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return taken / len(kept) / 1024

    return sample


def threads_s(work: Callable[[int], object], after: Callable[[], object] = lambda: None) -> Sample:
    """Seconds by the clock until all of the calls, each in a thread, have returned. ``after`` is not counted."""

    def sample() -> float:
        threads = [Thread(target=work, args=(number,)) for number in range(AT_ONCE)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - start
        after()
        return took

    return sample


def tasks_s(work: Callable[[int], Coroutine[Any, Any, Any]], after: Callable[[], object] = lambda: None) -> Sample:
    """The same with tasks of one event loop."""

    async def together() -> float:
        start = time.perf_counter()
        await asyncio.gather(*map(work, range(AT_ONCE)))
        return time.perf_counter() - start

    def sample() -> float:
        took = asyncio.run(together())
        after()
        return took

    return sample
