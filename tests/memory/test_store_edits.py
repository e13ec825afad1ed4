"""What `Db.apply` does with edits, their revisions and the turn they were made from."""

from datetime import UTC, datetime, timedelta

import pytest

from coterie.errors import ConflictError, InputError, NotFoundError
from coterie.memory import rows
from coterie.memory.db import Db
from coterie.memory.edits import Add, Applied, Change, Curated, Delete, Edit, Merge, Narrow, Ref, Update
from coterie.memory.values import Message, Scope, Turn, UserMemory, Visibility

ANA = Scope("ana", "desk", "scout")
CHANGE = Change("curator", agent_id="scout", team_id="desk", run_id="run-1", turn_id="turn-1")


def statement(text: str, visibility: Visibility = "user") -> Add:
    return Add(UserMemory(memory=text, visibility=visibility))


def add(db: Db, *texts: str, scope: Scope = ANA, visibility: Visibility = "user") -> list[str]:
    applied = db.apply(scope, [statement(text, visibility) for text in texts], Change())
    return [one.memory_id for one in applied]


def texts(db: Db, scope: Scope = ANA) -> list[str]:
    return [memory.memory for memory in db.newest(scope, None, oldest_first=True)]


def test_add_fills_in_what_was_left_out(db: Db) -> None:
    before = datetime.now(UTC)
    (applied,) = db.apply(ANA, [Add(UserMemory(memory="Eats no meat", topics=["food"]), reason="said so")], CHANGE)
    memory = db.get(ANA, applied.memory_id)
    assert (memory.user_id, memory.team_id, memory.agent_id) == ("ana", "desk", "scout")
    assert (memory.memory, memory.topics, memory.version, memory.visibility) == ("Eats no meat", ["food"], 1, "user")
    assert memory.source_turn_id == "turn-1"
    assert memory.created_at == memory.updated_at
    assert memory.created_at is not None
    assert before <= memory.created_at <= datetime.now(UTC)
    assert memory == UserMemory.model_validate(memory.model_dump())


def test_what_was_given_stays(db: Db) -> None:
    at = datetime(2020, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)
    given = UserMemory(
        memory="Moved to Lisbon",
        memory_id="my-id",
        team_id="t",
        agent_id="a",
        kind="event",
        input="I moved!",
        source_turn_id="s",
        event_at=at,
        created_at=at,
        valid_until=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        superseded_by="x",
        expires_at=datetime(2999, 1, 1, tzinfo=UTC),
    )
    db.apply(ANA, [Add(given)], Change())
    assert db.get(ANA, "my-id").model_dump(exclude={"updated_at", "user_id"}) == given.model_dump(
        exclude={"updated_at", "user_id"}
    )


@pytest.mark.parametrize("again", ["Eats no meat", "eats  no\nmeat.", " EATS NO MEAT "])
def test_the_same_statement_is_stored_once(db: Db, again: str) -> None:
    (first,) = add(db, "Eats no meat")
    (applied,) = db.apply(ANA, [statement(again)], CHANGE)
    assert applied == Applied(statement(again), first, ())
    assert texts(db) == ["Eats no meat"]
    assert len(db.history(ANA, first)) == 1


def test_the_same_words_for_other_readers_are_another_statement(db: Db) -> None:
    add(db, "Eats no meat")
    add(db, "Eats no meat", visibility="team")
    add(db, "Eats no meat", visibility="agent")
    add(db, "Eats no meat", scope=Scope("ben"))
    assert db.count(ANA) == 3


def test_a_deleted_statement_can_be_added_again(db: Db) -> None:
    (first,) = add(db, "Eats no meat")
    db.apply(ANA, [Delete(Ref(first))], CHANGE)
    (second,) = add(db, "Eats no meat")
    assert second != first
    assert texts(db) == ["Eats no meat"]


