"""How memories hang together: what took whose place, and what was made from what."""

from typing import Any

import sqlalchemy as sa

from coterie.memory import rows
from coterie.memory.tables import MEMORY, SOURCE

_owner = sa.bindparam("owner", type_=sa.Text)
_start = sa.bindparam("memory_id", type_=sa.Text)

_next = sa.select(MEMORY.c.memory_id, MEMORY.c.superseded_by).where(
    MEMORY.c.user_id == _owner, MEMORY.c.memory_id == _start
)
_chain = _next.cte("chain", recursive=True)
_chain = _chain.union(
    sa.select(MEMORY.c.memory_id, MEMORY.c.superseded_by).where(
        MEMORY.c.user_id == _owner, MEMORY.c.memory_id == _chain.c.superseded_by
    )
)
_head = sa.select(_chain.c.memory_id).where(_chain.c.superseded_by.is_(None))

_line = (
    sa.select(MEMORY.c.memory_id)
    .where(MEMORY.c.user_id == _owner, MEMORY.c.memory_id == _start)
    .cte("line", recursive=True)
)
_line = _line.union(
    sa.select(MEMORY.c.memory_id).where(MEMORY.c.user_id == _owner, MEMORY.c.superseded_by == _line.c.memory_id)
)
_line_rows = sa.select(*rows.MEMORY_COLUMNS).where(
    MEMORY.c.user_id == _owner, MEMORY.c.memory_id.in_(sa.select(_line.c.memory_id))
)
_dependants = (
    sa.select(*rows.MEMORY_COLUMNS)
    .join(SOURCE, (SOURCE.c.user_id == MEMORY.c.user_id) & (SOURCE.c.memory_id == MEMORY.c.memory_id))
    .where(SOURCE.c.user_id == _owner, SOURCE.c.source_id.in_(sa.select(_line.c.memory_id)))
    .distinct()
)
_made_from = (
    sa.select(*rows.MEMORY_COLUMNS)
    .join(SOURCE, (SOURCE.c.user_id == MEMORY.c.user_id) & (SOURCE.c.memory_id == MEMORY.c.memory_id))
    .where(SOURCE.c.user_id == _owner, SOURCE.c.source_id == _start)
)


def head(connection: sa.Connection, owner: str, memory_id: str) -> str | None:
    """The id of the statement that holds now in place of a memory: itself, or the last of those that took its place.

    None: the last one was removed.
    """
    found = connection.execute(_head, {"owner": owner, "memory_id": memory_id}).scalar()
    return None if found is None else str(found)


def line(connection: sa.Connection, owner: str, memory_id: str) -> sa.CursorResult[Any]:
    """The rows of a memory and of all that it took the place of, directly or not."""
    return connection.execute(_line_rows, {"owner": owner, "memory_id": memory_id})


def dependants(connection: sa.Connection, owner: str, memory_id: str) -> sa.CursorResult[Any]:
    """The rows of what was made from a memory, or from one that it took the place of."""
    return connection.execute(_dependants, {"owner": owner, "memory_id": memory_id})


def made_from(connection: sa.Connection, owner: str, memory_id: str) -> sa.CursorResult[Any]:
    """The rows of what was made from a memory itself, which need not be there any more."""
    return connection.execute(_made_from, {"owner": owner, "memory_id": memory_id})
