"""``coterie curate``: curate the turns whose curation is owed."""

import sys
from typing import Annotated

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, Model, User
from coterie.cli.stores import store

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many turns at most.")]
Verbatim = Annotated[bool, typer.Option("--verbatim", help="Keep what users stated, as said, without a model.")]


def curate(
    user: User = None,
    db: Db = DEFAULT_DB,
    model: Model = None,
    verbatim: Verbatim = False,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """Curate turns that could not be curated when they were said: of one user, or of all."""
    from coterie.memory.manager import MemoryManager
    from coterie.teams.printing import curation_lines

    with store(db, must_exist=True) as opened:
        manager = MemoryManager(db=opened, model=model, curator="verbatim" if verbatim else "model")
        reports = manager.curate_pending(user, limit)
    if json:
        print_json(reports)
    else:
        for report in reports:
            print("\n".join(curation_lines(report)) or "memory: nothing to keep")
    print(f"{sum(report.error is None for report in reports)} of {len(reports)} turns curated.", file=sys.stderr)
    if any(report.error for report in reports):
        raise typer.Exit(1)
