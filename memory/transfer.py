"""Memories with their revisions, out of a database and into one: in pages, an owner at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from coterie.errors import InputError
from coterie.memory import rows
from coterie.memory.edits import Refused
from coterie.memory.lines import Kept, Line, check_header, kept
from coterie.memory.prepared import Prepared
from coterie.memory.sameness import content_hash
from coterie.memory.scope import audience
from coterie.memory.tables import MEMORY, NOBODY, REVISION, SOURCE
from coterie.memory.values import Trust

PAGE = 200
"""How many memories are read at a time."""
BATCH = 500
"""How many memories are written in one transaction; fewer where they have long histories."""
BATCH_ROWS = 2000
"""How many rows are written in one transaction, about: what is held in memory."""

_owner = sa.bindparam("owner", type_=sa.Text)
_after = sa.bindparam("after", type_=sa.Text)


def _ids(table: sa.Table) -> sa.Select[Any]:
    """The next ids that a table has of an owner."""
    found = sa.select(table.c.memory_id).where(table.c.user_id == _owner, table.c.memory_id > _after).distinct()
    return sa.select(found.order_by(table.c.memory_id).limit(PAGE).subquery())


def _next_owner_of(table: sa.Table) -> sa.Select[Any]:
    return sa.select(sa.func.min(table.c.user_id).label("user_id")).where(table.c.user_id > _after)


# Of two sorted lists the first few together are among the first few of each: neither table is read whole.
_page = sa.union(_ids(MEMORY), _ids(REVISION)).subquery()
_next_ids = Prepared(sa.select(_page.c.memory_id).order_by(_page.c.memory_id).limit(PAGE))
_either = sa.union_all(_next_owner_of(MEMORY), _next_owner_of(REVISION)).subquery()
_next_owner = Prepared(sa.select(sa.func.min(_either.c.user_id)))

_ids_given: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_memories = sa.select(*rows.MEMORY_COLUMNS).where(MEMORY.c.user_id == _owner, MEMORY.c.memory_id.in_(_ids_given))
_revisions = (
    sa.select(*rows.REVISION_COLUMNS)
    .where(REVISION.c.user_id == _owner, REVISION.c.memory_id.in_(_ids_given))
    .order_by(REVISION.c.memory_id, REVISION.c.number)
)
_holders = sa.select(MEMORY.c.content_hash, MEMORY.c.memory_id).where(
    MEMORY.c.user_id == _owner,
    MEMORY.c.content_hash.in_(sa.bindparam("hashes", expanding=True)),
    MEMORY.c.valid_until.is_(None),
)


def owners(connection: sa.Connection) -> Iterator[str]:
    """Whom memories are about, as stored, in order; first nobody."""
    owner: str | None = NOBODY
    while owner is not None:
        yield owner
        ((owner,),) = _next_owner.rows(connection, {"after": owner})


def every(connection: sa.Connection, owner: str) -> Iterator[Kept]:
    """All that is kept of an owner's memories, in the order of their ids, read as it is asked for."""
    after = ""
    while ids := [memory_id for (memory_id,) in _next_ids.rows(connection, {"owner": owner, "after": after})]:
        yield from _kept(connection, owner, ids).values()
        after = ids[-1]


def _kept(connection: sa.Connection, owner: str, ids: Sequence[str]) -> dict[str, Kept]:
    """What is kept of the memories with these ids, in their order."""
    wanted = {"owner": owner, "ids": ids}
    memories = {one.memory_id: one for one in map(rows.memory_value, connection.execute(_memories, wanted))}
    found = (rows.revision_value({**row}) for row in connection.execute(_revisions, wanted).mappings())
    revisions = {memory_id: tuple(part) for memory_id, part in groupby(found, key=lambda one: one.memory_id)}
    return {
        memory_id: Kept(owner or None, memory_id, memories.get(memory_id), revisions.get(memory_id, ()))
        for memory_id in ids
        if memory_id in memories or memory_id in revisions
    }


