"""The store: everything that lasts, behind a dozen verbs that are the same on every database.

Each verb has an async twin (``get`` and ``aget``) that does the same in a worker thread. Values go in and out; rows,
connections and transactions stay here.

Errors of every verb: `StoreError` when the database refuses or cannot be reached (nothing was written then),
`SchemaError` when it is not one of coterie's, `InputError` for an argument that cannot be used.
"""

import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from coterie.memory import conversations, forks, inputs, reading, schema, writing
from coterie.memory.dialect import Dialect
from coterie.memory.flow import in_thread
from coterie.memory.tables import NOBODY
from coterie.memory.values import (
    Applied,
    Change,
    Delete,
    Edit,
    Hit,
    Recall,
    Ref,
    Revision,
    Scope,
    Session,
    Turn,
    UserMemory,
)

_of_parents: list[sa.Engine] = []
"""The engines that this process inherited. Closing their connections, or losing them, would end the parent's."""


class Db:
    """The store on some database. Made by `SqliteDb` and `PostgresDb`; safe to share between threads.

    Making one costs nothing: it connects, and makes or upgrades the schema, on first use. A process that forks after
    that is fine: the child gets connections of its own.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._open = threading.RLock()
        self._engine: sa.Engine | None = None
        self._dispose: weakref.finalize[..., Any]
        forks.watch(self, Db._before_fork, Db._after_fork)

    @property
    def name(self) -> str:
        """What people see of it: the file's path, or the URL without its password."""
        return self._dialect.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def apply(
        self, scope: Scope, edits: Sequence[Edit], change: Change, *, curated: str | None = None
    ) -> list[Applied]:
        """Apply all the edits, with their revisions, in one transaction: all of them or none.

        Args:
            scope: Who changes something. Only what it may read can be changed, and what it adds is about its user.
            edits: Applied in this order. The result has one `Applied` for each.
            change: What the revisions record.
            curated: The id of the turn that the edits were made from; it must be pending, and is marked as curated
                in the same transaction. None: they were made from no turn.

        Raises:
            NotFoundError: an edit names a memory that the scope may not read.
            ConflictError: a memory is not at the version an edit names, or the turn is not pending. Nothing is written.
        """
        inputs.checked_scope(scope)
        inputs.checked_change(change)
        edits, at = inputs.checked_edits(edits), datetime.now(UTC)
        with self._writing() as connection:
            self._dialect.lock_owner(connection, scope.user_id or NOBODY)
            if curated is not None:
                writing.mark_curated(connection, scope, curated)
            return writing.Writer(connection, self._dialect.insert, scope, change, at).apply(edits)

    def clear(self, scope: Scope, change: Change, reason: str = "cleared") -> list[Applied]:
        """Delete every memory that is true now and the scope may read, in one transaction."""
        inputs.checked_scope(scope)
        inputs.checked_change(change)
        at = datetime.now(UTC)
        with self._writing() as connection:
            self._dialect.lock_owner(connection, scope.user_id or NOBODY)
            found = list(reading.newest(connection, scope, None))
            edits = [Delete(Ref(str(memory.memory_id)), reason) for memory in found]
            return writing.Writer(connection, self._dialect.insert, scope, change, at).apply(edits)

    def get(self, scope: Scope, memory_id: str) -> UserMemory:
        """The memory with this id, also when it has expired.

        Raises:
            NotFoundError: there is none in this scope.
        """
        with self._reading() as connection:
            return reading.get(connection, scope, memory_id)

    def find(self, scope: Scope, prefix: str) -> UserMemory:
        """The memory whose id begins with ``prefix``.

        Raises:
            NotFoundError: there is none in this scope.
            InputError: there are several.
        """
        with self._reading() as connection:
            return reading.find(connection, scope, prefix)

    def newest(self, scope: Scope, limit: int | None = 20, *, oldest_first: bool = False) -> list[UserMemory]:
        """The newest memories that are true now, newest first by ``created_at``.

        Args:
            scope: Who asks.
            limit: How many at most; None for all.
            oldest_first: The same memories, in the other order.
        """
        with self._reading() as connection:
            found = list(reading.newest(connection, scope, limit))
        return found[::-1] if oldest_first else found

    def search(self, scope: Scope, query: str, limit: int | None = 10) -> list[Hit]:
        """The memories true now that hold any of the query's words, best first, at most ``limit`` (None: all).

        A word among a memory's topics counts less than one in its statement. Any string is a query. Stop words are left
        out; with nothing left, nothing is found.
        """
        with self._reading() as connection:
            return reading.search(connection, self._dialect, scope, query, limit)

    def recall(self, scope: Scope, query: str, token_budget: int = 1000) -> Recall:
        """What to put into a prompt, oldest first: as much as fits into ``token_budget`` (estimated tokens).

        Every memory that is true now, if all fit; otherwise the best for the query, then the newest.
        """
        with self._reading() as connection:
            return reading.recall(connection, self._dialect, scope, query, token_budget)

    def count(self, scope: Scope) -> int:
        """How many memories that are true now the scope may read."""
        with self._reading() as connection:
            return reading.count(connection, scope)

    def history(self, scope: Scope, memory_id: str) -> list[Revision]:
        """Every change to a memory, oldest first; also of one that was deleted.

        Args:
            scope: Who asks.
            memory_id: The id, or its beginning: of a memory that is there, else of one that was deleted.

        Raises:
            NotFoundError: there never was one in this scope.
            InputError: several begin so.
        """
        with self._reading() as connection:
            return reading.history(connection, scope, memory_id)

    def record_turn(self, turn: Turn) -> None:
        """Keep a turn, and make or touch its session, in one transaction.

        A turn whose ``turn_id`` the user has already is not written again.
        """
        with self._writing() as connection:
            conversations.record(connection, self._dialect.insert, turn)

    def turn(self, user_id: str | None, turn_id: str) -> Turn:
        """The turn with this id.

        Raises:
            NotFoundError: the user has none.
        """
        with self._reading() as connection:
            return conversations.turn(connection, user_id, turn_id)

    def turns(self, user_id: str | None, session_id: str, limit: int | None = 20) -> list[Turn]:
        """The newest ``limit`` turns of a session (None: all), oldest first. An unknown session has none."""
        with self._reading() as connection:
            return conversations.turns(connection, user_id, session_id, limit)

    def pending_turns(self, user_id: str | None, limit: int | None = 20) -> list[Turn]:
        """The turns whose curation is owed. ``user_id=None``: of every user, for a worker.

        Those that failed least often come first, then the oldest: one that always fails keeps none waiting.
        """
        with self._reading() as connection:
            return conversations.pending(connection, user_id, limit)

    def fail_turn(self, turn: Turn, error: str) -> None:
        """Note why curating a turn failed, and count the attempt. It stays pending.

        After `coterie.memory.conversations.MAX_ATTEMPTS` failures it is ``dead``: kept with its error among its
        session's turns, but no longer owed.

        Raises:
            NotFoundError: the turn is not there, or not pending.
        """
        with self._writing() as connection:
            conversations.fail(connection, turn, error)

    def session(self, user_id: str | None, session_id: str) -> Session:
        """The session with this id.

        Raises:
            NotFoundError: the user has none.
        """
        with self._reading() as connection:
            return conversations.session(connection, user_id, session_id)

    def sessions(self, user_id: str | None, limit: int | None = 50) -> list[Session]:
        """A user's sessions, the last used first. None: the sessions without a user."""
        with self._reading() as connection:
            return conversations.sessions(connection, user_id, limit)

    def update_session_state(self, user_id: str | None, session_id: str, state: Mapping[str, Any]) -> Session:
        """Merge ``state`` by key into the session's, in one transaction; an unknown session is made.

        Raises:
            InputError: a value is not plain JSON.
        """
        with self._writing() as connection:
            return conversations.update_state(connection, self._dialect.insert, user_id, session_id, state)

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
        if in_child and self._engine is not None and not self._dialect.survives_fork:
            self._dispose.detach()
            _of_parents.append(self._engine)
            self._engine = None
        self._open.release()

    def _reading(self) -> AbstractContextManager[sa.Connection]:
        return self._dialect.translated(lambda: self._dialect.reading(self._opened()))

    def _writing(self) -> AbstractContextManager[sa.Connection]:
        return self._dialect.translated(lambda: self._dialect.writing(self._opened()))

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

    aapply = in_thread(apply)
    aclear = in_thread(clear)
    aget = in_thread(get)
    afind = in_thread(find)
    anewest = in_thread(newest)
    asearch = in_thread(search)
    arecall = in_thread(recall)
    acount = in_thread(count)
    ahistory = in_thread(history)
    arecord_turn = in_thread(record_turn)
    aturn = in_thread(turn)
    aturns = in_thread(turns)
    apending_turns = in_thread(pending_turns)
    afail_turn = in_thread(fail_turn)
    asession = in_thread(session)
    asessions = in_thread(sessions)
    aupdate_session_state = in_thread(update_session_state)
    aclose = in_thread(close)
