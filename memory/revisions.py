"""What the revisions tell: how a memory came about, what was believed when, and how two times differ."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.errors import NotFoundError
from coterie.memory import inputs, prefixes, rows
from coterie.memory.columns import UtcDateTime
from coterie.memory.edits import Difference, Revision
from coterie.memory.prepared import Prepared
from coterie.memory.reading import LIMIT, Kinds, by_prefix, kinds_of, missing, only
from coterie.memory.scope import may_read, parameters, readable
from coterie.memory.tables import REVISION
from coterie.memory.values import Scope, UserMemory

AT_ONCE = 300
"""How many memories are looked up in one statement: databases limit its parameters."""

_last = REVISION.alias("last")
_moment = sa.bindparam("moment", type_=UtcDateTime)


def _same(a: sa.FromClause, b: sa.FromClause) -> sa.ColumnElement[bool]:
    return (a.c.user_id == b.c.user_id) & (a.c.memory_id == b.c.memory_id)


def _is_last(revision: sa.FromClause, until: sa.BindParameter[Any] | None = None) -> sa.ColumnElement[bool]:
    """Whether no later one is there; or none up to a moment."""
    later = REVISION.alias()
    exists = _same(later, revision) & (later.c.number > revision.c.number)
    return ~sa.exists().where(exists if until is None else exists & (later.c.at <= until))


def _readable(kinds: Kinds) -> sa.Select[Any]:
    """Revisions of memories whose last one may be read: who was shut out later sees nothing of them any more."""
    found = sa.select(*rows.REVISION_COLUMNS).join(_last, _same(_last, REVISION))
    return found.where(readable(_last, kinds), _is_last(_last))


@cache
def _of_memory(kinds: Kinds) -> Prepared:
    wanted = _last.c.memory_id == sa.bindparam("memory_id")
    return Prepared(_readable(kinds).where(wanted).order_by(REVISION.c.user_id.desc(), REVISION.c.number))


@cache
def _of_change(kinds: Kinds) -> Prepared:
    wanted = REVISION.c.change_id == sa.bindparam("change_id")
    return Prepared(_readable(kinds).where(wanted, readable(REVISION, kinds)))


@cache
def _ids_with_history(kinds: Kinds) -> Prepared:
    """The ids that begin so, also of memories that were deleted."""
    begins = prefixes.begins(_last.c.memory_id)
    found = sa.select(_last.c.memory_id).where(begins, readable(_last, kinds), _is_last(_last))
    return Prepared(found.order_by(_last.c.memory_id).limit(LIMIT))


@cache
def _last_of(kinds: Kinds) -> sa.Select[Any]:
    """Which of some memories the scope may not read, as their last revisions say."""
    wanted = sa.tuple_(_last.c.user_id, _last.c.memory_id).in_(sa.bindparam("keys", expanding=True))
    return sa.select(_last.c.user_id, _last.c.memory_id).where(wanted, ~readable(_last, kinds), _is_last(_last))


@cache
def _states(kinds: Kinds) -> Prepared:
    """The last revision of each memory up to a moment, if it could be read then and can be now."""
    then = (REVISION.c.at <= _moment) & _is_last(REVISION, _moment) & readable(REVISION, kinds)
    return Prepared(_readable(kinds).where(then, REVISION.c.after.is_not(None)))


def history(connection: sa.Connection, scope: Scope, memory_id: str) -> list[Revision]:
    """Every change to a memory and to those it took the place of, oldest first."""
    key = inputs.key("memory_id", memory_id)
    own = _of(connection, scope, key) or _of(connection, scope, _whole_id(connection, scope, key))
    if not own:
        raise missing(key)
    found, depth = list(own), {own[0].memory_id: 0}
    for revision in found:  # grows while it is walked through
        if revision.number == 1 and revision.op in ("update", "merge"):
            for before in _took_the_place_of(connection, scope, revision) - depth.keys():
                depth[before] = depth[revision.memory_id] + 1
                found += _of(connection, scope, before)
    return sorted(found, key=lambda one: (one.at, -depth[one.memory_id], one.memory_id, one.number))


def seen(scope: Scope, revisions: Iterable[Revision]) -> list[Revision]:
    """The revisions of which the scope may read both sides: a memory's readers change."""
    return [one for one in revisions if all(may_read(scope, memory) for memory in (one.before, one.after) if memory)]


