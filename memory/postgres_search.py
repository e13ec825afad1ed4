"""Full text in PostgreSQL: each word of a query finds rows by itself, and counts more the fewer rows it finds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY

from coterie.memory import rows
from coterie.memory.migrations.wall import MATCH
from coterie.memory.postgres_wall import Statement, behind_wall, text_array, walled
from coterie.memory.prepared import Prepared, Row
from coterie.memory.reading import TOPIC_WEIGHT, Kinds, current, found_rows
from coterie.memory.scope import readable, shelves
from coterie.memory.tables import MEMORY, NOBODY
from coterie.memory.values import Scope

# What the policy of memory_search matches rows with: any of the words, marked as the words of each owner are.
_SET_MATCH = b"""SELECT set_config('coterie.match', concat_ws(' | ',
    NULLIF(replace(shelf_words(%s, '', to_tsvector('english', %s))::text, ' ', ' | '), ''),
    (SELECT string_agg(replace(shelf_words('', audience, to_tsvector('english', %s))::text, ' ', ' | '), ' | ')
     FROM unnest(NULLIF(%s, '')::text[]) AS audience)), true)"""
_WEIGHTS: sa.ColumnClause[Any] = sa.literal_column(f"'{{{TOPIC_WEIGHT}, 0, 0, 1}}'::float4[]")
"""By label, D to A: topics are D, statements A."""
_NARROW = ("user_id", "memory_id", "audience", "created_at", "valid_until", "expires_at")
_DOOR = sa.table("memory_search", *(sa.column(name, MEMORY.c[name].type) for name in _NARROW), sa.column("text_index"))


def search(connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int) -> list[Row]:
    """The current memories that hold any of the words: rows of `MEMORY_COLUMNS` and the score, best first."""
    on = shelves(scope)
    shared = [str(audience) for owner, audience in on.values() if owner == NOBODY]
    text = " ".join(words)
    values = (rows.stored_owner(scope.user_id), text, text, text_array(shared))
    statement = _search(tuple(on), len(words), behind_wall(connection))
    walled(connection).ahead(Statement(_SET_MATCH, values))
    each = {_word(place): word for place, word in enumerate(words)}
    return found_rows(connection, statement, scope, **each, limit=limit, now=datetime.now(UTC))


def _word(place: int) -> str:
    return f"word_{place}"


@cache
def _search(kinds: Kinds, words: int, walled: bool) -> Prepared:
    """Hits through the door, with their keys only; the rows of the best."""
    places = range(words)
    hit = _hits(kinds, words, walled)
    rare = sa.select(*(_rarity(hit.c[f"rank_{place}"]).label(f"rarity_{place}") for place in places))
    rarity = rare.cte("rarity").prefix_with("MATERIALIZED")
    score: Any = sum((hit.c[f"rank_{place}"] * rarity.c[f"rarity_{place}"] for place in places), sa.literal_column("0"))
    scored = sa.select(hit, score.label("score")).select_from(hit.join(rarity, sa.true())).subquery()
    best = sa.select(scored).where(scored.c.score > sa.literal_column("0"))
    best = best.order_by(scored.c.score.desc(), scored.c.created_at.desc())
    top = best.limit(sa.bindparam("limit", type_=sa.BigInteger)).cte("best")
    same = (MEMORY.c.user_id == top.c.user_id) & (MEMORY.c.memory_id == top.c.memory_id)
    found = sa.select(*rows.MEMORY_COLUMNS, sa.type_coerce(top.c.score, sa.Float).label("score"))
    return Prepared(found.join_from(top, MEMORY, same).order_by(top.c.score.desc(), MEMORY.c.created_at.desc()))


def _hits(kinds: Kinds, words: int, walled: bool) -> sa.CTE:
    """What the door lets through, and how well each word fits it.

    The door is in an inner query, fenced by OFFSET 0: the words' index alone finds the rows. Left to itself, the
    planner without fresh statistics read all of the user's rows. For whom there is no wall, the match is in the query.
    """
    door = sa.select(_DOOR) if walled else sa.select(_DOOR).where(sa.text(MATCH))
    narrow = door.offset(sa.literal_column("0")).subquery("narrow")
    ranks = [_rank(narrow.c.text_index, _word(place)).label(f"rank_{place}") for place in range(words)]
    found = sa.select(narrow.c.user_id, narrow.c.memory_id, narrow.c.created_at, *ranks)
    return found.where(readable(narrow, kinds), current(narrow)).cte("hit").prefix_with("MATERIALIZED")


def _rank(text_index: Any, name: str) -> sa.ColumnElement[float]:
    """How well one word fits. The word is parsed once, as a query of its own, not for each row."""
    english: sa.ColumnClause[Any] = sa.literal_column("'english'")
    word = sa.func.plainto_tsquery(english, sa.bindparam(name, type_=sa.Text), type_=TSQUERY)
    return sa.func.ts_rank(_WEIGHTS, text_index, sa.select(word).scalar_subquery(), type_=sa.Float)


def _rarity(rank: sa.ColumnElement[float]) -> sa.ColumnElement[float]:
    """What a word counts: ln(1 + all hits / the hits that have it)."""
    having = sa.func.greatest(sa.func.count().filter(rank > sa.literal_column("0")), sa.literal_column("1"))
    return sa.func.ln(sa.literal_column("1") + sa.cast(sa.func.count(), sa.Double).op("/")(having), type_=sa.Float)
