"""Where the records of a run go: a file, or the store."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from coterie.errors import NotFoundError
from coterie.graphs.trace import End, Record
from coterie.graphs.traced import lines
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
        self._file = -1
        self._run_id = ""
        self._left = b""

    def opened(self, run: StoredRun, *, resumed: bool) -> list[Record]:
        """Open the file. It, and its folder, are made if they are not there."""
        self._run_id = run.run_id
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            self._left = b"\n"  # somebody was killed in the middle of a line
        with suppress(NotFoundError):
            return read_trace(self._path, run.run_id) if resumed and size else []
        return []

    def write(self, records: Sequence[Record]) -> None:
        """Write whole lines by one call, so that those of several runs do not mix."""
        named = [{**record, "run_id": self._run_id} for record in records]
        self._left += "".join(lines(named)).encode()
        while self._left:
            self._left = self._left[os.write(self._file, self._left) :]

    def close(self, end: End) -> None:
        """Close the file."""
        os.close(self._file)
