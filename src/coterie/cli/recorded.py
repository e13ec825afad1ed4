"""The options by which a run is recorded."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.texts import argument
from coterie.errors import InputError
from coterie.memory.opening import is_postgres

if TYPE_CHECKING:
    from coterie.teams.agent import Agent
    from coterie.teams.output import RunOutput
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


def look(target: "Agent | Team", trace: "Trace", output: "RunOutput") -> str:
    """A sentence on the command that makes a page of a run that was recorded."""
    file = trace.file(output.run_id)
    if file is not None:
        which = [str(file)] if file.stem == output.run_id else [str(file), "--run", output.run_id]
    else:
        whose = [] if output.user_id is None else ["--user", output.user_id]
        place = _place(target)
        if not is_postgres(place) and not Path(place).is_file():
            return f"Recorded in {place}, which ends with this program: --trace-to PATH keeps a run."
        which = [output.run_id, *whose, "--db", place]
    return f"Recorded. A page of it: {shlex.join(['coterie', 'replay', *which, '-o', 'run.html'])}"


def _place(target: "Agent | Team") -> str:
    """The store as ``--db`` takes it; of a server without the password, which is not for the screen."""
    manager = target.memory_manager
    db = manager.db if target.db is None and manager is not None else target.db
    assert db is not None  # the run was recorded there
    return db.name