@dataclass(frozen=True)
class Numbered:
    """A line's number, and what it says."""

    line: int
    kept: Kept


def numbered(lines: Iterable[Line], ceiling: Trust) -> Iterator[Numbered | Refused]:
    """What the lines say, or why one cannot be taken. Empty lines are passed over.

    Raises:
        InputError: the first line is no header, or there is none.
    """
    headed = False
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            if headed:
                yield Numbered(number, kept(text, ceiling))
            else:
                check_header(text)
        except InputError as error:
            if not headed:
                raise InputError(f"Line {number} is no header of an export: {error}") from None
            yield Refused(number, str(error))
        headed = True
    if not headed:
        raise InputError("There are no lines: the first one of an export is its header.")


def batches(found: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """Lines that stand together and are about the same owner, as many as one transaction takes."""
    batch: list[Numbered] = []
    size = 0
    for one in found:
        full = len(batch) == BATCH or size >= BATCH_ROWS
        if batch and (full or batch[0].kept.user_id != one.kept.user_id):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += 1 + len(one.kept.revisions)
    if batch:
        yield batch


def audiences(batch: Iterable[Numbered]) -> set[str]:
    """Who could ever read what the lines say."""
    sides = (
        side
        for one in batch
        for revision in one.kept.revisions
        for side in (revision.before, revision.after)
        if side is not None
    )
    return set(map(audience, sides))


class Batch:
    """What becomes of the lines of one owner that are taken in one transaction."""

    def __init__(self, connection: sa.Connection, lines: Sequence[Numbered]) -> None:
        self._connection = connection
        self._owner = rows.stored_owner(lines[0].kept.user_id)
        self.new: list[Kept] = []
        self.unchanged = 0
        self.refused: list[Refused] = []
        self._there = _kept(connection, self._owner, [one.kept.memory_id for one in lines])
        self._holders = self._with_words_of(lines)
        for one in lines:
            self._sort(one)

    def _with_words_of(self, lines: Sequence[Numbered]) -> dict[bytes, str]:
        hashes = [content for one in lines if (content := _words(one.kept)) is not None]
        found = self._connection.execute(_holders, {"owner": self._owner, "hashes": hashes})
        return dict(found.all())

    def _sort(self, one: Numbered) -> None:
        new = one.kept
        there, content = self._there.get(new.memory_id), _words(new)
        if there is not None:
            # A store that has gone on from what the line says has all of it.
            if there.revisions[: len(new.revisions)] == new.revisions:
                self.unchanged += 1
            else:
                self._refuse(
                    one, f"The memory {new.memory_id!r} is there already, with another history: it stays as it is."
                )
        elif content is not None and content in self._holders:
            holder = self._holders[content]
            both = "says what {} says" if new.memory is None or new.memory.item is None else "is the item that {} is"
            said = both.format(repr(holder))
            self._refuse(one, f"The memory {new.memory_id!r} {said} already: one is enough.")
        else:
            self._there[new.memory_id] = new
            if content is not None:
                self._holders[content] = new.memory_id
            self.new.append(new)

    def _refuse(self, one: Numbered, reason: str) -> None:
        self.refused.append(Refused(one.line, reason))

    def write(self) -> None:
        """Write what is new."""
        memories = [one.memory for one in self.new if one.memory is not None]
        links = [
            {"user_id": self._owner, "memory_id": memory.memory_id, "source_id": source}
            for memory in memories
            for source in dict.fromkeys(memory.depends_on)
        ]
        revisions = [rows.revision_columns(revision) for one in self.new for revision in one.revisions]
        for table, values in (
            (MEMORY, [rows.memory_columns(memory) for memory in memories]),
            (REVISION, revisions),
            (SOURCE, links),
        ):
            if values:
                self._connection.execute(sa.insert(table), values)


def _words(one: Kept) -> bytes | None:
    """What no other open memory of the owner may have. None: this one is closed, or gone."""
    if one.memory is None or one.memory.valid_until is not None:
        return None
    return content_hash(one.memory)
