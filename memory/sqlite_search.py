"""Full text in SQLite: FTS5 finds the rows that the readers' keys and any of the words are in, its BM25 orders them."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.memory import filtering, rows
from coterie.memory.filtering import Shape, meant
from coterie.memory.prepared import Prepared, Row
from coterie.memory.ranking import SIDE_WEIGHT
from coterie.memory.reading import Kinds, found_rows
from coterie.memory.scope import readable, shelves
from coterie.memory.tables import MEMORY, TURN
from coterie.memory.turn_search import CANDIDATE, neighbours
from coterie.memory.values import Filters, Scope

_LIMIT = sa.bindparam("limit", type_=sa.BigInteger)


def search(connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int, filters: Filters) -> list[Row]:
    """The memories that are meant and hold any of the words: rows of `SEARCH_COLUMNS` and the score, best first."""
    statement, match = _search(tuple(shelves(scope)), filtering.shape_of(filters)), _match(scope, words)
    return found_rows(connection, statement, scope, match=match, limit=limit, **filtering.values(filters))


def search_turns(connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int) -> list[Row]:
    """The turns that hold any of the words: rows of `CANDIDATE`, best first."""
    return found_rows(connection, _search_turns(tuple(shelves(scope))), scope, match=_match(scope, words), limit=limit)


@cache
def _search(kinds: Kinds, shape: Shape) -> Prepared:
    found, score = _matching(MEMORY, *rows.SEARCH_COLUMNS)
    found = found.add_columns(score).where(readable(MEMORY, kinds), meant(MEMORY, shape))
    return Prepared(found.order_by(score.desc(), MEMORY.c.created_at.desc()).limit(_LIMIT))


@cache
def _search_turns(kinds: Kinds) -> Prepared:
    found, score = _matching(TURN, *CANDIDATE)
    return Prepared(found.where(readable(TURN, kinds)).order_by(score.desc()).limit(_LIMIT))


def _matching(table: sa.Table, *columns: sa.ColumnElement[Any]) -> "tuple[sa.Select[Any], sa.Label[float]]":
    """The rows of a table whose text index matches, and how well."""
    index = sa.table(f"{table.name}_text", sa.column("rowid"))
    whole: sa.ColumnClause[Any] = sa.literal_column(index.name)
    number: sa.ColumnClause[int] = sa.literal_column(f"{table.name}.seq")
    found = sa.select(*columns).join_from(index, table, number == index.c.rowid)
    score = (-sa.func.bm25(whole, 0.0, 1.0, SIDE_WEIGHT, type_=sa.Float)).label("score")
    return found.where(whole.op("MATCH")(sa.bindparam("match", type_=sa.Text))), score


def _match(scope: Scope, words: Sequence[str]) -> str:
    """Any of the words, in rows with the key of one of the scope's shelves."""
    on = shelves(scope).values()
    keys = (f"u{_hex(owner)}" if to is None else f"k{_hex(f'{owner}{chr(31)}{to}')}" for owner, to in on)
    return f"readers : ({_any(keys)}) AND - readers : ({_any(words)})"


def _any(words: Any) -> str:
    return " OR ".join(f'"{word}"' for word in words)


def _hex(text: str) -> str:
    return text.encode().hex()


def _ranges() -> sa.Subquery:
    """What `coterie.memory.turn_search` calls ranges, of JSON."""
    listed = sa.func.json_each(sa.bindparam("ranges", type_=sa.Text)).table_valued("value", name="listed")
    names = ("user_id", "audience", "session_id", "first", "last")
    values: list[Any] = [sa.func.json_extract(listed.c.value, f"$[{place}]").label(n) for place, n in enumerate(names)]
    return sa.select(*values).subquery("ranges")


NEIGHBOURS = neighbours(_ranges())
