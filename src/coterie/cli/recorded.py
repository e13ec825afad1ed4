"""The options by which a run is recorded, and how to look at it then."""

import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from coterie.cli.stores import store
from coterie.cli.texts import argument
from coterie.errors import ConfigurationError, InputError
from coterie.memory.opening import is_postgres
from coterie.settings import settings

if TYPE_CHECKING:
    from coterie.graphs.events import Event
    from coterie.memory.db import Db
    from coterie.teams.agent import Agent
    from coterie.teams.output import RunStarted
    from coterie.teams.team import Team
    from coterie.teams.tracing import Trace

Traced = Annotated[bool, typer.Option("--trace", help="Record the run in the store: `coterie runs` shows it.")]
TraceTo = Annotated[
    str | None,
    typer.Option(
        "--trace-to", metavar="PATH", callback=argument, help="Record it in a file; in a folder, a file for each run."
    ),
]
Contents = Annotated[
    bool, typer.Option("--contents", help="Record also what is said, remembered and answered, not only that it is.")
]


def traced(store: bool, to: str | None, contents: bool) -> "Trace | None":
    """How the run is to be recorded. None: as the file says.

    Raises:
        InputError: two places, or contents of nothing.
    """
    if store and to is not None:
        raise InputError("Where is the run to be recorded? Give --trace, for the store, or --trace-to PATH.")
    if contents and not store and to is None:
        raise InputError("--contents is about what is recorded: give --trace or --trace-to PATH, too.")
    if not store and to is None:
        return None
    from coterie.teams.tracing import Trace

    return Trace(to, contents)


class Looked:
    """A run that may be recorded. At its end it is said how to look at it, also if it failed or was stopped.

    Args:
        target: what is run.
        trace: how it is recorded, as the command line says. None: it says nothing.

    Raises:
        ConfigurationError: see `record`.
    """

    def __init__(self, target: "Agent | Team", trace: "Trace | None") -> None:
        self._target = target
        self._trace = trace
        self._run: RunStarted | None = None
        record(target, trace)

    def seen(self, events: "Iterable[Event]") -> "Iterator[Event]":
        """The same events; which run it is is noted."""
        from coterie.teams.output import RunStarted

        for event in events:
            if isinstance(event, RunStarted):
                self._run = event
            yield event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if isinstance(error, KeyboardInterrupt) and self._run is not None and (db := kept_in(self._target)) is not None:
            owed = shlex.join(["coterie", "curate", "--status", *found_by(db)])
            print(f"\nStopped. What was said is kept: `{owed}` says what is owed.", file=sys.stderr)
        if self._trace is not None and self._run is not None:
            print(self._said(self._run, self._trace, whole=error is None), file=sys.stderr)

    def _said(self, run: "RunStarted", trace: "Trace", *, whole: bool) -> str:
        """A sentence on the command that shows the run, or makes a page of it."""
        file = trace.file(run.run_id)
        if file is not None:
            which = [str(file)] if file.stem == run.run_id else [str(file), "--run", run.run_id]
        else:
            db = kept_in(self._target)
            if db is None:
                return "Recorded in a store that ends with this program: --trace-to PATH keeps a run."
            whose = [] if run.user_id is None else ["--user", run.user_id]
            which = [run.run_id, *whose, *found_by(db)]
        if not whole:
            return f"What was recorded of it: {shlex.join(['coterie', 'runs', 'show', *which])}"
        return f"Recorded. A page of it: {shlex.join(['coterie', 'replay', *which, '-o', 'run.html'])}"


def record(target: "Agent | Team", trace: "Trace | None") -> None:
    """Have the runs of an agent or a team recorded. None: as its file says.

    Raises:
        ConfigurationError: they are to be recorded in the store, and there is none.
    """
    if trace is None:
        return
    if trace.to is None and store_of(target) is None:
        raise ConfigurationError(
            f"{target.name!r} has no store to record a run in: give it one with --db PATH, or record the run in a file"
            " with --trace-to PATH."
        )
    target.trace = trace


def store_of(target: "Agent | Team") -> "Db | None":
    """The store that runs are recorded in."""
    manager = target.memory_manager
    return manager.db if target.db is None and manager is not None else target.db


def kept_in(target: "Agent | Team") -> "Db | None":
    """That store, if it lasts. None: it is in memory, or there is none."""
    db = store_of(target)
    if db is None or db.address is None:
        return None
    return db if is_postgres(db.address) or Path(db.address).is_file() else None


def found_by(db: "Db") -> list[str]:
    """The options by which a command finds a store that lasts.

    A password is not for the screen: it is said where else to put it.
    """
    if db.has_password:
        given = settings().db
        if given is not None and is_postgres(given) and store(given).address == db.address:
            return []  # whoever types the command has it in the environment
        print("The database's password is not shown: have it in PGPASSWORD, or in ~/.pgpass.", file=sys.stderr)
    return ["--db", str(db.address)]