def test_an_expired_statement_gives_way_to_the_same_words(db: Db) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    (old,) = db.apply(ANA, [Add(UserMemory(memory="Is in Rome", expires_at=past))], CHANGE)
    assert texts(db) == []
    (new,) = db.apply(ANA, [statement("Is in Rome")], CHANGE)
    assert new.memory_id != old.memory_id
    assert texts(db) == ["Is in Rome"]
    assert [revision.op for revision in db.history(ANA, old.memory_id)] == ["add", "expire"]


def test_update_closes_the_old_statement_and_adds_the_new_one(db: Db) -> None:
    (added,) = db.apply(ANA, [Add(UserMemory(memory="Likes tea", topics=["drink"]))], Change())
    before = db.get(ANA, added.memory_id)
    edit = Update(Ref(added.memory_id, 1), "Likes coffee", reason="changed", input="coffee, please")
    (update,) = db.apply(ANA, [edit], CHANGE)
    old, new = db.get(ANA, added.memory_id), db.get(ANA, update.memory_id)
    assert (new.memory, new.topics, new.version, new.input) == ("Likes coffee", ["drink"], 1, "coffee, please")
    assert (old.memory, old.version, old.superseded_by) == ("Likes tea", 2, new.memory_id)
    assert old.valid_until == new.created_at
    assert db.newest(ANA) == [new]
    assert db.search(ANA, "tea") == []
    assert db.current(ANA, added.memory_id) == db.current(ANA, update.memory_id) == new
    closed, put = update.revisions
    assert (closed.before, closed.after, closed.op, closed.number) == (before, old, "update", 2)
    assert (put.before, put.after, put.op, put.number) == (None, new, "update", 1)
    assert (put.reason, put.change, put.user_id) == ("changed", CHANGE, "ana")
    assert put.change_id == closed.change_id
    assert db.history(ANA, update.memory_id) == [*added.revisions, closed, put]
    assert db.history(ANA, added.memory_id) == [*added.revisions, closed]


def test_update_replaces_topics_only_when_they_are_given(db: Db) -> None:
    (applied,) = db.apply(ANA, [Add(UserMemory(memory="Likes tea", topics=["drink"]))], Change())
    db.apply(ANA, [Update(Ref(applied.memory_id), "Likes tea", topics=["tea"])], CHANGE)
    assert db.get(ANA, applied.memory_id).topics == ["tea"]
    (same,) = db.apply(ANA, [Update(Ref(applied.memory_id), "Likes tea")], CHANGE)
    assert same.revisions == ()


def test_merge_closes_the_memories_and_adds_what_is_made_of_them(db: Db) -> None:
    one, two, three = add(db, "Has a dog", "The dog is Rex", "Rex is brown")
    (applied,) = db.apply(ANA, [Merge([Ref(one), Ref(two), Ref(three, 1)], "Rex is brown", reason="one dog")], CHANGE)
    assert texts(db) == ["Rex is brown"]
    assert [(r.memory_id, r.op) for r in applied.revisions] == [
        (memory_id, "merge") for memory_id in (one, two, three, applied.memory_id)
    ]
    assert {db.get(ANA, memory_id).superseded_by for memory_id in (one, two, three)} == {applied.memory_id}
    assert db.get(ANA, applied.memory_id).depends_on == [one, two, three]
    assert len(db.history(ANA, applied.memory_id)) == 7


def test_merging_shows_nobody_anything_new(db: Db) -> None:
    (shared,) = add(db, "Has a dog")
    (private,) = add(db, "The dog bites", visibility="agent")
    (merged,) = db.apply(ANA, [Merge([Ref(shared), Ref(private)], "Has a dog that bites")], CHANGE)
    assert db.get(ANA, merged.memory_id).visibility == "agent"
    for other in (Scope("ana"), Scope("ana", "desk", "writer")):
        assert texts(db, other) == []
        assert db.search(other, "dog bites") == []
        with pytest.raises(NotFoundError):
            db.history(other, merged.memory_id)


