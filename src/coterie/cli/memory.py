"""``coterie memory``: what is remembered of a user."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.jsons import as_text, print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, OneUser
from coterie.cli.stores import store
from coterie.cli.texts import argument
from coterie.errors import InputError, NotFoundError
from coterie.text import one_line

if TYPE_CHECKING:
    from coterie.memory import db as stores
    from coterie.memory.edits import Revision
    from coterie.memory.values import Scope, UserMemory

app = typer.Typer(no_args_is_help=True, help="Look into the memory of a user, and change it.")

Id = Annotated[
    str, typer.Argument(metavar="ID", callback=argument, show_default=False, help="A memory's id, or its beginning.")
]
Text = Annotated[str, typer.Argument(callback=argument, show_default=False)]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]
Topics = Annotated[
    list[str] | None, typer.Option("--topic", "-t", callback=argument, help="What it is about; may be repeated.")
]

SHORTEST_ID = 8
"""Characters of an id, when they are enough to tell it from all others."""


@app.command("list")
def list_memories(user: OneUser, db: Db = DEFAULT_DB, limit: Limit = 20, json: Json = False) -> None:
    """List what is remembered, the newest first."""
    with store(db, must_exist=True) as opened:
        memories = opened.newest(_owner(user), limit)
        print_json(memories) if json else print_memories(opened, _owner(user), memories)


@app.command()
def search(query: Text, user: OneUser, db: Db = DEFAULT_DB, limit: Limit = 10, json: Json = False) -> None:
    """Search what is remembered, the best first."""
    with store(db, must_exist=True) as opened:
        hits = opened.search(_owner(user), query, limit)
        print_json(hits) if json else print_memories(opened, _owner(user), [hit.memory for hit in hits])


@app.command()
def show(memory_id: Id, user: OneUser, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Show a memory, with everything that is known about it."""
    with store(db, must_exist=True) as opened, _or_say_whose(memory_id, user):
        memory = opened.find(_owner(user), memory_id)
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
        memory = opened.get(_owner(user), applied.memory_id)
    if not applied.revisions:
        print("This was remembered already.", file=sys.stderr)
    print_json(memory) if json else print(memory.memory_id)


@app.command()
def forget(memory_id: Id, user: OneUser, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Forget a memory. Its history stays."""
    from coterie.memory.edits import Change, Delete, Ref

    with store(db, must_exist=True) as opened, _or_say_whose(memory_id, user):
        memory = opened.find(_owner(user), memory_id)
        ref = Ref(str(memory.memory_id), memory.version)
        (applied,) = opened.apply(_owner(user), [Delete(ref)], Change())
    print_json(applied) if json else print(f"Forgotten: {one_line(memory.memory)}")
    print(f"Its history: coterie memory history {ref.memory_id}, with the same --user and --db.", file=sys.stderr)


@app.command()
def history(memory_id: Id, user: OneUser, db: Db = DEFAULT_DB, json: Json = False) -> None:
    """Show every change to a memory, the oldest first; also of one that was forgotten."""
    with store(db, must_exist=True) as opened, _or_say_whose(memory_id, user):
        revisions = opened.history(_owner(user), memory_id)
    if json:
        print_json(revisions)
        return
    for revision in revisions:
        print(_line(revision))


def _line(revision: "Revision") -> str:
    change = revision.change
    who = " ".join(part for part in (change.actor, change.agent_id or change.team_id) if part)
    what = (revision.after or revision.before).memory  # type: ignore[union-attr]  # one of them is there
    why = f"  ({one_line(revision.reason)})" if revision.reason else ""
    return f"{revision.at:%Y-%m-%d %H:%M}  {_happened(revision):<8}  by {who}: {one_line(what)}{why}"


def _happened(revision: "Revision") -> str:
    """What became of the memory, in a word: the edit's, or that it was closed."""
    closed = revision.before and revision.after and revision.after.superseded_by and not revision.before.superseded_by
    return "replaced" if closed else revision.op


def print_memories(db: "stores.Db", scope: "Scope", memories: "Sequence[UserMemory]") -> None:
    """Print one line for each memory: an id that is short and unique, the day, the statement, its topics."""
    if not memories:
        print("Nothing.", file=sys.stderr)
    ids = short_ids(db, scope, [str(memory.memory_id) for memory in memories])
    width = max(map(len, ids), default=0)
    for short, memory in zip(ids, memories, strict=True):
        day = memory.event_at or memory.created_at
        topics = f"  [{one_line(', '.join(memory.topics))}]" if memory.topics else ""
        print(f"{short:<{width}}  {day:%Y-%m-%d}  {one_line(memory.memory)}{topics}")


def short_ids(db: "stores.Db", scope: "Scope", ids: Sequence[str]) -> list[str]:
    """For each id its shortest beginning that no other memory of the scope has."""
    return [_short(db, scope, memory_id, ids) for memory_id in ids]


def _short(db: "stores.Db", scope: "Scope", memory_id: str, others: Sequence[str]) -> str:
    for length in range(SHORTEST_ID, len(memory_id)):
        prefix = memory_id[:length]
        if sum(other.startswith(prefix) for other in others) == 1 and not prefix.endswith("-"):
            try:
                db.find(scope, prefix)
            except InputError:  # one that is not shown begins so as well
                continue
            return prefix
    return memory_id


@contextmanager
def _or_say_whose(memory_id: str, user: str) -> Iterator[None]:
    """Whose memory was not found, in the words of the command line."""
    try:
        yield
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no memory {memory_id!r} of user {user!r}: `coterie memory list`, with the same --user and --db,"
            " shows the ids."
        ) from error


def _owner(user: str) -> "Scope":
    from coterie.memory.values import Scope

    return Scope(user, as_owner=True)
