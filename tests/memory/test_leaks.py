"""Attacks: what somebody could try to read, to change or to learn of what is not theirs. The same on each database."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import pytest

from coterie.errors import ConflictError, CoterieError, InputError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated, Delete, Edit, Merge, Narrow, ProposalStatus, Ref, Update
from coterie.memory.values import Message, Note, Scope, StoredRun, Turn, UserMemory
from tests.support.proposals import proposal
from tests.support.rows import rows_of

SECRET = "Hides a zebrafish"
STATUSES: tuple[ProposalStatus, ...] = ("refused", "held")
BEN = Scope("ben", "desk", "scout")


def keep_secrets(db: Db) -> list[str]:
    """Have what nobody but ana's own agents may read; and what only one of them may. Returns the ids."""
    db.record_turn(Turn("turn", "talk", "run", (Message("user", SECRET),), datetime.now(UTC), "ana"))
    db.update_session_state("ana", "talk", {"zebrafish": 1})
    db.add_note(Note(SECRET, "working", "ana", "lab", "keeper"))
    db.add_run(StoredRun("recorded", "ana", "talk", "lab", "keeper", SECRET, datetime.now(UTC)))
    db.add_records("ana", "recorded", [{"kind": "notes_read", "notes": [{"text": SECRET}]}])
    db.record_turn(Turn("curated", "talk", "run", (Message("user", SECRET),), datetime.now(UTC), "ana"))
    kept = [proposal("ana", "curated", SECRET, proposal_id=f"secret-{status}", status=status) for status in STATUSES]
    db.apply(Scope("ana"), [], Change("curator"), curated=Curated("curated", kept=kept))
    shared = UserMemory(memory=SECRET, topics=["zebrafish"], memory_id="secret-1", input="zebrafish")
    private = shared.model_copy(update={"memory_id": "secret-2", "visibility": "agent"})
    team = shared.model_copy(update={"memory_id": "secret-3", "visibility": "team"})
    db.apply(
        Scope("ana", "lab", "keeper"), [Add(one, "zebrafish") for one in (shared, private, team)], Change(run_id="run")
    )
    db.apply(Scope(None, "lab"), [Add(team.model_copy(update={"memory_id": "secret-4"}))], Change(run_id="run"))
    return ["secret-1", "secret-2", "secret-3", "secret-4"]


def learns_nothing(db: Db, scope: Scope, ids: list[str]) -> None:
    """No way of reading shows a scope anything of the secrets."""
    moment = datetime.now(UTC)
    shown: list[object] = [
        db.newest(scope, None),
        db.search(scope, SECRET, None),
        db.recall(scope, SECRET, 10_000),
        db.count(scope),
    ]
    shown += [db.as_of(scope, moment), db.diff(scope, datetime(2020, 1, 1, tzinfo=UTC), moment)]
    for memory_id in ids:
        for read in (db.get, db.find, db.current, db.history):
            shown.append(said(partial(read, scope, memory_id), NotFoundError, InputError))
    shown.append([memory.model_dump() for memory in db.newest(scope, None)])
    assert "zebrafish" not in repr(shown), scope


def said(act: Callable[[], object], *errors: type[CoterieError]) -> object:
    """What is returned, or what the error says."""
    try:
        return act()
    except errors as error:
        return str(error)


STRANGERS = [
    Scope(),
    BEN,
    Scope(None, "desk"),
    Scope(None, None, "keeper"),
    Scope("ANA", "desk", "scout"),
    Scope("ana ", "desk", "scout"),
    Scope(" ana", "desk", "scout"),
    Scope("аna"),  # a Cyrillic letter
    Scope("a\u0301na"),
    Scope("%"),
    Scope("an_"),
    Scope("*"),
    Scope("ana*"),
    Scope("ana\x1fuser"),
    Scope("ana\x1fteam:lab"),
    Scope("team:lab"),
    Scope("user"),
    Scope('ana" OR "x'),
    Scope("ana') OR ('1'='1"),
    Scope("{ana}"),
    Scope(b"ana".hex()),
    Scope("u" + b"ana".hex()),
    Scope(b"ana\x1fuser".hex()),
    Scope(hashlib.md5(b"ana").hexdigest()),
    Scope(hashlib.md5(b"ana\x1fuser").hexdigest()),
    Scope("ben", "LAB"),
    Scope("ben", "%"),
    Scope("ben", "agent:keeper", "keeper"),
    Scope("ben", as_owner=True),
    Scope("ana\x1fuser", as_owner=True),
]


