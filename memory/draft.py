"""One transaction's changes to memories: gathered in memory, then written, each with its revision."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.memory import inputs, lineage, rows
from coterie.memory.dialect import LostRaceError
from coterie.memory.edits import Change, Operation, Revision
from coterie.memory.ids import new_id
from coterie.memory.prepared import Prepared
from coterie.memory.scope import may_read, parameters, readable, shelves
from coterie.memory.tables import MEMORY, REVISION, SOURCE
from coterie.memory.values import Scope, UserMemory

IDS_AT_ONCE = 500
"""How many memories are looked up in one statement: databases limit its parameters."""

Key = tuple[str, str]
"""The owner as stored, and the memory's id."""

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
_open = sa.select(*rows.MEMORY_COLUMNS).where(
    MEMORY.c.user_id == sa.bindparam("owner", type_=sa.Text), MEMORY.c.valid_until.is_(None)
)
_same_words = Prepared(_open.where(MEMORY.c.content_hash == sa.bindparam("content", type_=sa.LargeBinary)))
_one_of_the_same = _open.where(MEMORY.c.content_hash.in_(sa.bindparam("hashes", expanding=True)))
_last_revision = (
    sa.select(REVISION.c.number, REVISION.c.audience)
    .where(REVISION.c.user_id == sa.bindparam("owner"), REVISION.c.memory_id == sa.bindparam("memory_id"))
    .order_by(REVISION.c.number.desc())
    .limit(1)
)
_last_numbers = (
    sa.select(REVISION.c.memory_id, sa.func.max(REVISION.c.number))
    .where(REVISION.c.user_id == sa.bindparam("owner"), REVISION.c.memory_id.in_(sa.bindparam("ids", expanding=True)))
    .group_by(REVISION.c.memory_id)
)


@cache
def _update(names: frozenset[str]) -> Prepared:
    """The statement that changes these columns."""
    return Prepared(sa.update(MEMORY).where(_at_version), sorted(names))


@cache
def _targets(kinds: tuple[str, ...]) -> sa.Select[Any]:
    """The memories to change, locked in one order, so that two writers never wait for each other."""
    wanted = MEMORY.c.memory_id.in_(sa.bindparam("ids", expanding=True))
    found = sa.select(*rows.MEMORY_COLUMNS).where(wanted, readable(MEMORY, kinds))
    return found.order_by(MEMORY.c.memory_id, MEMORY.c.user_id).with_for_update()


