"""The store's verbs about notes: what the members of a team tell each other while a run works."""

from coterie.memory import inputs, notes, rows
from coterie.memory.connecting import Connected
from coterie.memory.flow import in_thread
from coterie.memory.reach import of_user
from coterie.memory.values import Note


class Noting(Connected):
    """Keeps what a run's members tell each other until its turn is recorded, which says it to those who come later."""

    def add_note(self, note: Note) -> None:
        """Keep a note, in one transaction, whose commit does not wait for the disk.

        One whose ``note_id`` the user has already is not written again.

        `record_turn` removes it, with the run's other notes. Those of a run that died are left: the user's next note,
        of any run, removes what is older than `coterie.memory.notes.KEPT`.

        Raises:
            InputError: the text is empty, holds a NUL or is longer than `coterie.memory.inputs.MAX_NOTE_CHARACTERS`;
                or ``note_id`` is no UUIDv7.
        """
        inputs.checked_note(note)
        with self._fleeting(of_user(note.user_id)) as connection:
            notes.add(connection, self._dialect.insert, note)

    def notes(
        self, user_id: str | None, run_id: str, *, team_id: str | None = None, limit: int | None = 50
    ) -> list[Note]:
        """The last notes of a run, oldest first. A run without any, or whose turn was recorded, has none.

        Args:
            user_id: Whose run it is. None: one without a user.
            run_id: Which.
            team_id: Only those of this team, of the teams that work in the run. None: of all.
            limit: How many at most; None for all.
        """
        with self._reading(of_user(user_id)) as connection:
            return notes.newest(connection, rows.stored_owner(user_id), run_id, team_id, limit)

    aadd_note = in_thread(add_note)
    anotes = in_thread(notes)
