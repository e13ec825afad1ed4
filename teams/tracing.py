"""Traces: whether runs are recorded, and where; and reading back what was recorded in files."""

import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coterie.errors import ConfigurationError, InputError, NotFoundError
from coterie.graphs.trace import SCHEMA, Record
from coterie.teams.shapes import wrong_with

log = logging.getLogger("coterie")


@dataclass(frozen=True)
class Trace:
    """How runs are recorded: ``Agent(trace=Trace("runs/", contents=True))``.

    Raises:
        ConfigurationError: ``to`` is no path.
    """

    to: str | Path | None = None
    """A file of JSON lines, to which each run is appended; or a folder (one that is there, or a text that ends in /),
    in which each run has a file of its own, ``RUN_ID.jsonl``. None: the table ``run`` of the store."""
    contents: bool = False
    """Record also what was said, remembered, answered, and what tools were called with. Otherwise a trace has names,
    ids, times, counts and scores."""

    def __post_init__(self) -> None:
        if self.to is not None and (not isinstance(self.to, str | Path) or not str(self.to).strip()):
            raise ConfigurationError(f"A trace goes to a file or a folder, not to {self.to!r}: give a path, or None.")

    def file(self, run_id: str) -> Path | None:
        """The file that a run is recorded in. None: it is the store."""
        if self.to is None:
            return None
        is_folder = str(self.to).endswith("/") or os.path.isdir(self.to)  # that of Path raises for a name too long
        return Path(self.to) / f"{run_id}.jsonl" if is_folder else Path(self.to)


TraceSetting = bool | str | Path | Trace


def trace_of(owner: str, setting: TraceSetting) -> Trace | None:
    """What a setting means. None: runs are not recorded.

    Raises:
        ConfigurationError: it is nothing that is known.
    """
    if setting is True:
        return Trace()
    if setting is False:
        return None
    if isinstance(setting, Trace):
        return setting
    if isinstance(setting, str | Path) and str(setting).strip():
        return Trace(setting)
    raise ConfigurationError(
        f"{owner}: trace={setting!r} is not known: give True (the store), a path, or a coterie.Trace."
    )


def read_trace(path: str | Path, run_id: str | None = None) -> list[Record]:
    """Read the records of one run from a file, or from the folder that has a file for each run.

    Lines that were torn, because a process was killed as it wrote, are left out, and logged.

    Args:
        path: the file, or the folder.
        run_id: which run, where there are several; the beginning of its id is enough.

    Raises:
        InputError: the file cannot be read, is no trace or one of a newer coterie; or several runs are meant.
        NotFoundError: there is no such run.
    """
    path = Path(path)
    if path.is_dir():
        return read_trace(path / f"{_chosen((each.stem for each in path.glob('*.jsonl')), run_id, path)}.jsonl")
    runs: dict[str, list[Record]] = {}
    for record in _records(path):
        runs.setdefault(record["run_id"], []).append(record)
    return runs[_chosen(runs, run_id, path)]


def _chosen(there: Iterable[str], wanted: str | None, path: Path) -> str:
    found = [each for each in sorted(there) if each.startswith(wanted or "")]
    if wanted in found or len(found) == 1:
        return found[0]  # what others begin with is sorted before them
    if found:
        raise InputError(
            f"{path} has {len(found)} such runs: say which by its id (--run, or run_id=): {', '.join(found[-5:])}."
        )
    raise NotFoundError(f"{path} has no run {wanted!r}." if wanted else f"{path} has no runs.")


def _records(path: Path) -> Iterator[Record]:
    """The records in a file, each with its ``run_id``."""
    run_id, torn = "", list[int]()
    for number, line in _lines(path):
        record = _record(line)
        if record is None:
            torn.append(number)
            continue
        if record.get("schema", 0) > SCHEMA:
            raise InputError(
                f"{path}:{number}: coterie {record.get('coterie')} wrote it in schema {record['schema']}, and this one"
                f" reads {SCHEMA}: update coterie."
            )
        if (wrong := wrong_with(record)) is not None:
            raise InputError(f"{path}:{number}: {wrong}. That is no record of coterie: take the line out.")
        run_id = record.setdefault("run_id", run_id)
        yield record
    if torn and not run_id:
        raise InputError(f"{path} is no trace: line {torn[0]} is no record.")
    for number in torn:
        log.warning(f"{path}:{number}: the line is torn, and left out: was the process killed as it wrote?")


def _lines(path: Path) -> list[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers."""
    try:
        return [(number, line) for number, line in enumerate(path.read_bytes().split(b"\n"), 1) if line.strip()]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _record(line: bytes) -> Record | None:
    """The record in a line. None: there is none."""
    try:
        found = json.loads(line, parse_constant=_no_json)
    except ValueError:  # also of what is not UTF-8
        return None
    return found if isinstance(found, dict) and _is_record(found) else None


def _no_json(said: str) -> None:
    """Refuse NaN and the infinities, which Python reads."""
    raise ValueError(f"{said} is no JSON")


def _is_record(found: dict[str, object]) -> bool:
    """Whether it has what every record has, as it should be."""
    texts = [found.get("kind"), found.get("at"), found.get("run_id", "")]
    return all(isinstance(each, str) for each in texts) and isinstance(found.get("schema", 0), int)
