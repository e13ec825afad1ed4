"""``coterie db``: look after the database."""

import sys
from typing import Annotated

import typer

from coterie.cli.asking import DryRun, say_if_dry
from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json
from coterie.cli.progress import waiting
from coterie.cli.stores import store
from coterie.cli.texts import argument

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL|FILE:NAME",
        callback=argument,
        show_default=False,
        help="An embedding model of the configured server, or a LangChain one that a Python file defines.",
    ),
]

app = typer.Typer(no_args_is_help=True, help="Look after the database: its schema, and whether all is well.")


@app.command()
def current(db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Print the version of the schema, and change nothing."""
    from coterie.memory.schema import HEAD

    with store(db, must_exist=True) as opened:
        found = opened.schema_version()
    print_json({"version": found, "newest": HEAD}) if json else print(found or "none")
    if found != HEAD:
        print(f"The newest is {HEAD}: `coterie db upgrade` brings the database there.", file=sys.stderr)


@app.command()
def upgrade(db: Db = DEFAULT_DB, dry_run: DryRun = False, json: Json = False) -> None:
    """Make the tables, or bring them to the newest version. Everything stored stays; take a copy all the same.

    Every other command does the same when it meets an older database, so there is no question.
    """
    from coterie.memory.schema import HEAD

    with store(db) as opened, waiting("upgrading"):
        before = opened.schema_version() if dry_run else opened.upgrade()
    if json:
        print_json({"before": before, "after": HEAD})
    elif before == HEAD:
        print(f"It is at the newest version, {HEAD}.")
    elif dry_run:
        print(f"It would be upgraded from {before} to {HEAD}." if before else f"It would be made, at version {HEAD}.")
    else:
        print(f"Upgraded from {before} to {HEAD}." if before else f"Made, at version {HEAD}.")
    say_if_dry(dry_run)


@app.command()
def reembed(embedder: Model, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Give every memory a vector of an embedding model, in batches: it may be broken off, and goes on where it was."""
    from coterie.cli.embedders import embedder as chosen
    from coterie.cli.progress import counting

    with store(db, must_exist=True, embedder=chosen(embedder)) as opened, counting("memories") as progress:
        done = opened.reembed(progress)
    print_json({"embedded": done}) if json else print(f"Memories embedded: {done:,}.")


@app.command()
def check(db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Look whether the schema is the newest and everything stored agrees: one line for each finding."""
    with store(db, must_exist=True) as opened, waiting("checking"):
        findings = opened.check()
    print_json(findings) if json else print(*findings, sep="\n", end="\n" if findings else "")
    if findings:
        raise typer.Exit(1)
    print("All is well.", file=sys.stderr)
