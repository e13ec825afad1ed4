"""How much is remembered, of what kind, and what else is stored: counted by the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from coterie.memory import inputs, tokens
from coterie.memory.columns import UtcDateTime
from coterie.memory.filtering import current, texts_of
from coterie.memory.prepared import Prepared
from coterie.memory.tables import MEMORY, NOBODY, PROPOSAL, REVISION, RUN, SESSION, TURN


@dataclass(frozen=True)
class Writer:
    """Who wrote memories, and how many of those that hold now."""

    team_id: str | None
    agent_id: str | None
    """None, and no team either: a person, or whoever else writes for none of both."""
    memories: int


@dataclass(frozen=True)
class Statistics:
    """What is stored of a user, or of all: numbers of rows. Names come with the most frequent first."""

    user_id: str | None
    """None: everything that the database holds."""
    users: int
    """Whom memories are about."""
    memories: int
    """That hold now."""
    closed: int
    """That hold no more: something took their place, or they expired. What was forgotten is not among them."""
    revisions: int
    """Changes to memories, also to those that were forgotten."""
    tokens: int
    """What the memories that hold now take, without anything around them, as `coterie.memory.tokens` estimates."""
    oldest: datetime | None
    """When the first of those that hold now was stored."""
    newest: datetime | None
    topics: Mapping[str, int]
    """Of the memories that hold now, how many are about it."""
    different_topics: int
    """How many topics there are, also of those that are not named."""
    kinds: Mapping[str, int]
    visibility: Mapping[str, int]
    writers: tuple[Writer, ...]
    turns: Mapping[str, int]
    """By `TurnStatus`, those that there are."""
    sessions: int | None
    """None for the whole database, which shows sessions, runs and proposals for one user at a time only."""
    runs: int | None
    """That are recorded."""
    refused: int | None
    """Edits that a check refused."""
    held: int | None
    """Edits that wait for somebody's decision."""


class tokens_of(GenericFunction[int]):  # noqa: N801  # a function of SQL
    """How many tokens a text is estimated at: what `coterie.memory.tokens.estimate_tokens` says."""

    inherit_cache = True
    type = sa.BigInteger()


@compiles(tokens_of, "sqlite")
def _on_sqlite(function: tokens_of, compiler: Any, **options: Any) -> str:
    """SQLite calls the function itself: its connections have it."""
    return f"{tokens.SQL_NAME}{compiler.process(function.clause_expr, **options)}"


@compiles(tokens_of, "postgresql")
def _on_postgres(function: tokens_of, compiler: Any, **options: Any) -> str:
    text = compiler.process(function.clause_expr, **options)
    narrow = f"length(regexp_replace({text}, '{tokens.WIDE.pattern}', '', 'g'))"
    mixed = f"length({text}) - {narrow} + ({narrow} + 3) / 4"
    return f"CASE WHEN octet_length({text}) = length({text}) THEN (length({text}) + 3) / 4 ELSE {mixed} END"


_TOPIC = texts_of(MEMORY.c.topics).table_valued("value").alias("topic")
_topic: sa.ColumnElement[str] = sa.cast(_TOPIC.c.value, sa.Text)
_holds = current(MEMORY)
_limit = sa.bindparam("limit", type_=sa.BigInteger)


def _of(table: sa.FromClause, everybody: bool) -> sa.ColumnElement[bool]:
    return sa.true() if everybody else table.c.user_id == sa.bindparam("owner", type_=sa.Text)


@cache
def _totals(everybody: bool) -> Prepared:
    then = sa.case((_holds, MEMORY.c.created_at))
    selected = sa.select(
        sa.func.count(sa.distinct(sa.func.nullif(MEMORY.c.user_id, NOBODY))),
        sa.func.count(sa.case((_holds, 1))),
        sa.func.count(sa.case((~_holds, 1))),
        sa.func.coalesce(sa.func.sum(sa.case((_holds, tokens_of(MEMORY.c.memory)))), 0, type_=sa.BigInteger),
        sa.func.min(then, type_=UtcDateTime),
        sa.func.max(then, type_=UtcDateTime),
    )
    return Prepared(selected.where(_of(MEMORY, everybody)))


@cache
def _by(everybody: bool, *names: str) -> Prepared:
    """How many memories that hold now have each value of some columns: the most frequent first."""
    columns = [MEMORY.c[name] for name in names]
    found = sa.select(*columns, sa.func.count()).where(_of(MEMORY, everybody), _holds).group_by(*columns)
    return Prepared(found.order_by(sa.func.count().desc(), *columns).limit(_limit))


@cache
def _by_topic(everybody: bool) -> Prepared:
    """The same of topics. The last column says how many there are, also beyond the limit."""
    about = sa.func.count().label("about")
    each = (
        sa.select(_topic.label("topic"), MEMORY.c.user_id, MEMORY.c.memory_id)
        .select_from(MEMORY)
        .join(_TOPIC, sa.true())
        .where(_of(MEMORY, everybody), _holds)
        .distinct()
        .subquery()
    )
    found = sa.select(each.c.topic, about, sa.func.count().over()).group_by(each.c.topic)
    return Prepared(found.order_by(about.desc(), each.c.topic).limit(_limit))


@cache
def _by_status(table: sa.Table, everybody: bool) -> Prepared:
    return Prepared(sa.select(table.c.status, sa.func.count()).where(_of(table, everybody)).group_by(table.c.status))


@cache
def _rows(table: sa.Table, everybody: bool) -> Prepared:
    return Prepared(sa.select(sa.func.count()).select_from(table).where(_of(table, everybody)))


def statistics(connection: sa.Connection, user_id: str | None, most: int | None) -> Statistics:
    """Count what is stored of a user, or of all."""
    all_ = user_id is None
    values = {"owner": user_id, "now": datetime.now(UTC), "limit": inputs.checked_limit(most)}
    ((users, memories, closed, size, oldest, newest),) = _totals(all_).rows(connection, values)
    topics = _by_topic(all_).rows(connection, values)
    proposals: dict[str, int] = {} if all_ else dict(_by_status(PROPOSAL, False).rows(connection, values))

    def stored(table: sa.Table) -> int:
        ((number,),) = _rows(table, all_).rows(connection, values)
        return int(number)

    return Statistics(
        user_id=user_id,
        users=users,
        memories=memories,
        closed=closed,
        revisions=stored(REVISION),
        tokens=int(size),
        oldest=oldest,
        newest=newest,
        topics={topic: number for topic, number, _ in topics},
        different_topics=topics[0][2] if topics else 0,
        kinds=dict(_by(all_, "kind").rows(connection, values)),
        visibility=dict(_by(all_, "visibility").rows(connection, values)),
        writers=tuple(Writer(*row) for row in _by(all_, "team_id", "agent_id").rows(connection, values)),
        turns=dict(_by_status(TURN, all_).rows(connection, values)),
        sessions=None if all_ else stored(SESSION),
        runs=None if all_ else stored(RUN),
        refused=None if all_ else proposals.get("refused", 0),
        held=None if all_ else proposals.get("held", 0),
    )