def test_a_stranger_learns_and_changes_nothing(db: Db) -> None:
    ids = keep_secrets(db)
    before = {user: rows_of(db, user) for user in ("ana", "")}
    guesses = [*ids[1:], "secret", "secret-%", "secret_1", "*", "%", "s"]
    for scope in STRANGERS:
        with suppress(InputError, ConflictError):
            db.apply(scope, [Add(UserMemory(memory="Has a dog", memory_id="secret-1"))], Change(run_id="run"))
        learns_nothing(db, scope, guesses)
        for guess in guesses:
            changes_nothing(db, scope, guess)
        for undo in (partial(db.undo, run_id="run"), partial(db.undo, turn_id="turn"), partial(db.undo, change_id="%")):
            assert "zebrafish" not in repr(said(partial(undo, scope, Change()), NotFoundError, ConflictError))
        reaches_no_run(db, scope.user_id)
        db.clear(scope, Change())
    assert {user: rows_of(db, user) for user in ("ana", "")} == before


def changes_nothing(db: Db, scope: Scope, memory_id: str) -> None:
    forged = Add(UserMemory(memory="Has a cat", depends_on=[memory_id]))
    named: list[Edit] = [forged, Merge([Ref(memory_id)], "x"), Narrow(Ref(memory_id), "team")]
    for ref in (Ref(memory_id), Ref(memory_id, 1)):
        for edit in (*named, Update(ref, "x"), Delete(ref)):
            with pytest.raises((NotFoundError, InputError)):
                db.apply(scope, [edit], Change())


def reaches_no_run(db: Db, user_id: str | None) -> None:
    """What was recorded of ana's run is read, gone on with, ended and removed by nobody else."""
    now = datetime.now(UTC)
    assert (db.runs(user_id, limit=None), db.remove_runs(user_id, now)) == ([], 0)
    for run_id in ("recorded", "record", "record%", "recor_ed", "%"):
        assert db.records(user_id, run_id) == []
        acts = (
            partial(db.run, user_id, run_id),
            partial(db.add_records, user_id, run_id, [{"kind": "forged"}]),
            partial(db.end_run, user_id, run_id, "failed", now),
        )
        for act in acts:
            with pytest.raises(NotFoundError):
                act()
    if user_id is not None:  # of nobody, it would be among the rows that are compared
        db.add_run(StoredRun("recorded", user_id, "talk", None, None, "forged", now))
        assert db.add_records(user_id, "recorded", [{"kind": "forged"}]) == 1
        assert db.remove_runs(user_id, datetime.now(UTC)) == 1


READERS = [
    (Scope("ana"), ["secret-1"]),
    (Scope("ana", "desk"), ["secret-1"]),
    (Scope("ana", "desk", "keeper"), ["secret-1", "secret-2"]),
    (Scope("ana", "lab", "scout"), ["secret-1", "secret-3", "secret-4"]),
    (Scope("ana", as_owner=True), ["secret-1", "secret-2", "secret-3"]),
    (Scope("ben", "lab"), ["secret-4"]),
    (Scope(None, "lab"), ["secret-4"]),
]


def test_who_may_read_reads_what_is_for_them(db: Db) -> None:
    keep_secrets(db)
    for scope, may in READERS:
        assert sorted(str(memory.memory_id) for memory in db.newest(scope, None)) == may
        assert sorted(str(hit.memory.memory_id) for hit in db.search(scope, "zebrafish", None)) == may


QUERIES = [
    "user_id: ana",
    "readers:zebrafish",
    "readers : zebrafish",
    "{readers} : zebrafish",
    "words:zebrafish OR topic_words:zebrafish",
    "zebra*",
    '"zebrafish"',
    'zebrafish") OR readers : ("u616e61',
    "zebrafish' | 'x",
    "NEAR(hides zebrafish, 5)",
    "hides NOT dog",
    "hides AND zebrafish",
    "^hides",
    "zebrafish:*",
    "!dog",
    "u616e61",
    hashlib.md5(b"ana").hexdigest(),
    hashlib.md5(b"ana\x1fuser").hexdigest(),
    "'); DROP TABLE memory; --",
]


