"""Memories, and what happened to them, as lines on a terminal; and whose they are."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.texts import argument
from coterie.errors import InputError, NotFoundError
from coterie.text import one_line

if TYPE_CHECKING:
    from coterie.memory.db import Db
    from coterie.memory.edits import Revision
    from coterie.memory.values import Scope, Turn, UserMemory

Id = Annotated[
    str, typer.Argument(metavar="ID", callback=argument, show_default=False, help="A memory's id, or its beginning.")
]
Text = Annotated[str, typer.Argument(callback=argument, show_default=False, help="A statement, in a sentence.")]
Topics = Annotated[
    list[str] | None, typer.Option("--topic", "-t", callback=argument, help="What it is about; may be repeated.")
]

SHORTEST_ID = 13
"""Characters of an id that are shown at least: its time, to the millisecond. It stays unique when others are added."""


def print_memories(db: "Db", scope: "Scope", memories: "Sequence[UserMemory]") -> None:
    """Print one line for each memory: an id that is short and unique, the day, the statement, its topics and marks."""
    if not memories:
        print("Nothing.", file=sys.stderr)
    ids = short_ids(db, scope, [str(memory.memory_id) for memory in memories])
    width = max(map(len, ids), default=0)
    for short, memory in zip(ids, memories, strict=True):
        print(f"{short:<{width}}  {memory_line(memory)}")


def print_turns(turns: "Sequence[Turn]") -> None:
    """Print one line for each thing that was said: the day, who said it, and what."""
    if not turns:
        print("Nothing.", file=sys.stderr)
    for turn in turns:
        for message in turn.messages:
            if message.role in ("user", "assistant"):
                print(f"{turn.at:%Y-%m-%d}  {one_line(message.name or message.role)}: {one_line(message.content)}")


def memory_line(memory: "UserMemory") -> str:
    """A memory without its id."""
    day = memory.event_at or memory.created_at
    topics = f"  [{one_line(', '.join(memory.topics))}]" if memory.topics else ""
    return f"{day:%Y-%m-%d}  {one_line(memory.memory)}{topics}{''.join(f'  ({mark})' for mark in _marks(memory))}"


def _marks(memory: "UserMemory") -> Iterator[str]:
    """What one should know before believing it."""
    if memory.trust != "user":
        yield {"agent": "from an agent", "tool": "from a tool", "outside": "from outside"}[memory.trust]
    if memory.stale_since is not None:
        yield f"stale since {memory.stale_since:%Y-%m-%d}"


def short_ids(db: "Db", scope: "Scope", ids: Sequence[str]) -> list[str]:
    """For each id its shortest beginning that no other memory of the scope has."""
    return [_short(db, scope, memory_id, ids) for memory_id in ids]


def _short(db: "Db", scope: "Scope", memory_id: str, others: Sequence[str]) -> str:
    for length in range(SHORTEST_ID, len(memory_id)):
        prefix = memory_id[:length]
        if sum(other.startswith(prefix) for other in others) == 1 and not prefix.endswith("-"):
            try:
                found = db.find(scope, prefix).memory_id
            except InputError:  # several begin so that are not shown
                continue
            except NotFoundError:  # it was removed: its history is found by the whole id for sure
                return memory_id
            if found == memory_id:
                return prefix
    return memory_id


def print_revisions(revisions: "Iterable[Revision]") -> None:
    """Print one line for each change."""
    for revision in revisions:
        print(_line(revision))


def _line(revision: "Revision") -> str:
    change = revision.change
    who = " ".join(part for part in (change.actor, change.agent_id or change.team_id) if part)
    what = (revision.after or revision.before).memory  # type: ignore[union-attr]  # one of them is there
    why = f"  ({one_line(_reason(revision.reason))})" if revision.reason else ""
    return f"{revision.at:%Y-%m-%d %H:%M}  {_happened(revision):<8}  by {who}: {one_line(what)}{why}"


def _reason(reason: str) -> str:
    """Why it was changed. Of what was undone people want to know when it was done; `--json` has its id."""
    from coterie.memory.ids import is_id, made_at
    from coterie.memory.undoing import UNDONE

    *words, which = reason.split() or [""]
    if words[:1] != ["undid"] or not is_id(which):
        return reason
    told = UNDONE.get(words[-1], " ".join(words[1:]))  # older stores have the field's name
    return f"undid {told} of {made_at(which):%Y-%m-%d %H:%M}"


def _happened(revision: "Revision") -> str:
    """What became of the memory, in a word: the edit's, or that it was closed, marked, removed."""
    before, after = revision.before, revision.after
    if before and after:
        if after.superseded_by and not before.superseded_by:
            return "replaced"
        if after.stale_since and not before.stale_since:
            return "stale"
    return "removed" if after is None and revision.op != "delete" else revision.op


@contextmanager
def or_say_whose(memory_id: str, user: str) -> Iterator[None]:
    """Whose memory was not found, in the words of the command line."""
    try:
        yield
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no memory {memory_id!r} of user {user!r}: `coterie memory list`, with the same --user and --db,"
            " shows the ids."
        ) from error


def owner_of(user: str) -> "Scope":
    """The person themself asks, or somebody for them."""
    from coterie.memory.values import Scope

    return Scope(user, as_owner=True)
