"""``coterie memory optimize``: what is remembered of a user, in fewer words."""

import sys
from typing import Annotated, Literal

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, Model, OneUser
from coterie.cli.progress import waiting
from coterie.cli.stores import changing
from coterie.errors import InputError

Strategy = Annotated[
    Literal["summarize", "deduplicate"],
    typer.Option("--strategy", "-s", help="Put all of it into few statements, or only those that say the same."),
]
Apply = Annotated[bool, typer.Option("--apply", help="Do it; `undo` takes it back. Without it, it is only shown.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done, as without --apply.")]


def optimize(
    user: OneUser,
    strategy: Strategy = "summarize",
    apply: Apply = False,
    dry_run: DryRun = False,
    db: Db = DEFAULT_DB,
    model: Model = None,
    json: Json = False,
) -> None:
    """Put what is remembered into fewer words: - what goes, + what comes in its place.

    Without a model those that say the same in the same words become one.
    """
    from coterie.memory.manager import MemoryManager

    if apply and dry_run:
        raise InputError("--apply does it and --dry-run only shows it: give one of them.")
    with changing(db, dry_run=dry_run, must_exist=True) as opened, waiting("rewriting"):
        done = MemoryManager(db=opened, model=model).optimize_memories(user, strategy, apply)
    if json:
        names = ("removed", "added", "kept", "tokens_before", "tokens_after", "change_id")
        print_json({name: getattr(done, name) for name in names})
        return
    print(done)
    if not done.swaps:
        print("There is nothing to put into fewer words.", file=sys.stderr)
    elif done.change_id is None:
        print("Nothing was changed: --apply does it. A model may word it otherwise then.", file=sys.stderr)
    else:
        again = f"coterie memory undo --change {done.change_id}"
        print(f"To take it back: {again}, with the same --user and --db.", file=sys.stderr)
