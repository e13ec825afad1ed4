"""`Worker`: threads that curate the turns that are owed, as they become due."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue

from coterie.errors import ConflictError, InputError, SchemaError, StoreError
from coterie.memory.flow import drive, in_thread
from coterie.memory.manager import MemoryManager
from coterie.memory.report import CurationReport
from coterie.memory.values import Turn

log = logging.getLogger("coterie")

WORKER_LEASE_SECONDS = 60.0
"""After so long others take up what a killed worker had. One that lives extends its leases three times as often."""

HANGS_SECONDS = 1_800.0
"""A turn that takes longer is taken to hang: its lease is not extended any more, and others try."""

IDLE_SECONDS = (0.5, 4.0)
"""How long to wait before looking again when nothing is due: at first, and at most."""


class Worker:
    """Curates turns as they become due, in threads of this process, until it is stopped.

    Several workers, in processes on several machines, share the work of one store. A turn is curated by one of them,
    and once in effect, whatever the others die of; a user's turns in the order in which they were said. One that fails
    waits, and keeps no other waiting.

    Examples:
        >>> from coterie import MemoryManager, SqliteDb
        >>> from coterie.memory.incoming import turn_of
        >>> manager = MemoryManager(SqliteDb(), curator="verbatim")
        >>> worker = Worker(manager, told=lambda report: worker.stop())
        >>> manager.db.record_turn(turn_of("I like tea", None, "ana", None, None))
        >>> worker.run()
        >>> [memory.memory for memory in manager.get_user_memories("ana")]
        ['I like tea']

    Args:
        manager: the store, and who curates.
        workers: how many turns at once: threads that mostly wait for a model.
        user_id: whose turns. None: everybody's.
        told: is called with the report of each turn, from the thread that curated it.
        lease_seconds: how long a turn stays with a worker that was killed.

    Raises:
        InputError: ``workers`` or ``lease_seconds`` is not positive.
    """

    def __init__(
        self,
        manager: MemoryManager,
        workers: int = 1,
        *,
        user_id: str | None = None,
        told: Callable[[CurationReport], None] | None = None,
        lease_seconds: float = WORKER_LEASE_SECONDS,
    ) -> None:
        if workers < 1 or lease_seconds <= 0:
            raise InputError(f"workers is {workers!r} and lease_seconds {lease_seconds!r}: give positive numbers.")
        self._manager = manager
        self._workers = workers
        self._user_id = user_id
        self._told = told
        self._lease_seconds = lease_seconds
        self._held: dict[str, tuple[Turn, float]] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Curate what is due, and wait for more; return when `stop` was called and the turns in hand are done.

        Left by an exception (a second Ctrl-C, say), it gives back the turns in hand at once; whatever a model still
        answers for them is dropped. A worker runs once.

        Raises:
            ConfigurationError: the model is to decide what is kept, and there is none.
            StoreError: the store cannot be opened. Later failures of it are logged, and waited out.
        """
        _ = self._manager.curator, self._manager.db.backlog(self._user_id)
        ended: SimpleQueue[BaseException | None] = SimpleQueue()
        for number in range(self._workers):
            threading.Thread(target=self._work, args=[ended], name=f"coterie-worker-{number}", daemon=True).start()
        try:
            for error in self._ends(ended):
                if error is not None:
                    raise error
        finally:
            self.stop()
            for turn, _ in list(self._held.values()):
                self._safely(partial(self._manager.db.release_turn, turn))

    def stop(self) -> None:
        """Begin with no more turns. Waits for nothing; also for signal handlers, and before `run`."""
        self._stopping.set()

    @property
    def in_hand(self) -> int:
        """How many turns are being curated now."""
        return len(self._held)

    def _ends(self, ended: "SimpleQueue[BaseException | None]") -> Iterator[BaseException | None]:
        """What each thread ended with, as they end; meanwhile their leases are extended."""
        left, beat = self._workers, self._lease_seconds / 3
        while left:
            try:
                yield ended.get(timeout=beat)
                left -= 1
            except Empty:
                self._extend()

    def _extend(self) -> None:
        for turn, since in list(self._held.values()):
            if time.monotonic() - since < HANGS_SECONDS:
                self._safely(partial(self._manager.db.extend_lease, turn, self._lease_seconds))

    def _work(self, ended: "SimpleQueue[BaseException | None]") -> None:
        pause, longest = IDLE_SECONDS
        try:
            while not self._stopping.is_set():
                if self._safely(self._one):
                    pause = IDLE_SECONDS[0]
                else:
                    self._stopping.wait(pause)
                    pause = min(2 * pause, longest)
        except BaseException as error:
            ended.put(error)
        else:
            ended.put(None)

    def _safely(self, act: Callable[[], bool | None]) -> bool:
        """Do something with the store, which may be away for a while: then the leases run out, and nothing is lost."""
        try:
            return bool(act())
        except ConflictError:  # the turn is somebody else's by now, which is theirs to tell
            return True
        except SchemaError:
            raise
        except StoreError as error:
            log.warning("A worker waits for the store: %s", error)
            return False

    def _one(self) -> bool:
        """Curate one turn; whether there was one."""
        turn = self._manager.db.claim_turn(self._user_id, seconds=self._lease_seconds)
        if turn is None:
            return False
        with self._holding(turn):
            report = drive(self._manager.curating(turn))
        if self._told is not None:
            self._told(report)
        return True

    @contextmanager
    def _holding(self, turn: Turn) -> Iterator[None]:
        key = str(turn.lease)
        self._held[key] = turn, time.monotonic()
        try:
            yield
        finally:
            del self._held[key]

    arun = in_thread(run)
