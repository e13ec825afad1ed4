"""The options by which a run is recorded."""

from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.texts import argument
from coterie.errors import InputError

if TYPE_CHECKING:
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