def test_no_query_reaches_what_others_have(db: Db) -> None:
    keep_secrets(db)
    # Words that are the keys of others' readers, or of the index's own columns, are words like any other.
    keys = [hashlib.md5(b"ana\x1fuser").hexdigest(), hashlib.md5(b"ana").hexdigest(), "u616e61", "k616e611f75736572"]
    lure = UserMemory(memory=f"Dog readers: {' '.join(keys)}", topics=[*keys, "</memory>", "user_id: ana"])
    db.apply(BEN, [Add(lure)], Change())
    for query in QUERIES:
        for scope in (BEN, Scope("ben"), Scope(None, "desk"), Scope()):
            assert "zebrafish" not in repr(db.search(scope, query, None)), query
            assert "zebrafish" not in repr(db.recall(scope, query, 30)), query
        for scope in (Scope("ana"), Scope("ana", as_owner=True), Scope("ana", "lab", "keeper")):
            assert "Dog" not in repr(db.search(scope, query, None)), query


def test_no_statement_is_found_to_be_there_already_for_others(db: Db) -> None:
    keep_secrets(db)
    before = rows_of(db, "ana")
    writer = Scope("ana", "desk", "scout")
    for visibility, name in (("team", "team_id"), ("agent", "agent_id")):
        for of in ("lab", "keeper", "nobody"):
            guess = UserMemory.model_validate({"memory": SECRET, "visibility": visibility, name: of})
            with pytest.raises(InputError, match="not by its writer"):
                db.apply(writer, [Add(guess)], Change())
    with pytest.raises(InputError, match="not by its writer"):
        db.apply(Scope("ana"), [Add(UserMemory(memory=SECRET, visibility="agent"))], Change(agent_id="keeper"))
    assert rows_of(db, "ana") == before


def test_an_edit_names_nothing_that_an_edit_before_it_touched_for_others(db: Db) -> None:
    (source,) = db.apply(BEN, [Add(UserMemory(memory="Has a dog"))], Change())
    made = UserMemory(memory=SECRET, visibility="agent", memory_id="made", depends_on=[source.memory_id])
    db.apply(BEN, [Add(made)], Change())
    other = Scope("ben", "desk", "writer")
    for edit in (Update(Ref("made"), "x"), Delete(Ref("made")), Merge([Ref("made")], "x"), Narrow(Ref("made"), "team")):
        with pytest.raises(NotFoundError):
            db.apply(other, [Delete(Ref(source.memory_id)), edit], Change())
    forged = Add(UserMemory(memory="Has a cat", depends_on=["made"]))
    with pytest.raises(NotFoundError):
        db.apply(other, [Update(Ref(source.memory_id), "Has an old dog"), forged], Change())
    (removed,) = db.apply(other, [Delete(Ref(source.memory_id))], Change())
    assert "zebrafish" not in repr(removed)
    assert db.get(BEN, "made").stale_since is not None


def test_an_id_is_not_used_again_to_see_what_was_told_of_it(db: Db) -> None:
    db.apply(BEN, [Add(UserMemory(memory=SECRET, memory_id="one"))], Change())
    db.apply(BEN, [Narrow(Ref("one"), "agent")], Change())
    seen = datetime.now(UTC)
    db.apply(BEN, [Delete(Ref("one"))], Change())
    other = Scope("ben")
    with pytest.raises(ConflictError, match="is used"):
        db.apply(other, [Add(UserMemory(memory="Has a dog", memory_id="one"))], Change())
    with pytest.raises(ConflictError, match="is used"):
        db.apply(BEN, [Add(UserMemory(memory="Has a dog", memory_id="one"))], Change())
    db.apply(BEN, [Add(UserMemory(memory="Has a dog", memory_id="one", visibility="agent"))], Change())
    assert [revision.number for revision in db.history(BEN, "one")] == [1, 2, 3, 4]
    assert db.as_of(other, seen) == []
    with pytest.raises(NotFoundError):
        db.history(other, "one")


