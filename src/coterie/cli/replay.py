"""``coterie replay``: a recorded run as a page."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import DEFAULT_DB, Db, User
from coterie.cli.stores import store
from coterie.cli.texts import argument
from coterie.errors import InputError

if TYPE_CHECKING:
    from coterie.graphs.trace import Record
    from coterie.memory.values import UserMemory

WhichRun = Annotated[
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
Output = Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The page to write; - is stdout.")]


def replay(run: WhichRun, output: Output, run_id: InFile = None, user: User = None, db: Db = DEFAULT_DB) -> None:
    """Write a recorded run as one HTML page that opens without a server: the graph, lanes in time, the memory."""
    from coterie.graphs.replay import replay as page_of

    records, memories = _from_file(run, run_id) if _is_file(run) else _from_store(run, user, db)
    page = page_of(records, memories)
    if str(output) == "-":
        sys.stdout.buffer.write(page.encode())
        return
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"Nothing can be written to {str(output)!r} ({error.strerror}): give a file in a folder that exists and is"
            " writable."
        ) from error
    print(f"Written: {output}", file=sys.stderr)


def _is_file(run: str) -> bool:
    return run.endswith(".jsonl") or Path(run).exists()


def _from_file(path: str, run_id: str | None) -> "tuple[list[Record], None]":
    from coterie.teams.tracing import read_trace

    return read_trace(path, run_id), None


def _from_store(run: str, user: str | None, db: str) -> "tuple[list[Record], list[UserMemory] | None]":
    """The records, and what the user's memory held when the run began; None if it was recorded without contents."""
    from coterie.memory.values import Scope

    with store(db, must_exist=True) as opened:
        found = opened.run(user, run)
        records = opened.records(found.user_id, found.run_id)
        if found.user_id is None or not records or not records[0].get("contents"):
            return records, None
        return records, opened.as_of(Scope(found.user_id, as_owner=True), found.started_at)
