"""Notes: what the members of a team tell each other while a run works."""

from datetime import UTC, datetime, timedelta
from functools import cache

import sqlalchemy as sa

from coterie.memory import ids, inputs, rows
from coterie.memory.dialect import Insert
from coterie.memory.prepared import Prepared, together
from coterie.memory.tables import NOTE
from coterie.memory.values import Note

KEPT = timedelta(days=7)
"""How long a note stays whose run died, so that no turn of it was recorded."""

_of_owner = NOTE.c.user_id == sa.bindparam("owner")
_of_run = _of_owner & (NOTE.c.run_id == sa.bindparam("run"))
_of_team = NOTE.c.team_id == sa.bindparam("team")
_remove = Prepared(sa.delete(NOTE).where(_of_run))
_remove_before = Prepared(sa.delete(NOTE).where(_of_owner, NOTE.c.note_id < sa.bindparam("first")))


@cache
def _add(insert: Insert) -> Prepared:
    statement = insert(NOTE).on_conflict_do_nothing(index_elements=["user_id", "note_id"])
    return Prepared(statement, [column.name for column in NOTE.c])


@cache
def _newest(*conditions: sa.ColumnElement[bool]) -> Prepared:
    found = sa.select(*rows.NOTE_COLUMNS).where(_of_run, *conditions).order_by(NOTE.c.note_id.desc())
    return Prepared(found.limit(sa.bindparam("limit", type_=sa.BigInteger)))


def add(connection: sa.Connection, insert: Insert, note: Note) -> None:
    """Keep a note, once, and remove those of its owner that are too old."""
    columns = rows.note_columns(note)
    with together(connection):
        _remove_before.ask(connection, {"owner": columns["user_id"], "first": ids.first_at(datetime.now(UTC) - KEPT)})
        _add(insert).ask(connection, columns)


def newest(connection: sa.Connection, owner: str, run_id: str, team_id: str | None, limit: int | None) -> list[Note]:
    """The last notes of a run, of one team or of all, in the order they were written."""
    values = {"owner": owner, "run": inputs.key("run_id", run_id), "limit": inputs.checked_limit(limit)}
    if team_id is None:
        found = _newest().mappings(connection, values)
    else:
        found = _newest(_of_team).mappings(connection, {**values, "team": inputs.key("team_id", team_id)})
    return [rows.note_value(row) for row in reversed(found)]


def remove(connection: sa.Connection, owner: str, run_id: str) -> None:
    """Remove the notes of a run."""
    _remove.ask(connection, {"owner": owner, "run": run_id})
