"""Sessions and turns: what was said."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.errors import ConflictError, NotFoundError
from coterie.memory import inputs, leases, notes, rows
from coterie.memory.dialect import Insert
from coterie.memory.prepared import Prepared, together
from coterie.memory.tables import SESSION, TURN
from coterie.memory.values import Session, Turn

_user: sa.BindParameter[str] = sa.bindparam("key_user")
_limit = sa.bindparam("limit", type_=sa.BigInteger)
_this_session = (SESSION.c.user_id == _user) & (SESSION.c.session_id == sa.bindparam("key_session"))
_session = Prepared(sa.select(*rows.SESSION_COLUMNS).where(_this_session))
_session_to_change = Prepared(sa.select(*rows.SESSION_COLUMNS).where(_this_session).with_for_update())
_new_state = Prepared(
    sa.update(SESSION)
    .where(_this_session)
    .values(state=sa.bindparam("state"), updated_at=sa.bindparam("updated_at"), version=SESSION.c.version + 1)
)
_turns = Prepared(
    sa.select(*rows.TURN_COLUMNS)
    .where(TURN.c.user_id == _user, TURN.c.session_id == sa.bindparam("key_session"))
    .order_by(TURN.c.place.desc(), TURN.c.turn_id.desc())
    .limit(_limit)
)
_this_turn = (TURN.c.user_id == _user) & (TURN.c.turn_id == sa.bindparam("key_turn"))
_turn = Prepared(sa.select(*rows.TURN_COLUMNS).where(_this_turn))
ChangeState = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Gets a session's state, and returns what is to be set in it."""
_SESSION_NAMES = ("user_id", "session_id", "team_id", "agent_id", "state", "created_at", "updated_at", "version")
"""What a new session has."""


@cache
def _insert_turn(insert: Insert) -> Prepared:
    before = TURN.alias()
    same = (before.c.user_id == _user) & (before.c.session_id == sa.bindparam("key_session"))
    place = sa.select(sa.func.coalesce(sa.func.max(before.c.place), 0) + 1).where(same).scalar_subquery()
    statement = insert(TURN).values(place=place).on_conflict_do_nothing(index_elements=["user_id", "turn_id"])
    return Prepared(statement, [*(column.name for column in rows.TURN_COLUMNS), *rows.TURN_INDEX, *rows.TURN_QUEUE])


@cache
def _insert_session(insert: Insert) -> Prepared:
    statement = insert(SESSION).on_conflict_do_nothing(index_elements=["user_id", "session_id"])
    return Prepared(statement, _SESSION_NAMES)


@cache
def _touch_session(insert: Insert) -> Prepared:
    """Its first turn says whose a session is that was made for its state."""
    statement = insert(SESSION)
    nobodys = SESSION.c.team_id.is_(None) & SESSION.c.agent_id.is_(None)
    newer = {tag: sa.case((nobodys, statement.excluded[tag]), else_=SESSION.c[tag]) for tag in ("team_id", "agent_id")}
    newer["updated_at"] = statement.excluded.updated_at
    statement = statement.on_conflict_do_update(index_elements=["user_id", "session_id"], set_=newer)
    return Prepared(statement, _SESSION_NAMES)


def _new_session(user_id: str | None, session_id: str, team_id: str | None, agent_id: str | None) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "user_id": rows.stored_owner(user_id),
        "session_id": inputs.key("session_id", session_id),
        "team_id": team_id,
        "agent_id": agent_id,
        "state": {},
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }


def record(connection: sa.Connection, insert: Insert, turn: Turn) -> None:
    """Keep a turn, once, and its session. The notes of its run have done their work."""
    columns = {**rows.turn_columns(inputs.checked_turn(turn)), "due_at": leases.first_due(turn)}
    session = {"key_user": columns["user_id"], "key_session": turn.session_id}
    with together(connection):
        recorded = _insert_turn(insert).ask(connection, {**columns, **session})
        notes.remove(connection, columns["user_id"], turn.run_id)
    if recorded.count():  # 0 tells that the row was there
        touched = _new_session(turn.user_id, turn.session_id, turn.team_id, turn.agent_id)
        _touch_session(insert).change(connection, touched)


def turn(connection: sa.Connection, user_id: str | None, turn_id: str) -> Turn:
    """The turn with this id."""
    key = {"key_user": _owner(user_id), "key_turn": inputs.key("turn_id", turn_id)}
    found = _turn.rows(connection, key)
    if not found:
        raise NotFoundError(
            f"There is no turn {turn_id!r} of user {user_id!r}: list a session's turns to see their ids."
        )
    return rows.turn_value(found[0])


def turns(connection: sa.Connection, user_id: str | None, session_id: str, limit: int | None) -> list[Turn]:
    """The last turns of a session, in the order they were recorded."""
    values = {"key_user": _owner(user_id), "key_session": inputs.key("session_id", session_id)}
    return _many(connection, _turns, values, limit)[::-1]


