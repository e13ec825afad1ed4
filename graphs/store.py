"""`CoterieStore`: coterie's memory as a LangGraph store."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any
from uuid import UUID

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
)

from coterie.errors import InputError
from coterie.graphs.item_values import passes, statement_of, topics_of
from coterie.graphs.memory_checks import checked_db
from coterie.graphs.namespaces import ANY, Namespaces, Owned, label_of, matches
from coterie.graphs.state import RunContext, run_around
from coterie.memory.db import Db
from coterie.memory.edits import Change
from coterie.memory.inputs import checked_number, checked_object
from coterie.memory.items import Item as KeptItem
from coterie.memory.items import ItemName, value_of
from coterie.memory.namespaces import Labels
from coterie.memory.values import EVERY, Filters, Scope, UserMemory

Found = tuple[UserMemory, float | None]
"""A memory, and its score if it was searched for."""


class CoterieStore(BaseStore):
    """coterie's memory as a LangGraph store: what a program puts there, agents recall, and the other way round.

    Give it to a graph, ``graph.compile(store=CoterieStore(db, users))``, or to what takes a store. An item is a memory:
    it has a history, can be undone and erased, is found by its words and its meaning, and is its user's alone.

    A namespace that begins with ``users`` is its user's. What coterie's agents remember is in exactly that namespace,
    each under its id, as ``{"memory": "...", "topics": [...]}``. Any other namespace is nobody's, and refused unless
    there is a ``team_id``: then what is put there is knowledge of that team, for whomever it serves. Nothing reaches
    over users: ``search(())`` and ``list_namespaces()`` mean what is nobody's.

    What an item says in words is what ``index`` names, else its ``memory``, ``content`` or ``text``, else all of it, as
    JSON; with ``index=False`` no query finds it. A query finds items by words and, with an embedding model, by meaning;
    without one the newest come first. TTL is not supported: it would be refreshed, and so written, with each read.

    Args:
        db: The store whose memory it is.
        users: What the namespaces of users begin with in your program, as ``("memories", "{user_id}")`` or
            ``("{user_id}", "memories")``. The label in braces stands for the user's id.
        team_id: The team whose knowledge is what is put elsewhere. None: nothing may be.

    Raises:
        ConfigurationError: ``db`` is no store; no label of ``users`` is in braces, or several are.
        InputError: of every method: an argument cannot be used; or a namespace names no user.
    """

    def __init__(self, db: Db, users: Sequence[str], *, team_id: str | None = None) -> None:
        self.db = checked_db("CoterieStore", db)
        self._namespaces = Namespaces(users, team_id)

    @staticmethod
    def label(user_id: str | int | UUID) -> str:
        """A user's id as a label of a namespace, which must have no full stop: ``ana@example%2Ecom``."""
        return label_of(user_id)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do several operations: first all that read, then all that write, those of one user in one transaction.

        Of several puts of one key the last counts.
        """
        every = list(ops)
        puts = {(tuple(op.namespace), op.key): op for op in every if isinstance(op, PutOp)}
        results = [self._read(op) for op in every]
        self._put(puts.values())
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """The async twin of `batch`: the same, in a worker thread."""
        return await asyncio.to_thread(self.batch, list(ops))

    def _read(self, op: Op) -> Result:
        match op:
            case GetOp():
                return self._get(op)
            case SearchOp():
                return self._search(op)
            case ListNamespacesOp():
                return self._list(op)
            case PutOp():
                return None
        raise InputError(f"{op!r} is no operation of a store.")

    def _get(self, op: GetOp) -> Item | None:
        owned = self._namespaces.owned(op.namespace)
        (memory,) = self.db.items(owned.scope, [ItemName(owned.labels, op.key, of_any=owned.is_own)])
        if memory is None:
            return None
        return Item(**{**self._shown(memory), "namespace": owned.labels, "key": op.key})

    def _search(self, op: SearchOp) -> list[SearchItem]:
        owned = self._namespaces.owned(op.namespace_prefix)
        filters = EVERY if owned.is_own else Filters(namespace=owned.labels)
        first, enough = checked_number("offset", op.offset), op.offset + checked_number("limit", op.limit)

        def look(limit: int) -> list[Found]:
            if not op.query:
                return [(memory, None) for memory in self.db.newest(owned.scope, limit, filters)]
            return [(hit.memory, hit.score) for hit in self.db.search(owned.scope, op.query, limit, filters)]

        found = _passing(look, op.filter or {}, enough)
        return [SearchItem(**self._shown(memory), score=score) for memory, score in found[first:enough]]

    def _list(self, op: ListNamespacesOp) -> list[Labels]:
        patterns = [self._pattern(condition) for condition in op.match_conditions or ()]
        owned = next((owned for owned, _ in patterns if owned is not None), None) or self._namespaces.owned(())

        def fits(labels: Labels) -> bool:
            return all(meant(labels) for _, meant in patterns)

        first, enough = checked_number("offset", op.offset), op.offset + checked_number("limit", op.limit)
        fixed = tuple(takewhile(lambda label: label != ANY, owned.labels))
        found = self.db.namespaces(owned.scope, fixed, depth=op.max_depth, fits=fits, limit=enough)
        if owned.is_own and fits(owned.labels) and self.db.newest(owned.scope, 1):
            found = [owned.labels[: op.max_depth], *found]
        return list(dict.fromkeys(found))[first:enough]

    def _pattern(self, condition: MatchCondition) -> tuple[Owned | None, Callable[[Labels], bool]]:
        """Whose the namespaces are that a condition means, and whether one is meant."""
        if condition.match_type == "suffix":
            ending = tuple(condition.path)
            return None, lambda labels: matches(ending, labels, at_end=True)
        owned = self._namespaces.owned(condition.path)
        return owned, lambda labels: matches(owned.labels, labels)

    def _put(self, ops: Iterable[PutOp]) -> None:
        """Write what is put, or removed, an owner at a time."""
        by_owner: dict[Scope, dict[ItemName, UserMemory | None]] = {}
        for op in ops:
            owned = self._namespaces.owned(op.namespace)
            name = ItemName(owned.labels, op.key, of_any=owned.is_own)
            by_owner.setdefault(owned.scope, {})[name] = _memory(owned, op)
        for scope, put in by_owner.items():
            self.db.put_items(scope, put, Change("agent", run_id=_run_id()))

    def _shown(self, memory: UserMemory) -> dict[str, Any]:
        """The fields of an item."""
        item = memory.item
        return {
            "namespace": self._namespaces.of(str(memory.user_id)) if item is None else tuple(item["namespace"]),
            "key": memory.memory_id if item is None else item["key"],
            "value": value_of(memory),
            "created_at": memory.created_at,
            "updated_at": memory.updated_at,
        }


def _passing(look: Callable[[int], list[Found]], wanted: Mapping[str, Any], enough: int) -> list[Found]:
    """What passes a filter, of what is found: more is looked for until that is enough, or all."""
    limit = 4 * enough if wanted else enough
    while True:
        found = look(limit)
        passed = [one for one in found if passes(value_of(one[0]), wanted)]
        if len(passed) >= enough or len(found) < limit:
            return passed
        limit *= 4


def _memory(owned: Owned, op: PutOp) -> UserMemory | None:
    """What is kept of what is put. None: it is to be removed."""
    if op.value is None:
        return None
    if not isinstance(op.value, Mapping):
        raise InputError(f"The value of {op.key!r} is {op.value!r}: give a dict.")
    value = checked_object(f"The value of {op.key!r}", op.value)
    item = KeptItem(namespace=[*owned.labels], key=op.key, value=value, searched=op.index is not False)
    fields: dict[str, Any] = {} if (topics := topics_of(value)) is None else {"topics": topics}
    return UserMemory(
        memory=statement_of(value, op.index or None),
        user_id=owned.scope.user_id,
        team_id=owned.scope.team_id,
        visibility="team" if owned.scope.user_id is None else "user",
        item=item,
        **fields,
    )


def _run_id() -> str | None:
    """The run of the graph that this is called in; None outside, or if it has no id."""
    runtime = run_around()
    if runtime is None or isinstance(runtime.context, RunContext):
        return None if runtime is None else runtime.context.run_id
    return None if runtime.execution_info is None else runtime.execution_info.run_id
