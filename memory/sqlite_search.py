"""Full text in SQLite: FTS5 finds the rows of the owners that hold any of the words, and its BM25 orders them."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.memory import filtering, inputs, rows
from coterie.memory.filtering import Shape, meant
from coterie.memory.prepared import Prepared, Row
from coterie.memory.ranking import SIDE_WEIGHT
from coterie.memory.reading import Kinds, found_rows
from coterie.memory.scope import readable, shelves
from coterie.memory.tables import MEMORY, NOBODY, TURN
from coterie.memory.turn_search import CANDIDATE, neighbours, total
from coterie.memory.values import Filters, Scope

LOOKED_AT = 400
"""How many matches are looked up in the table at least: some may be closed, or for others to read."""

_LIMIT = sa.bindparam("limit", type_=sa.BigInteger)
_LOOKED_AT = sa.bindparam("looked_at", type_=sa.BigInteger)


def search(connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int, filters: Filters) -> list[Row]:
    """The memories that are meant and hold any of the words: rows of `SEARCH_COLUMNS`, best first."""
    statement = _search(tuple(shelves(scope)), filtering.shape_of(filters))
    return _found(connection, MEMORY, statement, scope, words, limit, filtering.values(filters))


def search_turns(connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int) -> list[Row]:
    """The turns that hold any of the words: rows of `CANDIDATE` and the total, best first."""
    return _found(connection, TURN, _search_turns(tuple(shelves(scope))), scope, words, limit, {})


def _found(
    connection: sa.Connection,
    table: sa.Table,
    statement: Prepared,
    scope: Scope,
    words: Sequence[str],
    limit: int,
    others: Any,
) -> list[Row]:
    """The rows of the best matches that may be read and are meant; all matches are looked at if those are too few."""
    match, looked_at = _match(scope, words), min(max(LOOKED_AT, 4 * limit), inputs.EVERYTHING)
    values = {"match": match, "limit": limit, **others}
    found = found_rows(connection, statement, scope, **values, looked_at=looked_at)
    if len(found) < limit and _more(table).first(connection, {"match": match, "looked_at": looked_at}):
        return found_rows(connection, statement, scope, **values, looked_at=inputs.EVERYTHING)
    return found


@cache
def _more(table: sa.Table) -> Prepared:
    """A row, if more match than were looked at."""
    index, _, matching = _index(table)
    return Prepared(sa.select(index.c.rowid).where(matching).limit(sa.literal_column("1")).offset(_LOOKED_AT))


@cache
def _search(kinds: Kinds, shape: Shape) -> Prepared:
    found, score = _matching(MEMORY, *rows.SEARCH_COLUMNS)
    found = found.where(readable(MEMORY, kinds), meant(MEMORY, shape))
    return Prepared(found.order_by(score.desc(), MEMORY.c.created_at.desc()).limit(_LIMIT))


@cache
def _search_turns(kinds: Kinds) -> Prepared:
    found, score = _matching(TURN, *CANDIDATE, total(kinds))
    found = found.where(readable(TURN, kinds))
    return Prepared(found.order_by(score.desc()).limit(_LIMIT))


def _matching(table: sa.Table, *columns: sa.ColumnElement[Any]) -> "tuple[sa.Select[Any], sa.ColumnElement[float]]":
    """The rows of the best matches in a table's text index, and how well each matches.

    The index is asked by itself: of 20,000 matches few are looked up in the table.
    """
    index, whole, matching = _index(table)
    score = (-sa.func.bm25(whole, 1.0, SIDE_WEIGHT, type_=sa.Float)).label("score")
    matches = sa.select(index.c.rowid.label("number"), score).where(matching).order_by(score.desc())
    best = matches.limit(_LOOKED_AT).subquery("best")
    number: sa.ColumnClause[int] = sa.literal_column(f"{table.name}.seq")
    return sa.select(*columns).join_from(best, table, number == best.c.number), best.c.score


def _index(table: sa.Table) -> "tuple[sa.TableClause, sa.ColumnElement[Any], sa.ColumnElement[bool]]":
    """A table's text index, what stands for all its columns, and the condition that a row matches."""
    index = sa.table(f"{table.name}_text", sa.column("rowid"))
    whole: sa.ColumnClause[Any] = sa.literal_column(index.name)
    return index, whole, whole.op("MATCH")(sa.bindparam("match", type_=sa.Text))


def _match(scope: Scope, words: Sequence[str]) -> str:
    """Any of the words, each with the mark of an owner whose rows the scope may read."""
    on = shelves(scope).values()
    marks = dict.fromkeys(f"u{_hex(owner)}x" if owner != NOBODY else f"n{_hex(str(to))}x" for owner, to in on)
    return " OR ".join(f'"{mark}{word}"' for mark in marks for word in words)


def _hex(text: str) -> str:
    return text.encode().hex()


def _ranges() -> sa.Subquery:
    """What `coterie.memory.turn_search` calls ranges, of JSON."""
    listed = sa.func.json_each(sa.bindparam("ranges", type_=sa.Text)).table_valued("value", name="listed")
    names = ("user_id", "audience", "session_id", "first", "last")
    values: list[Any] = [sa.func.json_extract(listed.c.value, f"$[{place}]").label(n) for place, n in enumerate(names)]
    return sa.select(*values).subquery("ranges")


NEIGHBOURS = neighbours(_ranges())
