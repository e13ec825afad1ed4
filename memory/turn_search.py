"""Finding turns: what was said, word for word, beside the memories made of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from coterie.memory import inputs, rows
from coterie.memory.dialect import Dialect
from coterie.memory.hits import TurnHit
from coterie.memory.prepared import Prepared, Row
from coterie.memory.query import query_words
from coterie.memory.ranking import NEAR, Ranked, rank
from coterie.memory.reading import Kinds, found_rows, kinds_of
from coterie.memory.scope import readable
from coterie.memory.searching import by_owner, cosines, nearest_rows, of_ids
from coterie.memory.stored import Key
from coterie.memory.tables import TURN
from coterie.memory.values import Scope
from coterie.memory.words import words

if TYPE_CHECKING:
    from coterie.memory.nearest import Likeness

CANDIDATES = 150
"""How many turns the words of a query find at most; with those around them they are ranked here."""
NEAREST = 100
"""How many of the nearest by meaning are candidates too."""
COUNTED = 10_000
"""How far turns are counted: of more it is enough to know that they are many."""

_NEAR = max(NEAR)

Columns = Sequence[sa.Column[Any] | sa.Label[Any]]

_key = (TURN.c.user_id, TURN.c.turn_id)
_asks = sa.type_coerce(TURN.c.asks, sa.Integer).label("asks")  # as the driver gives it: it is only tested
_place = (*_key, TURN.c.session_id, TURN.c.place, _asks, TURN.c.told, TURN.c.speaker)
CANDIDATE: Columns = (*_place, TURN.c.words, TURN.c.reply_words, TURN.c.audience)
"""What the dialects' statements give of each candidate."""
_DOCUMENT = slice(2, 9)
"""Those of them that are a `coterie.memory.ranking.Document`."""
_NO_WORDS: tuple[sa.ColumnElement[str], ...] = (sa.literal_column("''"), sa.literal_column("''"))


def neighbours(ranges: sa.FromClause) -> Prepared:
    """The turns in ranges (``user_id``, ``audience``, ``session_id``, ``first`` and ``last``), without their words."""
    same = sa.and_(*(TURN.c[name] == ranges.c[name] for name in ("user_id", "audience", "session_id")))
    near = same & TURN.c.place.between(ranges.c.first, ranges.c.last)
    return Prepared(sa.select(*_place, *_NO_WORDS).join_from(ranges, TURN, near))


def _ranges(candidates: Iterable[Row]) -> str:
    """The candidates' places and those around them, as JSON: lists of user, audience, session, first and last."""
    places = sorted((row[0], row[9], row[2], row[3]) for row in candidates)
    ranges: list[list[Any]] = []
    for *session, place in places:
        if ranges and ranges[-1][:3] == session and ranges[-1][4] >= place - _NEAR - 1:
            ranges[-1][4] = place + _NEAR
        else:
            ranges.append([*session, place - _NEAR, place + _NEAR])
    return json.dumps(ranges)


def total(kinds: Kinds) -> sa.Label[int]:
    """How many turns there are."""
    some = sa.select(TURN.c.place).where(readable(TURN, kinds)).limit(sa.literal_column(str(COUNTED))).subquery()
    return sa.select(sa.func.count()).select_from(some).scalar_subquery().label("total")


@cache
def _by_ids(kinds: Kinds, columns: Columns) -> Prepared:
    """Those of some turns of one owner that the scope may find."""
    fenced = of_ids(TURN, TURN.c.turn_id, (*columns, TURN.c.audience))
    return Prepared(sa.select(*(fenced.c[column.name] for column in columns)).where(readable(fenced, kinds)))


@cache
def _ids_readable(kinds: Kinds) -> Prepared:
    return Prepared(sa.select(*_key).where(readable(TURN, kinds)))


class Request(NamedTuple):
    """What is searched for, checked."""

    scope: Scope
    query: str
    limit: int
    kinds: Kinds


def request(scope: Scope, query: str, limit: int | None) -> Request:
    """What is searched for.

    Raises:
        InputError: an argument cannot be used.
    """
    number, kinds = inputs.checked_limit(limit), kinds_of(scope)
    return Request(scope, inputs.expected("query", query, str), number, kinds)


def search_turns(
    connection: sa.Connection, dialect: Dialect, asked: Request, likeness: "Mapping[str, Likeness]"
) -> list[TurnHit]:
    """The turns that a query's words are in or near, or that are like it, best first.

    Args:
        connection: It reads.
        dialect: Its database.
        asked: What is searched for.
        likeness: How like the query the owners' turns are. Empty: only words count.
    """
    terms = query_words(asked.query)
    if not (asked.kinds and asked.limit):
        return []
    by_words = dialect.search_turns(connection, asked.scope, terms, CANDIDATES) if terms else []
    found = {row[:2]: row for row in by_words}
    found.update(_by_meaning(connection, asked, likeness, found))
    if not found:
        return []
    for row in dialect.neighbours.rows(connection, {"ranges": _ranges(found.values())}):
        found.setdefault(row[:2], row)
    keys = list(found)
    documents: list[Any] = [row[_DOCUMENT] for row in found.values()]
    number = by_words[0][-1] if by_words else 0  # without a match no word is rare
    best = rank(terms, words(asked.query), documents, number, asked.limit, cosines(likeness, keys))
    return _hits(connection, asked, {keys[one.number]: one for one in best})


def _by_meaning(
    connection: sa.Connection, asked: Request, likeness: "Mapping[str, Likeness]", known: Mapping[Key, Row]
) -> dict[Key, Row]:
    """The turns nearest by meaning, but for those that are known."""
    if not any(map(len, likeness.values())):
        return {}

    def rows_of(keys: Iterable[Key]) -> dict[Key, Row]:
        return {row[:2]: row for row in _rows(connection, asked, CANDIDATE, keys)}

    def readable_ids() -> dict[str, list[str]]:
        return by_owner(found_rows(connection, _ids_readable(asked.kinds), asked.scope))

    return nearest_rows(likeness, NEAREST, NEAREST, known, rows_of, readable_ids)


def _hits(connection: sa.Connection, asked: Request, best: Mapping[Key, Ranked]) -> list[TurnHit]:
    found = {(row[0], row[1]): row for row in _rows(connection, asked, rows.TURN_COLUMNS, best)}
    return [TurnHit(rows.turn_value(found[key]), one.score, one.parts) for key, one in best.items()]


def _rows(connection: sa.Connection, asked: Request, columns: Columns, wanted: Iterable[Key]) -> list[Row]:
    statement, ids = _by_ids(asked.kinds, columns), by_owner(wanted)
    each = (found_rows(connection, statement, asked.scope, owner=owner, ids=some) for owner, some in ids.items())
    return [row for some in each for row in some]
