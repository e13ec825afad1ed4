"""Finding turns: what was said, word for word, beside the memories made of it."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from coterie.memory import inputs, rows
from coterie.memory.dialect import Dialect
from coterie.memory.prepared import Prepared, Row
from coterie.memory.query import query_words
from coterie.memory.ranking import NEAR, Document, Ranked, rank
from coterie.memory.reading import Kinds, found_rows, kinds_of
from coterie.memory.scope import parameters, readable
from coterie.memory.searching import by_owner, cosine, nearest_rows, of_ids
from coterie.memory.stored import Key
from coterie.memory.tables import TURN
from coterie.memory.values import Scope, TurnHit
from coterie.memory.words import words

if TYPE_CHECKING:
    from coterie.memory.nearest import Likeness

CANDIDATES = 150
"""How many turns the words of a query find at most; with those around them they are ranked here."""
NEAREST = 100
"""How many of the nearest by meaning are candidates too."""
COUNTED = 10_000
"""How far turns are counted: of more it is enough to know that they are many."""

_ids: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
_NEAR = max(NEAR)

_key = (TURN.c.user_id, TURN.c.turn_id)
_place = (*_key, TURN.c.session_id, TURN.c.place, TURN.c.asks, TURN.c.told, TURN.c.speaker)
CANDIDATE = (*_place, TURN.c.words, TURN.c.reply_words, TURN.c.audience)
"""What the dialects' statements give of each candidate."""


def neighbours(ranges: sa.FromClause) -> Prepared:
    """The places of the turns in ranges: ``user_id``, ``audience``, ``session_id``, ``first`` and ``last``."""
    same = sa.and_(*(TURN.c[name] == ranges.c[name] for name in ("user_id", "audience", "session_id")))
    return Prepared(
        sa.select(*_place).join_from(ranges, TURN, same & TURN.c.place.between(ranges.c.first, ranges.c.last))
    )


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


@cache
def _total(kinds: Kinds) -> Prepared:
    some = sa.select(sa.literal(1)).select_from(TURN).where(readable(TURN, kinds)).limit(COUNTED).subquery()
    return Prepared(sa.select(sa.func.count()).select_from(some))


@cache
def _by_ids(kinds: Kinds) -> sa.Select[tuple[object, ...]]:
    return sa.select(*rows.TURN_COLUMNS).where(TURN.c.turn_id.in_(_ids), readable(TURN, kinds))


@cache
def _near(kinds: Kinds) -> Prepared:
    """Those of some turns of one owner that the scope may find."""
    fenced = of_ids(TURN, TURN.c.turn_id, CANDIDATE)
    return Prepared(sa.select(*(fenced.c[column.name] for column in CANDIDATE)).where(readable(fenced, kinds)))


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
    documents = [Document(str(place), *found[key][2:9]) for place, key in enumerate(keys)]
    near = ((str(place), cosine(likeness, key)) for place, key in enumerate(keys) if likeness)
    cosines = {key: value for key, value in near if value is not None}
    (total,) = _total(asked.kinds).rows(connection, parameters(asked.scope))[0]
    best = rank(terms, words(asked.query), documents, total, asked.limit, cosines)
    return _hits(connection, asked, {keys[int(one.key)]: one for one in best})


def _by_meaning(
    connection: sa.Connection, asked: Request, likeness: "Mapping[str, Likeness]", known: Mapping[Key, Row]
) -> dict[Key, Row]:
    """The turns nearest by meaning, but for those that are known."""
    if not any(map(len, likeness.values())):
        return {}

    def rows_of(keys: Iterable[Key]) -> dict[Key, Row]:
        statement, ids = _near(asked.kinds), by_owner(keys)
        each = (found_rows(connection, statement, asked.scope, owner=owner, ids=some) for owner, some in ids.items())
        return {row[:2]: row for some in each for row in some}

    def readable_ids() -> dict[str, list[str]]:
        return by_owner(found_rows(connection, _ids_readable(asked.kinds), asked.scope))

    return nearest_rows(likeness, NEAREST, NEAREST, known, rows_of, readable_ids)


def _hits(connection: sa.Connection, asked: Request, best: Mapping[Key, Ranked]) -> list[TurnHit]:
    values = {**parameters(asked.scope), "ids": [turn_id for _, turn_id in best]}
    found = connection.execute(_by_ids(asked.kinds), values).mappings()
    turns = {(row["user_id"], row["turn_id"]): row for row in found}
    return [TurnHit(rows.turn_value({**turns[key]}), one.score, one.parts) for key, one in best.items()]
