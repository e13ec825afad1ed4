"""Reading memories: by id, by age, by words, and what fits into a prompt. Nothing loads a user's whole memory."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from coterie.errors import InputError, NotFoundError
from coterie.memory import filtering, inputs, items, lineage, namespaces, prefixes, rows
from coterie.memory.filtering import Shape, current, meant
from coterie.memory.hits import Hit, Recall
from coterie.memory.prepared import Prepared, Row
from coterie.memory.scope import parameters, readable, shelves
from coterie.memory.tables import MEMORY
from coterie.memory.tokens import estimate_tokens
from coterie.memory.values import EVERY, Filters, Scope, UserMemory

FEW_NAMESPACES = 30
"""How many are read one by one; the memories in more of them are read together, and sorted."""
PART = 16
"""How many rows are fetched at a time."""
LINE_TOKENS = 5
"""What a memory takes in a prompt beside its words: the mark and the day before it, the end of the line."""
STALE_TOKENS = 5
"""What the word takes that it may be outdated."""
SHORTEST_TOKENS = LINE_TOKENS + 2
"""A budget is never filled by more memories than budget / SHORTEST_TOKENS."""
LIMIT = sa.bindparam("limit", type_=sa.BigInteger)
TOKENS_PER_HIT = 25
"""One hit is asked for per so many tokens of the budget; the rest of the budget is for the newest."""

Kinds = tuple[str, ...]
_CREATED_AT, _MEMORY_ID = rows.FIELDS.index("created_at"), rows.FIELDS.index("memory_id")


@cache
def _by_id(kinds: Kinds) -> Prepared:
    wanted = MEMORY.c.memory_id == sa.bindparam("memory_id")
    found = sa.select(*rows.MEMORY_COLUMNS).where(wanted, readable(MEMORY, kinds))
    return Prepared(found.order_by(MEMORY.c.user_id.desc()))  # the user's, else nobody's


@cache
def by_prefix(kinds: Kinds) -> Prepared:
    """The memories whose ids begin so; the id once more, as the last column."""
    found = sa.select(*rows.MEMORY_COLUMNS, MEMORY.c.memory_id.label("found"))
    found = found.where(prefixes.begins(MEMORY.c.memory_id), readable(MEMORY, kinds))
    return Prepared(found.order_by(MEMORY.c.memory_id, MEMORY.c.user_id.desc()).limit(LIMIT))


@cache
def _newest(kinds: Kinds, shape: Shape, oldest: bool) -> Prepared:
    """Each shelf is read along its own index and gives its newest (or oldest); the newest of these are the answer."""

    def newest(table: sa.FromClause, query: Any) -> Any:
        order = (table.c.created_at, table.c.memory_id)
        return query.order_by(*(order if oldest else (column.desc() for column in order))).limit(LIMIT)

    selected = sa.select(*rows.MEMORY_COLUMNS)
    parts = [newest(MEMORY, selected.where(readable(MEMORY, (kind,)), meant(MEMORY, shape))) for kind in kinds]
    if len(parts) == 1:
        return Prepared(parts[0])
    union = sa.union_all(*(sa.select(part.subquery()) for part in parts)).subquery()
    return Prepared(newest(union, sa.select(union)))


@cache
def _count(kinds: Kinds) -> Prepared:
    return Prepared(sa.select(sa.func.count()).select_from(MEMORY).where(readable(MEMORY, kinds), current(MEMORY)))


def found_rows(connection: sa.Connection, statement: Prepared, scope: Scope, **values: Any) -> list[Row]:
    """The rows that a statement finds which asks for what a scope may read."""
    return statement.rows(connection, {**parameters(scope), **values})


def kinds_of(scope: Scope) -> Kinds:
    """The kinds of shelf that the scope reads."""
    return _checked_kinds(inputs.expected("scope", scope, Scope))


@lru_cache(1024)
def _checked_kinds(scope: Scope) -> Kinds:
    return tuple(shelves(inputs.checked_scope(scope)))


def missing(memory_id: str) -> NotFoundError:
    """The error for an id that the scope does not have."""
    return NotFoundError(f"There is no memory {memory_id!r} in this scope: list the memories to see their ids.")


def get(connection: sa.Connection, scope: Scope, memory_id: str) -> UserMemory:
    """The memory with this id."""
    found = found_rows(connection, _by_id(kinds_of(scope)), scope, memory_id=inputs.key("memory_id", memory_id))
    if not found:
        raise missing(memory_id)
    return rows.memory_value(found[0])


def held_now(connection: sa.Connection, scope: Scope, memory_id: str) -> UserMemory:
    """The memory that holds now in place of the one with this id."""
    memory = get(connection, scope, memory_id)
    if memory.superseded_by is None:
        return memory
    head = lineage.head(connection, *rows.memory_key(memory))
    if head is None:
        raise missing(memory_id)
    return get(connection, scope, head)


def find(connection: sa.Connection, scope: Scope, prefix: str) -> UserMemory:
    """The memory whose id begins so."""
    return rows.memory_value(only(connection, by_prefix, scope, prefix))


def only(connection: sa.Connection, statement: Callable[[Kinds], Prepared], scope: Scope, prefix: str) -> Row:
    """The only row whose memory's id, its last column, begins so, or is that."""
    values = prefixes.beginning(inputs.key("memory_id", prefix))
    found = {row[-1]: row for row in reversed(found_rows(connection, statement(kinds_of(scope)), scope, **values))}
    meant = prefixes.meant("memories", prefix, sorted(found))
    if meant is None:
        raise missing(prefix)
    return found[meant]


