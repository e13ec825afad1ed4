"""Claims on tasks: of the runs of one session, which have one list, one does a task, and has it to itself meanwhile.

A claim is a lease. It is taken in the transaction that finds the task open, and extended by a thread for as long as the
member works; a run that was killed extends nothing, and its task is open again when the lease has run out. What a run
writes later is held against its mark: who lost a task to another changes nothing in it any more.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coterie.errors import StoreError
from coterie.graphs.task_list import Lease, Task, by_now, current
from coterie.memory.ids import new_id

log = logging.getLogger("coterie")

LEASE_SECONDS = 60.0
"""After so long others may do what a killed run was doing. One that lives extends its leases three times as often."""

Change = Callable[[Mapping[str, Task]], list[Task]]
"""Gets the list, and returns the tasks in it that are new or changed."""


class Claim:
    """A task that a run means to do.

    Args:
        task: as the run knows it.
        change: changes the list in one transaction, without telling anybody.
    """

    def __init__(self, task: Task, change: Callable[[Change], list[Task]]) -> None:
        self.task = task
        """As it was found last."""
        self._change = change
        self._mark = new_id()

    def taken(self) -> bool:
        """Take it, if it is open; whether it was."""
        return self._moved(lambda now: self._leased(now) if current(now).status == "open" else None)

    def finished(self, task: Task) -> bool:
        """Write down what came of it, unless another run has it by now; whether it was written."""
        return self._moved(lambda now: replace(task, lease=None) if self._mine(now) else None)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep it as long as the block lasts. If that is left by an exception, whichever, the task is open again."""
        over = threading.Event()
        thread = threading.Thread(target=copy_context().run, args=[self._extend, over], daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            _end(over, thread)
            self._safely(lambda now: replace(now, status="open", lease=None))
            raise
        _end(over, thread)

    def _extend(self, over: threading.Event) -> None:
        while not over.wait(LEASE_SECONDS / 3):
            self._safely(self._leased)

    def _safely(self, step: Callable[[Task], Task]) -> None:
        """Change it while it is this run's. With a store that is away nothing is lost: the lease runs out."""
        try:
            self._moved(lambda now: step(now) if self._mine(now) else None)
        except StoreError as error:
            log.warning("The lease of the task %s cannot be written: %s", self.task.id, error)

    def _mine(self, now: Task) -> bool:
        return now.lease is not None and now.lease.mark == self._mark

    def _leased(self, now: Task) -> Task:
        until = datetime.now(UTC) + timedelta(seconds=LEASE_SECONDS)
        return replace(now, status="working", lease=Lease(self._mark, until.isoformat()))

    def _moved(self, step: Callable[[Task], Task | None]) -> bool:
        """Take a step from the task as it is by now; None leaves it so. Whether there was a step."""

        def changing(tasks: Mapping[str, Task]) -> list[Task]:
            now = by_now(self.task, tasks)
            after = step(now)
            self.task = after or now
            return [after] if after is not None else []

        return bool(self._change(changing))


def _end(over: threading.Event, thread: threading.Thread) -> None:
    """Wait for what is being written: nothing is, afterwards."""
    over.set()
    thread.join()
