"""What a store must answer, in plain Python: a dictionary of memories, a list of changes, and the rules.

Nothing here is taken from the store but its values and errors. Ids are the store's: the model is told which were made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Any

from coterie.errors import ConflictError, InputError, NotFoundError
from coterie.memory.edits import Add, Change, Delete, Edit, Merge, Narrow, Ref, Update
from coterie.memory.values import Scope, UserMemory

Key = tuple[str | None, str]
Readers = tuple[str, str | None]
EVERYBODY: Readers = ("user", None)
OWNER_ALONE: Readers = ("nobody", None)
TRUST = ["user", "agent", "tool", "outside"]
CEILING = {"curator": "user", "agent": "agent", "tool": "tool", "person": "user", "import": "outside"}


@dataclass(frozen=True)
class Known:
    """One memory."""

    key: Key
    words: str
    topics: tuple[str, ...]
    readers: Readers
    team: str | None
    agent: str | None
    trust: str
    sources: tuple[str, ...] = ()
    heir: str | None = None
    closed: bool = False
    expired: bool = False
    stale: bool = False
    version: int = 1
    stamp: int = 0
    """Another after every change, for the store's times."""

    @property
    def says(self) -> tuple[str | None, Readers, str]:
        return self.key[0], self.readers, self.words

    def shown(self) -> tuple[Any, ...]:
        """What a `UserMemory` must have; see `shown`."""
        trusted = (self.trust, self.sources, self.heir, self.closed, self.stale, self.version)
        return (*self.key, self.words, self.topics, self.readers, *trusted)


def shown(memory: UserMemory) -> tuple[Any, ...]:
    named = {"user": None, "team": memory.team_id, "agent": memory.agent_id}[memory.visibility]
    closed, stale = memory.valid_until is not None, memory.stale_since is not None
    trusted = (memory.trust, tuple(memory.depends_on), memory.superseded_by, closed, stale, memory.version)
    key = (memory.user_id, str(memory.memory_id))
    return (*key, memory.memory, tuple(memory.topics), (memory.visibility, named), *trusted)


def reaches(scope: Scope, owner: str | None, readers: Readers) -> bool:
    """Whether a scope may read what is about this owner and for these readers."""
    if scope.as_owner:
        return owner == scope.user_id
    if owner not in (None, scope.user_id):
        return False
    kind, name = readers
    named = {"team": scope.team_id, "agent": scope.agent_id}.get(kind)
    return kind == "user" if name is None else named == name


def may_read(scope: Scope, memory: Known) -> bool:
    return reaches(scope, memory.key[0], memory.readers)


def shared(readers: Iterable[Readers]) -> Readers | None:
    """The readers that all of these have in common."""
    few = set(readers) - {EVERYBODY}
    return None if len(few) > 1 else few.pop() if few else EVERYBODY


def lowest(trusts: Iterable[str]) -> str:
    return max(trusts, key=TRUST.index)


@dataclass(frozen=True)
class Entry:
    """One change to one memory."""

    key: Key
    before: Known | None
    after: Known | None
    number: int
    change_id: str
    change: Change

    @property
    def sides(self) -> list[Known]:
        return [side for side in (self.before, self.after) if side is not None]


