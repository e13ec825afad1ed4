"""``coterie runs``: the runs that were recorded, and what happened in one."""

import os
import sys
from datetime import UTC, datetime
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.asking import DryRun, Yes, make_sure, say_if_dry
from coterie.cli.ids import whole
from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, RunsUser
from coterie.cli.stores import changing, store
from coterie.cli.texts import argument, can_print, columns
from coterie.cli.times import WHEN, ago, moment
from coterie.errors import InputError, NotFoundError
from coterie.text import one_line, several

if TYPE_CHECKING:
    from coterie.graphs.trace import Record
    from coterie.memory.db import Db as Store
    from coterie.memory.values import StoredRun

app = typer.Typer(no_args_is_help=True, help="Look into recorded runs, and remove them.")

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]
OfSession = Annotated[
    str | None,
    typer.Option(
        "--session", "-s", metavar="ID", callback=argument, help="Only those of a conversation, by its id or beginning."
    ),
]
Which = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        callback=argument,
        show_default=False,
        help="A run in the store, by its id or the beginning of it; or a file of records, or a folder of such files.",
    ),
]
Some = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN", callback=argument, show_default=False, help="A run in the store, by its id or the beginning."
    ),
]
Before = Annotated[
    datetime | None,
    typer.Option("--before", metavar="TIME", parser=moment, show_default=False, help=f"All that began before. {WHEN}"),
]
InFile = Annotated[
    str | None, typer.Option("--run", metavar="ID", callback=argument, help="Which run, where a file has several.")
]


BARS = "░▒▓█─◂"


@app.command("list")
def list_runs(
    user: RunsUser = None, session: OfSession = None, db: Db = DEFAULT_DB, limit: Limit = 20, json: Json = False
) -> None:
    """List a user's recorded runs, the newest first; without --user those of nobody in particular."""
    with store(db, must_exist=True) as opened:
        session = None if session is None else whole(opened, "session of runs", user, session)
        runs = opened.runs(user, session_id=session, limit=limit)
        if json:
            print_json(runs)
            return
        for run_id, run in zip(columns([run.run_id for run in runs]), runs, strict=True):
            print(f"{run_id}  {_line(run)}{_heard_of(opened, run)}")
    if not runs:
        whose = "" if user else " Those of a user are listed with --user ID."
        print(f"Nothing. `coterie run FILE MESSAGE --trace` records a run.{whose}", file=sys.stderr)


def _line(run: "StoredRun") -> str:
    took = f"{(run.ended_at - run.started_at).total_seconds():.1f} s" if run.ended_at else ""
    return f"{run.started_at:%Y-%m-%d %H:%M}  {run.status:<9}  {took:>8}  {one_line(run.name)}"


def _heard_of(db: "Store", run: "StoredRun") -> str:
    """Of one that has no end, when it last told something: it may be at work, or its process was killed."""
    if run.status != "running":
        return ""
    last = db.records(run.user_id, run.run_id, after=max(run.records - 1, 0), limit=1)
    then = datetime.fromisoformat(last[0]["at"]) if last and "at" in last[0] else run.started_at
    return f"  (last heard of {ago(then, datetime.now(UTC))})"


@app.command()
def show(run: Which, run_id: InFile = None, user: RunsUser = None, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Show a recorded run: who worked when, then its steps with models, tools and what became of the memory."""
    from coterie.cli.accounts import account

    records = trace(run, run_id, user, db)
    if json:
        print_json(records)
        return
    width, ascii = min(get_terminal_size((100, 24)).columns, 140), not can_print(BARS)
    for line in account(records, datetime.now(UTC), width, ascii=ascii):
        print(line)


@app.command()
def remove(
    run: Some = None,
    before: Before = None,
    user: RunsUser = None,
    db: Db = DEFAULT_DB,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Remove a recorded run, or all of a user that began before a time. This cannot be undone; memories stay.

    Without --user those of nobody in particular are meant.
    """
    if (run is None) == (before is None):
        raise InputError("What is to be removed? Give one of: a RUN, --before TIME.")
    with changing(db, dry_run=dry_run, must_exist=True) as opened:
        run = None if run is None else _found(opened, user, run).run_id
        number = _removed(opened, user, run, before, dry_run or not yes)
        if number and not (dry_run or yes):
            make_sure(f"remove {_which(run, number, user)} from {opened.name}")
            number = _removed(opened, user, run, before, False)
    said = f"{'Would be removed' if dry_run else 'Removed'}: {_which(run, number, user)}"
    print_json({"runs": number}) if json else print(said)
    say_if_dry(dry_run)


def _which(run: str | None, number: int, user: str | None) -> str:
    whose = f"user {user!r}" if user else "nobody in particular"
    return f"the run {run}" if run else f"{several(number, 'run')} of {whose}"


def _removed(db: "Store", user: str | None, run: str | None, before: datetime | None, dry_run: bool) -> int:
    """How many runs were removed, or would be."""
    if before is not None:
        return db.remove_runs(user, before, dry_run=dry_run)
    if run is not None and not dry_run:
        db.remove_run(user, run)
    return 1


def trace(run: str, run_id: str | None, user: str | None, db: str) -> "list[Record]":
    """The records of a run that is meant: in the store, in a file or in a folder.

    Raises:
        NotFoundError: there is no such run.
        InputError: it is not said well enough which is meant, or a file is no trace.
    """
    if is_file(run):
        from coterie.teams.tracing import read_trace

        return read_trace(run, run_id)
    with store(db, must_exist=True) as opened:
        found = _found(opened, user, run)
        records = opened.records(found.user_id, found.run_id)
    if not records:
        raise NotFoundError(f"The run {found.run_id} has no records: it ended before the first was written.")
    return records


def _found(db: "Store", user: str | None, run: str) -> "StoredRun":
    try:
        return db.run(user, run)
    except NotFoundError as error:
        raise NotFoundError(
            f"{error} That is `coterie runs list`, with the same --user and --db. A file of records ends in .jsonl."
        ) from error


def is_file(run: str) -> bool:
    """Whether a file or a folder is meant, not a run in the store."""
    return run.endswith(".jsonl") or os.path.exists(run)
