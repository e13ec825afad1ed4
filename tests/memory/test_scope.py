"""Who may read and change what: random writers and readers, compared with a model in plain Python."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import ConflictError, CoterieError, InputError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import (
    Actor,
    Add,
    Applied,
    Change,
    Clear,
    Curated,
    Delete,
    Edit,
    Merge,
    Narrow,
    Ref,
    Revision,
    Undone,
    Update,
)
from coterie.memory.values import Message, Scope, StoredRun, Trust, Turn, UserMemory, Visibility
from tests.support.store_model import CEILING, TRUST, Key, Known, Model, Transaction, may_read, reaches, shown

# Ids that look like the store's own words for readers, or like each other.
USERS = [None, "ana", "ANA", "user", "team:desk", "ana\x1fuser"]
TEAMS = [None, "desk", "kitchen"]
AGENTS = [None, "scout", "writer"]
WORDS = ["tea", "milk", "dog", "chess"]
EVERY_SCOPE = [Scope(*ids) for ids in product(USERS, TEAMS, AGENTS)]
EVERY_SCOPE += [Scope(user, as_owner=True) for user in USERS if user is not None]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

_examples = count()


@dataclass(frozen=True)
class Draw:
    """What an edit is made of. ``picks`` choose memories: those the scope may read, now and then any."""

    kind: str
    word: str
    visibility: Visibility
    trust: Trust
    picks: tuple[int, ...]
    versions: bool
    name: str | None
    """Of a new memory, its id; or the team that it is for."""


@dataclass(frozen=True)
class Step:
    """One thing that somebody does."""

    verb: str
    scope: Scope
    actor: Actor
    edits: tuple[Draw, ...]
    pick: int
    run: str | None


SCOUT, WRITER, COOK = (Scope("ana", *ids) for ids in (("desk", "scout"), ("desk", "writer"), ("kitchen", "scout")))
SCOPES = st.sampled_from(
    [*[SCOUT] * 40, *[WRITER, COOK, Scope("ana", as_owner=True), Scope(None, "desk")] * 8, *EVERY_SCOPE]
)
CHANGES = ["update"] * 3 + ["merge"] * 3 + ["narrow"] * 3 + ["delete"]
DRAWS = st.builds(
    Draw,
    kind=st.sampled_from([*["add", "made"] * 2, "expired", "given", *CHANGES]),
    word=st.sampled_from(WORDS),
    visibility=st.sampled_from(["user", "user", "user", "team", "agent"]),
    trust=st.sampled_from(["user", "agent", "tool", "outside"]),
    picks=st.tuples(*[st.integers(0, 99)] * 3),
    versions=st.booleans(),
    name=st.sampled_from([*[None] * 4, "desk", "kitchen"]),
)
OTHERS = ["undo"] * 5 + ["redo"] * 2 + ["turn"] * 2 + ["curate"] * 3 + ["clear", "forget", "fail", "state", "erase"]
OTHERS += ["record"] * 2
STEPS = st.builds(
    Step,
    verb=st.sampled_from([*["edit"] * 20, *OTHERS]),
    scope=SCOPES,
    actor=st.sampled_from(["person"] * 4 + ["curator", "agent", "tool", "import"]),
    edits=st.lists(DRAWS, min_size=1, max_size=2).map(tuple),
    pick=st.integers(0, 99),
    run=st.sampled_from([None, "run", "other run"]),
)


def _first(scope: Scope, actor: Actor, word: str, visibility: Visibility) -> Step:
    return Step("edit", scope, actor, (Draw("add", word, visibility, "user", (1, 2, 3), False, None),), 0, None)


FIRST = [
    _first(SCOUT, "curator", "tea", "user"),
    _first(SCOUT, "tool", "milk", "user"),
    _first(WRITER, "agent", "dog", "team"),
    _first(Scope(None, "desk"), "person", "chess", "team"),
    *(Step("turn", SCOUT, "person", (), number, None) for number in range(2)),
]
"""What every example begins with, so that there is something to change."""


def known_error(error: Exception) -> type[Exception]:
    """Which of the errors that a caller tells apart."""
    return next(kind for kind in (NotFoundError, ConflictError, InputError) if isinstance(error, kind))


@dataclass
class World:
    """A store and its model, among ids that no other example uses."""

    db: Db
    example: int = field(default_factory=lambda: next(_examples))
    model: Model = field(default_factory=Model)
    moments: list[tuple[datetime, dict[Key, Known]]] = field(default_factory=list)
    undone: list[Undone] = field(default_factory=list)

    def own(self, value: str | None) -> str | None:
        return None if value is None else f"{value}-{self.example}"

    def scope(self, scope: Scope) -> Scope:
        return Scope(self.own(scope.user_id), self.own(scope.team_id), self.own(scope.agent_id), scope.as_owner)

    def do(self, step: Step) -> None:
        step = replace(step, scope=self.scope(step.scope), run=self.own(step.run))
        getattr(self, step.verb)(step)
        self.moments.append((datetime.now(UTC), self.model.rows))

    def both(
        self,
        step: Step,
        act: Callable[[Change], Any],
        mirror: Callable[[Transaction, Any], None],
        turn: str | None = None,
    ) -> Any:
        """Do something to the store and to the model: it succeeds or fails alike."""
        change = Change(step.actor, run_id=step.run, turn_id=turn)
        done, error = None, None
        try:
            done = act(change)
        except CoterieError as raised:
            error = known_error(raised)
        mirrored, transaction = (
            None,
            Transaction(self.model, step.scope, change, change_id_of(done) or f"none {len(self.model.log)}"),
        )
        try:
            mirror(transaction, done)
        except CoterieError as raised:
            mirrored = known_error(raised)
        # Of several edits more than one may be refused; the store need not come to the same one first.
        assert error == mirrored or (error and mirrored and len(step.edits) > 1), (step, error, mirrored)
        if error is None:
            self.check_new_statements(transaction)
            transaction.commit()
            for revision in revisions_of(done):
                assert all(reaches(step.scope, m.user_id, shown(m)[4]) for m in (revision.before, revision.after) if m)
        return done

    def check_new_statements(self, transaction: Transaction) -> None:
        """What is made of others has no reader and no trust that they have not; nothing is wider than it was."""
        every = [self.scope(scope) for scope in EVERY_SCOPE]
        for entry in transaction.model.log[len(self.model.log) :]:
            after, ceiling = entry.after, CEILING[entry.change.actor]
            if after is None or transaction.undoing:
                continue
            above = (
                [entry.before]
                if entry.before
                else [self.model.rows.get((after.key[0], source)) for source in after.sources]
            )
            for source in (one for one in above if one is not None):
                assert not [scope for scope in every if may_read(scope, after) and not may_read(scope, source)]
                assert TRUST.index(after.trust) >= TRUST.index(source.trust)
            assert entry.before or TRUST.index(after.trust) >= TRUST.index(ceiling)

    def edit(self, step: Step, curated: str | None = None) -> None:
        edits = [edit for draw in step.edits if (edit := self.made(step.scope, draw)) is not None]

        def mirror(transaction: Transaction, done: list[Applied] | None) -> None:
            if curated is not None:
                transaction.curated(curated)
            transaction.apply(
                edits, [one.memory_id for one in done] if done else [f"new {n}" for n in range(len(edits))]
            )

        turn = Curated(curated) if curated is not None else None
        self.both(step, lambda change: self.db.apply(step.scope, edits, change, curated=turn), mirror, curated)

    def made(self, scope: Scope, draw: Draw) -> Edit | None:
        """The edit that is drawn; None if there is no memory for it."""
        text, refs = f"Likes {draw.word}", [ref for pick in draw.picks if (ref := self.ref(scope, pick, draw.versions))]
        if draw.picks[0] % 20:
            refs = list(dict.fromkeys(refs))
        memory = UserMemory(memory=text, visibility=draw.visibility, trust=draw.trust, topics=[draw.word])
        if draw.kind == "made":
            return Add(memory.model_copy(update={"depends_on": [ref.memory_id for ref in refs[:2]]}))
        if draw.kind == "given":
            return Add(memory.model_copy(update={"memory_id": f"{draw.name}-{self.example}"}))
        if draw.kind == "expired":
            return Add(memory.model_copy(update={"expires_at": LONG_AGO}))
        if draw.kind == "add":
            return Add(memory.model_copy(update={"team_id": self.own(draw.name)}))
        if not refs:
            return None
        if draw.kind == "merge":
            return Merge(refs[: 1 + draw.picks[0] % 3], text)
        if draw.kind == "update":
            return Update(refs[0], text, [draw.trust] if draw.picks[0] % 2 else None, trust=draw.trust)
        if draw.kind == "narrow":
            return Narrow(refs[0], "agent" if draw.visibility == "agent" else "team")
        return Delete(refs[0])

    def ref(self, scope: Scope, pick: int, versions: bool) -> Ref | None:
        model = self.model
        keys = list(model.holding(scope)) if pick % 4 else []
        if not keys and pick % 10:
            keys = [key for key, memory in model.rows.items() if may_read(scope, memory)]
        keys = keys or list(model.last)
        if not keys:
            return None
        key = keys[pick % len(keys)]
        version = model.rows[key].version if versions and key in model.rows else None
        return Ref(key[1], version if version is None or pick % 15 else version + 1)

    def clear(self, step: Step) -> None:
        order = [(memory.user_id, str(memory.memory_id)) for memory in self.db.newest(step.scope, None)]
        self.both(
            step, lambda change: self.db.clear(step.scope, change), lambda transaction, _: transaction.clear(order)
        )

    def forget(self, step: Step) -> None:
        user = step.scope.user_id
        found = [] if user is None else self.db.newest(Scope(user, as_owner=True), None)
        order = [(memory.user_id, str(memory.memory_id)) for memory in found]
        self.both(
            step,
            lambda change: self.db.apply(step.scope, [Clear()], change),
            lambda transaction, _: transaction.forget(order),
        )

    def undo(self, step: Step) -> None:
        if not self.model.log:
            return
        entry = self.model.log[-1 - step.pick % min(len(self.model.log), 9)]
        ways = ["change_id", "revision", "run_id", "turn_id"]
        way = ways[step.pick % 4] if entry.change_id[:4] != "none" else "revision"
        value = {"change_id": entry.change_id, "run_id": entry.change.run_id, "turn_id": entry.change.turn_id}.get(way)
        if way == "revision":
            what: dict[str, Any] = {"revision": self.revision(entry.key, entry.number)}
            wanted = [entry]
        else:
            way, value = (way, value) if value is not None else ("change_id", entry.change_id)
            what = {way: value}
            wanted = [one for one in self.model.log if value in (one.change_id, one.change.run_id, one.change.turn_id)]
        self.take_back(step, lambda change: self.db.undo(step.scope, change, **what), wanted)

    def redo(self, step: Step) -> None:
        if self.undone:
            undone = self.undone[step.pick % len(self.undone)]
            wanted = [one for one in self.model.log if one.change_id == undone.change_id]
            self.take_back(step, lambda change: self.db.redo(step.scope, change, undone), wanted)

    def take_back(self, step: Step, act: Callable[[Change], Undone], wanted: Sequence[Any]) -> None:
        done = self.both(step, act, lambda transaction, _: transaction.undo(wanted))
        if done is not None:
            self.undone.append(done)

    def revision(self, key: Key, number: int) -> Revision:
        """One as its caller might have it: what counts is the key."""
        return Revision(key[1], key[0], number, "forged", "add", None, None, "", Change(), LONG_AGO)

    def turn(self, step: Step) -> None:
        user, name = step.scope.user_id, f"turn {step.pick % 2}-{self.example}"
        turn = Turn(name, "talk", "run", (Message("user", f"I am {user}"),), datetime.now(UTC), user, status="pending")
        if user is None:
            turn = replace(turn, status="none")
        self.db.record_turn(turn)
        self.model.turns.setdefault((user, name), turn.status)
        self.model.states.setdefault((user, "talk"), {})

    def fail(self, step: Step) -> None:
        user, name = step.scope.user_id, f"turn {step.pick % 2}-{self.example}"
        with suppress(ConflictError):
            self.db.fail_turn(Turn(name, "talk", "run", (), LONG_AGO, user), "no model")
            assert self.model.turns[user, name] == "pending"

    def curate(self, step: Step) -> None:
        self.edit(step, f"turn {step.pick % 2}-{self.example}")

    def state(self, step: Step) -> None:
        user, name = step.scope.user_id, f"talk {step.pick % 2}-{self.example}"
        self.db.update_session_state(user, name, {str(step.pick): 1})
        self.model.states.setdefault((user, name), {})[str(step.pick)] = 1

    def record(self, step: Step) -> None:
        user, name = step.scope.user_id, f"run {step.pick % 2}-{self.example}"
        told = self.model.runs.setdefault((user, name), [])
        self.db.add_run(StoredRun(name, user, "talk", None, None, "desk", datetime.now(UTC)))
        told += [{"of": user, "n": len(told) + number} for number in range(1 + step.pick % 3)]
        assert self.db.add_records(user, name, told[-1 - step.pick % 3 :]) == len(told)

    def erase(self, step: Step) -> None:
        user = step.scope.user_id
        if user is None or step.pick % 3:
            return
        erased = self.db.erase(user)
        mine = [key for key in self.model.rows if key[0] == user]
        revisions = [entry for entry in self.model.log if entry.key[0] == user]
        said = (self.model.turns, self.model.states, self.model.runs)
        turns, states, runs = ([key for key in kept if key[0] == user] for kept in said)
        counted = (erased.memories, erased.revisions, erased.turns, erased.sessions, erased.runs)
        assert counted == (len(mine), len(revisions), len(turns), len(states), len(runs))
        for kept in (self.model.last, *said):
            for key in [key for key in kept if key[0] == user]:
                del kept[key]
        self.model.rows = {key: memory for key, memory in self.model.rows.items() if key[0] != user}
        self.model.log = [entry for entry in self.model.log if entry.key[0] != user]


def change_id_of(done: Any) -> str | None:
    if isinstance(done, Undone):
        return done.change_id
    return next((revision.change_id for revision in revisions_of(done)), None)


def revisions_of(done: Any) -> Iterator[Revision]:
    for one in done if isinstance(done, list) else [done] if done else []:
        yield from one.revisions


@settings(max_examples=20)
@given(steps=st.lists(STEPS, min_size=6, max_size=25), readers=st.lists(SCOPES, min_size=1, max_size=2))
def test_everybody_reaches_exactly_what_they_may(db: Db, steps: list[Step], readers: list[Scope]) -> None:
    world = World(db)
    for step in [*FIRST, *steps]:
        world.do(step)
    for scope in map(world.scope, EVERY_SCOPE):
        check_what_holds(db, world.model, scope)
    for scope in map(world.scope, dict.fromkeys([*readers, steps[0].scope])):
        check_search(db, world.model, scope)
        check_ids(db, world.model, scope)
        check_moments(db, world, scope)
    for user in map(world.own, USERS):
        check_talk(db, world.model, user)
        check_runs(db, world.model, user)


def check_what_holds(db: Db, model: Model, scope: Scope) -> None:
    """Only what is true now, each statement once, and nothing else than what the scope may read."""
    expected, found = model.holding(scope), db.newest(scope, None)
    assert {(m.user_id, m.memory_id): shown(m) for m in found} == {key: m.shown() for key, m in expected.items()}
    assert len(found) == len(expected) == db.count(scope)
    assert len({m.says for m in expected.values()}) == len(expected)


def check_search(db: Db, model: Model, scope: Scope) -> None:
    expected, found = model.holding(scope), db.newest(scope, None)
    assert in_order(db.recall(scope, "tea", 100_000).memories) == in_order(found)
    assert len(db.search(scope, "likes", None)) == len(expected)
    for word in WORDS:
        hits = {(hit.memory.user_id, hit.memory.memory_id) for hit in db.search(scope, word, None)}
        assert hits == {key for key, memory in expected.items() if word in [memory.words[6:], *memory.topics]}


def in_order(memories: Iterable[UserMemory]) -> list[tuple[Any, ...]]:
    return sorted(map(shown, memories), key=repr)


def check_ids(db: Db, model: Model, scope: Scope) -> None:
    """By its id a memory is what the model says; another user's is not found, like one that never was."""
    for memory_id in dict.fromkeys(key[1] for key in model.last):
        assert shown_or_error(db.get, scope, memory_id) == expected_or_error(model.found, scope, memory_id)
        assert shown_or_error(db.find, scope, memory_id) == expected_or_error(model.found, scope, memory_id)
        assert shown_or_error(db.current, scope, memory_id) == expected_or_error(model.held_now, scope, memory_id)
        check_history(db, model, scope, memory_id)