def test_what_a_team_and_an_agent_keep_to_themselves_has_no_common_readers(db: Db) -> None:
    ids = add(db, "One", visibility="team") + add(db, "Two", visibility="agent")
    with pytest.raises(InputError, match="readers"):
        db.apply(ANA, [Merge([Ref(i) for i in ids], "Three")], CHANGE)


def test_memories_of_different_teams_do_not_merge(db: Db) -> None:
    ids = add(db, "One", scope=Scope("ana", "desk"), visibility="team")
    ids += add(db, "Two", scope=Scope("ana", "kitchen"), visibility="team")
    with pytest.raises(InputError, match="readers"):
        db.apply(Scope("ana", as_owner=True), [Merge([Ref(i) for i in ids], "Three")], CHANGE)
    assert db.count(Scope("ana", as_owner=True)) == 2


def test_history_by_the_beginning_of_an_id(db: Db) -> None:
    for memory_id in ("abc-1", "abc-2", "abd", "x", "xy"):
        db.apply(ANA, [Add(UserMemory(memory=memory_id, memory_id=memory_id))], Change())
    db.apply(ANA, [Delete(Ref("abc-1")), Delete(Ref("abd")), Delete(Ref("x"))], Change())
    for prefix, memory_id in [("abc-1", "abc-1"), ("abd", "abd"), ("abc-", "abc-2"), ("x", "x"), ("xy", "xy")]:
        assert {revision.memory_id for revision in db.history(ANA, prefix)} == {memory_id}
    db.apply(ANA, [Delete(Ref("abc-2"))], Change())
    assert [revision.op for revision in db.history(ANA, "abc-2")] == ["add", "delete"]
    with pytest.raises(InputError, match="Several"):
        db.history(ANA, "ab")
    for scope, prefix in [(ANA, "b"), (ANA, "%"), (Scope("ben"), "abd"), (Scope(), "abd")]:
        with pytest.raises(NotFoundError):
            db.history(scope, prefix)


def test_delete_leaves_the_history(db: Db) -> None:
    (one,) = add(db, "Has a dog")
    db.apply(ANA, [Delete(Ref(one, 1), reason="it ran away")], CHANGE)
    with pytest.raises(NotFoundError, match=one):
        db.get(ANA, one)
    assert db.search(ANA, "dog") == []
    added, deleted = db.history(ANA, one)
    assert (added.op, added.before, deleted.op, deleted.after) == ("add", None, "delete", None)
    assert deleted.before == added.after
    assert deleted.number == 2


def test_edits_see_what_the_edits_before_them_did(db: Db) -> None:
    (one,) = add(db, "A")
    db.apply(ANA, [Update(Ref(one), "B"), Update(Ref(one), "C"), statement("B"), statement("A")], CHANGE)
    assert sorted(texts(db)) == ["A", "B", "C"]
    with pytest.raises(NotFoundError):
        db.apply(ANA, [Delete(Ref(one)), Update(Ref(one), "D")], CHANGE)
    assert sorted(texts(db)) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (Update(Ref("nowhere"), "X"), NotFoundError),
        (Add(UserMemory(memory=" ")), InputError),
        (Merge([], "X"), InputError),
    ],
)
def test_all_edits_or_none(db: Db, last: Edit, error: type[Exception]) -> None:
    (one,) = add(db, "A")
    with pytest.raises(error):
        db.apply(ANA, [statement("B"), Update(Ref(one), "C"), last], CHANGE)
    assert texts(db) == ["A"]
    assert len(db.history(ANA, one)) == 1
    assert db.search(ANA, "B C") == []


def test_an_old_version_conflicts(db: Db) -> None:
    (one,) = add(db, "A")
    db.apply(ANA, [Update(Ref(one, 1), "B")], CHANGE)
    for edit in (Update(Ref(one, 1), "C"), Delete(Ref(one, 1)), Merge([Ref(one, 1)], "C")):
        with pytest.raises(ConflictError, match="version 2"):
            db.apply(ANA, [edit], CHANGE)
    with pytest.raises(ConflictError, match="superseded"):
        db.apply(ANA, [Update(Ref(one, 2), "C")], CHANGE)
    assert texts(db) == ["B"]


