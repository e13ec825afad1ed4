"""Turns as a queue: who may take one up, for how long, and what becomes of those whose curation failed.

The row is the job. It may be taken up from ``due_at`` on; whoever does moves that on and leaves a mark of their own in
``lease``. What they do later is held against the mark: one who stalled, while somebody else took the turn up, changes
nothing any more. All of it rests on the mark and on transactions, and none of it on clocks that agree.
"""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.errors import ConflictError
from coterie.memory import inputs, rows
from coterie.memory.backlog import Backlog
from coterie.memory.columns import UtcDateTime
from coterie.memory.prepared import Prepared
from coterie.memory.tables import TURN
from coterie.memory.values import Turn

LEASE_SECONDS = 300
"""How long a turn is left to whoever took it up, and does not say again that they are at it."""

RETRY_SECONDS = (30, 120, 600, 1_800, 3_600, 10_800, 21_600)
"""How long a turn waits after its first failure, its second, ...; a quarter more or less, by chance."""

MAX_ATTEMPTS = len(RETRY_SECONDS) + 1
"""A turn whose curation failed that often is dead: it is kept with its error, and not tried again."""

CANDIDATES = 16
"""Of how many due turns the users are looked at, to find one whom nobody else serves meanwhile."""

LAPSED = "Whoever was curating it died, or stalled, and its lease ran out."

_user: sa.BindParameter[str] = sa.bindparam("key_user")
_now = sa.bindparam("now", type_=UtcDateTime)
_until = sa.bindparam("until", type_=UtcDateTime)
_mark = sa.bindparam("mark", type_=sa.Text)
_limit = sa.bindparam("limit", type_=sa.BigInteger)
_this_turn = (TURN.c.user_id == _user) & (TURN.c.turn_id == sa.bindparam("key_turn"))


def _is(turn: sa.FromClause, status: str) -> sa.ColumnElement[bool]:
    """Written out, not a parameter: else the indexes of such turns alone could not be used."""
    return turn.c.status == sa.literal_column(f"'{status}'")


def _due(turn: sa.FromClause) -> sa.ColumnElement[bool]:
    return _is(turn, "pending") & (turn.c.due_at <= _now)


# Taking up


_other, _mine = TURN.alias("other"), TURN.alias("mine")
_in_work = sa.select(_other.c.user_id).where(
    _is(_other, "pending"), _other.c.lease.is_not(None), _other.c.lease != _mark, _other.c.due_at > _now
)
_candidates = Prepared(
    sa.select(TURN.c.user_id).where(_due(TURN), TURN.c.user_id.not_in(_in_work)).order_by(TURN.c.due_at).limit(_limit)
)
_of_kin = [_mine.c[name].is_not_distinct_from(sa.bindparam(name, type_=sa.Text)) for name in ("team_id", "agent_id")]
_lapsed = TURN.c.lease.is_not(None)
_taken = (
    sa.update(TURN)
    .where(TURN.c.user_id == _user, _is(TURN, "pending"))
    .values(
        lease=_mark,
        due_at=_until,
        attempts=TURN.c.attempts + sa.case((_lapsed, 1), else_=0),
        error=sa.case((_lapsed, LAPSED), else_=TURN.c.error),
    )
    .returning(*rows.TURN_COLUMNS)
)
_take_this = Prepared(
    _taken.where(TURN.c.turn_id == sa.bindparam("key_turn"), TURN.c.lease.is_(None) | (TURN.c.due_at <= _now))
)


@cache
def _first(kin: bool) -> "sa.Select[tuple[str]]":
    """The first due turn of a user, unless another one is in somebody's work."""
    busy = sa.exists(_in_work.where(_other.c.user_id == _user).correlate(None))
    found = sa.select(_mine.c.turn_id).where(_mine.c.user_id == _user, _due(_mine), ~busy, *(_of_kin if kin else ()))
    return found.order_by(_mine.c.at, _mine.c.turn_id).limit(1)


@cache
def _candidate(kin: bool) -> Prepared:
    return Prepared(_first(kin))


@cache
def _take_first(kin: bool) -> Prepared:
    return Prepared(_taken.where(TURN.c.turn_id == _first(kin).scalar_subquery(), TURN.c.due_at <= _now))


def due_owners(connection: sa.Connection, lease: str) -> list[str]:
    """Users who have turns that are due, and none in work: those of the turns that have been due the longest."""
    values = {"now": datetime.now(UTC), "mark": lease, "limit": CANDIDATES}
    return list(dict.fromkeys(owner for (owner,) in _candidates.rows(connection, values)))


