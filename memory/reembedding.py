"""Giving every memory a vector of the store's embedding model: those that have none, or one of another model."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from coterie.memory import vectors
from coterie.memory.connecting import Connected
from coterie.memory.embedding import BYTES_A_NUMBER, EmbeddingModel
from coterie.memory.flow import in_thread
from coterie.memory.prepared import Prepared
from coterie.memory.reach import EMBEDDING
from coterie.memory.tables import EMBEDDING as MODEL
from coterie.memory.tables import MEMORY, NOBODY, VECTOR

BATCH = 256
"""How many memories are embedded with one call of the model, and written in one transaction."""

PROBE = "Is anybody there?"
"""What a model is asked first."""

Progress = Callable[[int, int], None]
"""Is told how many memories have got their vector, and how many there are to do."""

_model, _bytes = sa.bindparam("model", type_=sa.Text), sa.bindparam("bytes", type_=sa.Integer)
_its_vector = (VECTOR.c.user_id == MEMORY.c.user_id) & (VECTOR.c.memory_id == MEMORY.c.memory_id)
_usable = sa.exists().where(_its_vector, VECTOR.c.model == _model, sa.func.length(VECTOR.c.vector) == _bytes)
_count = Prepared(sa.select(sa.func.count()).select_from(MEMORY).where(~_usable))
_after = sa.tuple_(MEMORY.c.user_id, MEMORY.c.memory_id) > sa.tuple_(
    sa.bindparam("user_id", type_=sa.Text), sa.bindparam("memory_id", type_=sa.Text)
)
_next = Prepared(
    sa.select(MEMORY.c.user_id, MEMORY.c.memory_id, MEMORY.c.memory)
    .where(_after, ~_usable)
    .order_by(MEMORY.c.user_id, MEMORY.c.memory_id)
    .limit(sa.bindparam("limit", type_=sa.BigInteger))
)
_says = sa.exists().where(
    MEMORY.c.user_id == sa.bindparam("owner", type_=sa.Text),
    MEMORY.c.memory_id == sa.bindparam("memory_id", type_=sa.Text),
    MEMORY.c.memory == sa.bindparam("memory", type_=sa.Text),
)
_delete_others = Prepared(
    sa.delete(VECTOR).where(
        VECTOR.c.model != vectors.VOID, ~((VECTOR.c.model == _model) & (sa.func.length(VECTOR.c.vector) == _bytes))
    )
)


class _Text(NamedTuple):
    """A memory that needs a vector."""

    user_id: str
    memory_id: str
    memory: str


@cache
def _replace_model(insert: Callable[[sa.Table], Any]) -> Prepared:
    statement = insert(MODEL)
    new = {name: statement.excluded[name] for name in ("model", "size")}
    return Prepared(statement.on_conflict_do_update(index_elements=["place"], set_=new), ["place", "model", "size"])


class Reembedding(Connected):
    """Makes vectors anew."""

    def reembed(self, progress: Progress | None = None) -> int:
        """Give every memory a vector of this store's embedding model, in batches, each in a transaction of its own.

        With the model that the store has already, only memories without a vector are embedded. With another, the store
        belongs to the new one from the first batch on: those who opened it with the old one are refused, and until the
        last batch some memories are found by their words alone. After a crash, call it again: it goes on where it was.

        Args:
            progress: Called after each batch with how many memories are done, and how many there were to do.

        Returns:
            How many memories were embedded.

        Raises:
            ConfigurationError: the store was opened without a model; or somebody is giving it another one meanwhile.
            EmbeddingError: the model failed. What the batches before have written stays.
        """
        model = self._meaning.model()
        self._take_over(model)
        wanted = {"model": model.name, "bytes": (model.size or 0) * BYTES_A_NUMBER, "limit": BATCH}
        with self._reading(EMBEDDING) as connection:
            total = int(_count.rows(connection, wanted)[0][0])
        done, last = 0, {"user_id": "", "memory_id": ""}
        while found := self._without_vector({**wanted, **last}):
            done += self._embed(model, found)
            last = {"user_id": found[-1].user_id, "memory_id": found[-1].memory_id}
            if progress is not None:
                progress(done, max(done, total))
        with self._writing(EMBEDDING) as connection:
            vectors.check(self._dialect, connection, model)
            _delete_others.change(connection, wanted)
        return done

    def _take_over(self, model: EmbeddingModel) -> None:
        """Make the model the store's. It is asked first: its size is needed, and one that fails changes nothing."""
        model.documents([PROBE])
        with self._writing(EMBEDDING) as connection:
            values = {"place": 1, "model": model.name, "size": model.size}
            _replace_model(self._dialect.insert).change(connection, values)

    def _without_vector(self, values: dict[str, Any]) -> list[_Text]:
        with self._reading(EMBEDDING) as connection:
            return [_Text(*row) for row in _next.rows(connection, values)]

    def _embed(self, model: EmbeddingModel, found: Sequence[_Text]) -> int:
        """Embed some memories, and write the vectors of those that still say the same."""
        by_text = model.documents([one.memory for one in found])
        owners = sorted({one.user_id for one in found}, key=lambda owner: (owner == NOBODY, owner))
        with self._writing(EMBEDDING) as connection:
            for owner in owners:  # nobody's come last, as in every write
                self._dialect.lock_owner(connection, owner)
            vectors.check(self._dialect, connection, model)
            numbers = vectors.Numbers(connection)
            keyed = ((one, vectors.values(model, one[:2], by_text[one.memory], numbers)) for one in found)
            values = [{**columns, "memory": one.memory} for one, columns in keyed]
            vectors.upsert(self._dialect.insert, _says).change(connection, *values)
        return len(found)

    areembed = in_thread(reembed)
