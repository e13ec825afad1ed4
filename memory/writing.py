"""Edits to memories: checked, applied and recorded within the caller's transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.errors import ConflictError, InputError
from coterie.memory import inputs, rows
from coterie.memory.ids import new_id
from coterie.memory.reading import missing
from coterie.memory.scope import audience, parameters, readable, shelves
from coterie.memory.tables import MEMORY, REVISION, TURN
from coterie.memory.values import (
    Add,
    Applied,
    Change,
    Delete,
    Edit,
    Merge,
    Operation,
    Ref,
    Revision,
    Scope,
    Update,
    UserMemory,
)

IDS_AT_ONCE = 500
"""How many memories are looked up in one statement: databases limit its parameters."""
_NARROWNESS = {"user": 0, "team": 1, "agent": 2}

_key = (MEMORY.c.user_id == sa.bindparam("key_user")) & (MEMORY.c.memory_id == sa.bindparam("key_memory"))
_at_version = _key & (MEMORY.c.version == sa.bindparam("key_version"))
_update = sa.update(MEMORY).where(_at_version)
_delete = sa.delete(MEMORY).where(_at_version)
_same_words = sa.select(*rows.MEMORY_COLUMNS).where(
    MEMORY.c.user_id == sa.bindparam("user_id"),
    MEMORY.c.content_hash == sa.bindparam("content_hash"),
    MEMORY.c.valid_until.is_(None),
)
_last_version = sa.select(sa.func.max(REVISION.c.version)).where(
    REVISION.c.user_id == sa.bindparam("user_id"), REVISION.c.memory_id == sa.bindparam("memory_id")
)
_record = sa.insert(REVISION)
_curated = (
    sa.update(TURN)
    .where(TURN.c.user_id == sa.bindparam("key_user"), TURN.c.turn_id == sa.bindparam("key_turn"))
    .where(TURN.c.status == "pending")
    .values(status="curated", error=None)
)


@cache
def _targets(kinds: tuple[str, ...]) -> sa.Select[Any]:
    """The memories to change, locked in one order, so that two writers never wait for each other."""
    wanted = MEMORY.c.memory_id.in_(sa.bindparam("ids", expanding=True))
    found = sa.select(*rows.MEMORY_COLUMNS).where(wanted, readable(MEMORY, kinds))
    return found.order_by(MEMORY.c.memory_id, MEMORY.c.user_id).with_for_update()


@cache
def _insert(insert: Callable[[sa.Table], Any]) -> Any:
    statement = insert(MEMORY).on_conflict_do_nothing(
        index_elements=["user_id", "content_hash"], index_where=sa.text("valid_until IS NULL")
    )
    return statement.execution_options(preserve_rowcount=True)  # 0 tells that the row was there


def mark_curated(connection: sa.Connection, scope: Scope, turn_id: str) -> None:
    """Mark a pending turn as curated.

    Raises:
        ConflictError: it is not pending (any more).
    """
    key = {"key_user": rows.stored_owner(scope.user_id), "key_turn": inputs.key("curated", turn_id)}
    if connection.execute(_curated, key).rowcount != 1:
        raise ConflictError(f"The turn {turn_id!r} is not pending: it was curated already, or is not this user's.")


@dataclass
class Writer:
    """One transaction's edits, by one scope. ``finish`` writes their revisions."""

    connection: sa.Connection
    insert: Callable[[sa.Table], Any]
    scope: Scope
    change: Change
    at: datetime
    _rows: dict[str, UserMemory] = field(default_factory=dict)
    _revisions: list[Revision] = field(default_factory=list)

    def apply(self, edits: Sequence[Edit]) -> list[Applied]:
        """Apply the edits in their order, and record them."""
        self._load({ref.memory_id for edit in edits for ref in _refs(edit)})
        applied = [self._apply(edit) for edit in edits]
        if self._revisions:
            self.connection.execute(_record, [rows.revision_columns(revision) for revision in self._revisions])
        return applied

    def _load(self, ids: Iterable[str]) -> None:
        wanted = sorted(inputs.key("memory_id", memory_id) for memory_id in ids)
        statement, values = _targets(tuple(shelves(self.scope))), parameters(self.scope)
        for start in range(0, len(wanted), IDS_AT_ONCE):
            found = self.connection.execute(statement, {**values, "ids": wanted[start : start + IDS_AT_ONCE]})
            self._rows |= {row.memory_id: rows.memory_value(row) for row in found}

    def _apply(self, edit: Edit) -> Applied:
        first = len(self._revisions)
        match edit:
            case Add():
                memory_id = self._add(edit)
            case Update():
                memory_id = self._put("update", edit, self._target(edit.target))
            case Merge():
                memory_id = self._merge(edit)
            case Delete():
                memory_id = self._remove(self._target(edit.target), edit.reason)
        return Applied(edit, memory_id, tuple(self._revisions[first:]))

    def _add(self, edit: Add) -> str:
        memory = self._filled(edit.memory)
        columns = rows.memory_columns(memory, inputs.content_hash(memory))
        statement = _insert(self.insert)
        if not self.connection.execute(statement, columns).rowcount:
            there = self._with_words_of(columns)
            if there is None:
                raise ConflictError(f"The memory {memory.memory[:40]!r} was removed by somebody else: try again.")
            if not self._expired(there):
                return str(there.memory_id)
            self._remove(there, "expired")
            self.connection.execute(statement, columns)
        self._keep("add", None, memory, edit.reason)
        return str(memory.memory_id)

    def _with_words_of(self, columns: dict[str, Any]) -> UserMemory | None:
        found = self.connection.execute(_same_words, columns).first()
        return None if found is None else rows.memory_value(found)

    def _expired(self, memory: UserMemory) -> bool:
        return memory.expires_at is not None and memory.expires_at <= self.at

    def _next_version(self, memory_id: str | None) -> int:
        """1; of a memory that is added back, what follows on its last revision."""
        if memory_id is None:
            return 1
        key = {"user_id": rows.stored_owner(self.scope.user_id), "memory_id": inputs.key("memory_id", memory_id)}
        kept = self.connection.execute(_last_version, key).scalar() or 0
        return 1 + max([kept, *(one.version for one in self._revisions if one.memory_id == memory_id)])

    def _filled(self, memory: UserMemory) -> UserMemory:
        """The memory as it will be stored: owner, writer, id and times filled in."""
        if memory.user_id not in (None, self.scope.user_id):
            raise InputError(
                f"The memory is about user {memory.user_id!r}, the scope is of {self.scope.user_id!r}: "
                "write it with a scope of its own user."
            )
        return inputs.checked_memory(
            rows.copied(
                memory,
                memory_id=memory.memory_id or new_id(),
                topics=inputs.checked_topics(memory.topics),
                user_id=self.scope.user_id,
                team_id=memory.team_id or self.scope.team_id or self.change.team_id,
                agent_id=memory.agent_id or self.scope.agent_id or self.change.agent_id,
                source_turn_id=memory.source_turn_id or self.change.turn_id,
                created_at=memory.created_at or self.at,
                updated_at=memory.updated_at or self.at,
                version=self._next_version(memory.memory_id),
            )
        )

    def _merge(self, edit: Merge) -> str:
        ids = [ref.memory_id for ref in edit.targets]
        if not ids or len(set(ids)) < len(ids):
            raise InputError(f"A merge names the memories {ids!r}: give at least one, each once.")
        first, *others = (self._target(ref) for ref in edit.targets)
        narrowest = _narrowest([first, *others])
        for other in others:  # first, because the merged words may be one of theirs
            self._remove(other, f"merged into {first.memory_id}" + (f": {edit.reason}" if edit.reason else ""))
        readers = {name: getattr(narrowest, name) for name in ("visibility", "team_id", "agent_id")}
        changed = {} if narrowest is first else readers
        return self._put("merge", edit, first, changed | _sources([first, *others], edit.memory))

    def _put(
        self, op: Operation, edit: Update | Merge, before: UserMemory, others: dict[str, Any] | None = None
    ) -> str:
        """Store a memory's new words."""
        topics = before.topics if edit.topics is None else inputs.checked_topics(edit.topics)
        new = {"memory": inputs.checked_statement(edit.memory), "topics": topics, **(others or {})}
        if op == "update" and all(getattr(before, name) == value for name, value in new.items()):
            return str(before.memory_id)
        new |= {"updated_at": self.at, "version": before.version + 1}
        after = rows.copied(before, **new)
        content_hash = inputs.content_hash(after)
        if content_hash != inputs.content_hash(before):
            self._make_room(rows.memory_columns(after, content_hash))
        self._at_version(_update.values({**new, "content_hash": content_hash}), before)
        self._keep(op, before, after, edit.reason)
        return str(after.memory_id)

    def _make_room(self, columns: dict[str, Any]) -> None:
        """Remove the memory that has these words already, if it has expired: nobody sees it any more."""
        there = self._with_words_of(columns)
        if there is not None and self._expired(there):
            self._remove(there, "expired")

    def _remove(self, memory: UserMemory, reason: str) -> str:
        self._at_version(_delete, memory)
        self._keep("delete", memory, None, reason)
        return str(memory.memory_id)

    def _at_version(self, statement: sa.Update | sa.Delete, memory: UserMemory) -> None:
        key = {
            "key_user": rows.stored_owner(memory.user_id),
            "key_memory": memory.memory_id,
            "key_version": memory.version,
        }
        if self.connection.execute(statement, key).rowcount != 1:
            raise ConflictError(f"The memory {memory.memory_id!r} was changed by somebody else: read it again.")

    def _target(self, ref: Ref) -> UserMemory:
        memory = self._rows.get(ref.memory_id)
        if memory is None:
            raise missing(ref.memory_id)
        if ref.version not in (None, memory.version):
            raise ConflictError(
                f"The memory {ref.memory_id!r} is at version {memory.version}, not {ref.version}: read it again."
            )
        return memory

    def _keep(self, op: Operation, before: UserMemory | None, after: UserMemory | None, reason: str) -> None:
        """Remember the change, for the next edits and for the revision."""
        memory = after or before
        assert memory is not None  # a change has at least one side
        memory_id, version = str(memory.memory_id), memory.version if after else memory.version + 1
        if after is None:
            self._rows.pop(memory_id, None)
        else:
            self._rows[memory_id] = after
        reason = inputs.checked_text("reason", reason)
        self._revisions.append(
            Revision(memory_id, memory.user_id, version, op, before, after, reason, self.change, self.at)
        )


def _refs(edit: Edit) -> Sequence[Ref]:
    match edit:
        case Add():
            return ()
        case Merge():
            return edit.targets
        case Update() | Delete():
            return (edit.target,)


def _sources(memories: Sequence[UserMemory], text: str) -> dict[str, str | None]:
    """Where the words of a merged memory come from: None when they come from several sources."""
    origins = [memory for memory in memories if memory.memory == text] or memories
    found = {name: {getattr(memory, name) for memory in origins} for name in ("input", "source_turn_id")}
    return {name: values.pop() if len(values) == 1 else None for name, values in found.items()}


def _narrowest(memories: Sequence[UserMemory]) -> UserMemory:
    """The memory with the fewest readers, which are those of the merged one: merging shows nobody anything new."""
    narrowest = max(memories, key=lambda memory: _NARROWNESS[memory.visibility])
    owners = {memory.user_id for memory in memories}
    same = {audience(m) for m in memories if m.visibility == narrowest.visibility}
    if len(owners) > 1 or len(same) > 1:
        raise InputError(f"Memories of different readers cannot become one: {sorted(same)} of {len(owners)} owner(s).")
    return narrowest
