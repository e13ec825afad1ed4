"""Where the records of a run go: a file, or the store."""

import os
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Protocol

from coterie.errors import InputError, NotFoundError
from coterie.graphs.trace import End, Record
from coterie.graphs.traced import lines
from coterie.memory.db import Db
from coterie.memory.records import storable, written
from coterie.memory.values import StoredRun
from coterie.teams.tracing import read_trace


class Sink(Protocol):
    """Takes the records of one run. What could not be written is written by the next call that can."""

    def opened(self, run: StoredRun, *, resumed: bool) -> list[Record]:
        """Begin, or go on with a run that was resumed. Returns what there is of it already."""

    def write(self, records: Sequence[Record]) -> None:
        """Append records."""

    def close(self, end: End) -> None:
        """The run is over."""


class FileSink:
    """Appends JSON lines to a file, each with the id of the run: others may write to the file, too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._run_id = ""
        self._left = b""

    def opened(self, run: StoredRun, *, resumed: bool) -> list[Record]:
        """Open the file. It, and its folder, are made if they are not there."""
        self._run_id = run.run_id
        before: list[Record] = []
        if resumed and self._path.exists():
            with suppress(NotFoundError):  # it was not recorded before it waited
                before = read_trace(self._path, run.run_id)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = FileIO(self._path, "ab+")
        if self._file.seek(0, os.SEEK_END):
            self._check_trace(self._file)
            self._file.seek(-1, os.SEEK_END)
            self._left = b"" if self._file.read(1) == b"\n" else b"\n"  # somebody was killed in the middle of a line
        return before

    def _check_trace(self, file: FileIO) -> None:
        """Leave alone what is something else: a database, say.

        Raises:
            InputError: the file does not begin as a trace does.
        """
        file.seek(0)
        if file.read(1) not in (b"{", b"\n"):
            file.close()
            raise InputError(f"{self._path} is there, and is no trace: record runs in another file, or in a folder.")

    def write(self, records: Sequence[Record]) -> None:
        """Write whole lines by one call, so that those of several runs do not mix."""
        assert self._file is not None, "it was opened"
        named = [{**record, "run_id": self._run_id} for record in records]
        self._left += "".join(lines(named)).encode(errors="replace")
        while self._left:
            self._left = self._left[self._file.write(self._left) :]

    def close(self, end: End) -> None:
        """Close the file.

        Raises:
            InputError: somebody removed it meanwhile, and the records with it.
        """
        assert self._file is not None, "it was opened"
        removed = os.fstat(self._file.fileno()).st_nlink == 0
        self._file.close()
        if removed:
            raise InputError(f"{self._path} was removed while the run was recorded.")


class StoreSink:
    """Writes to the tables ``run`` and ``run_record``."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._whose: tuple[str | None, str] = (None, "")
        self._left: list[Record] = []

    def opened(self, run: StoredRun, *, resumed: bool) -> list[Record]:
        """Begin the run's rows, or go on with them."""
        self._whose = (run.user_id, run.run_id)
        before = self._db.records(*self._whose) if resumed else []
        self._db.add_run(run)
        return before

    def write(self, records: Sequence[Record]) -> None:
        """Add records in one transaction. One that is too long for the store loses the ends of its texts."""
        self._left += records
        try:
            self._db.add_records(*self._whose, self._left)
        except InputError:
            self._db.add_records(*self._whose, [_taken(record) for record in self._left])
        self._left = []

    def close(self, end: End) -> None:
        """Say how it ended."""
        self._db.end_run(*self._whose, end.status, end.at)


def _taken(record: Record) -> Record:
    try:
        written([record])
    except InputError:
        return storable(record)
    return record
