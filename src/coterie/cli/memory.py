"""``coterie memory``: what is remembered of a user."""

import sys
from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from coterie.cli.asking import DryRun, say_if_dry
from coterie.cli.jsons import as_text, print_json
from coterie.cli.memories import (
    Id,
    Text,
    Topics,
    or_say_whose,
    owner_of,
    print_memories,
    print_revisions,
    print_turns,
)
from coterie.cli.options import DEFAULT_DB, Db, Json, OneUser
from coterie.cli.stores import changing, store
from coterie.cli.texts import argument
from coterie.text import one_line

app = typer.Typer(no_args_is_help=True, help="Look into the memory of a user, and change it.")

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]
To = Annotated[
    Literal["team", "agent"],
    typer.Option("--to", show_default=False, help="Who may still read it: its team's agents, or its writer alone."),
]
Query = Annotated[str, typer.Argument(callback=argument, show_default=False, help="What to look for, in words.")]
Turns = Annotated[bool, typer.Option("--turns", help="Search what was said, word for word.")]


@app.command("list")
def list_memories(user: OneUser, db: Db = DEFAULT_DB, limit: Limit = 20, json: Json = False) -> None:
    """List what is remembered, the newest first."""
    with store(db, must_exist=True) as opened:
        memories = opened.newest(owner_of(user), limit)
        print_json(memories) if json else print_memories(opened, owner_of(user), memories)


@app.command()
def search(
    query: Query, user: OneUser, db: Db = DEFAULT_DB, limit: Limit = 10, turns: Turns = False, json: Json = False
) -> None:
    """Search what is remembered, or with --turns what was said, the best first."""
    with store(db, must_exist=True) as opened:
        if turns:
            found = opened.search_turns(owner_of(user), query, limit)
            print_json(found) if json else print_turns([hit.turn for hit in found])
            return
        hits = opened.search(owner_of(user), query, limit)
        print_json(hits) if json else print_memories(opened, owner_of(user), [hit.memory for hit in hits])


@app.command()
def show(memory_id: Id, user: OneUser, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Show a memory, with everything that is known about it."""
    with store(db, must_exist=True) as opened, or_say_whose(memory_id, user):
        memory = opened.find(owner_of(user), memory_id)
    if json:
        print_json(memory)
        return
    for name, value in memory.model_dump().items():
        if value not in (None, []):
            print(f"{name:<15} {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return as_text(value)
    return one_line(", ".join(value) if isinstance(value, list) else str(value))


@app.command()
def add(text: Text, user: OneUser, db: Db = DEFAULT_DB, topic: Topics = None, json: Json = False) -> None:
    """Remember a statement, and print its id."""
    from coterie.memory.edits import Add, Change
    from coterie.memory.values import Scope, UserMemory

    with store(db) as opened:
        edit = Add(UserMemory(memory=text, topics=topic or [], user_id=user))
        (applied,) = opened.apply(Scope(user), [edit], Change())
        memory = opened.get(owner_of(user), applied.memory_id)
    if not applied.revisions:
        print("This was remembered already.", file=sys.stderr)
    print_json(memory) if json else print(memory.memory_id)


@app.command()
def forget(memory_id: Id, user: OneUser, db: Db = DEFAULT_DB, dry_run: DryRun = False, json: Json = False) -> None:
    """Forget a memory. Its history stays, and `undo` brings it back."""
    from coterie.memory.edits import Change, Delete

    with changing(db, dry_run=dry_run, must_exist=True) as opened, or_say_whose(memory_id, user):
        memory = opened.find(owner_of(user), memory_id)
        ref = _ref(memory)
        (applied,) = opened.apply(owner_of(user), [Delete(ref)], Change(), dry_run=dry_run)
    if json:
        print_json(applied)
    elif dry_run:
        print_revisions(applied.revisions)
    else:
        print(f"Forgotten: {one_line(memory.memory)}")
    say_if_dry(dry_run)
    if not dry_run:
        print(f"To take it back: coterie memory undo {ref.memory_id}, with the same --user and --db.", file=sys.stderr)


@app.command()
def update(
    memory_id: Id, text: Text, user: OneUser, db: Db = DEFAULT_DB, topic: Topics = None, json: Json = False
) -> None:
    """Put a new statement in place of one that is no longer right, and print its id. Without topics the old stay."""
    from coterie.memory.edits import Change, Update

    with store(db, must_exist=True) as opened, or_say_whose(memory_id, user):
        edit = Update(_ref(opened.find(owner_of(user), memory_id)), text, topic)
        (applied,) = opened.apply(owner_of(user), [edit], Change())
        memory = opened.get(owner_of(user), applied.memory_id)
    if not applied.revisions:
        print("It says so already.", file=sys.stderr)
    print_json(memory) if json else print(memory.memory_id)


@app.command()
def narrow(memory_id: Id, to: To, user: OneUser, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Let fewer read a memory, and what was made from it."""
    from coterie.memory.edits import Change, Narrow

    with store(db, must_exist=True) as opened, or_say_whose(memory_id, user):
        edit = Narrow(_ref(opened.find(owner_of(user), memory_id)), to)
        (applied,) = opened.apply(owner_of(user), [edit], Change())
    if json:
        print_json(applied)
        return
    for memory in [one.after or one.before for one in applied.revisions]:
        print(f"For its {to} alone: {one_line(memory.memory)}")  # type: ignore[union-attr]  # one of them is there
    if not applied.revisions:
        print("It is so already.", file=sys.stderr)


def _ref(memory: Any) -> Any:
    from coterie.memory.edits import Ref

    return Ref(str(memory.memory_id), memory.version)