@dataclass
class Model:
    """A store."""

    rows: dict[Key, Known] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)
    last: dict[Key, Readers] = field(default_factory=dict)
    """Who may see what is told of a memory; also of one that was removed."""
    turns: dict[Key, str] = field(default_factory=dict)
    states: dict[Key, dict[str, int]] = field(default_factory=dict)
    runs: dict[Key, list[dict[str, object]]] = field(default_factory=dict)
    stamp: int = 0

    def holding(self, scope: Scope) -> dict[Key, Known]:
        """What is true now, and the scope may read."""
        return {k: m for k, m in self.rows.items() if may_read(scope, m) and not m.closed and not m.expired}

    def found(self, scope: Scope, memory_id: str) -> Known:
        """The memory with an id: the user's, else nobody's."""
        for owner in (scope.user_id, None):
            memory = self.rows.get((owner, memory_id))
            if memory is not None and may_read(scope, memory):
                return memory
        raise NotFoundError

    def head(self, scope: Scope, memory: Known) -> Known:
        """What holds in a memory's place."""
        while memory.heir is not None:
            if (memory.key[0], memory.heir) not in self.rows:
                raise NotFoundError
            memory = self.rows[memory.key[0], memory.heir]
        if not may_read(scope, memory):
            raise NotFoundError
        return memory

    def held_now(self, scope: Scope, memory_id: str) -> Known:
        return self.head(scope, self.found(scope, memory_id))

    def line(self, memory: Known) -> list[Known]:
        """A memory, and what it took the place of."""
        before = [m for m in self.rows.values() if m.key[0] == memory.key[0] and m.heir == memory.key[1]]
        return [memory, *(one for m in before for one in self.line(m))]

    def made_from(self, line: Sequence[Known]) -> list[Known]:
        owner, ids = line[0].key[0], {m.key[1] for m in line}
        return [m for m in self.rows.values() if m.key[0] == owner and ids & set(m.sources)]

    def told(self, scope: Scope, entry: Entry) -> bool:
        """Whether a scope may see an entry: it may see the memory's last, both sides, and what it was made from."""
        owner = entry.key[0]
        sources = [(owner, source) for side in entry.sides for source in side.sources]
        return (
            reaches(scope, owner, self.last[entry.key])
            and all(may_read(scope, side) for side in entry.sides)
            and all(reaches(scope, owner, self.last[source]) for source in sources if source in self.last)
        )


