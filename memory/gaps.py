"""What has no vector yet, and gets one: in batches, each in a transaction of its own."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from coterie.memory import kept, rows, vectors
from coterie.memory.connecting import Connected
from coterie.memory.embedding import EmbeddingModel
from coterie.memory.indexing import embedded_text
from coterie.memory.kept import ID, OF_MEMORIES, OF_TURNS, OWNER, Kept
from coterie.memory.prepared import Prepared
from coterie.memory.reach import Reach
from coterie.memory.tables import MEMORY, NOBODY, TURN

BATCH = 256
"""How many texts are embedded with one call of the model, and written in one transaction."""

_model, _bytes = sa.bindparam("model", type_=sa.Text), sa.bindparam("bytes", type_=sa.Integer)


class Gap(NamedTuple):
    """A memory or a turn that needs a vector."""

    user_id: str
    id: str
    text: str
    """What is embedded."""
    said: str
    """What tells whether it is still the same when its vector is written."""


class Gaps:
    """The memories, or the turns, that need a vector.

    Args:
        of: Where their vectors are.
        table: Where they are.
        columns: What is read of them.
        said: The column that tells whether one is still the same.
        text: What is embedded, of the columns.
        embedded: Which of them have a vector at all.
    """

    def __init__(
        self,
        of: Kept,
        table: sa.Table,
        columns: Sequence[sa.Column[Any]],
        said: sa.Column[Any],
        text: Callable[[dict[str, Any]], str],
        embedded: sa.ColumnElement[bool] | None = None,
    ) -> None:
        self.of = of
        self._said, self._text = said.name, text
        embedded = sa.true() if embedded is None else embedded
        key = (table.c.user_id, table.c[of.id.name])
        its = sa.exists().where(of.table.c.user_id == key[0], of.id == key[1])
        usable = its.where(of.table.c.model == _model, sa.func.length(of.table.c.vector) == _bytes)
        after = sa.tuple_(*key) > sa.tuple_(OWNER, ID)
        batch = sa.select(*columns, *(() if said in columns else (said,))).where(embedded)
        batch = batch.order_by(*key).limit(sa.bindparam("limit", type_=sa.BigInteger))
        self.of_everybody = Prepared(batch.where(after, ~usable))
        """Those after a key without a vector of the model."""
        self.of_owner = Prepared(batch.where(key[0] == OWNER, key[1] > ID, ~its))
        """The owner's after a key without any vector."""
        self._count = Prepared(sa.select(sa.func.count()).select_from(table).where(embedded, ~usable))
        there = sa.select(sa.func.count()).select_from(table).where(key[0] == OWNER, embedded).scalar_subquery()
        have = sa.select(sa.func.count()).where(of.table.c.user_id == OWNER).scalar_subquery()
        self._of_owner_differ = Prepared(sa.select(there != have))
        self.still_so = sa.exists().where(key[0] == OWNER, key[1] == ID, said == sa.bindparam("said", type_=sa.Text))
        self.delete_others = Prepared(
            sa.delete(of.table).where(
                of.table.c.model != kept.VOID,
                ~((of.table.c.model == _model) & (sa.func.length(of.table.c.vector) == _bytes)),
            )
        )

    def count(self, connection: sa.Connection, wanted: dict[str, Any]) -> int:
        """How many there are of everybody without a vector of the model."""
        return int(self._count.rows(connection, wanted)[0][0])

    def has_any(self, connection: sa.Connection, owner: str) -> bool:
        """Whether an owner's have gaps. Counted, not looked for: only for those that are never removed alone."""
        return bool(self._of_owner_differ.rows(connection, {"owner": owner})[0][0])

    def read(self, connection: sa.Connection, statement: Prepared, values: dict[str, Any]) -> list[Gap]:
        """What one of the statements finds."""
        found = statement.mappings(connection, values)
        return [Gap(row["user_id"], row[self.of.id.name], self._text(row), row[self._said]) for row in found]


def _turn_text(row: dict[str, Any]) -> str:
    return embedded_text(rows.turn_value([row[column.name] for column in rows.TURN_COLUMNS]))


MEMORIES = Gaps(
    OF_MEMORIES,
    MEMORY,
    (MEMORY.c.user_id, MEMORY.c.memory_id, MEMORY.c.memory),
    MEMORY.c.memory,
    lambda row: row["memory"],
    MEMORY.c.item.is_(None) | MEMORY.c.item["searched"].as_boolean(),
)
# Compared as text: a partial index is used for a constant.
TURNS = Gaps(OF_TURNS, TURN, rows.TURN_COLUMNS, TURN.c.words, _turn_text, TURN.c.told > sa.literal_column("0"))


class FillingGaps(Connected):
    """Embeds what has no vector."""

    def _fill(
        self, gaps: Gaps, statement: Prepared, model: EmbeddingModel, within: Reach, values: dict[str, Any]
    ) -> Iterator[int]:
        """Embed what a statement of the gaps finds. Yields how many after each batch. Others may write meanwhile."""
        values = {"owner": NOBODY, **values, "id": "", "limit": BATCH}
        while True:
            with self._reading(within) as connection:
                found = gaps.read(connection, statement, values)
            if found:
                self._embed(gaps, model, within, found)
                yield len(found)
            if len(found) < values["limit"]:
                return
            values |= {"owner": found[-1].user_id, "id": found[-1].id}

    def _embed(self, gaps: Gaps, model: EmbeddingModel, within: Reach, found: Sequence[Gap]) -> None:
        """Embed some while no connection is held, and write the vectors of those that still are the same."""
        by_text = model.documents([one.text for one in found])
        owners = sorted({one.user_id for one in found}, key=lambda owner: (owner == NOBODY, owner))
        with self._writing(within) as connection:
            for owner in owners:  # nobody's come last, as in every write
                self._dialect.lock_owner(connection, owner)
            vectors.settle(self._dialect, connection, model)
            numbers = kept.Numbers(gaps.of, connection)
            keyed = ((one, kept.values(model, one[:2], by_text[one.text], numbers)) for one in found)
            new = [{**columns, "said": one.said} for one, columns in keyed]
            gaps.of.upsert(self._dialect.insert, gaps.still_so).change(connection, *new)
