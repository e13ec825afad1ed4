"""``coterie replay``: a recorded run as a page."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import DEFAULT_DB, Db, RunsUser
from coterie.cli.runs import InFile, Which, is_file, trace
from coterie.cli.stores import store
from coterie.errors import InputError

if TYPE_CHECKING:
    from coterie.graphs.trace import Record
    from coterie.memory.values import UserMemory

Output = Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The page to write; - is stdout.")]


def replay(run: Which, output: Output, run_id: InFile = None, user: RunsUser = None, db: Db = DEFAULT_DB) -> None:
    """Write a recorded run as one HTML page that opens without a server: the graph, lanes in time, the memory."""
    from coterie.graphs.replay import replay as page_of

    records = trace(run, run_id, user, db)
    page = page_of(records, None if is_file(run) else _memories(records[0], db))
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


def _memories(first: "Record", db: str) -> "list[UserMemory] | None":
    """What the user's memory held when the run began; None if it was recorded without contents, or had no user."""
    from datetime import datetime

    from coterie.memory.values import Scope

    if not first.get("contents") or first.get("user_id") is None:
        return None
    with store(db, must_exist=True) as opened:
        return opened.as_of(Scope(first["user_id"], as_owner=True), datetime.fromisoformat(first["at"]))
