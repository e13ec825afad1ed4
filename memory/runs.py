"""Runs, and the records of what happened in them."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.errors import NotFoundError
from coterie.memory import inputs, prefixes, rows
from coterie.memory.dialect import Insert
from coterie.memory.prepared import Prepared
from coterie.memory.tables import RUN, RUN_RECORD
from coterie.memory.values import RunStatus, StoredRun

_owner: sa.BindParameter[str] = sa.bindparam("owner")
_run_id: sa.BindParameter[str] = sa.bindparam("key_run")
_limit = sa.bindparam("limit", type_=sa.BigInteger)
_this = (RUN.c.user_id == _owner) & (RUN.c.run_id == _run_id)
_of_this = (RUN_RECORD.c.user_id == _owner) & (RUN_RECORD.c.run_id == _run_id)
_found = sa.select(*rows.RUN_COLUMNS)
_by_id = Prepared(_found.where(_this))
_by_prefix = Prepared(
    _found.where(RUN.c.user_id == _owner, prefixes.begins(RUN.c.run_id)).order_by(RUN.c.run_id.desc()).limit(_limit)
)
_counted = Prepared(
    sa.update(RUN)
    .where(_this)
    .values(records=RUN.c.records + sa.bindparam("more", type_=sa.Integer))
    .returning(RUN.c.records)
)
_add_record = Prepared(sa.insert(RUN_RECORD), [column.name for column in RUN_RECORD.c])
_end = Prepared(sa.update(RUN).where(_this), ["status", "ended_at"])
_records = Prepared(
    sa.select(RUN_RECORD.c.record)
    .where(_of_this, RUN_RECORD.c.number > sa.bindparam("after", type_=sa.BigInteger))
    .order_by(RUN_RECORD.c.number)
    .limit(_limit)
)
_remove = Prepared(
    sa.delete(RUN).where(RUN.c.user_id == _owner, RUN.c.started_at < sa.bindparam("before")).returning(RUN.c.run_id)
)
_remove_this = Prepared(sa.delete(RUN).where(_this))
_remove_records = Prepared(sa.delete(RUN_RECORD).where(_of_this))


@cache
def _add(insert: Insert) -> Prepared:
    statement = insert(RUN)
    again = {"status": statement.excluded.status, "ended_at": None}
    statement = statement.on_conflict_do_update(index_elements=["user_id", "run_id"], set_=again)
    return Prepared(statement, [column.name for column in RUN.c])


@cache
def _newest(*conditions: sa.ColumnElement[bool]) -> Prepared:
    found = _found.where(RUN.c.user_id == _owner, *conditions)
    return Prepared(found.order_by(RUN.c.started_at.desc(), RUN.c.run_id.desc()).limit(_limit))


_of_session = RUN.c.session_id == sa.bindparam("key_session")


def add(connection: sa.Connection, insert: Insert, run: StoredRun) -> None:
    """Keep a run that begins, or goes on."""
    _add(insert).change(connection, {**rows.run_columns(run), "status": "running", "ended_at": None, "records": 0})


def append(connection: sa.Connection, user_id: str | None, run_id: str, texts: Sequence[str]) -> int:
    """Add records, and return the number of the last. Whoever else adds some to the run waits until this is done."""
    key = _key(user_id, run_id)
    counted = _counted.first(connection, {**key, "more": len(texts)})
    if counted is None:
        raise missing(run_id)
    (last,) = counted
    whose = {"user_id": key["owner"], "run_id": run_id}
    first = last - len(texts) + 1
    _add_record.change(connection, *({**whose, "number": n, "record": text} for n, text in enumerate(texts, first)))
    return int(last)


def end(connection: sa.Connection, user_id: str | None, run_id: str, status: RunStatus, ended_at: datetime) -> None:
    """Say how a run ended."""
    if not _end.change(connection, {**_key(user_id, run_id), "status": status, "ended_at": ended_at}):
        raise missing(run_id)


def newest(
    connection: sa.Connection, user_id: str | None, session_id: str | None, limit: int | None
) -> list[StoredRun]:
    """The runs that began last, of a session or of all."""
    values: dict[str, Any] = {"owner": rows.stored_owner(user_id), "limit": inputs.checked_limit(limit)}
    if session_id is None:
        found = _newest().mappings(connection, values)
    else:
        values["key_session"] = inputs.key("session_id", session_id)
        found = _newest(_of_session).mappings(connection, values)
    return [rows.run_value(row) for row in found]


def find(connection: sa.Connection, user_id: str | None, prefix: str) -> StoredRun:
    """The run with this id, or whose id alone begins so."""
    key = _key(user_id, prefix)
    found = _by_id.mappings(connection, key)
    found = found or _by_prefix.mappings(connection, {**key, **prefixes.beginning(prefix)})
    if prefixes.meant("runs", prefix, [row["run_id"] for row in found]) is None:
        raise missing(prefix)
    return rows.run_value(found[0])


def records(
    connection: sa.Connection, user_id: str | None, run_id: str, after: int, limit: int | None
) -> list[dict[str, Any]]:
    """The records of a run after a number, in their order."""
    place = {"after": inputs.checked_number("after", after), "limit": inputs.checked_limit(limit)}
    return [record for (record,) in _records.rows(connection, {**_key(user_id, run_id), **place})]


def remove_one(connection: sa.Connection, user_id: str | None, run_id: str) -> None:
    """Remove a run with its records."""
    key = _key(user_id, run_id)
    if not _remove_this.change(connection, key):
        raise missing(run_id)
    _remove_records.change(connection, key)


def remove(connection: sa.Connection, user_id: str | None, before: datetime) -> int:
    """Remove the runs that began before a time, with their records. Whoever adds records is waited for."""
    owner = rows.stored_owner(user_id)
    removed = _remove.rows(connection, {"owner": owner, "before": before})
    _remove_records.change(connection, *({"owner": owner, "key_run": run_id} for (run_id,) in removed))
    return len(removed)


def missing(run_id: str) -> NotFoundError:
    """The error for an id that the user has no run by."""
    return NotFoundError(f"This user has no run {run_id!r}: list the runs to see their ids.")


def _key(user_id: str | None, run_id: str) -> dict[str, Any]:
    return {"owner": rows.stored_owner(user_id), "key_run": inputs.key("run_id", run_id)}
