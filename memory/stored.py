"""The rows of memories as one transaction looks them up and writes them, each against the version that was read."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.memory import rows
from coterie.memory.edits import Revision
from coterie.memory.prepared import Answer, Prepared, Row, among, listed, together
from coterie.memory.scope import parameters, readable, shelves
from coterie.memory.tables import MEMORY, NOBODY, REVISION, SOURCE
from coterie.memory.values import Scope, UserMemory

Key = tuple[str, str]
"""The owner as stored, and the memory's id."""

_owner = sa.bindparam("owner", type_=sa.Text)
_at_version = (
    (MEMORY.c.user_id == sa.bindparam("key_user"))
    & (MEMORY.c.memory_id == sa.bindparam("key_memory"))
    & (MEMORY.c.version == sa.bindparam("key_version"))
)
_delete = Prepared(sa.delete(MEMORY).where(_at_version))
_of_memory = (SOURCE.c.user_id == sa.bindparam("key_user")) & (SOURCE.c.memory_id == sa.bindparam("key_memory"))
_unlink = Prepared(sa.delete(SOURCE).where(_of_memory, SOURCE.c.source_id == sa.bindparam("key_source")))
_link = Prepared(sa.insert(SOURCE), [column.name for column in SOURCE.c])
_insert = Prepared(sa.insert(MEMORY), [column.name for column in MEMORY.c if column.computed is None])
_record = Prepared(sa.insert(REVISION), [column.name for column in REVISION.c])
_last_revision = Prepared(
    sa.select(REVISION.c.number, REVISION.c.audience)
    .where(REVISION.c.user_id == _owner, REVISION.c.memory_id == sa.bindparam("memory_id"))
    .order_by(REVISION.c.number.desc())
    .limit(sa.literal_column("1"))
)


@cache
def _update(names: frozenset[str]) -> Prepared:
    """The statement that changes these columns."""
    return Prepared(sa.update(MEMORY).where(_at_version), sorted(names))


@cache
def _targets(kinds: tuple[str, ...], places: int) -> Prepared:
    """The memories to change, locked in one order, so that two writers never wait for each other."""
    found = sa.select(*rows.MEMORY_COLUMNS).where(among(MEMORY.c.memory_id, places), readable(MEMORY, kinds))
    return Prepared(found.order_by(MEMORY.c.memory_id, MEMORY.c.user_id).with_for_update())


@cache
def _last_numbers(places: int) -> Prepared:
    """Those of the memories of an owner, and of nobody's."""
    key = (REVISION.c.user_id, REVISION.c.memory_id)
    found = sa.select(*key, sa.func.max(REVISION.c.number)).where(
        REVISION.c.user_id.in_([_owner, sa.literal_column(f"'{NOBODY}'")]), among(REVISION.c.memory_id, places)
    )
    return Prepared(found.group_by(*key))


@cache
def _with_hashes(places: int) -> Prepared:
    is_open = (MEMORY.c.user_id == _owner) & MEMORY.c.valid_until.is_(None)
    return Prepared(sa.select(*rows.MEMORY_COLUMNS).where(is_open, among(MEMORY.c.content_hash, places)))


def targets(connection: sa.Connection, scope: Scope, ids: Sequence[str]) -> tuple[list[Row], dict[Key, int]]:
    """The rows with these ids that the scope may read, locked, and the numbers of their last revisions."""
    kinds, owner = tuple(shelves(scope)), rows.stored_owner(scope.user_id)
    found: list[Answer] = []
    last: list[Answer] = []
    with together(connection):
        for places, part in listed(ids):
            found.append(_targets(kinds, places).ask(connection, {**parameters(scope), **part}))
            last.append(_last_numbers(places).ask(connection, {"owner": owner, **part}))
    return [row for answer in found for row in answer.rows()], _numbers(last)


def last_numbers(connection: sa.Connection, owner: str, ids: Sequence[str]) -> dict[Key, int]:
    """The numbers of the last revisions of memories of an owner, and of nobody's."""
    return _numbers(_last_numbers(places).ask(connection, {"owner": owner, **part}) for places, part in listed(ids))


def _numbers(answers: Iterable[Answer]) -> dict[Key, int]:
    return {(owner, memory_id): number for answer in answers for owner, memory_id, number in answer.rows()}


def last_revision(connection: sa.Connection, key: Key) -> tuple[int, str] | None:
    """The number and the audience of the last revision of a memory, which may have been removed."""
    found = _last_revision.first(connection, {"owner": key[0], "memory_id": key[1]})
    return None if found is None else (found[0], found[1])


def with_hashes(connection: sa.Connection, owner: str, hashes: Sequence[bytes]) -> list[Row]:
    """The rows of an owner's open memories that say something with one of these hashes."""
    return [
        row
        for places, part in listed(hashes)
        for row in _with_hashes(places).rows(connection, {"owner": owner, **part})
    ]


def remove(connection: sa.Connection, memory: UserMemory) -> Answer:
    """Remove a memory. Its answer says whether it was there at this version."""
    return _delete.ask(connection, _version_key(memory))


def change(connection: sa.Connection, before: UserMemory, after: UserMemory) -> Answer:
    """Change the columns of a memory that differ. Its answer says whether it was there at the version before."""
    new = {name: value for name, value in after.__dict__.items() if value != before.__dict__[name]}
    if not new.keys().isdisjoint(rows.DERIVED_FROM):
        old = rows.derived_columns(before)
        new |= {name: value for name, value in rows.derived_columns(after).items() if value != old[name]}
    return _update(frozenset(new)).ask(connection, new | _version_key(before))


def _version_key(memory: UserMemory) -> dict[str, Any]:
    owner, memory_id = rows.memory_key(memory)
    return {"key_user": owner, "key_memory": memory_id, "key_version": memory.version}


def add(connection: sa.Connection, memories: Sequence[UserMemory]) -> None:
    """Add memories."""
    _insert.ask(connection, *map(rows.memory_columns, memories))


def link(connection: sa.Connection, changed: Iterable[tuple[UserMemory | None, UserMemory | None]]) -> None:
    """Note what memories are made from, where that differs: each before and after, None where there is none."""
    gone, new = [], []
    for before, after in changed:
        old, now = before.depends_on if before else [], after.depends_on if after else []
        if old != now:
            owner, memory_id = rows.memory_key(after or before)  # type: ignore[arg-type]  # one of them is there
            gone += [{"key_user": owner, "key_memory": memory_id, "key_source": one} for one in old if one not in now]
            new += [{"user_id": owner, "memory_id": memory_id, "source_id": one} for one in now if one not in old]
    _unlink.ask(connection, *gone)
    _link.ask(connection, *new)


def record(connection: sa.Connection, revisions: Sequence[Revision]) -> None:
    """Add revisions."""
    _record.ask(connection, *map(rows.revision_columns, revisions))
