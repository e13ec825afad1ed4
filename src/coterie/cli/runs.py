"""``coterie runs``: the runs that were recorded, and what happened in one."""

import os
import sys
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, RunsUser
from coterie.cli.stores import store
from coterie.cli.texts import argument
from coterie.errors import NotFoundError
from coterie.text import one_line

if TYPE_CHECKING:
    from coterie.graphs.trace import Record

app = typer.Typer(no_args_is_help=True, help="Look into recorded runs.")

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]
OfSession = Annotated[
    str | None, typer.Option("--session", "-s", metavar="ID", callback=argument, help="Only those of a conversation.")
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
InFile = Annotated[
    str | None, typer.Option("--run", metavar="ID", callback=argument, help="Which run, where a file has several.")
]


@app.command("list")
def list_runs(
    user: RunsUser = None, session: OfSession = None, db: Db = DEFAULT_DB, limit: Limit = 20, json: Json = False
) -> None:
    """List a user's recorded runs, the newest first; without --user those of nobody in particular."""
    with store(db, must_exist=True) as opened:
        runs = opened.runs(user, session_id=session, limit=limit)
    if json:
        print_json(runs)
        return
    if not runs:
        whose = "" if user else " Those of a user are listed with --user ID."
        print(f"Nothing. `coterie run FILE MESSAGE --trace` records a run.{whose}", file=sys.stderr)
    for run in runs:
        took = f"{(run.ended_at - run.started_at).total_seconds():.1f} s" if run.ended_at else ""
        began = f"{run.started_at:%Y-%m-%d %H:%M}"
        print(f"{run.run_id}  {began}  {run.status:<9}  {took:>8}  {one_line(run.name)}")


@app.command()
def show(run: Which, run_id: InFile = None, user: RunsUser = None, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Show a recorded run: who worked when, then its steps with models, tools and what became of the memory."""
    from coterie.cli.accounts import account

    records = trace(run, run_id, user, db)
    if json:
        print_json(records)
        return
    for line in account(records, min(get_terminal_size((100, 24)).columns, 140)):
        print(line)


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
        try:
            found = opened.run(user, run)
        except NotFoundError as error:
            raise NotFoundError(
                f"{error} That is `coterie runs list`, with the same --user and --db. A file of records ends in .jsonl."
            ) from error
        records = opened.records(found.user_id, found.run_id)
    if not records:
        raise NotFoundError(f"The run {found.run_id} has no records: it ended before the first was written.")
    return records


def is_file(run: str) -> bool:
    """Whether a file or a folder is meant, not a run in the store."""
    return run.endswith(".jsonl") or os.path.exists(run)
