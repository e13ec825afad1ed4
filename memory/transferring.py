"""The store's verbs about taking memories along: out of one store, into another, whatever their databases are."""

from collections.abc import Generator, Iterable, Iterator

from coterie.errors import InputError, TransferError
from coterie.memory import inputs, reach, rows, schema, transfer
from coterie.memory.connecting import Connected
from coterie.memory.edits import Imported, Refused
from coterie.memory.flow import in_thread, iterated_in_thread
from coterie.memory.lines import Line, header, line
from coterie.memory.values import Scope, Trust


class Transferring(Connected):
    """Exports and imports memories with their revisions."""

    def export_memories(self, user_id: str | None = None, *, everybody: bool = False) -> Generator[str, None, None]:
        """Every memory with all its revisions, as lines of JSON: a header, then one memory a line, also those removed.

        All as the store holds it at the moment the first line is read, in an order that is always the same. The lines
        are read as they are asked for, on one connection: close the generator if it is not read to its end. What was
        said and done is no part of it: no turns, sessions, notes, or runs.

        Args:
            user_id: Whose memories.
            everybody: Those of all users, and those about nobody.

        Raises:
            InputError: not exactly one of the two is given.
        """
        if (user_id is None) != everybody:
            raise InputError(f"user_id is {user_id!r} and everybody {everybody!r}: give exactly one of the two.")
        return self._exported(None if user_id is None else inputs.key("user_id", user_id))

    def _exported(self, owner: str | None) -> Generator[str, None, None]:
        reached = reach.WHOLE if owner is None else reach.changing(Scope(owner, as_owner=True))
        with self._snapshot(reached) as connection:
            yield header(schema.HEAD)
            for one in transfer.owners(connection) if owner is None else [owner]:
                yield from map(line, transfer.every(connection, one))

    def import_memories(
        self, lines: Iterable[Line], *, trust: Trust = "user", skip: bool = False, dry_run: bool = False
    ) -> Imported:
        """Store the memories of an export exactly as they were: ids, times, versions, revisions.

        Each line is a memory with its revisions, stored whole or not at all. What is there already stays as it is. The
        lines are written in transactions of some hundred: an import that was interrupted goes on when it runs again.

        Args:
            lines: As `export_memories` gives them; for example an open file.
            trust: The highest trust that anything in the lines keeps. By default all of it, as for a store's own
                export; ``"outside"`` is for lines of somebody else's.
            skip: Leave out lines that cannot be taken, and tell of them, instead of stopping at the first.
            dry_run: Say what would be done, and keep nothing of it. What would be new is not looked for among the lines
                of other transactions: a memory that stands in two of them is counted twice.

        Raises:
            TransferError: unless ``skip``, a line cannot be taken: what it says is wrong, or the store has another
                memory with this id or these words. Nothing of its transaction is written.
            InputError: the first line is no header of an export, or of a newer one.
        """
        inputs.checked_trust(trust)
        if isinstance(lines, str | bytes):
            raise InputError("lines is one text: give the lines one by one, as an open file does.")
        tally = _Tally(skip)
        good = tally.without_refused(transfer.numbered(lines, trust))
        for batch in transfer.batches(good):
            owner = rows.stored_owner(batch[0].kept.user_id)
            with self._changing(dry_run)(reach.importing(owner, transfer.audiences(batch))) as connection:
                self._dialect.lock_owner(connection, owner)
                sorted_out = transfer.Batch(connection, batch)
                for refused in sorted_out.refused:
                    tally.refuse(refused)
                sorted_out.write()
            tally.imported += len(sorted_out.new)
            tally.unchanged += sorted_out.unchanged
        return Imported(tally.imported, tally.unchanged, tuple(tally.refused))

    aexport_memories = iterated_in_thread(export_memories)
    aimport_memories = in_thread(import_memories)


class _Tally:
    """What came of the lines so far."""

    def __init__(self, skip: bool) -> None:
        self.imported = 0
        self.unchanged = 0
        self.refused: list[Refused] = []
        self._skip = skip

    def without_refused(self, found: Iterable[transfer.Numbered | Refused]) -> Iterator[transfer.Numbered]:
        """The lines that can be taken."""
        for one in found:
            if isinstance(one, Refused):
                self.refuse(one)
            else:
                yield one

    def refuse(self, refused: Refused) -> None:
        """Count a line that is left out, or stop at it."""
        self.refused.append(refused)
        if not self._skip:
            reason = f"Line {refused.line}: {refused.reason}"
            raise TransferError(reason, refused.line, self.imported, self.unchanged)
