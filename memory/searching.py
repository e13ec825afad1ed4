"""Search by words and by meaning: the best candidates of both that are meant, in one order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from coterie.memory import filtering, fusion, inputs, reading, rows
from coterie.memory.columns import Topics
from coterie.memory.dialect import Dialect
from coterie.memory.filtering import Shape, meant, texts_of
from coterie.memory.hits import Hit
from coterie.memory.prepared import Prepared, Row
from coterie.memory.query import query_words
from coterie.memory.ranking import matches
from coterie.memory.reading import Kinds
from coterie.memory.scope import readable, shelves
from coterie.memory.stored import Key
from coterie.memory.tables import MEMORY
from coterie.memory.values import Filters, Scope

if TYPE_CHECKING:
    from coterie.memory.nearest import Likeness
    from coterie.memory.ranking import Floats

CANDIDATES = 100
"""How many of each kind are ranked at least."""

WORDS_ALONE = 50
"""How many are ranked at least where only words count: the database's own order is good enough to choose those."""

_OWNER = rows.FIELDS.index("user_id")
_MEMORY_ID = rows.FIELDS.index("memory_id")
_CREATED_AT = rows.FIELDS.index("created_at")
_WORDS = len(rows.FIELDS)


def of_ids(table: sa.Table, key: sa.Column[Any], columns: Sequence[sa.ColumnElement[Any]]) -> sa.Subquery:
    """The rows of one ``owner`` with some ``ids``.

    They are looked up in an inner query, fenced by OFFSET 0. Left to itself, SQLite looks for them among all the rows
    of the owner's readers: 30 ms instead of 1.
    """
    ids = texts_of(sa.bindparam("ids", type_=Topics)).table_valued("value").alias("wanted")
    this = (table.c.user_id == sa.bindparam("owner", type_=sa.Text)) & key.in_(sa.select(sa.cast(ids.c.value, sa.Text)))
    return sa.select(*columns).where(this).offset(sa.literal_column("0")).subquery()


@cache
def _by_ids(kinds: Kinds, shape: Shape) -> Prepared:
    """Those of some memories of one owner that are meant."""
    fenced = of_ids(MEMORY, MEMORY.c.memory_id, (*rows.SEARCH_COLUMNS, MEMORY.c.audience, MEMORY.c.namespace))
    found = sa.select(*(fenced.c[column.name] for column in rows.SEARCH_COLUMNS))
    return Prepared(found.where(readable(fenced, kinds), meant(fenced, shape)))


@cache
def _ids_meant(kinds: Kinds, shape: Shape) -> Prepared:
    return Prepared(
        sa.select(MEMORY.c.user_id, MEMORY.c.memory_id).where(readable(MEMORY, kinds), meant(MEMORY, shape))
    )


class Request(NamedTuple):
    """What is searched for, checked."""

    scope: Scope
    query: str
    limit: int
    filters: Filters
    kinds: Kinds
    shape: Shape


def request(scope: Scope, query: str, limit: int | None, filters: Filters) -> Request:
    """What is searched for.

    Raises:
        InputError: an argument cannot be used.
    """
    number, kinds, shape = inputs.checked_limit(limit), reading.kinds_of(scope), filtering.shape_of(filters)
    return Request(scope, inputs.expected("query", query, str), number, filters, kinds, shape)


def owners(scope: Scope) -> list[str]:
    """Those whose memories and turns the scope may read."""
    return sorted({owner for owner, _ in shelves(scope).values()})


def search(
    connection: sa.Connection, dialect: Dialect, asked: Request, likeness: "Mapping[str, Likeness]"
) -> list[Hit]:
    """The best for a query, best first.

    Args:
        connection: It reads.
        dialect: Its database.
        asked: What is searched for.
        likeness: How like the query the owners' statements are. Empty: only words count.
    """
    vectors = sum(map(len, likeness.values()))
    number = max(asked.limit, CANDIDATES if vectors else WORDS_ALONE)
    terms = query_words(asked.query) if asked.kinds else []
    by_words = dialect.search(connection, asked.scope, terms, number, asked.filters) if terms else []
    found = {_key(row): row for row in by_words}
    if vectors:
        found.update(_by_meaning(connection, asked, likeness, found))
    if not found:
        return []

    import numpy as np

    each = [*found.values()]
    said, beside = [row[_WORDS] for row in each], [row[_WORDS + 1] for row in each]
    parts = fusion.fused(matches(terms, said, beside, max(vectors, len(each))), cosines(likeness, [*found]))
    scores = np.sum([*parts.values()], axis=0).tolist()
    order = [(score, row[_CREATED_AT], _key(row)) for score, row in zip(scores, each, strict=True)]
    best = sorted(range(len(each)), key=order.__getitem__, reverse=True)[: asked.limit]
    return [
        Hit(rows.memory_value(each[place]), scores[place], {name: float(part[place]) for name, part in parts.items()})
        for place in best
    ]


