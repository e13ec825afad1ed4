"""The store's verbs about time: how a memory came about, what was believed when, and taking changes back."""

from datetime import datetime

from coterie.memory import inputs, reach, revisions, undoing
from coterie.memory.connecting import Connected
from coterie.memory.draft import Draft
from coterie.memory.edits import Change, Difference, Revision, Undone
from coterie.memory.flow import in_thread
from coterie.memory.values import Scope, UserMemory


class Revising(Connected):
    """Looks back, and takes back."""

    def history(self, scope: Scope, memory_id: str) -> list[Revision]:
        """Every change to a memory, oldest first; also of one that was deleted.

        Args:
            scope: Who asks.
            memory_id: The id, or its beginning: of a memory that is there, else of one that was deleted.

        Raises:
            NotFoundError: there never was one in this scope.
            InputError: several begin so.
        """
        with self._reading(reach.looking_back(scope)) as connection:
            return revisions.history(connection, scope, memory_id)

    def as_of(self, scope: Scope, moment: datetime) -> list[UserMemory]:
        """What was believed at a moment: the memories as they stood then, newest first by ``created_at``.

        Only of memories that the scope could read then and can read now. Costs what the user's revisions are many.
        """
        with self._reading(reach.looking_back(scope)) as connection:
            return revisions.as_of(connection, scope, moment)

    def diff(self, scope: Scope, first: datetime, second: datetime) -> Difference:
        """How what was believed at the second moment differs from what was believed at the first."""
        with self._reading(reach.looking_back(scope)) as connection:
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
        dry_run: bool = False,
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
            dry_run: Say what would be undone, and keep everything as it is.

        Raises:
            NotFoundError: nothing of the kind is there, or not all of it may be read.
            ConflictError: a memory was changed since. Nothing is undone.
            InputError: not exactly one thing to undo is given; or a person's change, and the actor is none.
        """
        what = {"revision": revision, "change_id": change_id, "run_id": run_id, "turn_id": turn_id}

        def work(draft: Draft) -> Undone:
            revisions = undoing.undo(draft, what)
            return Undone(draft.change_id, tuple(revisions))

        return self._drafted(scope, change, work, dry_run=dry_run)

    def redo(self, scope: Scope, change: Change, undone: Undone) -> Undone:
        """Take back an undoing. See `undo`."""
        inputs.expected("undone", undone, Undone)
        return self.undo(scope, change, change_id=undone.change_id)

    ahistory = in_thread(history)
    aas_of = in_thread(as_of)
    adiff = in_thread(diff)
    aundo = in_thread(undo)
    aredo = in_thread(redo)
