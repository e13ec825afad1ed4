"""What goes when a memory is removed, and what becomes stale."""

from coterie.memory import rows
from coterie.memory.draft import Draft
from coterie.memory.edits import Operation
from coterie.memory.values import UserMemory


def remove(draft: Draft, memory: UserMemory, reason: str) -> str:
    """Remove a memory and all that it took the place of; what was made from them is marked as stale."""
    mark_stale(draft, "delete", memory, "what it was made from was removed")
    for one in draft.line(memory):
        draft.put("delete", one, None, reason)
    return str(memory.memory_id)


def remove_all(draft: Draft, memory: UserMemory, reason: str) -> str:
    """Remove a memory and what was made from it, each with what it took the place of."""
    gone = {rows.memory_key(one): one for one in draft.line(memory)}
    for made in draft.dependants(memory):
        gone |= {rows.memory_key(one): one for one in draft.line(made)}
    others = [made for one in gone.values() for made in draft.dependants(one) if rows.memory_key(made) not in gone]
    for one in gone.values():
        draft.put("delete", one, None, reason)
    for made in {rows.memory_key(made): made for made in others}.values():
        if made.stale_since is None:
            draft.alter("delete", made, "what it was made from was removed", stale_since=draft.at)
    return str(memory.memory_id)


def mark_stale(draft: Draft, op: Operation, memory: UserMemory, reason: str) -> None:
    """Mark what was made from a memory, or from one that it took the place of. Its own line is no part of that."""
    line = set(map(rows.memory_key, draft.line(memory)))
    for one in draft.dependants(memory):
        if one.stale_since is None and rows.memory_key(one) not in line:
            draft.alter(op, one, reason, stale_since=draft.at)
