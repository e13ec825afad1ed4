"""Who may read a row.

A scope reads the rows of a few *shelves*: pairs of an owner and an audience. ``readable`` is the one function that
makes a scope into a WHERE clause; every statement that reads memories or looks for one to change carries it.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import sqlalchemy as sa

from coterie.memory.tables import NOBODY
from coterie.memory.values import Scope, UserMemory

Shelf = tuple[str, str | None]
"""An owner's ``user_id`` (or NOBODY) and an audience; the audience None means everything about the owner."""


def audience(memory: UserMemory) -> str:
    """Who may read a memory of its owner: the text that the column ``audience`` has for it."""
    if memory.visibility == "user":
        return "user"
    return f"{memory.visibility}:{memory.team_id if memory.visibility == 'team' else memory.agent_id}"


def shared_audience(memories: Sequence[UserMemory]) -> str | None:
    """Whom all the memories may be read by: the audience of what is made from them. None: there is no such audience.

    Those of a team and those of an agent share none: only some of each would be meant.
    """
    owners = {memory.user_id for memory in memories}
    narrow = {audience(memory) for memory in memories} - {"user"}
    if len(owners) > 1 or len(narrow) > 1:
        return None
    return narrow.pop() if narrow else "user"


NO_LONGER = "nobody"
"""The audience of the last revision of a memory that was removed so that fewer read it: its owner alone sees it."""


def readers(shared: str) -> dict[str, str]:
    """The fields of a memory with this audience."""
    kind, _, name = shared.partition(":")
    return {"visibility": kind} | ({f"{kind}_id": name} if name else {})


def may_read(scope: Scope, memory: UserMemory) -> bool:
    """Whether the scope may read a memory: what `readable` asks the database, of a value."""
    owner, to = NOBODY if memory.user_id is None else memory.user_id, audience(memory)
    return any(owner == of and on in (None, to) for of, on in shelves(scope).values())


@lru_cache(1024)
def shelves(scope: Scope) -> Mapping[str, Shelf]:
    """What the scope may read, by the kind of shelf. A scope without any id reads nothing."""
    user, team, agent = scope.user_id, f"team:{scope.team_id}", f"agent:{scope.agent_id}"
    if scope.as_owner and user is not None:
        return {"everything": (user, None)}
    every: dict[str, tuple[str | None, str, bool]] = {
        "user": (user, "user", True),
        "user_team": (user, team, scope.team_id is not None),
        "user_agent": (user, agent, scope.agent_id is not None),
        "team": (NOBODY, team, scope.team_id is not None),
        "agent": (NOBODY, agent, scope.agent_id is not None),
    }
    return {kind: (owner, readers) for kind, (owner, readers, known) in every.items() if known and owner is not None}


def readable(table: sa.FromClause, kinds: Iterable[str]) -> sa.ColumnElement[bool]:
    """The WHERE clause for the kinds of shelf that `shelves` returned; `parameters` has its values."""
    return sa.or_(sa.false(), *(_on_shelf(table, kind) for kind in kinds))


def _on_shelf(table: sa.FromClause, kind: str) -> sa.ColumnElement[bool]:
    owner = table.c.user_id == sa.bindparam(f"{kind}_owner", type_=sa.Text)
    if kind == "everything":
        return owner & (table.c.audience != sa.literal_column("''"))  # always true: it opens the index memory_owner
    return owner & (table.c.audience == sa.bindparam(f"{kind}_audience", type_=sa.Text))


@lru_cache(1024)
def parameters(scope: Scope) -> Mapping[str, str]:
    """The values for the clause that `readable` makes."""
    values = {}
    for kind, (owner, readers) in shelves(scope).items():
        values[f"{kind}_owner"] = owner
        if readers is not None:
            values[f"{kind}_audience"] = readers
    return values