def test_an_old_id_means_what_holds_now(db: Db) -> None:
    (one,) = add(db, "A")
    for text in "BCD":
        db.apply(ANA, [Update(Ref(one), text)], CHANGE)
    assert texts(db) == ["D"]
    db.apply(ANA, [Delete(Ref(one))], CHANGE)
    assert texts(db) == []
    for read in (db.get, db.current):
        with pytest.raises(NotFoundError):
            read(ANA, one)


def test_two_memories_cannot_come_to_say_the_same(db: Db) -> None:
    one, _two = add(db, "A", "B")
    with pytest.raises(ConflictError, match="merge"):
        db.apply(ANA, [Update(Ref(one), "B")], CHANGE)
    assert texts(db) == ["A", "B"]


def test_an_id_is_used_once(db: Db) -> None:
    db.apply(ANA, [Add(UserMemory(memory="A", memory_id="one"))], CHANGE)
    with pytest.raises(ConflictError):
        db.apply(ANA, [Add(UserMemory(memory="B", memory_id="one"))], CHANGE)
    db.apply(Scope("ben"), [Add(UserMemory(memory="B", memory_id="one"))], CHANGE)
    assert (texts(db), texts(db, Scope("ben"))) == (["A"], ["B"])


def test_a_deleted_memory_is_added_back(db: Db) -> None:
    db.apply(ANA, [Add(UserMemory(memory="Likes tea", memory_id="one"))], CHANGE)
    db.apply(ANA, [Update(Ref("one"), "Likes tea", topics=["drink"])], CHANGE)
    seen = db.get(ANA, "one")
    db.apply(ANA, [Delete(Ref("one"))], CHANGE)
    db.apply(ANA, [Add(seen)], CHANGE)
    assert db.get(ANA, "one") == rows.copied(seen, version=4)
    db.apply(ANA, [Delete(Ref("one", 4)), Add(seen), Update(Ref("one"), "Likes tea", topics=[])], CHANGE)
    assert [(one.op, one.number) for one in db.history(ANA, "one")] == [
        ("add", 1),
        ("update", 2),
        ("delete", 3),
        ("add", 4),
        ("delete", 5),
        ("add", 6),
        ("update", 7),
    ]


def test_a_memory_takes_the_words_of_one_that_has_expired(db: Db) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    for number in range(3):
        db.apply(
            ANA,
            [
                Add(UserMemory(memory=f"Works at home {number}", memory_id=f"old {number}", expires_at=long_ago)),
                Add(UserMemory(memory=f"Works at the office {number}", memory_id=f"new {number}")),
            ],
            CHANGE,
        )
    db.apply(ANA, [Update(Ref("new 0"), "Works at home 0")], CHANGE)
    db.apply(ANA, [Merge([Ref("new 1"), Ref("new 2")], "Works at home 1")], CHANGE)
    assert sorted(texts(db)) == ["Works at home 0", "Works at home 1"]
    assert [one.op for one in db.history(ANA, "old 0")] == ["add", "expire"]
    with pytest.raises(ConflictError):
        db.apply(ANA, [Update(Ref("new 1"), "Works at home 0")], CHANGE)


def pending(db: Db) -> Turn:
    turn = Turn("turn-1", "s", "run-1", (Message("user", "I eat no meat"),), datetime.now(UTC), user_id="ana")
    db.record_turn(turn)
    return turn


def test_curating_marks_the_turn_in_the_same_transaction(db: Db) -> None:
    turn = pending(db)
    db.fail_turn(turn, "no model")
    db.apply(ANA, [statement("Eats no meat")], CHANGE, curated=Curated("turn-1"))
    assert db.pending_turns("ana") == []
    (kept,) = db.turns("ana", "s")
    assert (kept.status, kept.error, kept.attempts) == ("curated", None, 1)


