"""``coterie memory history``, ``undo``, ``as-of`` and ``diff``: looking back, and taking back."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.asking import DryRun, say_if_dry
from coterie.cli.ids import whole
from coterie.cli.jsons import as_text, print_json
from coterie.cli.memories import Id, memory_line, or_say_whose, owner_of, print_memories, print_revisions
from coterie.cli.options import DEFAULT_DB, Db, Json, OneUser
from coterie.cli.stores import changing, store
from coterie.cli.texts import argument
from coterie.cli.times import WHEN, moment
from coterie.errors import InputError

if TYPE_CHECKING:
    from coterie.memory import db as stores
    from coterie.memory.edits import Difference
    from coterie.memory.prefixes import Kind


When = Annotated[datetime, typer.Argument(metavar="TIME", parser=moment, show_default=False, help=WHEN)]
From = Annotated[datetime, typer.Argument(metavar="FROM", parser=moment, show_default=False, help=WHEN)]
To = Annotated[
    datetime | None, typer.Argument(metavar="TO", parser=moment, show_default=False, help="The same; else now.")
]
SomeId = Annotated[
    str | None,
    typer.Argument(
        metavar="ID", callback=argument, show_default=False, help="A memory's id, or its beginning: its last change."
    ),
]
ChangeId = Annotated[
    str | None,
    typer.Option("--change", metavar="ID", callback=argument, help="One change: `memory history --json` has its id."),
]
RunId = Annotated[str | None, typer.Option("--run", metavar="ID", callback=argument, help="All changes of a run.")]
TurnId = Annotated[str | None, typer.Option("--turn", metavar="ID", callback=argument, help="All made from a turn.")]


def history(memory_id: Id, user: OneUser, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Show every change to a memory and what it replaced, the oldest first; also of one that was forgotten."""
    with store(db, must_exist=True) as opened, or_say_whose(memory_id, user):
        revisions = opened.history(owner_of(user), memory_id)
    print_json(revisions) if json else print_revisions(revisions)


def undo(
    user: OneUser,
    memory_id: SomeId = None,
    change: ChangeId = None,
    run: RunId = None,
    turn: TurnId = None,
    db: Db = DEFAULT_DB,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Take back the last change to a memory, one change, or all of a run or made from a turn: all of it or nothing.

    That is a change too, and can be taken back.
    """
    from coterie.memory.edits import Change

    given = {"change_id": change, "run_id": run, "turn_id": turn}
    if sum(one is not None for one in (memory_id, *given.values())) != 1:
        raise InputError("What is to be undone? Give one of: a memory's ID, --change, --run, --turn.")
    with changing(db, dry_run=dry_run, must_exist=True) as opened:
        what = _meant(opened, user, given) if memory_id is None else _last_change(opened, user, memory_id)
        undone = opened.undo(owner_of(user), Change(), **what, dry_run=dry_run)
    print_json(undone) if json else print_revisions(undone.revisions)
    if not undone.revisions:
        print("It was undone already.", file=sys.stderr)
    elif dry_run:
        say_if_dry(dry_run)
    else:
        again = f"coterie memory undo --change {undone.change_id}"
        print(f"To take that back in turn: {again}, with the same --user and --db.", file=sys.stderr)


def _meant(db: "stores.Db", user: str, given: dict[str, str | None]) -> dict[str, Any]:
    """The whole id of what is given."""
    kinds: dict[str, Kind] = {"change_id": "change", "run_id": "changing run", "turn_id": "changing turn"}
    return {name: whole(db, kinds[name], user, one) for name, one in given.items() if one is not None}


def _last_change(db: "stores.Db", user: str, memory_id: str) -> dict[str, Any]:
    with or_say_whose(memory_id, user):
        last = db.history(owner_of(user), memory_id)[-1]
    # What was done before changes had ids is taken back by itself.
    return {"change_id": last.change_id} if last.change_id else {"revision": last}


def as_of(time: When, user: OneUser, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """List what was believed at a time, the newest first."""
    with store(db, must_exist=True) as opened:
        memories = opened.as_of(owner_of(user), time)
        if json:
            print_json(memories)
            return
        print(f"Believed at {as_text(time)}:", file=sys.stderr)
        print_memories(opened, owner_of(user), memories)


def diff(first: From, user: OneUser, second: To = None, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Show how what was believed at one time differs from another: + added, - removed, ~ changed."""
    second = second or datetime.now(UTC)
    with store(db, must_exist=True) as opened:
        difference = opened.diff(owner_of(user), first, second)
    if json:
        print_json(difference)
        return
    print(f"From {as_text(first)} to {as_text(second)}:", file=sys.stderr)
    _print_difference(difference)


def _print_difference(difference: "Difference") -> None:
    for before, after in difference.changed:
        print(f"~ {memory_line(before)}")
        print(f"  {memory_line(after)}")
    for memory in difference.removed:
        print(f"- {memory_line(memory)}")
    for memory in difference.added:
        print(f"+ {memory_line(memory)}")
    if not (difference.changed or difference.removed or difference.added):
        print("Nothing.", file=sys.stderr)
