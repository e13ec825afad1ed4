"""The store's verbs about runs: what happened in them, record by record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from coterie.memory import inputs, runs
from coterie.memory.connecting import Connected
from coterie.memory.flow import in_thread
from coterie.memory.reach import of_user
from coterie.memory.records import written
from coterie.memory.values import RunStatus, StoredRun


class Recording(Connected):
    """Keeps what happened in runs. A run is its user's: nobody else's verbs reach it, whatever id they name.

    Adding does not wait for the disk; `end_run` does, and then all that was added before is there too.
    """

    def add_run(self, run: StoredRun) -> None:
        """Keep a run that begins. One that is there already is running again: the rest of it stays as it was.

        What the value says of ``status``, ``ended_at`` and ``records`` is not looked at.

        Raises:
            InputError: an id or the name cannot be stored, or ``started_at`` has no time zone.
        """
        inputs.checked_run(run)
        with self._fleeting(of_user(run.user_id)) as connection:
            runs.add(connection, self._dialect.insert, run)

    def add_records(self, user_id: str | None, run_id: str, records: Sequence[Mapping[str, Any]]) -> int:
        """Add records to a run, in their order, in one transaction: all of them or none.

        They are numbered from 1 without a gap, also when two processes add to one run. Any text in them comes back as
        it was.

        Args:
            user_id: Whose run it is. None: one without a user.
            run_id: Which: the whole id.
            records: JSON objects.

        Returns:
            The number of the last record that the run has then.

        Raises:
            InputError: one is no JSON object, or longer than `coterie.memory.records.MAX_RECORD_CHARACTERS`, or deeper
                than ``DEEPEST``. Nothing is written. `coterie.memory.records.storable` makes of any record one that is
                taken.
            NotFoundError: the user has no such run, or no longer: it was removed, or the user erased.
        """
        texts = written(records)
        with self._fleeting(of_user(user_id)) as connection:
            return runs.append(connection, user_id, run_id, texts)

    def end_run(self, user_id: str | None, run_id: str, status: RunStatus, ended_at: datetime) -> None:
        """Say when and how a run ended. It may be said again.

        Raises:
            InputError: the status is "running", or none; or the time has no zone.
            NotFoundError: the user has no such run, or no longer.
        """
        inputs.checked_end(status)
        inputs.checked_moment("ended_at", ended_at)
        with self._writing(of_user(user_id)) as connection:
            runs.end(connection, user_id, run_id, status, ended_at)

    def runs(self, user_id: str | None, *, session_id: str | None = None, limit: int | None = 20) -> list[StoredRun]:
        """A user's runs, the last begun first.

        Args:
            user_id: Whose. None: those without a user.
            session_id: Only those of this session.
            limit: How many at most; None for all.
        """
        with self._reading(of_user(user_id)) as connection:
            return runs.newest(connection, user_id, session_id, limit)

    def run(self, user_id: str | None, run_id: str) -> StoredRun:
        """The run with this id. The beginning of it is enough, 4 characters at least, if no other one begins so.

        Raises:
            NotFoundError: the user has none.
            InputError: several begin so; it names them, or the first of them. Or the beginning is too short.
        """
        with self._reading(of_user(user_id)) as connection:
            return runs.find(connection, user_id, run_id)

    def records(
        self, user_id: str | None, run_id: str, *, after: int = 0, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """The records of a run, in the order in which they were added. A run without any, or no run, has none.

        Whoever reads while others add sees all records up to some number.

        Args:
            user_id: Whose run it is. None: one without a user.
            run_id: Which: the whole id.
            after: Only those after this number, as of the last that was read.
            limit: How many at most; None for all.
        """
        with self._reading(of_user(user_id)) as connection:
            return runs.records(connection, user_id, run_id, after, limit)

    def remove_runs(self, user_id: str | None, before: datetime, *, dry_run: bool = False) -> int:
        """Remove a user's runs that began before a time, those that are running too, with their records.

        Args:
            user_id: Whose. None: those without a user.
            before: The time.
            dry_run: Count what would be removed, and keep it.

        Returns:
            How many runs were removed.
        """
        inputs.checked_moment("before", before)
        with self._changing(dry_run)(of_user(user_id)) as connection:
            return runs.remove(connection, user_id, before)

    def remove_run(self, user_id: str | None, run_id: str) -> None:
        """Remove a run with its records, also one that is running.

        Args:
            user_id: Whose run it is. None: one without a user.
            run_id: Which: the whole id.

        Raises:
            NotFoundError: the user has no such run, or no longer.
        """
        with self._writing(of_user(user_id)) as connection:
            runs.remove_one(connection, user_id, run_id)

    aadd_run = in_thread(add_run)
    aadd_records = in_thread(add_records)
    aend_run = in_thread(end_run)
    aruns = in_thread(runs)
    arun = in_thread(run)
    arecords = in_thread(records)
    aremove_run = in_thread(remove_run)
    aremove_runs = in_thread(remove_runs)