def test_a_turn_is_curated_once(db: Db) -> None:
    pending(db)
    db.apply(ANA, [], CHANGE, curated=Curated("turn-1"))
    with pytest.raises(ConflictError, match="turn-1"):
        db.apply(ANA, [statement("Eats no meat")], CHANGE, curated=Curated("turn-1"))
    assert texts(db) == []


def test_a_failed_curation_leaves_the_turn_pending(db: Db) -> None:
    turn = pending(db)
    with pytest.raises(NotFoundError):
        db.apply(ANA, [statement("A"), Delete(Ref("nowhere"))], CHANGE, curated=Curated("turn-1"))
    assert db.pending_turns("ana") == [turn]
    assert texts(db) == []


def test_nobody_marks_the_turn_of_another_user(db: Db) -> None:
    turn = pending(db)
    with pytest.raises(ConflictError):
        db.apply(Scope("ben"), [statement("A")], CHANGE, curated=Curated("turn-1"))
    assert db.pending_turns(None) == [turn]


def test_what_follows_from_an_update_leaves_its_own_line_alone(db: Db) -> None:
    one, two = add(db, "Has a dog", "The dog is Rex")
    (merged,) = db.apply(ANA, [Merge([Ref(one), Ref(two)], "Rex is a dog")], CHANGE)
    (update,) = db.apply(ANA, [Update(Ref(merged.memory_id), "Rex is an old dog")], CHANGE)
    assert db.get(ANA, update.memory_id).stale_since is None
    assert [(r.memory_id, r.number) for r in update.revisions] == [(merged.memory_id, 2), (update.memory_id, 1)]


def test_narrowing_a_merged_memory_changes_each_memory_once(db: Db) -> None:
    one, two, three = add(db, "Has a dog", "The dog is Rex", "Rex is old")
    (merged,) = db.apply(ANA, [Merge([Ref(one), Ref(two)], "Rex is a dog")], CHANGE)
    (again,) = db.apply(ANA, [Merge([Ref(merged.memory_id), Ref(three)], "Rex is an old dog")], CHANGE)
    closed = db.get(ANA, one)
    (narrowed,) = db.apply(ANA, [Narrow(Ref(one, closed.version), "agent")], Change())
    assert {r.memory_id for r in narrowed.revisions} == {one, merged.memory_id, again.memory_id}
    assert len(narrowed.revisions) == 3
    assert texts(db, Scope("ana", "desk")) == []
    db.undo(ANA, Change(), change_id=narrowed.revisions[0].change_id)
    assert texts(db, Scope("ana", "desk")) == ["Rex is an old dog"]


def test_narrowing_to_what_is_said_there_already_closes_the_statement(db: Db) -> None:
    (wide,) = add(db, "Has a dog")
    (narrow,) = add(db, "Has a dog", visibility="agent")
    db.apply(ANA, [Narrow(Ref(wide), "agent")], Change())
    assert [memory.memory_id for memory in db.newest(ANA)] == [narrow]
    assert db.current(ANA, wide).memory_id == narrow
    assert texts(db, Scope("ana")) == []


def test_clearing_takes_what_was_made_from_what_is_cleared_before(db: Db) -> None:
    (source,) = add(db, "Has a dog")
    made = UserMemory(memory="Is often outside", depends_on=[source], created_at=datetime(2020, 1, 1, tzinfo=UTC))
    db.apply(ANA, [Add(made)], CHANGE)
    assert len(db.clear(ANA, Change())) == 2
    assert db.count(ANA) == 0


def test_what_is_made_in_the_same_edits_has_the_readers_that_its_source_has_by_then(db: Db) -> None:
    (source,) = add(db, "Has a dog")
    made = UserMemory(memory="Is often outside", depends_on=[source])
    db.apply(ANA, [Narrow(Ref(source), "agent"), Add(made)], Change())
    assert texts(db, Scope("ana")) == []
    with pytest.raises(NotFoundError):
        db.apply(ANA, [Delete(Ref(source)), Add(UserMemory(memory="Barks", depends_on=[source]))], Change())