def is_due(connection: sa.Connection, owner: str, lease: str, like: Turn | None) -> bool:
    """Whether a user has a turn that may be taken up; with ``like`` one of its team and agent."""
    return bool(_candidate(like is not None).rows(connection, _asked(owner, lease, like)))


def take_first(connection: sa.Connection, owner: str, lease: str, seconds: float, like: Turn | None) -> Turn | None:
    """Take up the first due turn of a user, under the owner's lock. Those that died too often are given up on."""
    values = {**_asked(owner, lease, like), "until": datetime.now(UTC) + timedelta(seconds=seconds)}
    while found := _take_first(like is not None).rows(connection, values):
        turn = replace(rows.turn_value(found[0]), lease=lease)
        if turn.attempts < MAX_ATTEMPTS:
            return turn
        _give_up.change(connection, _key(turn))
    return None


def take(connection: sa.Connection, turn: Turn, lease: str) -> Turn:
    """Take up this turn, due or not, unless somebody else holds it."""
    now = datetime.now(UTC)
    values = {**_key(turn), "mark": lease, "now": now, "until": now + timedelta(seconds=LEASE_SECONDS)}
    for row in _take_this.rows(connection, values):
        return replace(rows.turn_value(row), lease=lease)
    raise _refusal(turn.turn_id)


def _asked(owner: str, lease: str, like: Turn | None) -> dict[str, Any]:
    asked = {"key_user": owner, "mark": lease, "now": datetime.now(UTC)}
    return asked if like is None else {**asked, "team_id": like.team_id, "agent_id": like.agent_id}


def first_due(turn: Turn) -> datetime | None:
    """From when on anybody may take up a turn that is recorded now."""
    if turn.status != "pending":
        return None
    return datetime.now(UTC) + timedelta(seconds=LEASE_SECONDS if turn.lease else 0)


# Holding, and letting go


_held = _this_turn & _is(TURN, "pending") & TURN.c.lease.is_not_distinct_from(_mark)
_free = {"lease": sa.null(), "due_at": sa.null()}
_curated = Prepared(sa.update(TURN).where(_held).values(status="curated", error=sa.null(), **_free))
_extended = Prepared(sa.update(TURN).where(_held).values(due_at=_until))
_released = Prepared(sa.update(TURN).where(_held).values(lease=sa.null(), due_at=_now))
_give_up = Prepared(sa.update(TURN).where(_held).values(status="dead", **_free))
_again = [
    (TURN.c.attempts == number, sa.bindparam(f"after_{number}", type_=UtcDateTime))
    for number in range(len(RETRY_SECONDS))
]
_failed = Prepared(
    sa.update(TURN)
    .where(_held)
    .values(
        attempts=TURN.c.attempts + 1,
        error=sa.bindparam("message"),
        status=sa.case((TURN.c.attempts + 1 >= MAX_ATTEMPTS, "dead"), else_=TURN.c.status),
        lease=sa.null(),
        due_at=sa.case(*_again, else_=sa.null()),
    )
)


def mark_curated(connection: sa.Connection, user_id: str | None, turn_id: str, lease: str | None) -> None:
    """Mark a turn as curated by the holder of its lease."""
    key = {"key_user": _owner(user_id), "key_turn": inputs.key("curated", turn_id), "mark": lease}
    if _curated.change(connection, key) != 1:
        raise _refusal(turn_id)


def extend(connection: sa.Connection, turn: Turn, seconds: float) -> None:
    """Leave a turn to its holder for so long from now."""
    _change(connection, _extended, turn, until=datetime.now(UTC) + timedelta(seconds=seconds))


def release(connection: sa.Connection, turn: Turn) -> None:
    """Give a turn back: anybody may take it up."""
    _change(connection, _released, turn, now=datetime.now(UTC))


def fail(connection: sa.Connection, turn: Turn, error: str) -> None:
    """Count a failed attempt to curate a turn, which waits then; the last one ends it."""
    message = error.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    now, chance = datetime.now(UTC), random.uniform(0.75, 1.25)
    again = {f"after_{n}": now + timedelta(seconds=chance * seconds) for n, seconds in enumerate(RETRY_SECONDS)}
    _change(connection, _failed, turn, message=message, **again)


def _change(connection: sa.Connection, statement: Prepared, turn: Turn, **values: Any) -> None:
    if statement.change(connection, {**_key(turn), **values}) != 1:
        raise _refusal(turn.turn_id)


