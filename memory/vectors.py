"""Vectors in the database: written with their memories, read by what is new, and of one model."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from coterie.errors import ConfigurationError
from coterie.memory import inputs, rows
from coterie.memory.dialect import Dialect
from coterie.memory.draft import Draft, Key
from coterie.memory.edits import Add, Edit, Merge, Update
from coterie.memory.embedding import EmbeddingModel
from coterie.memory.prepared import Prepared, Row
from coterie.memory.tables import EMBEDDING, REVISION, VECTOR
from coterie.memory.values import UserMemory

PART = 4096
"""How many vectors are read at a time."""
VOID = ""
"""The ``model`` of a row whose id was given to another statement, which nobody has embedded."""

_owner = sa.bindparam("owner", type_=sa.Text)
_memory_id = sa.bindparam("memory_id", type_=sa.Text)
_this = (VECTOR.c.user_id == _owner) & (VECTOR.c.memory_id == _memory_id)
_number = sa.bindparam("number", type_=sa.BigInteger)
# Not max(): the plan for that, made while the table is small, reads all of the owner's rows.
_highest = Prepared(
    sa.select(VECTOR.c.number)
    .where(VECTOR.c.user_id == _owner)
    .order_by(VECTOR.c.user_id.desc(), VECTOR.c.number.desc())
    .limit(sa.literal_column("1"))
)
_of_model = (EMBEDDING.c.model == sa.bindparam("model", type_=sa.Text)) & (
    EMBEDDING.c.size == sa.bindparam("size", type_=sa.Integer)
)

_held = Prepared(sa.select(EMBEDDING.c.model, EMBEDDING.c.size))
_READ = (
    VECTOR.c.memory_id,
    VECTOR.c.number,
    VECTOR.c.model,
    sa.type_coerce(VECTOR.c.vector, sa.types.NullType()).label("vector"),  # as the driver gives it
)
_all = Prepared(sa.select(*_READ).where(VECTOR.c.user_id == _owner), binary=True)
_count = Prepared(sa.select(sa.func.count()).where(VECTOR.c.user_id == _owner))
_since = Prepared(
    sa.select(*_READ).where(VECTOR.c.user_id == _owner, VECTOR.c.number >= _number).order_by(VECTOR.c.number),
    binary=True,
)

# What its id said last, before this change. Its vector, if there is one, is of that.
_last = (
    sa.select(sa.func.coalesce(REVISION.c.after["memory"].as_string(), REVISION.c.before["memory"].as_string()))
    .where(REVISION.c.user_id == _owner, REVISION.c.memory_id == _memory_id)
    .where(REVISION.c.change_id != sa.bindparam("change_id", type_=sa.Text))
    .order_by(REVISION.c.number.desc())
    .limit(sa.literal_column("1"))
    .scalar_subquery()
)
_void = Prepared(
    sa.update(VECTOR)
    .where(_this, VECTOR.c.model != VOID, _last != sa.bindparam("memory", type_=sa.Text))
    .values(number=sa.bindparam("new_number", type_=sa.BigInteger), model=VOID, vector=b"")
)


class Numbers:
    """The next numbers of owners, who are locked. Each grows in the order of the commits."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._last: dict[str, int] = {}

    def next(self, owner: str) -> int:
        """An owner's next number. The first is the time: who was erased and comes again has none of the old ones."""
        if owner not in self._last:
            found = _highest.first(self._connection, {"owner": owner})
            self._last[owner] = time.time_ns() // 1000 if found is None else int(found[0])
        self._last[owner] += 1
        return self._last[owner]


class Vectors(NamedTuple):
    """The vectors of some statements, of one model."""

    model: EmbeddingModel
    by_text: Mapping[str, bytes]


def texts(edits: Sequence[Edit]) -> list[str]:
    """The new statements of edits."""
    new = (edit.memory for edit in edits if isinstance(edit, Add | Update | Merge))
    return [inputs.checked_statement(one.memory if isinstance(one, UserMemory) else one) for one in new]


@cache
def upsert(insert: Callable[[sa.Table], Any], condition: sa.ColumnElement[bool] | None = None) -> Prepared:
    """Store a vector if the store's vectors are of its model, and the condition holds."""
    new = sa.select(_owner, _memory_id, _number, EMBEDDING.c.model, sa.bindparam("vector", type_=sa.LargeBinary))
    new = new.where(_of_model) if condition is None else new.where(_of_model, condition)
    statement = insert(VECTOR).from_select(["user_id", "memory_id", "number", "model", "vector"], new)
    names = ("number", "model", "vector")
    return Prepared(
        statement.on_conflict_do_update(
            index_elements=["user_id", "memory_id"], set_={name: statement.excluded[name] for name in names}
        )
    )


