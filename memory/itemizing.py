"""The store's verbs about items: memories that a program has put into a LangGraph store, and reads by their keys."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import islice

import sqlalchemy as sa

from coterie.errors import InputError, NotFoundError
from coterie.memory import inputs, items, namespaces, reach, reading, rows, writing
from coterie.memory.connecting import Connected
from coterie.memory.draft import Draft
from coterie.memory.edits import Add, Applied, Change, Delete, Edit, Ref, Update
from coterie.memory.flow import in_thread
from coterie.memory.items import Item, ItemName
from coterie.memory.prepared import Prepared, among, listed
from coterie.memory.reading import Kinds, kinds_of
from coterie.memory.sameness import content_hash, place_hash
from coterie.memory.scope import parameters, readable, shelves
from coterie.memory.tables import MEMORY
from coterie.memory.values import Scope, UserMemory

Found = dict[ItemName, UserMemory]


@cache
def _with_hashes(kinds: Kinds, places: int) -> Prepared:
    """The open memories of an owner with some hashes, also those that have expired: they hold their place.

    They are looked up in an inner query, fenced by OFFSET 0. Left to itself, PostgreSQL without statistics looks for
    them among all the rows of the owner's readers.
    """
    this = (MEMORY.c.user_id == sa.bindparam("owner", type_=sa.Text)) & MEMORY.c.valid_until.is_(None)
    named = sa.select(*rows.MEMORY_COLUMNS, MEMORY.c.audience).where(this, among(MEMORY.c.content_hash, places))
    fenced = named.offset(sa.literal_column("0")).subquery()
    return Prepared(sa.select(*(fenced.c[name] for name in rows.FIELDS)).where(readable(fenced, kinds)))


class Itemizing(Connected):
    """Keeps items, and finds them by their names. `Filters.namespace` finds them by words and by age."""

    def items(self, scope: Scope, names: Sequence[ItemName]) -> list[UserMemory | None]:
        """What holds now of some items, in the order of their names; None for each that there is not.

        Where a name may be a memory's id (``of_any``), an older one will do too, as for `current`.

        Raises:
            InputError: a namespace or a key can be no item's.
        """
        with self._reading(reach.reading(scope)) as connection:
            found, now = _there(connection, scope, names), datetime.now(UTC)
        return [one if (one := found.get(name)) is not None and _holds(one, now) else None for name in names]

    def put_items(self, scope: Scope, put: Mapping[ItemName, UserMemory | None], change: Change) -> list[Applied]:
        """Keep items under their names, in one transaction, each in place of what was there; None removes it.

        What was there is closed, as by an `Update`, and removed as by a `Delete`. An item that is there already with
        the same value is left alone.

        Args:
            scope: Whose items they are, and who may read them.
            put: Each memory's ``item`` has its name. Its topics count if they were given; else what was there keeps its
                own.
            change: What the revisions record.

        Returns:
            What was done, in the order of the names; nothing for what is left alone.

        Raises:
            InputError: a namespace, a key or a value cannot be stored.
            EmbeddingError: the embedding model failed.
            ConfigurationError: the store's vectors are of another model.
        """
        adds = [Add(memory) for memory in put.values() if memory is not None]
        for memory in put.values():
            _check(scope, memory)

        def work(draft: Draft) -> list[Applied]:
            there = _there(draft.connection, scope, list(put))
            edits = (_edit(there.get(name), memory, draft.at) for name, memory in put.items())
            return writing.apply(draft, [edit for edit in edits if edit is not None])

        return self._drafted(scope, change, work, adds)

    def namespaces(
        self,
        scope: Scope,
        namespace: Sequence[str] = (),
        *,
        depth: int | None = None,
        fits: Callable[[tuple[str, ...]], bool] = bool,
        limit: int | None = None,
    ) -> list[tuple[str, ...]]:
        """The namespaces that hold items now, each once, in the order of their labels.

        It takes as many looks at an index as there are namespaces, however many items they hold.

        Args:
            scope: Who asks.
            namespace: Those that begin with these labels.
            depth: Each is cut to so many labels.
            fits: Which are meant; it is given all the labels of each.
            limit: How many at most; None for all.
        """
        labels, number = inputs.checked_namespace(namespace), inputs.checked_limit(limit)
        with self._reading(reach.reading(scope)) as connection:
            return list(islice(namespaces.within(connection, scope, labels, depth, fits), number))

    aitems = in_thread(items)
    aput_items = in_thread(put_items)
    anamespaces = in_thread(namespaces)


def _there(connection: sa.Connection, scope: Scope, names: Sequence[ItemName]) -> Found:
    """The open memories with these names."""
    for name in names:
        inputs.check_place(name.namespace, name.key)
    kinds, found = kinds_of(scope), Found()
    for owner, to in shelves(scope).values():
        by_hash = {place_hash(to or "user", name.namespace, name.key): name for name in names}
        for places, part in listed(sorted(by_hash)):
            for row in _with_hashes(kinds, places).rows(connection, {**parameters(scope), "owner": owner, **part}):
                memory = rows.memory_value(row)
                found.setdefault(by_hash[content_hash(memory)], memory)
    for name in names:
        if name.of_any and name not in found and (other := _with_id(connection, scope, name.key)) is not None:
            found[name] = other
    return found


def _with_id(connection: sa.Connection, scope: Scope, memory_id: str) -> UserMemory | None:
    """What holds in place of the memory with this id. A key that can be no id is none."""
    try:
        return reading.held_now(connection, scope, memory_id)
    except (NotFoundError, InputError):
        return None


def _holds(memory: UserMemory, now: datetime) -> bool:
    return all(end is None or end > now for end in (memory.valid_until, memory.expires_at))


def _check(scope: Scope, memory: UserMemory | None) -> None:
    """Refuse what cannot be put."""
    if memory is None:
        return
    writing.check_owner(scope, memory)
    if memory.item is None:
        raise InputError(f"The memory {memory.memory[:40]!r} has no item: give it one, with its name.")
    inputs.checked_item(memory.item)


def _edit(there: UserMemory | None, memory: UserMemory | None, now: datetime) -> Edit | None:
    """What makes what was put of what was there. None: nothing is to be done."""
    if memory is None:
        return None if there is None else Delete(Ref(str(there.memory_id)))
    if there is None:
        return Add(memory)
    assert memory.item is not None  # what is put has a name
    value, is_searched = memory.item["value"], memory.item["searched"]
    if _holds(there, now) and (items.value_of(there), items.is_searched(there.item)) == (value, is_searched):
        return None
    item: Item = {**(there.item or memory.item), "value": value, "searched": is_searched}
    topics = memory.topics if "topics" in memory.model_fields_set else None
    return Update(Ref(str(there.memory_id)), memory.memory, topics, item=item)