def shown_or_error(read: Callable[[Scope, str], UserMemory], scope: Scope, memory_id: str) -> object:
    try:
        return shown(read(scope, memory_id))
    except NotFoundError:
        return NotFoundError


def expected_or_error(find: Callable[[Scope, str], Known], scope: Scope, memory_id: str) -> object:
    try:
        return find(scope, memory_id).shown()
    except NotFoundError:
        return NotFoundError


def check_history(db: Db, model: Model, scope: Scope, memory_id: str) -> None:
    told = [entry for entry in model.log if entry.key[1] == memory_id and model.told(scope, entry)]
    own = [entry for entry in told if entry.key[0] is not None] or told
    try:
        found = db.history(scope, memory_id)
    except NotFoundError:
        found = []
    for revision in found:
        assert all(reaches(scope, m.user_id, shown(m)[4]) for m in (revision.before, revision.after) if m)
    of_it = [one for one in found if one.memory_id == memory_id]
    assert [(one.user_id, one.number) for one in of_it] == [(entry.key[0], entry.number) for entry in own]
    for revision, entry in zip(of_it, own, strict=True):
        assert [m and shown(m) for m in (revision.before, revision.after)] == [
            m and m.shown() for m in (entry.before, entry.after)
        ]


def check_moments(db: Db, world: World, scope: Scope) -> None:
    """What was believed at a moment is what was true then, of what the scope could read then and still can."""
    model, believed = world.model, []
    for moment, rows in world.moments[-6:]:
        then = [m for m in rows.values() if m.key in model.last and not m.closed and not m.expired]
        expected = [m.shown() for m in then if may_read(scope, m) and still_told(model, scope, m)]
        found = db.as_of(scope, moment)
        assert in_order(found) == sorted(expected, key=repr)
        believed.append((moment, found))
    for (first, before), (second, after) in zip(believed[:-2], believed[2:], strict=True):
        difference = db.diff(scope, first, second)
        both = [memory for memory in before if memory in after]
        befores = [*difference.removed, *(pair[0] for pair in difference.changed), *both]
        afters = [*difference.added, *(pair[1] for pair in difference.changed), *both]
        assert ids(befores) == ids(before)
        assert ids(afters) == ids(after)


