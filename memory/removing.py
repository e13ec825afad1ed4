"""Removing memories from a draft, and marking what was made from them."""

from collections.abc import Sequence

from coterie.errors import InputError
from coterie.memory import reading, rows
from coterie.memory.draft import Draft
from coterie.memory.edits import Delete, Edit, Operation, Ref
from coterie.memory.values import Scope, UserMemory

Done = tuple[Edit, str, slice]
"""An edit, the memory that it names, and which of the draft's changes are its."""


def remove(draft: Draft, memory: UserMemory, reason: str) -> str:
    """Remove a memory and what it took the place of. Returns its id."""
    mark_stale(draft, "delete", memory, "what it was made from was removed")
    for one in draft.line(memory):
        draft.put("delete", one, None, reason)
    return str(memory.memory_id)


def mark_stale(draft: Draft, op: Operation, memory: UserMemory, reason: str) -> None:
    """Mark what was made from a memory, or from one that it took the place of. Its own line is no part of that."""
    line = set(map(rows.memory_key, draft.line(memory)))
    for one in draft.dependants(memory):
        if one.stale_since is None and rows.memory_key(one) not in line:
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
