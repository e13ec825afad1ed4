"""The vectors of one kind in the database: of memories, or of turns. Each kind has a table, and they are alike."""

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.memory.embedding import EmbeddingModel
from coterie.memory.prepared import Prepared, Row
from coterie.memory.stored import Key
from coterie.memory.tables import EMBEDDING, MEMORY_VECTOR, TURN_VECTOR

PART = 4096
"""How many vectors are read at a time."""
VOID = ""
"""The ``model`` of a row whose id was given to another statement, which nobody has embedded."""

OWNER = sa.bindparam("owner", type_=sa.Text)
ID = sa.bindparam("id", type_=sa.Text)

_number = sa.bindparam("number", type_=sa.BigInteger)
_of_model = (EMBEDDING.c.model == sa.bindparam("model", type_=sa.Text)) & (
    EMBEDDING.c.size == sa.bindparam("size", type_=sa.Integer)
)


class Kept:
    """The statements about a table of vectors.

    Args:
        table: It has the columns of ``memory_vector``.
        id_name: What the column of the ids is called.
    """

    def __init__(self, table: sa.Table, id_name: str) -> None:
        self.table = table
        self.id = table.c[id_name]
        self.this = (table.c.user_id == OWNER) & (self.id == ID)
        # Not max(): the plan for that, made while the table is small, reads all of the owner's rows.
        numbers = sa.select(table.c.number).where(table.c.user_id == OWNER)
        newest = numbers.order_by(table.c.user_id.desc(), table.c.number.desc())
        self._highest = Prepared(newest.limit(sa.literal_column("1")))
        vector = sa.type_coerce(table.c.vector, sa.types.NullType()).label("vector")  # as the driver gives it
        read = sa.select(self.id, table.c.number, table.c.model, vector).where(table.c.user_id == OWNER)
        after = table.c.number >= _number
        self._all = Prepared(read, binary=True)
        self._since = Prepared(read.where(after).order_by(table.c.number), binary=True)
        self._count = Prepared(sa.select(sa.func.count()).where(table.c.user_id == OWNER))

    @cache  # noqa: B019  # there are two, for as long as the process lives
    def upsert(self, insert: Callable[[sa.Table], Any], condition: sa.ColumnElement[bool] | None = None) -> Prepared:
        """Store a vector if the store's vectors are of its model, and the condition holds."""
        names = ("user_id", self.id.name, "number", "model", "vector")
        new = sa.select(OWNER, ID, _number, EMBEDDING.c.model, sa.bindparam("vector", type_=sa.LargeBinary))
        new = new.where(_of_model) if condition is None else new.where(_of_model, condition)
        statement = insert(self.table).from_select(names, new)
        changed = {name: statement.excluded[name] for name in names[2:]}
        return Prepared(statement.on_conflict_do_update(index_elements=names[:2], set_=changed))

    def highest(self, connection: sa.Connection, owner: str) -> int | None:
        """An owner's highest number; None without any vector."""
        found = self._highest.first(connection, {"owner": owner})
        return None if found is None else int(found[0])

    def since(self, connection: sa.Connection, owner: str, number: int) -> list[Row]:
        """An owner's vectors with this number or a higher one, in their order: id, number, model, vector."""
        return self._since.rows(connection, {"owner": owner, "number": number})

    def count(self, connection: sa.Connection, owner: str) -> int:
        """How many vectors an owner has."""
        return int(self._count.rows(connection, {"owner": owner})[0][0])

    def every(self, connection: sa.Connection, owner: str) -> Iterator[list[Row]]:
        """All of an owner's vectors, in parts."""
        return self._all.parts(connection, {"owner": owner}, PART)


OF_MEMORIES = Kept(MEMORY_VECTOR, "memory_id")
OF_TURNS = Kept(TURN_VECTOR, "turn_id")


class Numbers:
    """The next numbers of owners, who are locked. Each grows in the order of the commits.

    Args:
        of: The vectors they are for.
        connection: It holds the locks.
    """

    def __init__(self, of: Kept, connection: sa.Connection) -> None:
        self._of = of
        self._connection = connection
        self._last: dict[str, int] = {}

    def next(self, owner: str) -> int:
        """An owner's next number. The first is the time: who was erased and comes again has none of the old ones."""
        if owner not in self._last:
            highest = self._of.highest(self._connection, owner)
            self._last[owner] = time.time_ns() // 1000 if highest is None else highest
        self._last[owner] += 1
        return self._last[owner]


def values(model: EmbeddingModel, key: Key, vector: bytes, numbers: Numbers) -> dict[str, Any]:
    """The parameters of `Kept.upsert`."""
    owner, id_ = key
    number = numbers.next(owner)
    return {"owner": owner, "id": id_, "number": number, "vector": vector, "model": model.name, "size": model.size}