class Transaction:
    """Edits to a model; `commit` makes them real."""

    def __init__(self, model: Model, scope: Scope, change: Change, change_id: str) -> None:
        self.real, self.scope, self.change, self.change_id = model, scope, change, change_id
        self.undoing = False
        self.model = replace(model, rows={**model.rows}, log=[*model.log], last={**model.last}, turns={**model.turns})

    def commit(self) -> None:
        self.real.__dict__.update(self.model.__dict__)

    def put(self, before: Known | None, after: Known | None, *, narrowed: bool = False) -> None:
        memory = after or before
        assert memory is not None
        key = memory.key
        if after is None:
            del self.model.rows[key]
        else:
            self.model.rows[key] = after
        self.model.last[key] = OWNER_ALONE if narrowed and after is None else memory.readers
        self.model.log.append(Entry(key, before, after, self.next_number(key), self.change_id, self.change))

    def next_number(self, key: Key) -> int:
        """The number of a memory's next revision."""
        return 1 + sum(entry.key == key for entry in self.model.log)

    def alter(self, memory: Known, **values: Any) -> Known:
        self.model.stamp += 1
        after = replace(memory, **values, version=self.next_number(memory.key), stamp=self.model.stamp)
        self.put(memory, after)
        return after

    def same(self, says: tuple[str | None, Readers, str]) -> Known | None:
        """The open memory that says this. One that has expired makes room."""
        for memory in self.model.rows.values():
            if memory.says == says and not memory.closed:
                if not memory.expired:
                    return memory
                self.alter(memory, closed=True)
                return None
        return None

    def current(self, ref: Ref, *, closed: bool = False) -> Known:
        memory = self.model.found(self.scope, ref.memory_id)
        if ref.version is None:
            return self.model.head(self.scope, memory)
        if ref.version != memory.version or (memory.heir is not None and not closed):
            raise ConflictError
        return memory

    def curated(self, turn_id: str) -> None:
        if self.model.turns.get((self.scope.user_id, turn_id)) != "pending":
            raise ConflictError
        self.model.turns[self.scope.user_id, turn_id] = "curated"

    def apply(self, edits: Sequence[Edit], new_ids: Sequence[str]) -> None:
        for edit in edits:
            if isinstance(edit, Add) and self.named(edit.memory)[edit.memory.visibility] is None:
                raise InputError
        for edit, memory_id in zip(edits, new_ids, strict=True):
            match edit:
                case Add():
                    self.add(self.new(edit.memory, memory_id), given=edit.memory.memory_id is not None)
                case Update():
                    self.update(edit, memory_id)
                case Merge():
                    self.merge(edit, memory_id)
                case Narrow():
                    self.narrow(edit)
                case Delete():
                    self.remove(self.current(edit.target, closed=True))

    def named(self, memory: UserMemory) -> dict[str, str | None]:
        """The ids that a new memory has."""
        scope = self.scope
        return {
            "user": scope.user_id,
            "team": memory.team_id or scope.team_id or self.change.team_id,
            "agent": memory.agent_id or scope.agent_id or self.change.agent_id,
        }

    def new(self, memory: UserMemory, memory_id: str) -> Known:
        scope, named = self.scope, self.named(memory)
        name = None if memory.visibility == "user" else named[memory.visibility]
        sources = [self.model.found(scope, source) for source in memory.depends_on]
        readers = shared([(memory.visibility, name), *(source.readers for source in sources)])
        if any(source.key[0] != scope.user_id for source in sources) or readers is None:
            raise InputError
        self.model.stamp += 1
        new = Known(
            (scope.user_id, memory.memory_id or memory_id),
            memory.memory,
            tuple(memory.topics),
            readers,
            readers[1] if readers[0] == "team" else named["team"],
            readers[1] if readers[0] == "agent" else named["agent"],
            lowest([memory.trust, CEILING[self.change.actor], *(source.trust for source in sources)]),
            above(sources),
            expired=memory.expires_at is not None,
            stamp=self.model.stamp,
        )
        if not may_read(scope, new):
            raise InputError
        return new

    def add(self, new: Known, *, given: bool) -> None:
        if self.same(new.says) is not None:
            return
        if given:
            before = self.real.last.get(new.key, new.readers)
            if new.key in self.model.rows or before not in (EVERYBODY, new.readers):
                raise ConflictError
            # Those of this very transaction do not count: an id that is given twice in it is seen by no one between.
            new = replace(new, version=1 + sum(entry.key == new.key for entry in self.real.log))
        self.put(None, new)

    def update(self, edit: Update, memory_id: str) -> None:
        before = self.current(edit.target)
        topics = before.topics if edit.topics is None else tuple(edit.topics)
        if edit.memory == before.words:
            if topics != before.topics or before.stale:
                self.alter(before, topics=topics, stale=False)
            return
        trusts = [edit.trust, CEILING[self.change.actor], *([before.trust] if before.sources else [])]
        after = self.replaced([before], memory_id, edit.memory, topics, trust=lowest(trusts))
        self.mark_stale(after)

    def merge(self, edit: Merge, memory_id: str) -> None:
        ids = [ref.memory_id for ref in edit.targets]
        if len(set(ids)) < len(ids):
            raise InputError
        sources = [self.current(ref) for ref in edit.targets]
        if len({source.key[1] for source in sources}) < len(sources):
            raise ConflictError
        readers = shared(source.readers for source in sources)
        if readers is None or len({source.key[0] for source in sources}) > 1:
            raise InputError
        topics = sources[0].topics if edit.topics is None else tuple(edit.topics)
        trust = lowest([CEILING[self.change.actor], *(source.trust for source in sources)])
        named = {readers[0]: readers[1]} if readers[1] else {}
        self.replaced(
            sources, memory_id, edit.memory, topics, trust=trust, readers=readers, sources=above(sources), **named
        )

    def replaced(self, old: list[Known], memory_id: str, words: str, topics: tuple[str, ...], **values: Any) -> Known:
        for memory in old:
            self.alter(memory, closed=True, heir=memory_id)
        self.model.stamp += 1
        fresh: dict[str, Any] = {
            "closed": False,
            "heir": None,
            "expired": False,
            "stale": False,
            "version": 1,
            "stamp": self.model.stamp,
        }
        after = replace(old[0], key=(old[0].key[0], memory_id), words=words, topics=topics, **fresh, **values)
        if self.same(after.says) is not None:
            raise ConflictError
        self.put(None, after)
        return after

    def narrow(self, edit: Narrow) -> None:
        memory = self.current(edit.target, closed=True)
        name = {"team": memory.team, "agent": memory.agent}[edit.visibility]
        limit = (edit.visibility, name)
        if name is None or shared([memory.readers, limit]) != limit:
            raise InputError
        line = self.model.line(memory)
        for key in dict.fromkeys(one.key for one in [*line, *self.model.made_from(line)]):
            one = self.model.rows[key]
            readers = shared([one.readers, limit])
            if readers is None:
                self.put(one, None, narrowed=True)
            elif readers != one.readers:
                there = None if one.closed else self.same((one.key[0], readers, one.words))
                closing = {} if there is None else {"closed": True, "heir": there.key[1]}
                self.alter(one, readers=readers, **{edit.visibility: name}, **closing)

    def remove(self, memory: Known) -> None:
        self.mark_stale(memory)
        for one in self.model.line(memory):
            self.put(self.model.rows[one.key], None)

    def mark_stale(self, memory: Known) -> None:
        line = self.model.line(memory)
        for one in self.model.made_from(line):
            if not one.stale and one.key not in {m.key for m in line}:
                self.alter(one, stale=True)

    def clear(self, order: Sequence[Key]) -> None:
        assert set(order) == self.model.holding(self.scope).keys()
        for key in order:
            if key in self.model.rows:
                self.remove(self.model.rows[key])

    def forget(self, order: Sequence[Key]) -> None:
        """Remove all that holds about the user, whoever may read it."""
        if self.scope.user_id is None:
            raise InputError
        assert set(order) == self.model.holding(Scope(self.scope.user_id, as_owner=True)).keys()
        for key in order:
            if key in self.model.rows:
                self.remove(self.model.rows[key])

    def undo(self, wanted: Sequence[Entry]) -> None:
        """Take back these entries, which are in order."""
        self.undoing = True
        entries = [entry for entry in wanted if entry.key[0] in owners(self.scope)]
        if not entries or not all(may_read(self.scope, side) for entry in entries for side in entry.sides):
            raise NotFoundError
        if self.change.actor != "person" and any(entry.change.actor == "person" for entry in entries):
            raise InputError
        groups = [list(group) for _, group in groupby(sorted(entries, key=by_key), key=by_key)]
        for group in groups:
            gaps = any(one.after != other.before for one, other in pairwise(group))
            if gaps or self.model.rows.get(group[0].key) != group[-1].after:
                raise ConflictError
        for group in groups:
            if group[-1].after != group[0].before:
                self.put(group[-1].after, group[0].before)
        touched = {group[0].key for group in groups}
        self.check(touched)
        for key in touched - self.model.rows.keys():
            for one in [m for m in self.model.rows.values() if m.key[0] == key[0] and key[1] in m.sources]:
                if not one.stale and one.key not in touched:
                    self.alter(one, stale=True)

    def check(self, touched: set[Key]) -> None:
        """Every statement is there once, and what is back has no readers whom its sources have not."""
        says = [memory.says for memory in self.model.rows.values() if not memory.closed]
        if len(set(says)) < len(says):
            raise ConflictError
        for memory in (self.model.rows[key] for key in touched & self.model.rows.keys()):
            for source in memory.sources:
                readers = self.model.last.get((memory.key[0], source), EVERYBODY)
                if readers not in (EVERYBODY, memory.readers):
                    raise ConflictError


def owners(scope: Scope) -> set[str | None]:
    """Whose memories a scope may read some of."""
    users: set[str | None] = set() if scope.user_id is None else {scope.user_id}
    of_team = not scope.as_owner and (scope.team_id or scope.agent_id)
    return users | {None} if of_team else users


def by_key(entry: Entry) -> tuple[str, str]:
    return entry.key[0] or "", entry.key[1]


def above(sources: Sequence[Known]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for source in sources for one in (source.key[1], *source.sources)))