def newest(
    connection: sa.Connection, scope: Scope, limit: int | None, filters: Filters = EVERY, *, oldest: bool = False
) -> Iterator[UserMemory]:
    """The newest memories that are meant, newest first (or the oldest, oldest first), read as they are asked for."""
    number, shape = inputs.checked_limit(limit), filtering.shape_of(filters)
    if kinds := kinds_of(scope):
        values = {**parameters(scope), **filtering.values(filters), "limit": number}
        each = _each_namespace(connection, scope, filters)
        if each is None:
            for part in _newest(kinds, shape, oldest).parts(connection, values, PART):
                yield from map(rows.memory_value, part)
            return
        shape = tuple("in_namespace" if name == "namespace" else name for name in shape)
        parts = [_newest(kinds, shape, oldest).rows(connection, {**values, "in_namespace": one}) for one in each]
        merged = heapq.merge(*parts, key=itemgetter(_CREATED_AT, _MEMORY_ID), reverse=not oldest)
        yield from map(rows.memory_value, islice(merged, number))


def _each_namespace(connection: sa.Connection, scope: Scope, filters: Filters) -> list[str] | None:
    """The namespaces that are meant, if they are few: each is read along its index. None: they are not."""
    if filters.namespace is None or filters.true_at is not None:
        return None
    found = [*islice(namespaces.within(connection, scope, filters.namespace), FEW_NAMESPACES + 1)]
    return None if len(found) > FEW_NAMESPACES else [items.as_text(labels) for labels in found]


def count(connection: sa.Connection, scope: Scope) -> int:
    """How many current memories there are."""
    return int(found_rows(connection, _count(kinds_of(scope)), scope, now=datetime.now(UTC))[0][0])


def checked_budget(budget: int) -> int:
    """How many tokens a prompt has room for."""
    if not isinstance(budget, int) or budget < 0:
        raise InputError(f"token_budget is {budget!r}: give a whole number, 0 or more.")
    return budget


def whole(connection: sa.Connection, scope: Scope, budget: int) -> Recall:
    """Everything, oldest first, if it fits into the budget; otherwise the newest, newest first, a few more than fit."""
    enough, tokens = budget // SHORTEST_TOKENS + 1, 0
    latest: list[UserMemory] = []
    for memory in newest(connection, scope, enough):
        latest.append(memory)
        tokens += line_tokens(memory)
        if tokens > budget:
            break
    if tokens <= budget and len(latest) < enough:
        return Recall(tuple(reversed(latest)), tokens, complete=True)
    return Recall(tuple(latest), tokens, complete=False)


def fitting(hits: Sequence[Hit], others: Sequence[UserMemory], budget: int) -> Recall:
    """The first of the hits, and then of the others, that fit, oldest first."""
    chosen: dict[str | None, UserMemory] = {}
    tokens = 0
    for memory in [*(hit.memory for hit in hits), *others]:
        size = line_tokens(memory)
        if memory.memory_id not in chosen and tokens + size <= budget:
            chosen[memory.memory_id] = memory
            tokens += size
    ordered = sorted(chosen.values(), key=lambda memory: (memory.created_at, memory.memory_id))
    best = tuple(hit for hit in hits if chosen.get(hit.memory.memory_id) is hit.memory)
    return Recall(tuple(ordered), tokens, complete=False, best=best)


def line_tokens(memory: UserMemory) -> int:
    """What a memory takes in a prompt, in tokens."""
    return estimate_tokens(memory.memory) + LINE_TOKENS + (STALE_TOKENS if memory.stale_since else 0)
