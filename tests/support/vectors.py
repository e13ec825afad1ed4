"""What tests of vectors do again and again: write, search, look into the tables."""

from typing import Any

import sqlalchemy as sa

from coterie.memory.db import Db
from coterie.memory.edits import Add, Change
from coterie.memory.reach import EMBEDDING as EVERYTHING
from coterie.memory.tables import EMBEDDING, MEMORY_VECTOR
from coterie.memory.values import Filters, Scope, UserMemory

ANA = Scope("ana")
ME = Change()


def add(db: Db, *texts: str, scope: Scope = ANA, **fields: Any) -> list[str]:
    edits = [Add(UserMemory(memory=text, **fields)) for text in texts]
    return [applied.memory_id for applied in db.apply(scope, edits, ME)]


def found(db: Db, query: str, scope: Scope = ANA, limit: int | None = 10, **filters: Any) -> list[str]:
    return [hit.memory.memory for hit in db.search(scope, query, limit, Filters(**filters))]


def best(db: Db, query: str, scope: Scope = ANA) -> str | None:
    return next(iter(found(db, query, scope)), None)


def by_vector(db: Db, query: str, scope: Scope = ANA) -> list[str]:
    """What was found by meaning alone, and has some."""
    hits = db.search(scope, query, None)
    return [hit.memory.memory for hit in hits if hit.parts["vector"] > 0 and not hit.parts["text"]]


def stored(db: Db) -> dict[str, tuple[str, bytes]]:
    with db._reading(EVERYTHING) as connection:
        rows = connection.execute(
            sa.select(MEMORY_VECTOR.c.memory_id, MEMORY_VECTOR.c.model, MEMORY_VECTOR.c.vector)
        ).all()
    return {row.memory_id: (row.model, row.vector) for row in rows}


def held(db: Db) -> list[tuple[str, int]]:
    with db._reading(EVERYTHING) as connection:
        return [(row.model, row.size) for row in connection.execute(sa.select(EMBEDDING))]