@cache
def _insert_model(insert: Callable[[sa.Table], Any]) -> Prepared:
    return Prepared(insert(EMBEDDING).on_conflict_do_nothing(), ["place", "model", "size"])


def values(model: EmbeddingModel, key: Key, vector: bytes, numbers: Numbers) -> dict[str, Any]:
    """The parameters of `upsert`."""
    return {
        "owner": key[0],
        "memory_id": key[1],
        "number": numbers.next(key[0]),
        "vector": vector,
        "model": model.name,
        "size": model.size,
    }


def keep(dialect: Dialect, draft: Draft, vectors: Vectors | None) -> None:
    """Write the vectors of the statements that a draft has stored, in its transaction.

    A statement without one that took over an id: the vector of what had the id before is voided.
    """
    if not draft.worded:
        return
    by_text = {} if vectors is None else vectors.by_text
    reused = [memory for memory in draft.worded if memory.memory not in by_text and not draft.is_fresh(memory)]
    embedded = [memory for memory in draft.worded if memory.memory in by_text]
    _lock_others(dialect, draft, [*reused, *embedded])
    numbers = Numbers(draft.connection)
    if vectors is not None:
        by_key = {rows.memory_key(memory): by_text[memory.memory] for memory in embedded}
        store(dialect, draft.connection, vectors.model, by_key, numbers)
    if reused and _held.first(draft.connection, {}) is not None:
        _void.change(draft.connection, *(_void_values(draft, memory, numbers) for memory in reused))


def store(
    dialect: Dialect, connection: sa.Connection, model: EmbeddingModel, vectors: Mapping[Key, bytes], numbers: Numbers
) -> None:
    """Write the vectors of memories.

    Raises:
        ConfigurationError: the store's vectors are of another model.
    """
    new = [values(model, key, vector, numbers) for key, vector in vectors.items()]
    if upsert(dialect.insert).change(connection, *new) != len(new):
        settle(dialect, connection, model)
        upsert(dialect.insert).change(connection, *new)


def settle(dialect: Dialect, connection: sa.Connection, model: EmbeddingModel) -> None:
    """Make the model the store's, if it has none.

    Raises:
        ConfigurationError: it has another.
    """
    _insert_model(dialect.insert).change(connection, {"place": 1, "model": model.name, "size": model.size})
    check(dialect, connection, model)


def check(dialect: Dialect, connection: sa.Connection, model: EmbeddingModel) -> bool:
    """Whether the store's vectors are of this model; False while it has none.

    Raises:
        ConfigurationError: they are of another.
    """
    held = _held.first(connection, {})
    if held is None:
        return False
    name, size = held
    if name != model.name or model.size not in (None, size):
        this = f"{model.name!r}" if model.size is None else f"{model.name!r} with {model.size} numbers each"
        raise ConfigurationError(
            f"{dialect.name} holds vectors of the embedding model {name!r} with {size} numbers each, and this model is "
            f"{this}: give the one it was filled with, or make all vectors anew with `coterie db reembed`."
        )
    return True


def since(connection: sa.Connection, owner: str, number: int) -> list[Row]:
    """An owner's vectors with this number or a higher one, in their order: id, number, model, vector."""
    return _since.rows(connection, {"owner": owner, "number": number})


def count(connection: sa.Connection, owner: str) -> int:
    """How many vectors an owner has."""
    return int(_count.rows(connection, {"owner": owner})[0][0])


def every(connection: sa.Connection, owner: str) -> Iterator[list[Row]]:
    """All of an owner's vectors, in parts."""
    return _all.parts(connection, {"owner": owner}, PART)


def _void_values(draft: Draft, memory: UserMemory, numbers: Numbers) -> dict[str, Any]:
    owner, memory_id = rows.memory_key(memory)
    return {
        "owner": owner,
        "memory_id": memory_id,
        "new_number": numbers.next(owner),
        "memory": memory.memory,
        "change_id": draft.change_id,
    }


def _lock_others(dialect: Dialect, draft: Draft, memories: Iterable[UserMemory]) -> None:
    """Lock the owners beside the scope's own, for their numbers to grow in the order of the commits."""
    own = rows.stored_owner(draft.scope.user_id)
    for owner in sorted({rows.stored_owner(memory.user_id) for memory in memories} - {own}):
        dialect.lock_owner(draft.connection, owner)
