"""Before much is changed: --dry-run says what would be done, --yes that it is meant; else a person is asked."""

import sys
from typing import Annotated

import typer

from coterie.cli.codes import Code
from coterie.errors import InputError

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def make_sure(what: str) -> None:
    """Ask whether it is meant; go on if it is.

    Args:
        what: what would be done, for good: "remove 3 runs".

    Raises:
        InputError: nobody is there to be asked.
        Exit: somebody said no.
    """
    if not sys.stdin.isatty():
        raise InputError(f"This would {what}, for good, and nobody can be asked here: say --yes if that is meant.")
    if not typer.confirm(f"{what[0].upper()}{what[1:]}? It cannot be undone.", err=True):
        print("Nothing was changed.", file=sys.stderr)
        raise typer.Exit(Code.DECLINED)


def say_if_dry(dry_run: bool) -> None:
    """Say that it was not done."""
    if dry_run:
        print("A dry run: nothing was changed.", file=sys.stderr)
