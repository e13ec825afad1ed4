"""How memories hang together: what took whose place, and what was made from what."""

import sqlalchemy as sa

from coterie.memory import rows
from coterie.memory.prepared import Prepared, Row
from coterie.memory.tables import MEMORY, SOURCE

_owner = sa.bindparam("owner", type_=sa.Text)
_start = sa.bindparam("memory_id", type_=sa.Text)
_MEMORY_ID = rows.FIELDS.index("memory_id")

_next = sa.select(MEMORY.c.memory_id, MEMORY.c.superseded_by).where(
    MEMORY.c.user_id == _owner, MEMORY.c.memory_id == _start
)
_chain = _next.cte("chain", recursive=True)
_chain = _chain.union(
    sa.select(MEMORY.c.memory_id, MEMORY.c.superseded_by).where(
        MEMORY.c.user_id == _owner, MEMORY.c.memory_id == _chain.c.superseded_by
    )
)
_head = Prepared(sa.select(_chain.c.memory_id).where(_chain.c.superseded_by.is_(None)))

_line = (
    sa.select(MEMORY.c.memory_id)
    .where(MEMORY.c.user_id == _owner, MEMORY.c.memory_id == _start)
    .cte("line", recursive=True)
)
_line = _line.union(
    sa.select(MEMORY.c.memory_id).where(MEMORY.c.user_id == _owner, MEMORY.c.superseded_by == _line.c.memory_id)
)
_line_ids = sa.select(_line.c.memory_id)
_line_rows = Prepared(
    sa.select(*rows.MEMORY_COLUMNS).where(MEMORY.c.user_id == _owner, MEMORY.c.memory_id.in_(_line_ids))
)
_made = sa.select(*rows.MEMORY_COLUMNS).join(
    SOURCE, (SOURCE.c.user_id == MEMORY.c.user_id) & (SOURCE.c.memory_id == MEMORY.c.memory_id)
)
_dependants = _made.where(SOURCE.c.user_id == _owner, SOURCE.c.source_id.in_(_line_ids)).where(
    SOURCE.c.memory_id.not_in(_line_ids)
)
_all_dependants = Prepared(_dependants)
_unmarked_dependants = Prepared(_dependants.where(MEMORY.c.stale_since.is_(None)))
_made_from = Prepared(_made.where(SOURCE.c.user_id == _owner, SOURCE.c.source_id == _start))


def head(connection: sa.Connection, owner: str, memory_id: str) -> str | None:
    """The id of the statement that holds now in place of a memory: itself, or the last of those that took its place.

    None: the last one was removed.
    """
    found = _head.first(connection, {"owner": owner, "memory_id": memory_id})
    return None if found is None else str(found[0])


def line(connection: sa.Connection, owner: str, memory_id: str) -> list[Row]:
    """The rows of a memory and of all that it took the place of, directly or not."""
    return _line_rows.rows(connection, {"owner": owner, "memory_id": memory_id})


def dependants(connection: sa.Connection, owner: str, memory_id: str, *, unmarked: bool) -> list[Row]:
    """The rows of what was made from a memory, or from one that it took the place of, and is none of these itself.

    ``unmarked``: only what is not stale yet.
    """
    statement = _unmarked_dependants if unmarked else _all_dependants
    found = statement.rows(connection, {"owner": owner, "memory_id": memory_id})
    return list({row[_MEMORY_ID]: row for row in found}.values())  # made from two of the line, it is found twice


def made_from(connection: sa.Connection, owner: str, memory_id: str) -> list[Row]:
    """The rows of what was made from a memory itself, which need not be there any more."""
    return _made_from.rows(connection, {"owner": owner, "memory_id": memory_id})
