"""``coterie curate``: curate the turns whose curation is owed, and see how they stand."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.asking import DryRun, say_if_dry
from coterie.cli.codes import code_of
from coterie.cli.ids import whole
from coterie.cli.jsons import as_text, print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, Model, User
from coterie.cli.progress import counted
from coterie.cli.stores import changing
from coterie.cli.texts import argument
from coterie.errors import InputError, NoModelError, NotFoundError
from coterie.settings import settings
from coterie.text import one_line, several, showable

if TYPE_CHECKING:
    from coterie.memory.db import Db as Store
    from coterie.memory.manager import MemoryManager
    from coterie.memory.report import CurationReport

TurnId = Annotated[
    str | None,
    typer.Argument(
        metavar="ID",
        callback=argument,
        show_default=False,
        help="With --retry: this turn alone; with --user the beginning of its id is enough.",
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", "-n", min=1, help="How many turns at most.", show_default="all")]
Verbatim = Annotated[bool, typer.Option("--verbatim", help="Keep what users stated, as said, without a model.")]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-w", min=1, help="Go on until stopped, with so many turns at a time.", show_default=False
    ),
]
Status = Annotated[bool, typer.Option("--status", help="Say how many turns are owed, and list those given up on.")]
Retry = Annotated[bool, typer.Option("--retry", help="Have those that failed, or were given up on, tried again now.")]


def curate(
    turn_id: TurnId = None,
    user: User = None,
    db: Db = DEFAULT_DB,
    model: Model = None,
    verbatim: Verbatim = False,
    limit: Limit = None,
    workers: Workers = None,
    status: Status = False,
    retry: Retry = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Curate turns whose curation is owed, of one user or of all: once, until none is due, or with --workers on and on.

    One that fails is tried again after a while, longer each time. One that has failed eight times is dead: it is kept,
    with its error, and not tried again without --retry.
    """
    _check_usage(turn_id, limit, workers, status, retry)
    if dry_run and not retry:
        raise InputError("--dry-run is for --retry; --status says how much is owed.")
    if json and workers is not None:
        raise InputError("--json is for what ends, and --workers goes on until it is stopped: leave it out.")
    if not (status or retry):
        _check_curator(model, verbatim)
    with changing(db, dry_run=dry_run, must_exist=True) as opened:
        if status:
            _print_status(opened, user, json)
        elif retry:
            _retry(opened, user, turn_id, dry_run, json)
        else:
            from coterie.memory.manager import MemoryManager

            manager = MemoryManager(db=opened, model=model, curator="verbatim" if verbatim else "model")
            if workers is None:
                _once(manager, user, limit, json)
            else:
                from coterie.cli.workers import work

                work(manager, workers, user)


def _check_usage(turn_id: str | None, limit: int | None, workers: int | None, status: bool, retry: bool) -> None:
    """Refuse options that do not go together."""
    if (workers is not None) + status + retry > 1:
        raise InputError("--workers, --status and --retry are three things to do: give one of them.")
    if turn_id is not None and not retry:
        raise InputError(f"The turn {turn_id!r} says which one to --retry: leave it out, or add --retry.")
    if limit is not None and (workers is not None or status or retry):
        raise InputError("--limit is for curating once: leave it out.")


def _check_curator(model: str | None, verbatim: bool) -> None:
    """Refuse two curators, and none."""
    if verbatim and model is not None:
        raise InputError(f"--verbatim needs no model: leave out either --verbatim or --model {model}.")
    if not (verbatim or settings().has_model):
        raise NoModelError(
            "No model is configured to curate with: set OPENAI_API_KEY (and OPENAI_BASE_URL for another server), or"
            " keep what users stated, as said, with --verbatim."
        )


def _once(manager: "MemoryManager", user: str | None, limit: int | None, json: bool) -> None:
    from coterie.teams.printing import curation_lines

    reports = []
    for report in counted(_curated(manager, user, limit), "turns", on_stdout=not json):
        reports.append(report)
        if not json:
            print("\n".join(curation_lines(report)) or "memory: nothing to keep")
    if json:
        print_json(reports)
    print(f"{sum(report.error is None for report in reports)} of {len(reports)} turns curated.", file=sys.stderr)
    if failures := [report.error for report in reports if report.error is not None]:
        raise typer.Exit(code_of(failures[-1]))


def _curated(manager: "MemoryManager", user: str | None, limit: int | None) -> "Iterator[CurationReport]":
    """Curate one turn after the other, and tell of each when it is done."""
    number = 0
    while (limit is None or number < limit) and (done := manager.curate_pending(user, 1)):
        yield from done
        number += 1


def _retry(db: "Store", user: str | None, turn_id: str | None, dry_run: bool, json: bool) -> None:
    if turn_id is not None and user is not None:
        turn_id = whole(db, "turn", user, turn_id)
    number = db.retry_turns(user, turn_id, dry_run=dry_run)
    if turn_id is not None and not number:
        part = "" if user else " Without --user the whole id is needed."
        raise NotFoundError(
            f"There is no turn {turn_id!r} that failed: `coterie curate --status` lists the dead ones.{part}"
        )
    if json:
        print_json({"turns": number})
    are = "would be" if dry_run else "is" if number == 1 else "are"
    print(f"{several(number, 'turn')} {are} due again.", file=sys.stderr)
    say_if_dry(dry_run)


def _print_status(db: "Store", user: str | None, json: bool) -> None:
    backlog, dead = db.backlog(user), db.dead_turns(user, None)
    if json:
        names = ("turn_id", "user_id", "team_id", "agent_id", "session_id", "at", "attempts", "error")
        print_json({"backlog": backlog, "dead": [{name: getattr(turn, name) for name in names} for turn in dead]})
        return
    print(f"due      {backlog.due:,}")
    print(f"in work  {backlog.in_work:,}")
    print(f"waiting  {backlog.waiting:,} to be tried again")
    print(f"dead     {backlog.dead:,}")
    if backlog.oldest is not None:
        print(f"{backlog.failed:,} of those owed failed before; the oldest was said at {as_text(backlog.oldest)}.")
    for turn in dead:
        print(showable(f"dead: {turn.turn_id} of {turn.user_id}: {one_line(turn.error or '')}"))