def _key(turn: Turn) -> dict[str, Any]:
    turn = inputs.expected("turn", turn, Turn)
    owner, turn_id = _owner(turn.user_id), inputs.key("turn_id", turn.turn_id)
    return {"key_user": owner, "key_turn": turn_id, "mark": turn.lease}


def _owner(user_id: str | None) -> str:
    return rows.stored_owner(None if user_id is None else inputs.key("user_id", user_id))


def _refusal(turn_id: str) -> ConflictError:
    return ConflictError(
        f"The turn {turn_id!r} is not pending, or somebody else is at it: it was curated or given up, its lease ran "
        "out and another took it up, or it is not this user's."
    )


# What is owed


_owed = (
    sa.select(*rows.TURN_COLUMNS)
    .where(_is(TURN, "pending"))
    .order_by(TURN.c.attempts, TURN.c.at, TURN.c.turn_id)
    .limit(_limit)
)
_dead = (
    sa.select(*rows.TURN_COLUMNS)
    .where(_is(TURN, "dead"))
    .order_by(TURN.c.at.desc(), TURN.c.turn_id.desc())
    .limit(_limit)
)
_waiting = _is(TURN, "pending") & TURN.c.lease.is_(None) & (TURN.c.attempts > 0) & (TURN.c.due_at > _now)
_any_turn = sa.bindparam("key_turn", type_=sa.Text)
_named = _any_turn.is_(None) | (TURN.c.turn_id == _any_turn)
_to_retry = Prepared(
    sa.union(*(sa.select(TURN.c.user_id).where(which, _named) for which in (_is(TURN, "dead"), _waiting)))
)
_retried = Prepared(
    sa.update(TURN)
    .where(TURN.c.user_id == _user, _is(TURN, "dead") | _waiting, _named)
    .values(status="pending", attempts=0, error=sa.null(), due_at=_now)
)


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count(sa.case((condition, 1)))


_later = TURN.c.due_at > _now
_counts = sa.select(
    _number(TURN.c.due_at <= _now),
    _number(_later & TURN.c.lease.is_(None)),
    _number(_later & TURN.c.lease.is_not(None)),
    _number(TURN.c.attempts > 0),
    sa.func.min(TURN.c.at, type_=UtcDateTime),
).where(_is(TURN, "pending"))
_dead_count = sa.select(sa.func.count()).select_from(TURN).where(_is(TURN, "dead"))


@cache
def _of(statement: Any, all_users: bool) -> Prepared:
    return Prepared(statement if all_users else statement.where(TURN.c.user_id == _user))


def pending(connection: sa.Connection, user_id: str | None, limit: int | None) -> list[Turn]:
    """The turns whose curation is owed, those that failed least first, then the oldest; of every user without one."""
    return _listed(connection, _owed, user_id, limit)


def dead(connection: sa.Connection, user_id: str | None, limit: int | None) -> list[Turn]:
    """The turns that were given up on, the newest first; of every user without one."""
    return _listed(connection, _dead, user_id, limit)


def _listed(connection: sa.Connection, statement: Any, user_id: str | None, limit: int | None) -> list[Turn]:
    values = {"limit": inputs.checked_limit(limit)} | ({} if user_id is None else {"key_user": _owner(user_id)})
    return [rows.turn_value(row) for row in _of(statement, user_id is None).rows(connection, values)]


def backlog(connection: sa.Connection, user_id: str | None) -> Backlog:
    """How much is owed; of every user without one."""
    values = {"now": datetime.now(UTC)} | ({} if user_id is None else {"key_user": _owner(user_id)})
    ((due, waiting, in_work, failed, oldest),) = _of(_counts, user_id is None).rows(connection, values)
    ((number,),) = _of(_dead_count, user_id is None).rows(connection, values)
    return Backlog(due, waiting, in_work, failed, number, oldest)


def owners_to_retry(connection: sa.Connection, turn_id: str | None) -> list[str]:
    """The users with turns that were given up on, or wait to be tried again."""
    values = {"now": datetime.now(UTC), "key_turn": turn_id}
    return [owner for (owner,) in _to_retry.rows(connection, values)]


def retry(connection: sa.Connection, owner: str, turn_id: str | None) -> int:
    """Make a user's turns due that were given up on, or wait; as if they had never failed."""
    return _retried.change(connection, {"key_user": owner, "now": datetime.now(UTC), "key_turn": turn_id})
