"""What a person changes in the page: each by one verb of the store, and each can be undone by its id."""

from collections.abc import Sequence
from typing import Any

from coterie.errors import InputError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Applied, Change, Delete, Edit, Ref, Revision, Update
from coterie.memory.values import UserMemory
from coterie.ui.asking import Asked, Decision, Forgetting, NewMemory, Replacement, Undoing

Changed = dict[str, Any]
"""The revisions that were made, and the id by which they are undone; None if there was nothing to do."""


def added(db: Db, asked: NewMemory) -> Changed:
    """Remember a statement."""
    return _applied(db, asked, Add(UserMemory(memory=asked.memory, topics=list(asked.topics), user_id=asked.user)))


def replaced(db: Db, asked: Replacement) -> Changed:
    """Put a statement in place of one that is no longer right."""
    return _applied(db, asked, Update(Ref(asked.memory_id, asked.version), asked.memory, asked.topics))


def forgotten(db: Db, asked: Forgetting) -> Changed:
    """Forget a statement; its history stays."""
    return _applied(db, asked, Delete(Ref(asked.memory_id, asked.version)))


def undone(db: Db, asked: Undoing) -> Changed:
    """Take a change back; an undoing is a change, too."""
    given = {"change_id": asked.change_id, "run_id": asked.run_id, "turn_id": asked.turn_id}
    what: dict[str, Any] = {**given, "revision": _revision(db, asked)}
    done = db.undo(asked.scope, Change(), **what)
    return _changed(done.revisions)


def accepted(db: Db, asked: Decision) -> Changed:
    """Apply a proposal that is held."""
    return _changed(db.accept_proposal(asked.user, asked.proposal_id).revisions)


def rejected(db: Db, asked: Decision) -> Changed:
    """Drop a proposal that is held."""
    db.reject_proposal(asked.user, asked.proposal_id)
    return _changed(())


def _applied(db: Db, asked: Asked, edit: Edit) -> Changed:
    applied: list[Applied] = db.apply(asked.scope, [edit], Change())
    return _changed(applied[0].revisions)


def _changed(revisions: Sequence[Revision]) -> Changed:
    return {"change_id": revisions[0].change_id if revisions else None, "revisions": revisions}


def _revision(db: Db, asked: Undoing) -> Revision | None:
    """The revision that is meant by its memory and number. What was done before changes had ids is undone so."""
    if asked.memory_id is None and asked.number is None:
        return None
    if asked.memory_id is None or asked.number is None:
        raise InputError("A revision is undone by its memory_id and its number: give both.")
    meant = (asked.memory_id, asked.number)  # its history tells also of those that it took the place of
    found = [one for one in db.history(asked.scope, asked.memory_id) if (one.memory_id, one.number) == meant]
    if not found:
        raise NotFoundError(f"The memory {asked.memory_id!r} has no revision {asked.number}: look at its history.")
    return found[0]