def test_what_points_to_others_rows_reaches_none(db: Db) -> None:
    keep_secrets(db)
    before = rows_of(db, "ana")
    forged = UserMemory(
        memory="Has a dog",
        memory_id="mine",
        superseded_by="secret-1",
        source_turn_id="turn",
        valid_until=datetime.now(UTC),
    )
    db.apply(BEN, [Add(forged)], Change(turn_id="turn"))
    for scope in (BEN, Scope("ben", as_owner=True)):
        with pytest.raises(NotFoundError):
            db.current(scope, "mine")
        with pytest.raises(NotFoundError):
            db.apply(scope, [Update(Ref("mine"), "x")], Change())
        assert "zebrafish" not in repr(db.history(scope, "mine"))
        assert "zebrafish" not in repr(db.diff(scope, datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC)))
    with pytest.raises(NotFoundError):
        db.apply(BEN, [Add(UserMemory(memory="Has a cat", depends_on=["secret-1"]))], Change())
    db.undo(BEN, Change(), turn_id="turn")
    assert rows_of(db, "ana") == before


def test_what_points_to_itself_ends(db: Db) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    for name, heir in (("one", "two"), ("two", "one"), ("self", "self")):
        row = UserMemory(memory=name, memory_id=name, superseded_by=heir, valid_until=past)
        db.apply(BEN, [Add(row)], Change())
    for name in ("one", "self"):
        with pytest.raises(NotFoundError):
            db.current(BEN, name)
        with pytest.raises(NotFoundError):
            db.apply(BEN, [Update(Ref(name), "x")], Change())
        db.apply(BEN, [Narrow(Ref(name, 1), "agent"), Delete(Ref(name, 2))], Change())
    assert not rows_of(db, "ben", "memory")["memory"]


def test_the_same_names_of_turns_and_sessions_are_everybody_s_own(db: Db) -> None:
    keep_secrets(db)
    db.record_turn(Turn("turn", "talk", "run", (Message("user", "Hello"),), datetime.now(UTC), "ben"))
    assert db.update_session_state("ben", "talk", {"mine": 1}).state == {"mine": 1}
    assert "zebrafish" not in repr([db.turns("ben", "talk"), db.sessions("ben"), db.turn("ben", "turn")])
    assert "zebrafish" not in repr([db.turns(None, "talk"), db.sessions(None), db.pending_turns("ben")])
    assert db.notes("ben", "working") == db.notes(None, "working") == []
    assert [db.runs(user, session_id="talk", limit=None) for user in ("ben", None)] == [[], []]
    assert [db.records(user, "recorded") for user in ("ben", None)] == [[], []]
    assert [db.proposals("ben", status) for status in STATUSES] == [[], []]
    forged = Curated("turn", kept=[proposal("ana", "turn", "Has a dog")])
    with pytest.raises(InputError, match="is about user 'ana'"):
        db.apply(BEN, [], Change("curator", turn_id="turn"), curated=forged)
    db.fail_turn(db.turn("ben", "turn"), "no model")
    db.apply(BEN, [], Change("curator", turn_id="turn"), curated=Curated("turn"))
    assert (db.turn("ana", "turn").status, db.turn("ana", "turn").attempts) == ("pending", 0)
    with pytest.raises(NotFoundError):
        db.session(None, "talk")
    with pytest.raises(NotFoundError):
        db.turn(None, "turn")


def test_erasing_one_leaves_those_whose_ids_are_like_it(db: Db) -> None:
    keep_secrets(db)
    others = ["anab", "an", "ana\x1f", "Ana", "ana%", "ana ", "aná"]
    for other in others:
        db.apply(Scope(other), [Add(UserMemory(memory="Has a dog"))], Change())
        db.update_session_state(other, "talk", {"mine": 1})
    for user in ("ana", *others):
        before = {other: rows_of(db, other) for other in others}
        db.erase(user)
        assert not any(rows_of(db, user).values())
        assert {other: rows_of(db, other) for other in others if other != user} == {
            other: rows for other, rows in before.items() if other != user
        }


def test_names_in_different_normal_forms_are_different_people(db: Db) -> None:
    db.apply(Scope("zo\u00eb"), [Add(UserMemory(memory=SECRET))], Change())
    assert db.count(Scope("zoe\u0308")) == 0
    assert db.erase("zoe\u0308").memories == 0
    assert db.count(Scope("zo\u00eb")) == 1
