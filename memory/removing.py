"""What goes when a memory is removed, and what becomes stale."""

from collections.abc import Iterable

from coterie.memory import rows
from coterie.memory.draft import Draft
from coterie.memory.edits import Operation
from coterie.memory.values import UserMemory

_REMOVED = "what it was made from was removed"


def remove(draft: Draft, memory: UserMemory, reason: str) -> str:
    """Remove a memory and all that it took the place of; what was made from them is marked as stale. Returns its id."""
    mark_stale(draft, "delete", draft.dependants(memory, unmarked=True), _REMOVED)
    for one in draft.line(memory):
        draft.put("delete", one, None, reason)
    return str(memory.memory_id)


def remove_with_dependants(draft: Draft, memory: UserMemory, reason: str) -> str:
    """Remove a memory and what was made from it, each with what it took the place of. Returns its id."""
    gone = {rows.memory_key(one): one for one in draft.line(memory)}
    for made in draft.dependants(memory):
        gone |= {rows.memory_key(one): one for one in draft.line(made)}
    others = [made for one in gone.values() for made in draft.dependants(one, unmarked=True)]
    for one in gone.values():
        draft.put("delete", one, None, reason)
    left = {key: made for made in others if (key := rows.memory_key(made)) not in gone}
    mark_stale(draft, "delete", left.values(), _REMOVED)
    return str(memory.memory_id)


def mark_stale(draft: Draft, op: Operation, made: Iterable[UserMemory], reason: str) -> None:
    """Mark what was made from a memory that does not hold any more."""
    for one in made:
        draft.alter(op, one, reason, stale_since=draft.at)
