"""``coterie curate``: curate the turns whose curation is owed."""

import sys
from typing import Annotated

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, Model, User
from coterie.cli.stores import store
from coterie.errors import ConfigurationError, InputError
from coterie.settings import settings

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
    """Curate turns that could not be curated when they were said: of one user, or of all.

    One that has failed eight times is dead: it is kept, with its error, and not tried again.
    """
    from coterie.memory.manager import MemoryManager
    from coterie.teams.printing import curation_lines

    _check_curator(model, verbatim)
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


def _check_curator(model: str | None, verbatim: bool) -> None:
    """Refuse two curators, and none."""
    if verbatim and model is not None:
        raise InputError(f"--verbatim needs no model: leave out either --verbatim or --model {model}.")
    if not verbatim and model is None and not settings().has_model:
        raise ConfigurationError(
            "No model is configured to curate with: set OPENAI_API_KEY (and OPENAI_BASE_URL for another server), or"
            " keep what users stated, as said, with --verbatim."
        )
