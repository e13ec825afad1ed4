"""Taking changes back: what was is there again, exactly, and nothing that was recorded changes."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import ConflictError, InputError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated, Delete, Edit, Merge, Narrow, Ref, Update
from coterie.memory.values import Message, Scope, Turn, UserMemory, Visibility
from tests.support.rows import Rows, rows_of

ANA = Scope("ana", "desk", "scout")
CURATOR = Change("curator", run_id="run")

_examples = count()


@dataclass(frozen=True)
class Draw:
    """What an edit is made of: ``picks`` choose among the memories, also those that were closed."""

    kind: str
    word: str
    visibility: Visibility
    picks: tuple[int, int, int]


DRAWS = st.builds(
    Draw,
    kind=st.sampled_from(["add", "made", "update", "update", "topics", "merge", "narrow", "delete"]),
    word=st.sampled_from(["tea", "milk", "dog", "chess", "cello", "Rome"]),
    visibility=st.sampled_from(["user", "user", "user", "team", "agent"]),
    picks=st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)),
)


class Person:
    """Somebody in a store that others use too: what they have, and what is done to it."""

    def __init__(self, db: Db) -> None:
        self.db, self.user = db, f"ana {next(_examples)}"
        self.scope = Scope(self.user, "desk", "scout")
        self.owner = Scope(self.user, as_owner=True)

    def rows(self) -> Rows:
        return rows_of(self.db, self.user, "memory", "memory_source")

    def revisions(self) -> list[tuple[object, ...]]:
        return rows_of(self.db, self.user, "memory_revision")["memory_revision"]

    def do(self, draw: Draw, change: Change) -> None:
        edit = self.edit(draw)
        if edit is not None:
            with suppress(ConflictError, InputError, NotFoundError):
                self.db.apply(self.scope, [edit], change)

    def edit(self, draw: Draw) -> Edit | None:
        text, ids = f"Likes {draw.word}", [str(row[1]) for row in self.rows()["memory"]]
        picked = list(dict.fromkeys(ids[pick % len(ids)] for pick in draw.picks)) if ids else []
        memory = UserMemory(memory=text, visibility=draw.visibility, topics=[draw.word])
        if draw.kind == "add" or not picked:
            return Add(memory)
        edits: dict[str, Edit] = {
            "made": Add(memory.model_copy(update={"depends_on": picked[:2]})),
            "update": Update(Ref(picked[0]), text),
            "topics": Update(Ref(picked[0]), self.db.get(self.owner, picked[0]).memory, [draw.word]),
            "merge": Merge([Ref(one) for one in picked], text),
            "narrow": Narrow(Ref(picked[0]), "agent" if draw.visibility == "agent" else "team"),
            "delete": Delete(Ref(picked[0])),
        }
        return edits[draw.kind]


several = settings(max_examples=25)


@several
@given(before=st.lists(DRAWS, min_size=2, max_size=12), run=st.lists(DRAWS, min_size=1, max_size=8))
def test_an_undone_run_leaves_no_trace_but_its_revisions(db: Db, before: list[Draw], run: list[Draw]) -> None:
    person = Person(db)
    for draw in before:
        person.do(draw, Change("curator"))
    first = person.rows()
    for draw in run:
        person.do(draw, CURATOR)
    second, told = person.rows(), person.revisions()
    if not any(CURATOR.run_id in row for row in told):
        return
    undone = db.undo(person.owner, Change(), run_id="run")
    assert person.rows() == first
    if first != second:
        with pytest.raises(ConflictError):
            db.undo(person.owner, Change(), run_id="run")
    assert person.rows() == first
    if undone.revisions:
        again = db.redo(person.owner, Change(), undone)
        assert person.rows() == second
        db.undo(person.owner, Change(), change_id=again.change_id)
        assert person.rows() == first
    assert set(told) <= set(person.revisions())


@several
@given(
    before=st.lists(DRAWS, min_size=2, max_size=8), run=st.lists(DRAWS, min_size=1, max_size=6), pick=st.integers(0, 99)
)
def test_a_run_is_not_undone_over_a_later_change(db: Db, before: list[Draw], run: list[Draw], pick: int) -> None:
    person = Person(db)
    for draw in before:
        person.do(draw, Change("curator"))
    for draw in run:
        person.do(draw, CURATOR)
    mine = {row[1] for row in person.revisions() if CURATOR.run_id in row}
    changed = [m for m in db.newest(person.owner, None) if m.memory_id in mine]
    if not changed:
        return
    chosen = changed[pick % len(changed)]
    edit = Update(Ref(str(chosen.memory_id), chosen.version), chosen.memory, [*chosen.topics, "new"])
    db.apply(person.owner, [edit], Change("agent"))
    state = rows_of(db, person.user)
    with pytest.raises(ConflictError):
        db.undo(person.owner, Change(), run_id="run")
    assert rows_of(db, person.user) == state


@several
@given(draws=st.lists(DRAWS, min_size=2, max_size=12), undo=st.integers(0, 12))
def test_what_was_believed_at_a_moment_stays_what_it_was(db: Db, draws: list[Draw], undo: int) -> None:
    person = Person(db)
    believed: list[tuple[datetime, list[UserMemory]]] = []
    for number, draw in enumerate(draws):
        told = person.revisions()
        if number == undo and told:
            with suppress(ConflictError):
                db.undo(person.owner, Change(), change_id=str(told[-1][3]))
        person.do(draw, Change("curator"))
        assert set(told) <= set(person.revisions())
        believed.append((datetime.now(UTC), db.newest(person.owner, None)))
    for moment, memories in believed:
        assert db.as_of(person.owner, moment) == memories


def add(db: Db, *texts: str, scope: Scope = ANA, change: Change = CURATOR, **values: object) -> list[str]:
    edits = [Add(UserMemory.model_validate({"memory": text, **values})) for text in texts]
    return [one.memory_id for one in db.apply(scope, edits, change)]


def texts(db: Db, scope: Scope = ANA) -> list[str]:
    return [memory.memory for memory in db.newest(scope, None, oldest_first=True)]


def test_one_revision_is_undone(db: Db) -> None:
    one, two = add(db, "Likes tea", "Likes milk")
    db.apply(ANA, [Delete(Ref(one)), Delete(Ref(two))], CURATOR)
    removed = db.history(ANA, one)[-1]
    undone = db.undo(ANA, Change(), revision=removed)
    assert texts(db) == ["Likes tea"]
    assert [(r.memory_id, r.op, r.reason) for r in undone.revisions] == [(one, "restore", "undid revision 2")]
    with pytest.raises(ConflictError):
        db.undo(ANA, Change(), revision=removed)


def test_the_curation_of_one_turn_is_undone(db: Db) -> None:
    for name in ("first", "second"):
        db.record_turn(Turn(name, "s", "run", (Message("user", name),), datetime.now(UTC), "ana"))
        edits = [Add(UserMemory(memory=f"Said {name}")), Add(UserMemory(memory=f"Said {name} again"))]
        db.apply(ANA, edits, Change("curator", run_id="run", turn_id=name), curated=Curated(name))
    db.undo(ANA, Change(), turn_id="first")
    assert texts(db) == ["Said second", "Said second again"]


def test_one_change_is_undone_whatever_its_run(db: Db) -> None:
    (one,) = add(db, "Likes tea")
    add(db, "Likes milk")
    db.undo(ANA, Change(), change_id=db.history(ANA, one)[0].change_id)
    assert texts(db) == ["Likes milk"]


def test_what_a_person_did_only_a_person_undoes(db: Db) -> None:
    (one,) = add(db, "Likes tea", change=Change("person", run_id="run"))
    change_id = db.history(ANA, one)[0].change_id
    for actor in ("curator", "agent", "tool", "import"):
        with pytest.raises(InputError, match="person"):
            db.undo(ANA, Change(actor), change_id=change_id)
    assert texts(db) == ["Likes tea"]
    undone = db.undo(ANA, Change("person"), change_id=change_id)
    with pytest.raises(InputError, match="person"):
        db.redo(ANA, Change("agent"), undone)
    assert texts(db) == []


def test_nobody_undoes_what_others_did(db: Db) -> None:
    (one,) = add(db, "Likes tea", visibility="agent")
    (revision,) = db.history(ANA, one)
    others = [Scope("ben", "desk", "scout"), Scope("ana"), Scope("ana", "desk", "writer"), Scope(None, "desk", "scout")]
    whats: Sequence[Callable[[Scope], object]] = [
        lambda scope: db.undo(scope, Change(), revision=revision),
        lambda scope: db.undo(scope, Change(), change_id=revision.change_id),
        lambda scope: db.undo(scope, Change(), run_id="run"),
    ]
    for scope in [*others, Scope()]:
        for undo in whats:
            with pytest.raises(NotFoundError):
                undo(scope)
    assert texts(db) == ["Likes tea"]


@pytest.mark.parametrize("what", [{}, {"run_id": "run", "turn_id": "turn"}, {"change_id": " "}, {"revision": "1"}])
def test_it_is_said_what_to_undo(db: Db, what: dict[str, str]) -> None:
    with pytest.raises(InputError):
        db.undo(ANA, Change(), **what)  # type: ignore[arg-type]  # that is the point


def test_an_id_that_the_user_and_their_team_both_use_is_told_apart(db: Db) -> None:
    team = Scope(None, "desk")
    add(db, "The drawer has tea", scope=team, memory_id="one", visibility="team")
    add(db, "Likes tea", memory_id="one")
    (deleted,) = db.apply(team, [Delete(Ref("one"))], Change())
    change_id = deleted.revisions[0].change_id
    db.undo(ANA, Change(), change_id=change_id)
    assert sorted(texts(db)) == ["Likes tea", "The drawer has tea"]
    assert db.get(ANA, "one").memory == db.find(ANA, "one").memory == "Likes tea"
    assert [revision.user_id for revision in db.history(ANA, "one")] == ["ana"]


def test_what_is_undone_leaves_what_was_made_from_it_stale(db: Db) -> None:
    (one,) = add(db, "Likes tea")
    (update,) = db.apply(ANA, [Update(Ref(one), "Likes coffee")], CURATOR)
    (made,) = add(db, "Is awake at night", depends_on=[update.memory_id], change=Change("agent"))
    undone = db.undo(ANA, Change(), change_id=update.revisions[0].change_id)
    assert db.get(ANA, made).stale_since is not None
    db.redo(ANA, Change(), undone)
    assert db.get(ANA, made).stale_since is None


def test_what_was_removed_does_not_come_back_for_more_than_may_read_its_source(db: Db) -> None:
    (source,) = add(db, "Has a dog")
    (made,) = add(db, "Is often outside", depends_on=[source])
    seen = datetime.now(UTC)
    (deleted,) = db.apply(ANA, [Delete(Ref(made))], CURATOR)
    (narrowed,) = db.apply(ANA, [Narrow(Ref(source), "agent")], CURATOR)
    for scope in (ANA, Scope("ana")):
        with pytest.raises(ConflictError):
            db.undo(scope, Change(), change_id=deleted.revisions[0].change_id)
    assert texts(db, Scope("ana")) == []
    assert db.as_of(Scope("ana"), seen) == []
    with pytest.raises(NotFoundError):
        db.history(Scope("ana"), made)
    db.undo(ANA, Change(), change_id=narrowed.revisions[0].change_id)
    db.undo(ANA, Change(), change_id=deleted.revisions[0].change_id)
    assert texts(db, Scope("ana")) == ["Has a dog", "Is often outside"]


def test_an_undone_narrowing_does_not_show_what_was_changed_meanwhile(db: Db) -> None:
    (one,) = add(db, "Has a dog", change=Change())
    db.apply(ANA, [Narrow(Ref(one), "agent")], CURATOR)
    db.apply(ANA, [Update(Ref(one), "Has a dog", ["secret"])], CURATOR)
    db.undo(ANA, Change(), run_id="run")
    for reader, numbers in ((Scope("ana"), [1]), (ANA, [1, 2, 3, 4])):
        assert texts(db, reader) == ["Has a dog"]
        assert [revision.number for revision in db.history(reader, one)] == numbers


def test_a_version_that_was_undone_is_not_used_again(db: Db) -> None:
    (added,) = db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
    ref = Ref(added.memory_id)
    db.apply(ANA, [Update(ref, "Likes tea", topics=["drinks"])], Change(run_id="run"))
    seen = db.get(ANA, added.memory_id)
    db.undo(ANA, Change(), run_id="run")
    db.apply(ANA, [Update(ref, "Likes tea", topics=["habits"])], Change())
    with pytest.raises(ConflictError, match="version 4, not 2"):
        db.apply(ANA, [Update(Ref(added.memory_id, seen.version), "Likes green tea")], Change())
