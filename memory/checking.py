"""Is everything in a database that should be, and does it agree? Each finding is a sentence with what to do."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from coterie.memory import rows, transfer
from coterie.memory.dialect import Dialect
from coterie.memory.prepared import Prepared
from coterie.memory.tables import MEMORY, SOURCE

_MADE_ANEW = "Export the memories and import them into a new database, where it is made anew."

_DERIVED = (MEMORY.c.content_hash, MEMORY.c.words, MEMORY.c.topic_words, MEMORY.c.namespace)
_page = Prepared(
    sa.select(*rows.MEMORY_COLUMNS, *_DERIVED)
    .where(MEMORY.c.user_id == sa.bindparam("owner"), MEMORY.c.memory_id > sa.bindparam("after"))
    .order_by(MEMORY.c.memory_id)
    .limit(transfer.PAGE)
)


class _Several:
    """Memories of which the same is to be said."""

    def __init__(self, saying: str) -> None:
        self._saying = saying
        self._count = 0
        self._first = ("", "")

    def add(self, owner: str, memory_id: str) -> None:
        self._first = self._first if self._count else (owner, memory_id)
        self._count += 1

    def said(self) -> Iterator[str]:
        if self._count:
            owner, memory_id = self._first
            of = f"of {owner!r}" if owner else "about nobody"
            yield f"{self._saying}: {self._count:,}, the first is {memory_id!r} {of}. "


def findings(connection: sa.Connection, dialect: Dialect) -> Iterator[str]:
    """What does not agree among the rows. Reads all of them."""
    yield from _of_history(connection)
    yield from _of_words(connection)
    yield from _of_sources(connection, dialect)


def _of_history(connection: sa.Connection) -> Iterator[str]:
    found = _Several("Memories are not as their last revision left them")
    for owner in transfer.owners(connection):
        for one in transfer.every(connection, owner):
            if not one.revisions or one.revisions[-1].after != one.memory:
                found.add(owner, one.memory_id)
    for said in found.said():
        yield f"{said}Look at their history, and change each once, so that it ends with what holds."


def _of_words(connection: sa.Connection) -> Iterator[str]:
    """Whether the words that a memory is found by, and what tells it from others, are those of its text."""
    found = _Several("Memories are not found by their words")
    for owner in transfer.owners(connection):
        after = ""
        while part := _page.rows(connection, {"owner": owner, "after": after}):
            for row in part:
                memory = rows.memory_value(row)
                names = (column.name for column in _DERIVED)
                if rows.derived_columns(memory) != dict(zip(names, row[len(rows.FIELDS) :], strict=True)):
                    found.add(owner, str(memory.memory_id))
            after = str(memory.memory_id)
    for said in found.said():
        yield said + _MADE_ANEW


def _of_sources(connection: sa.Connection, dialect: Dialect) -> Iterator[str]:
    """Whether ``memory_source`` says what ``depends_on`` says."""
    for saying, statement in (
        ("Memories are not linked with what they were made from", _unlinked(dialect)),
        ("Memories are linked with what they were not made from", _linked_wrongly(dialect)),
    ):
        found = _Several(saying)
        for owner, memory_id in connection.execute(statement):
            found.add(owner, memory_id)
        for said in found.said():
            yield said + _MADE_ANEW


def _links(dialect: Dialect) -> tuple[sa.FromClause, sa.ColumnElement[bool]]:
    """Each memory with each of its sources, and the condition that a link says so."""
    source = dialect.elements(MEMORY.c.depends_on)
    same = (SOURCE.c.user_id == MEMORY.c.user_id) & (SOURCE.c.memory_id == MEMORY.c.memory_id)
    return MEMORY.join(source, sa.true()), same & (SOURCE.c.source_id == source.c.value)


def _unlinked(dialect: Dialect) -> sa.Select[Any]:
    made, linked = _links(dialect)
    found = sa.select(MEMORY.c.user_id, MEMORY.c.memory_id).select_from(made)
    return found.where(~sa.exists(sa.select(SOURCE.c.source_id).where(linked)))


def _linked_wrongly(dialect: Dialect) -> sa.Select[Any]:
    made, linked = _links(dialect)
    right = sa.select(MEMORY.c.memory_id).select_from(made).where(linked).correlate(SOURCE)
    return sa.select(SOURCE.c.user_id, SOURCE.c.memory_id).where(~sa.exists(right))