class Draft:
    """What one transaction changes.

    Rows are read into it, changes are put into it, and `write` stores each row that differs from what was read, against
    the version that was read.
    """

    def __init__(self, connection: sa.Connection, scope: Scope, change: Change, at: datetime) -> None:
        self.connection = connection
        self.scope = scope
        self.change = change
        self.at = at
        self.change_id = new_id()
        self.worded: list[UserMemory] = []
        """The memories that were written with a statement that their id did not have."""
        self._stored: dict[Key, UserMemory] = {}
        self._now: dict[Key, UserMemory | None] = {}
        self._holders: dict[tuple[str, bytes], Key | None] = {}
        self._fresh: set[Key] = set()
        self._numbers: dict[Key, int] = {}
        self._changes: list[tuple[Key, int, Operation, UserMemory | None, UserMemory | None, str]] = []

    def __len__(self) -> int:
        """How many changes were put."""
        return len(self._changes)

    def load(self, ids: Iterable[str], scope: Scope | None = None) -> None:
        """Read the memories with these ids that a scope may read (None: the draft's own), and lock them."""
        wanted, scope = sorted(ids), scope or self.scope
        statement, values = _targets(tuple(shelves(scope))), parameters(scope)
        for part in _parts(wanted):
            self._take(self.connection.execute(statement, {**values, "ids": part}))

    def _take(self, found: Iterable[Sequence[Any]]) -> list[UserMemory]:
        memories = [self._taken(rows.memory_value(row)) for row in found]
        return [memory for memory in memories if memory is not None]

    def _taken(self, memory: UserMemory) -> UserMemory | None:
        key = rows.memory_key(memory)
        if key not in self._now:
            self._stored[key] = self._now[key] = memory
        return self._now[key]

    def get(self, memory_id: str) -> UserMemory | None:
        """A memory that was read or put, and may be read by the scope: the user's, else nobody's.

        What follows from an edit reads others' memories into the draft too; no later edit may name those.
        """
        for owner, _ in shelves(self.scope).values():
            found = self._now.get((owner, memory_id))
            if found is not None and may_read(self.scope, found):
                return found
        return None

    def held(self, key: Key) -> UserMemory | None:
        """What was read or put under a key, whoever may read it."""
        return self._now.get(key)

    def find_words(self, memories: Sequence[UserMemory]) -> None:
        """Look up, all at once, which memories say what these say."""
        wanted: dict[str, list[bytes]] = {}
        for memory in memories:
            owner, content = rows.stored_owner(memory.user_id), inputs.content_hash(memory)
            if (owner, content) not in self._holders:
                self._holders[owner, content] = None
                wanted.setdefault(owner, []).append(content)
        for owner, hashes in wanted.items():
            for part in _parts(hashes):
                for row in self._with_hashes(owner, part):
                    self._hold(self._taken(rows.memory_value(row)))

    def _with_hashes(self, owner: str, hashes: Sequence[bytes]) -> Iterable[Sequence[Any]]:
        if len(hashes) == 1:
            return _same_words.rows(self.connection, {"owner": owner, "content": hashes[0]})
        return self.connection.execute(_one_of_the_same, {"owner": owner, "hashes": hashes})

    def with_words_of(self, memory: UserMemory) -> UserMemory | None:
        """The open memory that says the same to the same readers."""
        self.find_words([memory])
        key = self._holders[rows.stored_owner(memory.user_id), inputs.content_hash(memory)]
        return None if key is None else self._now[key]

    def _hold(self, memory: UserMemory | None) -> None:
        if memory is not None and memory.valid_until is None:
            owner, _ = key = rows.memory_key(memory)
            self._holders[owner, inputs.content_hash(memory)] = key

    def put(self, op: Operation, before: UserMemory | None, after: UserMemory | None, reason: str) -> None:
        """Change a memory: None before adds it, None after removes it."""
        memory = after or before
        assert memory is not None  # a change has at least one side
        key = rows.memory_key(memory)
        if before is not None and before.valid_until is None:
            self._holders[key[0], inputs.content_hash(before)] = None
        self._now[key] = after
        self._hold(after)
        self._numbers[key] = number = self._next_number(key)
        self._changes.append((key, number, op, before, after, inputs.checked_text("reason", reason)))

    def add(self, op: Operation, memory: UserMemory, reason: str, *, fresh: bool) -> None:
        """Add a memory. ``fresh``: its id was made just now, so that it cannot have a history."""
        if fresh:
            self._fresh.add(rows.memory_key(memory))
        self.put(op, None, memory, reason)

    def alter(self, op: Operation, before: UserMemory, reason: str, **values: Any) -> UserMemory:
        """Change some values of a memory.

        Its version becomes the revision's number: one that it has never had, also after an undoing.
        """
        version = self._next_number(rows.memory_key(before))
        after = rows.copied(before, **values, updated_at=self.at, version=version)
        self.put(op, before, after, reason)
        return after

    def is_fresh(self, memory: UserMemory) -> bool:
        """Whether a memory's id was made just now."""
        return rows.memory_key(memory) in self._fresh

    def write(self) -> list[Revision]:
        """Write what was changed, and return the revisions in their order.

        Raises:
            LostRaceError: a row is not at the version that was read.
        """
        self.flush()
        revisions = list(self._numbered())
        if revisions:
            _record.change(self.connection, *map(rows.revision_columns, revisions))
        return revisions

    def flush(self) -> None:
        """Write the rows that differ from what is stored, without their revisions."""
        changed = {key: now for key, now in self._now.items() if self._stored.get(key) is not now}
        self.worded += [now for key, now in changed.items() if now is not None and self._is_worded(key, now)]
        gone = [self._stored[key] for key, now in changed.items() if now is None and key in self._stored]
        altered = [(self._stored[key], now) for key, now in changed.items() if now is not None and key in self._stored]
        for memory in gone:
            self._at_version(_delete, memory, {})
            self._link(memory.depends_on, (), memory)
        for before, after in sorted(altered, key=lambda pair: pair[1].valid_until is None):  # closing makes room
            self._change(before, after)
        self._insert([now for key, now in changed.items() if now is not None and key not in self._stored])
        self._stored = {key: now for key, now in self._now.items() if now is not None}

    def _is_worded(self, key: Key, now: UserMemory) -> bool:
        return key not in self._stored or self._stored[key].memory != now.memory

    def head(self, memory: UserMemory) -> UserMemory | None:
        """The statement that holds now in a memory's place: itself, or the last of those that took its place."""
        self.flush()
        found = lineage.head(self.connection, *rows.memory_key(memory))
        if found is None:
            return None
        self.load([found])
        return self.get(found)

    def line(self, memory: UserMemory) -> list[UserMemory]:
        """A memory, and all that it took the place of, directly or not."""
        self.flush()
        return self._take(lineage.line(self.connection, *rows.memory_key(memory)))

    def dependants(self, memory: UserMemory) -> list[UserMemory]:
        """What was made from a memory, or from one that it took the place of."""
        self.flush()
        return self._take(lineage.dependants(self.connection, *rows.memory_key(memory)))

    def made_from(self, key: Key) -> list[UserMemory]:
        """What depends on a memory, which need not be there any more."""
        self.flush()
        return self._take(lineage.made_from(self.connection, *key))

    def _change(self, before: UserMemory, after: UserMemory) -> None:
        new = {name: value for name, value in after.__dict__.items() if value != before.__dict__[name]}
        derived = {
            name: value
            for name, value in rows.derived_columns(after).items()
            if value != rows.derived_columns(before)[name]
        }
        values = new | derived
        self._at_version(_update(frozenset(values)), before, values)
        self._link(before.depends_on, after.depends_on, after)

    def _insert(self, new: Sequence[UserMemory]) -> None:
        _insert.change(self.connection, *map(rows.memory_columns, new))
        links = [(memory, source) for memory in new for source in memory.depends_on]
        self._add_links(links)

    def _link(self, old: Sequence[str], new: Sequence[str], memory: UserMemory) -> None:
        owner, memory_id = rows.memory_key(memory)
        gone = [
            {"key_user": owner, "key_memory": memory_id, "key_source": source} for source in old if source not in new
        ]
        _unlink.change(self.connection, *gone)
        self._add_links([(memory, source) for source in new if source not in old])

    def _add_links(self, links: Sequence[tuple[UserMemory, str]]) -> None:
        values = [
            {"user_id": rows.stored_owner(memory.user_id), "memory_id": memory.memory_id, "source_id": source}
            for memory, source in links
        ]
        _link.change(self.connection, *values)

    def _at_version(self, statement: Prepared, memory: UserMemory, values: dict[str, Any]) -> None:
        owner, memory_id = rows.memory_key(memory)
        key = {"key_user": owner, "key_memory": memory_id, "key_version": memory.version}
        if statement.change(self.connection, values | key) != 1:
            raise LostRaceError(f"The memory {memory_id!r} was changed by somebody else: read it again.")

    def _numbered(self) -> Iterator[Revision]:
        for key, number, op, before, after, reason in self._changes:
            user_id = key[0] or None
            yield Revision(key[1], user_id, number, self.change_id, op, before, after, reason, self.change, self.at)

    def last_revision(self, key: Key) -> tuple[int, str] | None:
        """The number and the audience of the last stored revision of a memory, which may have been removed."""
        found = self.connection.execute(_last_revision, {"owner": key[0], "memory_id": key[1]}).first()
        return None if found is None else (found[0], found[1])

    def _next_number(self, key: Key) -> int:
        """The number of a memory's next revision."""
        if key in self._fresh:
            return self._numbers.get(key, 0) + 1
        if key not in self._numbers:  # of all that were read, at once
            self._look_up_numbers([one for one in {key, *self._stored} if one not in self._numbers])
        return self._numbers[key] + 1

    def _look_up_numbers(self, keys: Iterable[Key]) -> None:
        wanted: dict[str, list[str]] = {}
        for owner, memory_id in keys:
            self._numbers[owner, memory_id] = 0
            wanted.setdefault(owner, []).append(memory_id)
        for owner, ids in wanted.items():
            for part in _parts(ids):
                for memory_id, number in self.connection.execute(_last_numbers, {"owner": owner, "ids": part}):
                    self._numbers[owner, memory_id] = number


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), IDS_AT_ONCE):
        yield values[start : start + IDS_AT_ONCE]
