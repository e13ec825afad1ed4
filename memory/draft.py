"""One transaction's changes to memories: gathered in memory, then written, each with its revision."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from coterie.memory import inputs, lineage, rows, stored
from coterie.memory.dialect import LostRaceError
from coterie.memory.edits import Change, Operation, Revision
from coterie.memory.ids import new_id
from coterie.memory.prepared import Answer, Row, together
from coterie.memory.sameness import content_hash
from coterie.memory.scope import may_read, shelves
from coterie.memory.stored import Key
from coterie.memory.values import Scope, UserMemory


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
        if wanted := sorted(ids):
            found, last = stored.targets(self.connection, scope or self.scope, wanted)
            for memory in self._take(found):
                key = rows.memory_key(memory)
                self._numbers.setdefault(key, last.get(key, 0))

    def _take(self, found: Iterable[Row]) -> list[UserMemory]:
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
            owner, content = rows.stored_owner(memory.user_id), content_hash(memory)
            if (owner, content) not in self._holders:
                self._holders[owner, content] = None
                wanted.setdefault(owner, []).append(content)
        for owner, hashes in wanted.items():
            for row in stored.with_hashes(self.connection, owner, hashes):
                self._hold(self._taken(rows.memory_value(row)))

    def with_words_of(self, memory: UserMemory) -> UserMemory | None:
        """The open memory that says the same to the same readers."""
        self.find_words([memory])
        key = self._holders[rows.stored_owner(memory.user_id), content_hash(memory)]
        return None if key is None else self._now[key]

    def _hold(self, memory: UserMemory | None) -> None:
        if memory is not None and memory.valid_until is None:
            owner, _ = key = rows.memory_key(memory)
            self._holders[owner, content_hash(memory)] = key

    def put(self, op: Operation, before: UserMemory | None, after: UserMemory | None, reason: str) -> None:
        """Change a memory: None before adds it, None after removes it."""
        memory = after or before
        assert memory is not None  # a change has at least one side
        key = rows.memory_key(memory)
        if before is not None and before.valid_until is None:
            self._holders[key[0], content_hash(before)] = None
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
        revisions = list(self._numbered())
        if revisions:
            with together(self.connection):
                sent = self._send()
                stored.record(self.connection, revisions)
            _check(sent)
        return revisions

    def flush(self) -> None:
        """Write the rows that differ from what is stored, without their revisions."""
        if any(self._stored.get(key) is not now for key, now in self._now.items()):
            with together(self.connection):
                sent = self._send()
            _check(sent)

    def _send(self) -> list[tuple[UserMemory, Answer]]:
        """Send the rows that differ from what is stored. Returns those that were changed, each with its answer."""
        changed = {key: now for key, now in self._now.items() if self._stored.get(key) is not now}
        self.worded += [now for key, now in changed.items() if now is not None and self._is_worded(key, now)]
        pairs = [(self._stored.get(key), now) for key, now in changed.items()]
        gone = [before for before, after in pairs if before is not None and after is None]
        altered = [(before, after) for before, after in pairs if before is not None and after is not None]
        altered.sort(key=lambda pair: pair[1].valid_until is None)  # closing makes room
        sent = [(memory, stored.remove(self.connection, memory)) for memory in gone]
        sent += [(before, stored.change(self.connection, before, after)) for before, after in altered]
        stored.add(self.connection, [after for before, after in pairs if before is None and after is not None])
        stored.link(self.connection, pairs)
        self._stored = {key: now for key, now in self._now.items() if now is not None}
        return sent

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

    def dependants(self, memory: UserMemory, *, unmarked: bool = False) -> list[UserMemory]:
        """What was made from a memory, or from one that it took the place of, and is none of these itself.

        ``unmarked``: only what is not stale yet.
        """
        self.flush()
        return self._take(lineage.dependants(self.connection, *rows.memory_key(memory), unmarked=unmarked))

    def made_from(self, key: Key) -> list[UserMemory]:
        """What depends on a memory, which need not be there any more."""
        self.flush()
        return self._take(lineage.made_from(self.connection, *key))

    def _numbered(self) -> Iterator[Revision]:
        for key, number, op, before, after, reason in self._changes:
            user_id = key[0] or None
            yield Revision(key[1], user_id, number, self.change_id, op, before, after, reason, self.change, self.at)

    def last_revision(self, key: Key) -> tuple[int, str] | None:
        """The number and the audience of the last stored revision of a memory, which may have been removed."""
        return stored.last_revision(self.connection, key)

    def _next_number(self, key: Key) -> int:
        """The number of a memory's next revision."""
        if key in self._fresh:
            return self._numbers.get(key, 0) + 1
        if key not in self._numbers:  # of all that were read, at once
            unknown = [one for one in {key, *self._stored} if one not in self._numbers]
            owner, ids = rows.stored_owner(self.scope.user_id), sorted({memory_id for _, memory_id in unknown})
            last = stored.last_numbers(self.connection, owner, ids)
            self._numbers |= {one: last.get(one, 0) for one in unknown}
        return self._numbers[key] + 1


def _check(sent: Iterable[tuple[UserMemory, Answer]]) -> None:
    """Whether each row that was changed was at the version that was read."""
    for memory, answer in sent:
        if answer.count() != 1:
            raise LostRaceError(f"The memory {memory.memory_id!r} was changed by somebody else: read it again.")
