"""Who may read and change what, compared with a model in plain Python."""

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coterie.errors import InputError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Edit, Merge, Ref, Update
from coterie.memory.values import Scope, UserMemory, Visibility

_examples = count()


@dataclass
class Model:
    """What a store with these memories must answer."""

    rows: dict[str, UserMemory] = field(default_factory=dict)
    gone: dict[str, UserMemory] = field(default_factory=dict)

    def readable(self, scope: Scope) -> dict[str, UserMemory]:
        return {key: memory for key, memory in self.rows.items() if may_read(scope, memory)}


def may_read(scope: Scope, memory: UserMemory) -> bool:
    if scope.as_owner:
        return memory.user_id == scope.user_id
    if memory.user_id is not None and memory.user_id != scope.user_id:
        return False
    if memory.visibility == "team":
        return memory.team_id == scope.team_id
    if memory.visibility == "agent":
        return memory.agent_id == scope.agent_id
    return memory.user_id is not None


@dataclass(frozen=True)
class Step:
    """One thing that somebody does."""

    verb: str
    scope: Scope
    word: str
    visibility: Visibility
    picks: tuple[int, int]


def scopes(users: st.SearchStrategy[str | None]) -> st.SearchStrategy[Scope]:
    teams = st.sampled_from([None, "desk", "kitchen"])
    agents = st.sampled_from([None, "scout", "writer"])
    owners = st.builds(Scope, st.sampled_from(["ana", "user"]), teams, agents, st.just(True))
    return st.builds(Scope, users, teams, agents) | owners


# Ids that look like the store's own words for readers, or like each other.
SCOPES = scopes(st.sampled_from([None, "ana", "ANA", "user", "team:desk", "ana\x1fuser"]))
STEPS = st.builds(
    Step,
    verb=st.sampled_from(["add", "add", "add", "update", "delete", "merge"]),
    scope=SCOPES,
    word=st.sampled_from(["tea", "milk", "dog", "chess"]),
    visibility=st.sampled_from(["user", "team", "agent"]),
    picks=st.tuples(st.integers(0, 9), st.integers(0, 9)),
)


def in_example(scope: Scope, example: int) -> Scope:
    """The same scope among ids that no other example uses."""

    def own(value: str | None) -> str | None:
        return None if value is None else f"{value}-{example}"

    return Scope(own(scope.user_id), own(scope.team_id), own(scope.agent_id), scope.as_owner)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12), readers=st.lists(SCOPES, min_size=1, max_size=5))
def test_everybody_reaches_exactly_what_they_may(db: Db, steps: list[Step], readers: list[Scope]) -> None:
    example, model = next(_examples), Model()
    for number, step in enumerate(steps):
        do(db, model, step, in_example(step.scope, example), f"{step.word} number {number}")
    for reader in [*readers, *(step.scope for step in steps)]:
        check(db, model, in_example(reader, example))


def do(db: Db, model: Model, step: Step, scope: Scope, text: str) -> None:
    if step.verb == "add":
        add(db, model, step, scope, text)
    elif model.rows:
        keys = list(dict.fromkeys(list(model.rows)[pick % len(model.rows)] for pick in step.picks))
        change(db, model, step, scope, keys, text)


def add(db: Db, model: Model, step: Step, scope: Scope, text: str) -> None:
    edit = Add(UserMemory(memory=text, visibility=step.visibility))
    needed = {"user": scope.user_id, "team": scope.team_id, "agent": scope.agent_id}[step.visibility]
    if needed is None:
        with pytest.raises(InputError):
            db.apply(scope, [edit], Change())
        return
    (applied,) = db.apply(scope, [edit], Change())
    (revision,) = applied.revisions
    assert revision.after is not None
    model.rows[applied.memory_id] = revision.after


def change(db: Db, model: Model, step: Step, scope: Scope, keys: list[str], text: str) -> None:
    refs = [Ref(key) for key in keys]
    edits: dict[str, Edit] = {"update": Update(refs[0], text), "delete": Delete(refs[0]), "merge": Merge(refs, text)}
    edit = edits[step.verb]
    touched = keys if step.verb == "merge" else keys[:1]
    if not all(may_read(scope, model.rows[key]) for key in touched):
        with pytest.raises(NotFoundError):
            db.apply(scope, [edit], Change())
        return
    try:
        (applied,) = db.apply(scope, [edit], Change())
    except InputError:
        assert len({(m.user_id, m.visibility, m.team_id, m.agent_id) for m in map(model.rows.get, touched) if m}) > 1
        return
    for revision in applied.revisions:
        before = model.rows.pop(revision.memory_id)
        assert revision.before == before
        if revision.after is None:
            model.gone[revision.memory_id] = before
        else:
            model.rows[revision.memory_id] = revision.after
            assert not [s for s in everybody() if may_read(s, revision.after) and not may_read(s, before)]


def everybody() -> list[Scope]:
    return [Scope(u, t, a) for u in (None, "ana") for t in (None, "desk") for a in (None, "scout")]


def check(db: Db, model: Model, scope: Scope) -> None:
    """Every way of reading gives what the model says."""
    expected = model.readable(scope)
    ids = set(expected)
    assert {m.memory_id: m for m in db.newest(scope, None)} == expected
    assert db.count(scope) == len(expected)
    assert {m.memory_id for m in db.recall(scope, "tea", 10_000).memories} == ids
    assert {hit.memory.memory_id for hit in db.search(scope, "number", 100)} == ids
    assert {hit.memory.memory_id for hit in db.search(scope, "tea", 100)} == {
        key for key, memory in expected.items() if "tea" in memory.memory
    }
    for key, memory in model.rows.items():
        if key in expected:
            assert db.get(scope, key) == db.find(scope, key) == memory
            assert db.history(scope, key)[-1].after == memory
        else:
            for read in (db.get, db.find, db.history):
                with pytest.raises(NotFoundError, match=key):
                    read(scope, key)
    for key, memory in model.gone.items():
        if not may_read(scope, memory):
            with pytest.raises(NotFoundError):
                db.history(scope, key)


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
        with pytest.raises(InputError, match="about no user and for"):
            db.apply(Scope(None, "desk"), [edit], Change("agent", agent_id="scout"))
    db.apply(Scope(None, "kitchen", "scout"), [for_kitchen], Change())
    assert db.count(Scope(None, "kitchen")) == 1