def _of(connection: sa.Connection, scope: Scope, memory_id: str) -> list[Revision]:
    """The revisions of the user's memory with this id, else of nobody's."""
    found = seen(scope, _revisions(connection, _of_memory, scope, memory_id=memory_id))
    return [one for one in found if one.user_id == found[0].user_id]


def _revisions(
    connection: sa.Connection, statement: Callable[[Kinds], Prepared], scope: Scope, **values: Any
) -> list[Revision]:
    found = statement(kinds_of(scope)).mappings(connection, {**parameters(scope), **values})
    revisions = [rows.revision_value(row) for row in found]
    hidden = _hidden(connection, scope, {source for one in revisions for source in _sources(one)})
    return [one for one in revisions if hidden.isdisjoint(_sources(one))]


def _sources(revision: Revision) -> set[tuple[str, str]]:
    sides = [memory for memory in (revision.before, revision.after) if memory is not None]
    return {(rows.stored_owner(one.user_id), source) for one in sides for source in one.depends_on}


def _hidden(connection: sa.Connection, scope: Scope, sources: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the memories that the scope may not read any more: what was made from them, it may not either.

    Of what is in the store `Narrow` took care. This is for what was removed before, and is told of by revisions only.
    """
    statement, wanted = _last_of(kinds_of(scope)), sorted(sources)
    return {
        (row.user_id, row.memory_id)
        for start in range(0, len(wanted), AT_ONCE)
        for row in connection.execute(statement, {**parameters(scope), "keys": wanted[start : start + AT_ONCE]})
    }


def _took_the_place_of(connection: sa.Connection, scope: Scope, first: Revision) -> set[str]:
    """The memories that were closed when this one came to be, because of it."""
    revisions = _revisions(connection, _of_change, scope, change_id=first.change_id)
    return {one.memory_id for one in revisions if one.after and one.after.superseded_by == first.memory_id}


def _whole_id(connection: sa.Connection, scope: Scope, prefix: str) -> str:
    """The id of the memory that begins so; if none is there, of one that was deleted."""
    statements: list[Callable[[Kinds], Prepared]] = [by_prefix, _ids_with_history]
    for statement in statements:
        try:
            return str(only(connection, statement, scope, prefix)[-1])
        except NotFoundError:
            continue
    raise missing(prefix)


def as_of(connection: sa.Connection, scope: Scope, moment: datetime) -> list[UserMemory]:
    """What was believed at a moment, newest first."""
    believed = (memory for memory in _stated(connection, scope, moment) if _holds(memory, moment))
    return sorted(believed, key=lambda memory: (memory.created_at, memory.memory_id), reverse=True)


def _stated(connection: sa.Connection, scope: Scope, moment: datetime) -> Iterator[UserMemory]:
    """Every memory as it stood at a moment, also those that were closed."""
    inputs.checked_moment("moment", moment)
    for revision in _revisions(connection, _states, scope, moment=moment):
        assert revision.after is not None  # as asked
        yield revision.after


def _holds(memory: UserMemory, moment: datetime) -> bool:
    ends = (memory.valid_until, memory.expires_at)
    return all(end is None or end > moment for end in ends)


def diff(connection: sa.Connection, scope: Scope, first: datetime, second: datetime) -> Difference:
    """What changed between two moments in what was believed."""
    before = {rows.memory_key(memory): memory for memory in as_of(connection, scope, first)}
    states = {rows.memory_key(memory): memory for memory in _stated(connection, scope, second)}
    after = {key: memory for key, memory in states.items() if _holds(memory, second)}
    heirs = {key: heir for key in before if (heir := _heir(key, states)) in after}
    changed = [(before[key], after[heir]) for key, heir in heirs.items() if before[key] != after[heir]]
    return Difference(
        added=_oldest_first(memory for key, memory in after.items() if key not in {*before, *heirs.values()}),
        removed=_oldest_first(memory for key, memory in before.items() if key not in heirs),
        changed=tuple(sorted(changed, key=lambda pair: (pair[0].created_at, pair[0].memory_id))),
    )


def _heir(key: tuple[str, str], states: dict[tuple[str, str], UserMemory]) -> tuple[str, str]:
    """What holds in a memory's place, as the states say: the memory itself, or the last that took its place."""
    seen = {key}
    while (state := states.get(key)) and state.superseded_by and (key[0], state.superseded_by) not in seen:
        key = (key[0], state.superseded_by)
        seen.add(key)
    return key


def _oldest_first(memories: Iterator[UserMemory]) -> tuple[UserMemory, ...]:
    return tuple(sorted(memories, key=lambda memory: (memory.created_at, memory.memory_id)))
