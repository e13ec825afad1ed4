"""Taking changes back, exactly: of one revision, one run, one curated turn, or one change (also an undoing)."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

import sqlalchemy as sa

from coterie.errors import ConflictError, InputError, NotFoundError
from coterie.memory import inputs, rows
from coterie.memory.draft import Draft
from coterie.memory.edits import Revision
from coterie.memory.revisions import seen
from coterie.memory.scope import audience, may_read, shelves
from coterie.memory.stored import Key
from coterie.memory.tables import REVISION
from coterie.memory.values import UserMemory

_owners = REVISION.c.user_id.in_(sa.bindparam("owners", expanding=True))
UNDONE = {
    "revision": "revision",
    "change_id": "the change",
    "run_id": "what was changed in the run",
    "turn_id": "what was made from the turn",
}
"""What people call what is undone."""
_ordered = (
    sa.select(*rows.REVISION_COLUMNS)
    .where(_owners)
    .order_by(REVISION.c.user_id, REVISION.c.memory_id, REVISION.c.number)
)
_BY: dict[str, sa.Select[Any]] = {
    name: _ordered.where(REVISION.c[name] == sa.bindparam(name)) for name in ("change_id", "run_id", "turn_id")
}
_one = _ordered.where(REVISION.c.memory_id == sa.bindparam("memory_id"), REVISION.c.number == sa.bindparam("number"))


def undo(draft: Draft, what: dict[str, Any]) -> list[Revision]:
    """Put every memory that was changed back to what it was before, and write the draft.

    Args:
        draft: whose scope asks.
        what: exactly one of ``revision``, ``change_id``, ``run_id`` and ``turn_id``.

    Raises:
        NotFoundError: there is no such change, or the scope may not read all that it touched.
        ConflictError: a memory was changed since.
        InputError: not exactly one is given; or a person's change is to be undone by somebody else.
    """
    name, value = _chosen(what)
    found = _selected(draft, name, value)
    if not found or not all(may_read(draft.scope, memory) for one in found for memory in _sides(one)):
        raise NotFoundError(f"There is no change with {name} {value!r} that this scope may undo: look at the history.")
    _check_person(draft, found)
    draft.load({one.memory_id for one in found})
    reason = f"undid {UNDONE[name]} {value.number if name == 'revision' else value}"
    touched: list[Key] = []
    for key, group in groupby(found, key=lambda one: (rows.stored_owner(one.user_id), one.memory_id)):
        touched.append(key)
        revisions = list(group)
        current, before = _current(draft, key, revisions), revisions[0].before
        if current != before:
            draft.put("restore", current, before, reason)
    _check_readers(draft, touched)
    _mark_stale(draft, touched)
    return seen(draft.scope, draft.write())


def _chosen(what: dict[str, Any]) -> tuple[str, Any]:
    given = [(name, value) for name, value in what.items() if value is not None]
    if len(given) != 1:
        raise InputError(f"{len(given)} of {', '.join(what)} are given: say with exactly one of them what to undo.")
    ((name, value),) = given
    if name == "revision":
        inputs.expected(name, value, Revision)
    else:
        inputs.key(name, value)
    return name, value


def _selected(draft: Draft, name: str, value: Any) -> list[Revision]:
    owners = sorted({owner for owner, _ in shelves(draft.scope).values()})
    if name == "revision":
        owners = [owner for owner in owners if owner == rows.stored_owner(value.user_id)]
        statement, values = _one, {"memory_id": value.memory_id, "number": value.number}
    else:
        statement, values = _BY[name], {name: value}
    found = draft.connection.execute(statement, {**values, "owners": owners}).mappings()
    return [rows.revision_value({**row}) for row in found]


def _sides(revision: Revision) -> list[UserMemory]:
    return [memory for memory in (revision.before, revision.after) if memory is not None]


def _check_person(draft: Draft, found: Sequence[Revision]) -> None:
    """What a person decided, nobody else takes back."""
    if draft.change.actor != "person" and any(one.change.actor == "person" for one in found):
        raise InputError(
            f"A person made this change, and the actor is {draft.change.actor!r}: only a person may undo it."
        )


def _current(draft: Draft, key: Key, revisions: Sequence[Revision]) -> UserMemory | None:
    """The memory as it is: what the last of the revisions left, with nothing between them by somebody else."""
    memory_id, last = revisions[0].memory_id, revisions[-1].after
    current = draft.held(key)
    gaps = any(one.after != other.before for one, other in pairwise(revisions))
    if current != last or gaps:
        raise ConflictError(f"The memory {memory_id!r} was changed since: undo the later changes first.")
    return current


def _check_readers(draft: Draft, touched: Sequence[Key]) -> None:
    """Refuse to bring back for many what was made of something that fewer may read by now.

    Raises:
        ConflictError: a memory that is put back has readers whom something that it was made from has not.
    """
    for owner, memory_id in touched:
        memory = draft.held((owner, memory_id))
        sources = [] if memory is None else [_readers(draft, (owner, one), touched) for one in memory.depends_on]
        if memory is not None and not {*sources} <= {"user", audience(memory), None}:
            raise ConflictError(
                f"Fewer may read what the memory {memory_id!r} was made from than could read it: undo that first."
            )


def _readers(draft: Draft, key: Key, touched: Sequence[Key]) -> str | None:
    """The audience of a memory after the undoing; of one that was removed, its last."""
    memory = draft.held(key) if key in touched else None
    if memory is not None:
        return audience(memory)
    last = draft.last_revision(key)
    return None if last is None else last[1]


def _mark_stale(draft: Draft, touched: Sequence[Key]) -> None:
    """Mark what was made, later, from the memories that are removed."""
    for key in touched:
        if draft.held(key) is None:
            for one in draft.made_from(key):
                if one.stale_since is None and rows.memory_key(one) not in touched:
                    draft.alter("restore", one, "what it was made from was removed", stale_since=draft.at)
