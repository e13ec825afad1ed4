"""Work that follows an answer when it has gone out: a thread of this process, begun when there is something to do."""

import concurrent.futures.thread  # noqa: F401  # before the hook below, which so runs first
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from coterie.errors import ConflictError, CoterieError, CurationError, NotFoundError, StoreError
from coterie.memory import forks
from coterie.memory.db import Db
from coterie.memory.flow import drive
from coterie.memory.values import Turn

if TYPE_CHECKING:
    from coterie.memory.curating import Curating
    from coterie.memory.manager import MemoryManager

log = logging.getLogger("coterie")

LOOKS_AGAIN_SECONDS = 0.2
"""How often to look for a turn that somebody else keeps from being taken up."""


Work = Callable[[], object]

_at_work: "set[Background]" = set()


class Background:
    """What this process has put aside to be done, one after the other.

    The thread ends when nothing is left, and Python waits for it when the program ends. What must not be lost is in
    the store too, so whatever becomes of the process, others find it there.
    """

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._work: deque[Work] = deque()
        self._working = False
        forks.watch(self, Background._before_fork, Background._after_fork)

    def put(self, work: "Work") -> None:
        """Have something done. What it raises is logged."""
        with self._change:
            self._work.append(work)
            if not self._working:
                threading.Thread(target=self._do, name="coterie-background").start()
                self._working = True
                _at_work.add(self)

    def wait(self) -> None:
        """Wait until nothing is left."""
        with self._change:
            self._change.wait_for(lambda: not self._working)

    def _do(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except CoterieError as error:
                log.warning("In the background: %s", error)
            except BaseException:  # whatever ends this thread would leave the rest undone, and those who wait waiting
                log.exception("In the background something failed")

    def _next(self) -> "Work | None":
        with self._change:
            if self._work:
                return self._work.popleft()
            self._working = False
            _at_work.discard(self)
            self._change.notify_all()
            return None

    def _before_fork(self) -> None:
        self._change.acquire()

    def _after_fork(self, in_child: bool) -> None:
        if in_child:  # where there is no such thread, and it is the parent's work
            self._work.clear()
            self._working = False
            _at_work.discard(self)
        self._change.release()


def _finish() -> None:
    """Wait, at the program's end, for what is at work.

    Python waits for the threads by itself, but first has concurrent.futures take no more work, which LangChain needs to
    call a model. This is where concurrent.futures hooks in too; the last to do so comes first.
    """
    for one in list(_at_work):
        one.wait()


threading._register_atexit(_finish)  # type: ignore[attr-defined]  # there is no public way; since Python 3.9


def settle(manager: "Curating", turn: Turn) -> None:
    """Curate what is due of the turn's user, agent and team, in order, until the turn is curated, erased or has failed.

    Raises:
        StoreError: the database refused. The turn that was in work is given back, so that it keeps no other waiting.
    """
    while _is_owed(manager.db, turn):
        held = manager.db.claim_turn(like=turn)
        if held is None:  # a worker is at it, or at another of the user's
            time.sleep(LOOKS_AGAIN_SECONDS)
            continue
        try:
            report = drive(manager.curating(held))
        except ConflictError:
            continue
        except BaseException:
            with suppress(StoreError):  # it is away: then the lease runs out
                manager.db.release_turn(held)
            raise
        if report.error is not None:
            log.warning("The turn %s was not curated in the background: %s", held.turn_id, report.error)


def _is_owed(db: Db, turn: Turn) -> bool:
    try:
        now = db.turn(turn.user_id, turn.turn_id)
    except NotFoundError:
        return False
    return now.status == "pending" and now.attempts == turn.attempts


def sum_up(manager: "MemoryManager", session_id: str, user_id: str | None) -> None:
    """Sum up a session, unless somebody else does.

    Raises:
        CurationError: it failed.
    """
    try:
        manager.summarize_session(session_id, user_id)
    except ConflictError:
        return
    except CoterieError as error:
        raise CurationError(f"The session {session_id!r} was not summed up: {error}") from error