def still_told(model: Model, scope: Scope, memory: Known) -> bool:
    owner = memory.key[0]
    known = [(owner, one) for one in (memory.key[1], *memory.sources)]
    return all(reaches(scope, owner, model.last[key]) for key in known if key in model.last)


def ids(memories: Sequence[UserMemory]) -> set[tuple[str | None, str | None]]:
    return {(memory.user_id, memory.memory_id) for memory in memories}


def check_talk(db: Db, model: Model, user: str | None) -> None:
    turns = {name: status for (owner, name), status in model.turns.items() if owner == user}
    assert {turn.turn_id: turn.status for turn in db.turns(user, "talk", None) if turn.turn_id in turns} == turns
    for _, name in model.turns:
        if name in turns:
            assert (db.turn(user, name).user_id, db.turn(user, name).status) == (user, turns[name])
        else:
            with pytest.raises(NotFoundError):
                db.turn(user, name)
    if user is not None:
        assert {turn.turn_id for turn in db.pending_turns(user, None)} == {
            n for n, s in turns.items() if s == "pending"
        }
    states = {name: state for (owner, name), state in model.states.items() if owner == user}
    if user is not None:
        assert {session.session_id: session.state for session in db.sessions(user, None)} == states
    for name, state in states.items():
        if name != "talk":
            assert db.session(user, name).state == state


