"""Whose rows a connection reaches: what a verb asks for when it opens one.

Each statement says in its WHERE clause whose rows it means (`coterie.memory.scope.readable`). A reach says it once
more, to the database itself: PostgreSQL lets no other rows through, whatever the statement says. SQLite has nothing of
the kind.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from coterie.memory import inputs, rows
from coterie.memory.scope import shelves
from coterie.memory.tables import NOBODY
from coterie.memory.values import Scope


@dataclass(frozen=True)
class Reach:
    """What a connection reaches: nothing, unless something is said."""

    user: str = NOBODY
    """The ``user_id`` whose turns, sessions and links it reaches. NOBODY: no user's."""
    audiences: tuple[str, ...] = ()
    """Of the memories about the user, those with one of these audiences."""
    everything: bool = False
    """All memories about the user."""
    shared: tuple[str, ...] = ()
    """Of the memories about nobody, those with one of these audiences."""
    history: bool = False
    """All revisions of memories about the user or nobody: which one is the last must be known to say who may read."""
    nobody: bool = False
    """The turns and sessions without a user."""
    everyone: bool = False
    """The turns of every user, to read."""
    whole: bool = False
    """All memories, revisions and links, to read: an export of everybody's, an import, a check, new vectors."""
    embedding: bool = False
    """The vectors of all memories and turns, to write."""


NOTHING = Reach()
WHOLE = Reach(whole=True)
EVERYONE = Reach(everyone=True)
"""For a worker that looks for turns whose curation is owed."""
EMBEDDING = Reach(whole=True, everyone=True, embedding=True)
"""For giving every memory and turn a vector of another model."""

COUNTING = Reach(whole=True, everyone=True)
"""For counting what is stored of everybody."""


def reading(scope: Scope) -> Reach:
    """The memories that the scope may read."""
    return _reading(inputs.expected("scope", scope, Scope))


@lru_cache(1024)
def _reading(scope: Scope) -> Reach:
    found = shelves(inputs.checked_scope(scope)).values()
    own = tuple(audience for owner, audience in found if owner != NOBODY and audience is not None)
    shared = tuple(audience for owner, audience in found if owner == NOBODY and audience is not None)
    return Reach(rows.stored_owner(scope.user_id), own, scope.as_owner, shared)


def looking_back(scope: Scope) -> Reach:
    """Those, and the revisions that say what became of each memory."""
    return replace(reading(scope), history=True)


def changing(scope: Scope) -> Reach:
    """Everything about the scope's user: a change has effects on what was made from a memory, whoever may read that."""
    return _changing(inputs.expected("scope", scope, Scope))


@lru_cache(1024)
def _changing(scope: Scope) -> Reach:
    return replace(looking_back(scope), everything=True)


def of_user(user_id: str | None) -> Reach:
    """What was said by a user. None: by nobody in particular."""
    if user_id is None:
        return Reach(nobody=True)
    return Reach(inputs.key("user_id", user_id))


def naming(user_id: str | None) -> Reach:
    """What was said by a user, or nobody in particular, and all changes to memories: for whose ids are looked up."""
    return replace(of_user(user_id), history=True)


def importing(owner: str, audiences: Iterable[str]) -> Reach:
    """What is stored about an owner, to be written with these audiences; everything, to see what is there already."""
    if owner == NOBODY:
        return Reach(shared=tuple(sorted(set(audiences))), whole=True)
    return Reach(owner, everything=True, history=True, whole=True)