def _many(connection: sa.Connection, statement: Prepared, values: dict[str, Any], limit: int | None) -> list[Turn]:
    found = statement.rows(connection, {**values, "limit": inputs.checked_limit(limit)})
    return [rows.turn_value(row) for row in found]


def _owner(user_id: str | None) -> str:
    return rows.stored_owner(None if user_id is None else inputs.key("user_id", user_id))


def session(connection: sa.Connection, user_id: str | None, session_id: str) -> Session:
    """The session with this id."""
    key = {"key_user": _owner(user_id), "key_session": inputs.key("session_id", session_id)}
    found = _session.mappings(connection, key)
    if not found:
        raise NotFoundError(
            f"There is no session {session_id!r} of user {user_id!r}: list the sessions to see their ids."
        )
    return rows.session_value(found[0])


@cache
def _sessions(*tags: str) -> Prepared:
    """Those of a user whose ``tags`` are those that are given."""
    found = sa.select(*rows.SESSION_COLUMNS).where(SESSION.c.user_id == _user)
    found = found.where(*(SESSION.c[tag] == sa.bindparam(f"key_{tag}") for tag in tags))
    newest = SESSION.c.updated_at.desc(), SESSION.c.session_id.desc()
    return Prepared(found.order_by(*newest).limit(_limit))


def sessions(
    connection: sa.Connection, user_id: str | None, limit: int | None, team_id: str | None, agent_id: str | None
) -> list[Session]:
    """A user's sessions, the one that was used last first; of a team or an agent, or of all."""
    given = {"team_id": team_id, "agent_id": agent_id}
    tags = {tag: inputs.key(tag, value) for tag, value in given.items() if value is not None}
    values = {"key_user": _owner(user_id), "limit": inputs.checked_limit(limit)}
    values |= {f"key_{tag}": value for tag, value in tags.items()}
    return [rows.session_value(row) for row in _sessions(*tags).mappings(connection, values)]


class OutsideError(Exception):
    """What an application's function raised within a transaction, so that it is not taken for the database's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def change_state(
    connection: sa.Connection, insert: Insert, user_id: str | None, session_id: str, change: ChangeState
) -> Session:
    """Merge by key what ``change`` makes of the state. The session is locked meanwhile, and made if it is not there.

    Raises:
        OutsideError: with what ``change`` raised.
    """
    key = {"key_user": _owner(user_id), "key_session": inputs.key("session_id", session_id)}
    while not (found := _session_to_change.mappings(connection, key)):  # unless it is erased in between: once
        _insert_session(insert).change(connection, _new_session(user_id, session_id, None, None))
    (row,) = found
    try:
        changed = change(deepcopy(row["state"]))  # what it does to its copy is not kept, only what it returns
    except Exception as error:
        raise OutsideError(error) from error
    if not (new := inputs.checked_object("The session state", changed)):
        return rows.session_value(row)
    values = {"state": {**row["state"], **new}, "updated_at": datetime.now(UTC)}
    _new_state.change(connection, {**key, **values})
    return rows.session_value({**row, **values})


_covered = TURN.alias()
_last_covered = (
    sa.select(_covered.c.place)
    .where(_covered.c.user_id == _user, _covered.c.turn_id == sa.bindparam("upto", type_=sa.Text))
    .scalar_subquery()
)
_new_turns = Prepared(
    sa.select(*rows.TURN_COLUMNS)
    .where(TURN.c.user_id == _user, TURN.c.session_id == sa.bindparam("key_session"))
    .where(TURN.c.place > sa.func.coalesce(_last_covered, 0))
    .order_by(TURN.c.place, TURN.c.turn_id)
    .limit(_limit)
)
_new_summary = Prepared(
    sa.update(SESSION)
    .where(_this_session, sa.func.coalesce(SESSION.c.summary_upto, "") == sa.bindparam("before", type_=sa.Text))
    .values(summary=sa.bindparam("text"), summary_upto=sa.bindparam("upto"), version=SESSION.c.version + 1)
)


def new_turns(connection: sa.Connection, session: Session, limit: int | None) -> list[Turn]:
    """The first turns that a session's summary does not cover yet, in the order they were recorded."""
    values = {"key_user": _owner(session.user_id), "key_session": session.session_id, "upto": session.summary_upto}
    return _many(connection, _new_turns, values, limit)


def keep_summary(connection: sa.Connection, session: Session, summary: str, last: Turn) -> None:
    """Put a summary in place of the one that was read, which nobody may have replaced meanwhile."""
    values = {
        "key_user": _owner(session.user_id),
        "key_session": session.session_id,
        "before": session.summary_upto or "",
        "text": inputs.checked_text("summary", summary),
        "upto": last.turn_id,
    }
    if _new_summary.change(connection, values) != 1:
        raise ConflictError(f"The session {session.session_id!r} was summed up by somebody else: read it again.")