def check_runs(db: Db, model: Model, user: str | None) -> None:
    runs = {name: told for (owner, name), told in model.runs.items() if owner == user}
    found = {run.run_id: run for run in db.runs(user, limit=None)}
    assert {run.user_id for run in found.values()} <= {user}
    assert set(found) == set(runs) or user is None  # those of nobody are left from other examples
    for _, name in model.runs:
        assert db.records(user, name) == runs.get(name, [])
        if name in runs:
            assert db.run(user, name) == found[name]
            assert found[name].records == len(runs[name])
        else:
            with pytest.raises(NotFoundError):
                db.run(user, name)


def test_a_scope_without_ids_reads_nothing(db: Db) -> None:
    db.apply(Scope("ana"), [Add(UserMemory(memory="Likes tea"))], Change())
    db.apply(Scope(None, "desk"), [Add(UserMemory(memory="Tea is in the drawer", visibility="team"))], Change())
    nobody = Scope()
    assert (db.newest(nobody), db.search(nobody, "tea"), db.count(nobody)) == ([], [], 0)
    assert db.recall(nobody, "tea").memories == ()


def test_knowledge_of_a_team_serves_each_of_its_users(db: Db) -> None:
    db.apply(Scope(None, "desk"), [Add(UserMemory(memory="Tea is in the drawer", visibility="team"))], Change())
    for scope in (Scope("ana", "desk"), Scope("ben", "desk", "scout"), Scope(None, "desk")):
        assert [hit.memory.memory for hit in db.search(scope, "tea")] == ["Tea is in the drawer"]
    assert db.search(Scope("ana", "kitchen"), "tea") == []
    assert db.search(Scope("ana", as_owner=True), "tea") == []


def test_a_memory_is_written_about_the_scope_s_user_only(db: Db) -> None:
    for scope in (Scope("ana"), Scope(None, "desk"), Scope("ana", as_owner=True)):
        with pytest.raises(InputError, match="ben"):
            db.apply(scope, [Add(UserMemory(memory="Likes tea", user_id="ben"))], Change())


def test_what_is_about_no_user_is_written_for_the_scope_s_own_team_and_agent(db: Db) -> None:
    for_kitchen = Add(UserMemory(memory="Tea is in the drawer", visibility="team", team_id="kitchen"))
    for_scout = Add(UserMemory(memory="Tea is in the drawer", visibility="agent"))
    for edit in (for_kitchen, for_scout):
        with pytest.raises(InputError, match="not by its writer"):
            db.apply(Scope(None, "desk"), [edit], Change("agent", agent_id="scout"))
    db.apply(Scope(None, "kitchen", "scout"), [for_kitchen], Change())
    assert db.count(Scope(None, "kitchen")) == 1
