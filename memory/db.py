"""The store: everything that lasts, behind a dozen verbs that are the same on every database.

Each verb has an async twin (``get`` and ``aget``) that does the same in a worker thread. Values go in and out; rows,
connections and transactions stay here.

Errors of every verb: `StoreError` when the database refuses or cannot be reached (nothing was written then),
`SchemaError` when it is not one of coterie's, `InputError` for an argument that cannot be used.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from coterie.memory import conversations, erasing, inputs, reading, revisions, undoing, writing
from coterie.memory.connecting import Connected
from coterie.memory.draft import Draft
from coterie.memory.edits import Applied, Change, Delete, Difference, Edit, Erased, Ref, Revision, Undone
from coterie.memory.flow import in_thread
from coterie.memory.tables import NOBODY
from coterie.memory.values import Hit, Recall, Scope, Session, Turn, UserMemory


class Db(Connected):
    """The store on some database. Made by `SqliteDb` and `PostgresDb`; safe to share between threads.

    Making one costs nothing: it connects, and makes or upgrades the schema, on first use. A process that forks after
    that is fine: the child gets connections of its own.
    """

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
        edits = inputs.checked_edits(edits)
        with self._drafting(scope, change) as draft:
            if curated is not None:
                conversations.mark_curated(draft.connection, scope.user_id, curated)
            return writing.apply(draft, edits)

    def clear(self, scope: Scope, change: Change, reason: str = "cleared") -> list[Applied]:
        """Delete every memory that is true now and the scope may read, in one transaction."""
        with self._drafting(scope, change) as draft:
            found = list(reading.newest(draft.connection, scope, None))
            edits = [Delete(Ref(str(memory.memory_id), memory.version), reason) for memory in found]
            return writing.apply(draft, edits)

    @contextmanager
    def _drafting(self, scope: Scope, change: Change) -> Iterator[Draft]:
        """A transaction that changes memories."""
        inputs.checked_scope(scope)
        inputs.checked_change(change)
        with self._writing() as connection:
            self._dialect.lock_owner(connection, scope.user_id or NOBODY)
            yield Draft(connection, scope, change, datetime.now(UTC))

    def get(self, scope: Scope, memory_id: str) -> UserMemory:
        """The memory with this id, also when it has expired or was superseded.

        Raises:
            NotFoundError: there is none in this scope.
        """
        with self._reading() as connection:
            return reading.get(connection, scope, memory_id)

    def current(self, scope: Scope, memory_id: str) -> UserMemory:
        """The memory that holds now in place of the one with this id: itself, or the last that took its place.

        Raises:
            NotFoundError: there is none in this scope, or it was removed.
        """
        with self._reading() as connection:
            return reading.held_now(connection, scope, memory_id)

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
            return revisions.history(connection, scope, memory_id)

    def as_of(self, scope: Scope, moment: datetime) -> list[UserMemory]:
        """What was believed at a moment: the memories as they stood then, newest first by ``created_at``.

        Only of memories that the scope could read then and can read now. Costs what the user's revisions are many.
        """
        with self._reading() as connection:
            return revisions.as_of(connection, scope, moment)

    def diff(self, scope: Scope, first: datetime, second: datetime) -> Difference:
        """How what was believed at the second moment differs from what was believed at the first."""
        with self._reading() as connection:
            return revisions.diff(connection, scope, first, second)

    def undo(
        self,
        scope: Scope,
        change: Change,
        *,
        revision: Revision | None = None,
        change_id: str | None = None,
        run_id: str | None = None,
        turn_id: str | None = None,
    ) -> Undone:
        """Take back, in one transaction, what one revision, one change, one run or the curation of one turn did.

        Every memory is put back exactly as it was before. That is a change too, and can be undone (`redo`).

        Args:
            scope: Who asks. It must be able to read every memory concerned.
            change: What the revisions record.
            revision: The one to take back.
            change_id: Everything that one call of a verb did; `Revision` and `Undone` have it.
            run_id: Everything that was done in a run.
            turn_id: Everything that was made from a turn.

        Raises:
            NotFoundError: nothing of the kind is there, or not all of it may be read.
            ConflictError: a memory was changed since. Nothing is undone.
            InputError: not exactly one thing to undo is given; or a person's change, and the actor is none.
        """
        what = {"revision": revision, "change_id": change_id, "run_id": run_id, "turn_id": turn_id}
        with self._drafting(scope, change) as draft:
            undone = undoing.undo(draft, what)
        return Undone(draft.change_id, tuple(undone))

    def redo(self, scope: Scope, change: Change, undone: Undone) -> Undone:
        """Take back an undoing. See `undo`."""
        inputs.expected("undone", undone, Undone)
        return self.undo(scope, change, change_id=undone.change_id)

    def erase(self, user_id: str) -> Erased:
        """Remove a person: memories, revisions, turns, sessions, vectors, and what indexes and file keep of them.

        The rows go in one transaction; then what they leave in the file is overwritten, which takes as long as the
        database is large. It may be called again.

        Returns:
            How many rows of each kind were removed.

        Raises:
            StoreError: the rows are gone, but the file could not be cleaned, because others were using it.
        """
        owner = inputs.key("user_id", user_id)
        with self._writing() as connection:
            self._dialect.lock_owner(connection, owner)
            erased = erasing.erase(connection, owner)
        with self._reading() as connection:
            self._dialect.scrub(connection)
        return erased

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

    aapply = in_thread(apply)
    aclear = in_thread(clear)
    aget = in_thread(get)
    acurrent = in_thread(current)
    afind = in_thread(find)
    anewest = in_thread(newest)
    asearch = in_thread(search)
    arecall = in_thread(recall)
    acount = in_thread(count)
    ahistory = in_thread(history)
    aas_of = in_thread(as_of)
    adiff = in_thread(diff)
    aundo = in_thread(undo)
    aredo = in_thread(redo)
    aerase = in_thread(erase)
    arecord_turn = in_thread(record_turn)
    aturn = in_thread(turn)
    aturns = in_thread(turns)
    apending_turns = in_thread(pending_turns)
    afail_turn = in_thread(fail_turn)
    asession = in_thread(session)
    asessions = in_thread(sessions)
    aupdate_session_state = in_thread(update_session_state)
