"""Finding turns: what was said, word for word, beside the memories made of it."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.memory import inputs, rows
from coterie.memory.dialect import Dialect
from coterie.memory.prepared import Prepared, Row
from coterie.memory.query import query_words
from coterie.memory.ranking import NEAR, Document, rank
from coterie.memory.reading import Kinds, kinds_of
from coterie.memory.scope import parameters, readable
from coterie.memory.tables import TURN
from coterie.memory.values import Scope, TurnHit
from coterie.memory.words import words

CANDIDATES = 150
"""How many turns the database delivers; with those around them they are ranked here."""
COUNTED = 10_000
"""How far turns are counted: of more it is enough to know that they are many."""

_ids: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
_NEAR = max(NEAR)

_place = (TURN.c.turn_id, TURN.c.session_id, TURN.c.place, TURN.c.asks, TURN.c.told, TURN.c.speaker)
CANDIDATE = (*_place, TURN.c.words, TURN.c.reply_words, TURN.c.user_id, TURN.c.audience)
"""What the dialects' statements give of each candidate."""


def neighbours(ranges: sa.FromClause) -> Prepared:
    """The places of the turns in ranges: ``user_id``, ``audience``, ``session_id``, ``first`` and ``last``."""
    same = sa.and_(*(TURN.c[name] == ranges.c[name] for name in ("user_id", "audience", "session_id")))
    return Prepared(
        sa.select(*_place).join_from(ranges, TURN, same & TURN.c.place.between(ranges.c.first, ranges.c.last))
    )


def _ranges(candidates: Sequence[Row]) -> str:
    """The candidates' places and those around them, as JSON: lists of user, audience, session, first and last."""
    places = sorted((row[8], row[9], row[1], row[2]) for row in candidates)
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


def search_turns(
    connection: sa.Connection, dialect: Dialect, scope: Scope, query: str, limit: int | None
) -> list[TurnHit]:
    """The turns that the words of a query are in or near, best first."""
    number, kinds = inputs.checked_limit(limit), kinds_of(scope)
    terms = query_words(inputs.expected("query", query, str))
    if not (kinds and terms and number):
        return []
    asked = parameters(scope)
    candidates = dialect.search_turns(connection, scope, terms, CANDIDATES)
    if not candidates:
        return []
    documents = {row[0]: Document._make(row[:8]) for row in candidates}
    for row in dialect.neighbours.rows(connection, {"ranges": _ranges(candidates)}):
        documents.setdefault(row[0], Document(*row))
    (total,) = _total(kinds).rows(connection, asked)[0]
    best = rank(terms, words(query), list(documents.values()), total, number)
    ids = [one.key for one in best]
    turns = {row["turn_id"]: row for row in connection.execute(_by_ids(kinds), {**asked, "ids": ids}).mappings()}
    return [TurnHit(rows.turn_value({**turns[one.key]}), one.score, one.parts) for one in best]