def _by_meaning(
    connection: sa.Connection, asked: Request, likeness: "Mapping[str, Likeness]", known: Mapping[Key, Row]
) -> dict[Key, Row]:
    number = CANDIDATES if asked.limit == inputs.EVERYTHING else max(asked.limit, CANDIDATES)
    if asked.limit == 0:
        return {}

    def rows_of(keys: Iterable[Key]) -> dict[Key, Row]:
        return _rows(connection, asked, keys)

    return nearest_rows(likeness, number, min(number, asked.limit), known, rows_of, lambda: _meant(connection, asked))


def nearest_rows(
    likeness: "Mapping[str, Likeness]",
    number: int,
    enough: int,
    known: Mapping[Key, Row],
    rows_of: Callable[[Iterable[Key]], dict[Key, Row]],
    meant: Callable[[], Mapping[str, Iterable[str]]],
) -> dict[Key, Row]:
    """What is nearest by meaning and meant, but for what is known.

    If of the nearest too few are meant, the nearest of those that are: the other way round.

    Args:
        likeness: How like the query each owner's are.
        number: How many of the nearest are looked at.
        enough: How many must be meant.
        known: What was found already.
        rows_of: Gives the rows of those that are meant.
        meant: Gives the ids of all that are meant, by owner.
    """
    near = _nearest(number, ((owner, one.best(number)) for owner, one in likeness.items()))
    found = rows_of(key for key in near if key not in known)
    if len(found) + sum(key in known for key in near) < enough and sum(map(len, likeness.values())) > number:
        ids = meant()
        near = _nearest(number, ((owner, one.best_of(ids.get(owner, ()), number)) for owner, one in likeness.items()))
        found.update(rows_of(key for key in near if key not in found and key not in known))
    return found


def _nearest(number: int, best: Iterable[tuple[str, Sequence[tuple[float, str]]]]) -> list[Key]:
    """The nearest of all owners."""
    every = [(cosine, owner, memory_id) for owner, some in best for cosine, memory_id in some]
    return [(owner, memory_id) for _, owner, memory_id in sorted(every, reverse=True)[:number]]


def by_owner(keys: Iterable[Key]) -> dict[str, list[str]]:
    """The keys' ids."""
    ids: dict[str, list[str]] = {}
    for owner, id_ in keys:
        ids.setdefault(owner, []).append(id_)
    return ids


def _rows(connection: sa.Connection, asked: Request, wanted: Iterable[Key]) -> dict[Key, Row]:
    statement, values = _by_ids(asked.kinds, asked.shape), filtering.values(asked.filters)
    found = (
        reading.found_rows(connection, statement, asked.scope, owner=owner, ids=some, **values)
        for owner, some in by_owner(wanted).items()
    )
    return {_key(row): row for some in found for row in some}


def _meant(connection: sa.Connection, asked: Request) -> dict[str, list[str]]:
    """The ids of all the memories that are meant, by owner."""
    statement = _ids_meant(asked.kinds, asked.shape)
    return by_owner(reading.found_rows(connection, statement, asked.scope, **filtering.values(asked.filters)))


def cosines(likeness: "Mapping[str, Likeness]", keys: Sequence[Key]) -> "Floats | None":
    """How like the query each is, NaN for one without a vector; None if no owner has any."""
    import numpy as np

    if not any(map(len, likeness.values())):
        return None
    return np.array([likeness[owner].of(id_) for owner, id_ in keys], dtype=float)


def _key(row: Row) -> Key:
    return row[_OWNER], row[_MEMORY_ID]
