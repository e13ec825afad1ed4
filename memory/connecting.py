"""The connections of a store: opened on first use with the schema in place, shared by threads, apart after a fork."""

import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from coterie.memory import forks, inputs, schema, vectors
from coterie.memory.dialect import Dialect, LostRaceError
from coterie.memory.draft import Draft
from coterie.memory.edits import Change, Edit
from coterie.memory.embedding import Embedder
from coterie.memory.flow import in_thread
from coterie.memory.meaning import CACHE_BYTES, Meaning
from coterie.memory.reach import NOTHING, Reach, changing
from coterie.memory.tables import NOBODY
from coterie.memory.values import Scope

ATTEMPTS = 5
"""How often a transaction is begun before its error is shown, when others get in its way."""

MOST_SECONDS_BETWEEN = 0.05
"""How long it waits at most before it begins anew; by chance, so that two do not meet again."""

T = TypeVar("T")

_of_parents: list[sa.Engine] = []
"""The engines that this process inherited. Closing their connections, or losing them, would end the parent's."""


class Connected:
    """A store's connections.

    Making one costs nothing: it connects, and makes or upgrades the schema, on first use. A process that forks after
    that is fine: the child gets connections of its own.
    """

    def __init__(
        self, dialect: Dialect, embedder: Embedder | None = None, vector_cache_bytes: int = CACHE_BYTES
    ) -> None:
        self._dialect = dialect
        self._meaning = Meaning(dialect, embedder, vector_cache_bytes)
        self._open = threading.RLock()
        self._engine: sa.Engine | None = None
        self._dispose: weakref.finalize[..., Any]
        forks.watch(self, Connected._before_fork, Connected._after_fork)

    @property
    def name(self) -> str:
        """What people see of it: the file's path, or the URL without its password."""
        return self._dialect.name

    @property
    def address(self) -> str | None:
        """What opens it again: the file's path, or the URL without its passwords. None: it is in memory."""
        return self._dialect.address

    @property
    def has_password(self) -> bool:
        """Whether a password was given, which is not in ``address``."""
        return self._dialect.has_password

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The next verb opens them again; what was in memory only is gone."""
        with self._open:
            if self._engine is not None:
                self._dispose()
                self._engine = None

    def _before_fork(self) -> None:
        self._open.acquire()
        self._dialect.before_fork(self._engine)

    def _after_fork(self, in_child: bool) -> None:
        self._dialect.after_fork()
        if in_child:
            self._meaning.forget_all()
        if in_child and self._engine is not None and not self._dialect.survives_fork:
            self._dispose.detach()
            _of_parents.append(self._engine)
            self._engine = None
        self._open.release()

    def _reading(self, reach: Reach) -> AbstractContextManager[sa.Connection]:
        return self._dialect.translated(lambda: self._dialect.reading(self._opened(), reach))

    def _writing(self, reach: Reach) -> AbstractContextManager[sa.Connection]:
        return self._dialect.translated(lambda: self._dialect.writing(self._opened(), reach))

    @contextmanager
    def _rehearsing(self, reach: Reach) -> Iterator[sa.Connection]:
        """As `_writing`, but nothing of what is written is kept."""
        with self._writing(reach) as connection:
            yield connection
            connection.get_transaction().rollback()  # type: ignore[union-attr]  # one that writes has one

    def _changing(self, dry_run: bool) -> Callable[[Reach], AbstractContextManager[sa.Connection]]:
        """What is written into, by a verb that can tell what it would do."""
        return self._rehearsing if dry_run else self._writing

    def _fleeting(self, reach: Reach) -> AbstractContextManager[sa.Connection]:
        return self._dialect.translated(lambda: self._dialect.fleeting(self._opened(), reach))

    def _snapshot(self, reach: Reach) -> AbstractContextManager[sa.Connection]:
        return self._dialect.translated(lambda: self._dialect.snapshot(self._opened(), reach))

    def _drafted(
        self,
        scope: Scope,
        change: Change,
        work: Callable[[Draft], T],
        edits: Sequence[Edit] = (),
        *,
        dry_run: bool = False,
    ) -> T:
        """Do work in a transaction that changes memories; anew when another transaction got in its way.

        Those of one owner wait for each other. But what a team knows is nobody's, and is changed for many users.
        The new statements of the edits get their vectors, which the model makes before the first attempt.
        """
        within = changing(scope)
        inputs.checked_change(change)
        embedded = self._meaning.of_edits(lambda: self._reading(NOTHING), edits)
        for left in reversed(range(ATTEMPTS)):
            try:
                with self._changing(dry_run)(within) as connection:
                    self._dialect.lock_owner(connection, scope.user_id or NOBODY)
                    draft = Draft(connection, scope, change, datetime.now(UTC))
                    done = work(draft)
                    vectors.keep(self._dialect, draft, embedded)
                    return done
            except LostRaceError:
                if not left:
                    raise
            time.sleep(random.random() * MOST_SECONDS_BETWEEN)
        raise AssertionError("the last attempt returns or raises")

    def _opened(self) -> sa.Engine:
        """The engine, with the schema in place."""
        if self._engine is None:
            with self._open:
                if self._engine is None:
                    self._engine = self._made()
        return self._engine

    def _made(self) -> sa.Engine:
        engine = self._dialect.engine()
        self._dispose = weakref.finalize(self, self._dialect.dispose, engine)  # also when nobody calls close()
        try:
            schema.prepare(engine, self._dialect)
        except BaseException:
            self._dispose()
            raise
        return engine

    aclose = in_thread(close)
