"""What goes when a memory is removed, and what becomes stale."""

from collections.abc import Iterable, Sequence

from coterie.errors import InputError
from coterie.memory import reading, rows
from coterie.memory.draft import Draft
from coterie.memory.edits import Delete, Edit, Operation, Ref
from coterie.memory.values import Scope, UserMemory

Done = tuple[Edit, str, slice]
"""An edit, the memory that it names, and which of the draft's changes are its."""

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


def remove_everything(draft: Draft, reason: str) -> None:
    """Remove all that is true now about the scope's user, whichever agents may read it.

    Raises:
        InputError: the scope has no user. What a team knows is about nobody, and is not forgotten so.
    """
    if draft.scope.user_id is None:
        raise InputError("The scope has no user_id: say about whom everything is to be forgotten.")
    owner = Scope(draft.scope.user_id, as_owner=True)
    draft.flush()
    remove_all(draft, list(reading.newest(draft.connection, owner, None)), reason, owner)


def remove_all(draft: Draft, memories: Sequence[UserMemory], reason: str, scope: Scope | None = None) -> list[Done]:
    """Remove memories that a scope (None: the draft's own) has just read, and say what was done for each."""
    draft.load((str(memory.memory_id) for memory in memories), scope)
    done: list[Done] = []
    for key in map(rows.memory_key, memories):
        first, memory = len(draft), draft.held(key)
        if memory is not None:  # it may have changed since it was read, or because of one that was removed before
            edit = Delete(Ref(key[1], memory.version), reason)
            done.append((edit, remove(draft, memory, reason), slice(first, len(draft))))
    return done
