"""Full text in PostgreSQL: each word of a query finds rows by itself, and counts more the fewer rows it finds."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY

from coterie.memory import filtering, rows
from coterie.memory.filtering import Shape, looked_at, meant
from coterie.memory.migrations.wall import DOORS, MATCH
from coterie.memory.postgres_wall import Statement, behind_wall, text_array, walled
from coterie.memory.prepared import Prepared, Row
from coterie.memory.ranking import SIDE_WEIGHT
from coterie.memory.reading import Kinds, found_rows
from coterie.memory.scope import readable, shelves
from coterie.memory.tables import MEMORY, NOBODY, TURN
from coterie.memory.turn_search import CANDIDATE, neighbours, total
from coterie.memory.values import Filters, Scope

# What the policy of a door matches rows with: any of the words, marked as the words of each owner are.
_SET_MATCH = b"""SELECT set_config('coterie.match', concat_ws(' | ',
    NULLIF(replace(shelf_words(%s, '', to_tsvector('simple', %s))::text, ' ', ' | '), ''),
    (SELECT string_agg(replace(shelf_words('', audience, to_tsvector('simple', %s))::text, ' ', ' | '), ' | ')
     FROM unnest(NULLIF(%s, '')::text[]) AS audience)), true)"""
_WEIGHTS: sa.ColumnClause[Any] = sa.literal_column(f"'{{{SIDE_WEIGHT}, 0, 0, 1}}'::float4[]")
"""By label, D to A: what stands beside the text is D, the text A."""
_LIMIT = sa.bindparam("limit", type_=sa.BigInteger)


def search(connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int, filters: Filters) -> list[Row]:
    """The memories that are meant and hold any of the words: rows of `SEARCH_COLUMNS`, best first."""
    statement = partial(_search, filtering.shape_of(filters))
    return _found(connection, statement, scope, words, limit=limit, **filtering.values(filters))


def search_turns(connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int) -> list[Row]:
    """The turns that hold any of the words: rows of `CANDIDATE` and the total, best first."""
    return _found(connection, _search_turns, scope, words, limit=limit)


def _found(connection: sa.Connection, statement: Any, scope: Scope, words: Sequence[str], **values: Any) -> list[Row]:
    on = shelves(scope)
    shared = [str(audience) for owner, audience in on.values() if owner == NOBODY]
    text = " ".join(words)
    match = (rows.stored_owner(scope.user_id), text, text, text_array(shared))
    prepared = statement(tuple(on), len(words), behind_wall(connection))
    walled(connection).ahead(Statement(_SET_MATCH, match))
    each = {_word(place): word for place, word in enumerate(words)}
    return found_rows(connection, prepared, scope, **each, **values)


def _word(place: int) -> str:
    return f"word_{place}"


@cache
def _search(shape: Shape, kinds: Kinds, words: int, walled: bool) -> Prepared:
    names = {"memory_id", "created_at", "valid_until", "expires_at", *looked_at(shape)}
    narrow = _narrow(MEMORY, sorted(names), walled)
    best = _best(narrow, ("memory_id", "created_at"), words, readable(narrow, kinds), meant(narrow, shape))
    same = (MEMORY.c.user_id == best.c.user_id) & (MEMORY.c.memory_id == best.c.memory_id)
    found = sa.select(*rows.SEARCH_COLUMNS)
    return Prepared(found.join_from(best, MEMORY, same).order_by(best.c.score.desc(), MEMORY.c.created_at.desc()))


@cache
def _search_turns(kinds: Kinds, words: int, walled: bool) -> Prepared:
    narrow = _narrow(TURN, ("turn_id", "at"), walled)
    best = _best(narrow, ("turn_id", "at"), words, readable(narrow, kinds))
    same = (TURN.c.user_id == best.c.user_id) & (TURN.c.turn_id == best.c.turn_id)
    found = sa.select(*CANDIDATE, total(kinds)).join_from(best, TURN, same)
    return Prepared(found.order_by(best.c.score.desc(), TURN.c.at.desc()))


def _narrow(table: sa.Table, names: Sequence[str], walled: bool) -> sa.Subquery:
    """What the door to a table lets through: few columns, for the planner to carry about.

    It is fenced by OFFSET 0: the words' index alone finds the rows. Left to itself, the planner without fresh
    statistics read all of the user's rows. For whom there is no wall, the match is in the query.
    """
    columns = [sa.column(name, table.c[name].type) for name in ("user_id", "audience", *names)]
    door = sa.select(sa.table(DOORS[table.name], *columns, sa.column("text_index")))
    matching = door if walled else door.where(sa.text(MATCH))
    return matching.offset(sa.literal_column("0")).subquery("narrow")


def _best(narrow: sa.Subquery, names: tuple[str, str], words: int, *wanted: sa.ColumnElement[bool]) -> sa.CTE:
    """The hits that fit best, by the rarity of each of their words among the hits.

    Of each little is kept, its columns of these names: its id and its time. There may be 40,000.
    """
    id_, time = names
    places = range(words)
    ranks = [_rank(narrow.c.text_index, _word(place)).label(f"rank_{place}") for place in places]
    hits = sa.select(narrow.c.user_id, narrow.c[id_], narrow.c[time], *ranks).where(*wanted)
    hit = hits.cte("hit").prefix_with("MATERIALIZED")
    rare = sa.select(*(_rarity(hit.c[f"rank_{place}"]).label(f"rarity_{place}") for place in places))
    rarity = rare.cte("rarity").prefix_with("MATERIALIZED")
    counted = (hit.c[f"rank_{place}"] * sa.select(rarity.c[f"rarity_{place}"]).scalar_subquery() for place in places)
    score: Any = sum(counted, sa.literal_column("0"))
    best = sa.select(hit.c.user_id, hit.c[id_], hit.c[time], score.label("score"))
    return best.order_by(score.desc(), hit.c[time].desc()).limit(_LIMIT).cte("best")


def _rank(text_index: Any, name: str) -> sa.ColumnElement[float]:
    """How well one word fits. The word is parsed once, as a query of its own, not for each row."""
    simple: sa.ColumnClause[Any] = sa.literal_column("'simple'")
    word = sa.func.plainto_tsquery(simple, sa.bindparam(name, type_=sa.Text), type_=TSQUERY)
    return sa.func.ts_rank(_WEIGHTS, text_index, sa.select(word).scalar_subquery(), type_=sa.Float)


def _rarity(rank: sa.ColumnElement[float]) -> sa.ColumnElement[float]:
    """What a word counts: ln(1 + all hits / the hits that have it)."""
    having = sa.func.greatest(sa.func.count().filter(rank > sa.literal_column("0")), sa.literal_column("1"))
    return sa.func.ln(sa.literal_column("1") + sa.cast(sa.func.count(), sa.Double).op("/")(having), type_=sa.Float)


def _ranges() -> sa.Subquery:
    """What `coterie.memory.turn_search` calls ranges, of JSON."""
    ranges = sa.cast(sa.bindparam("ranges", type_=sa.Text), JSONB)
    listed = sa.func.jsonb_array_elements(ranges).table_valued(sa.column("value", JSONB), name="listed")
    kinds = {"user_id": sa.Text, "audience": sa.Text, "session_id": sa.Text, "first": sa.Integer, "last": sa.Integer}
    columns: list[Any] = [
        sa.cast(listed.c.value[place].astext, kind).label(name) for place, (name, kind) in enumerate(kinds.items())
    ]
    return sa.select(*columns).subquery("ranges")


NEIGHBOURS = neighbours(_ranges())
