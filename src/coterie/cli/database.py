"""``coterie db``: look after the database."""

import sys
from typing import Annotated

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json
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
def current(db: Db = DEFAULT_DB) -> None:
    """Print the version of the schema, and change nothing."""
    from coterie.memory.schema import HEAD

    with store(db, must_exist=True) as opened:
        found = opened.schema_version()
    print(found or "none")
    if found != HEAD:
        print(f"The newest is {HEAD}: `coterie db upgrade` brings the database there.", file=sys.stderr)


@app.command()
def upgrade(db: Db = DEFAULT_DB) -> None:
    """Make the tables, or bring them to the newest version. Everything stored stays; take a copy all the same."""
    from coterie.memory.schema import HEAD

    with store(db) as opened:
        before = opened.upgrade()
    if before == HEAD:
        print(f"It is at the newest version, {HEAD}.")
    else:
        print(f"Upgraded from {before} to {HEAD}." if before else f"Made, at version {HEAD}.")


@app.command()
def reembed(embedder: Model, db: Db = DEFAULT_DB) -> None:
    """Give every memory a vector of an embedding model, in batches: it may be broken off, and goes on where it was."""
    from coterie.cli.embedders import embedder as chosen
    from coterie.cli.progress import counting

    with store(db, must_exist=True, embedder=chosen(embedder)) as opened, counting("memories") as progress:
        done = opened.reembed(progress)
    print(f"Memories embedded: {done:,}.")


@app.command()
def check(db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Look whether the schema is the newest and everything stored agrees: one line for each finding."""
    with store(db, must_exist=True) as opened:
        findings = opened.check()
    print_json(findings) if json else print(*findings, sep="\n", end="\n" if findings else "")
    if findings:
        raise typer.Exit(1)
    print("All is well.", file=sys.stderr)
