"""Vectors in the database: written with their memories, read by what is new, and of one model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from coterie.errors import ConfigurationError
from coterie.memory import inputs, rows
from coterie.memory.dialect import Dialect
from coterie.memory.draft import Draft
from coterie.memory.edits import Add, Edit, Merge, Update
from coterie.memory.embedding import EmbeddingModel
from coterie.memory.items import is_searched
from coterie.memory.kept import ID, OF_MEMORIES, OWNER, VOID, Numbers, values
from coterie.memory.prepared import Prepared
from coterie.memory.stored import Key
from coterie.memory.tables import EMBEDDING, REVISION
from coterie.memory.values import UserMemory

_held = Prepared(sa.select(EMBEDDING.c.model, EMBEDDING.c.size))

# What its id said last, before this change. Its vector, if there is one, is of that.
_last = (
    sa.select(sa.func.coalesce(REVISION.c.after["memory"].as_string(), REVISION.c.before["memory"].as_string()))
    .where(REVISION.c.user_id == OWNER, REVISION.c.memory_id == ID)
    .where(REVISION.c.change_id != sa.bindparam("change_id", type_=sa.Text))
    .order_by(REVISION.c.number.desc())
    .limit(sa.literal_column("1"))
    .scalar_subquery()
)
_void = Prepared(
    sa.update(OF_MEMORIES.table)
    .where(OF_MEMORIES.this, OF_MEMORIES.table.c.model != VOID, _last != sa.bindparam("memory", type_=sa.Text))
    .values(number=sa.bindparam("new_number", type_=sa.BigInteger), model=VOID, vector=b"")
)


class Vectors(NamedTuple):
    """The vectors of some statements, of one model."""

    model: EmbeddingModel
    by_text: Mapping[str, bytes]


def texts(edits: Sequence[Edit]) -> list[str]:
    """The new statements of edits."""
    new = (edit.memory for edit in edits if isinstance(edit, Add | Update | Merge) and _is_searched(edit))
    return [inputs.checked_statement(one.memory if isinstance(one, UserMemory) else one) for one in new]


def _is_searched(edit: Add | Update | Merge) -> bool:
    item = edit.memory.item if isinstance(edit, Add) else edit.item if isinstance(edit, Update) else None
    return is_searched(item)


@cache
def _insert_model(insert: Callable[[sa.Table], Any]) -> Prepared:
    return Prepared(insert(EMBEDDING).on_conflict_do_nothing(), ["place", "model", "size"])


def keep(dialect: Dialect, draft: Draft, vectors: Vectors | None) -> None:
    """Write the vectors of the statements that a draft has stored, in its transaction.

    A statement without one that took over an id: the vector of what had the id before is voided.
    """
    if not draft.worded:
        return
    by_text = {} if vectors is None else vectors.by_text
    reused = [memory for memory in draft.worded if memory.memory not in by_text and not draft.is_fresh(memory)]
    embedded = [memory for memory in draft.worded if memory.memory in by_text and is_searched(memory.item)]
    _lock_others(dialect, draft, [*reused, *embedded])
    numbers = Numbers(OF_MEMORIES, draft.connection)
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
    if OF_MEMORIES.upsert(dialect.insert).change(connection, *new) != len(new):
        settle(dialect, connection, model)
        OF_MEMORIES.upsert(dialect.insert).change(connection, *new)


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


def _void_values(draft: Draft, memory: UserMemory, numbers: Numbers) -> dict[str, Any]:
    owner, memory_id = rows.memory_key(memory)
    return {
        "owner": owner,
        "id": memory_id,
        "memory": memory.memory,
        "change_id": draft.change_id,
        "new_number": numbers.next(owner),
    }


def _lock_others(dialect: Dialect, draft: Draft, memories: Iterable[UserMemory]) -> None:
    """Lock the owners beside the scope's own, for their numbers to grow in the order of the commits."""
    own = rows.stored_owner(draft.scope.user_id)
    for owner in sorted({rows.stored_owner(memory.user_id) for memory in memories} - {own}):
        dialect.lock_owner(draft.connection, owner)
