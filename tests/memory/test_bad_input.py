"""Arguments that cannot be used: a clear error, and nothing written."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from coterie import MemoryManager
from coterie.errors import InputError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated, Delete, Merge, Ref, Update
from coterie.memory.inputs import MAX_MEMORY_CHARACTERS
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, Turn, UserMemory

ANA = Scope("ana", "desk", "scout")
HALF = "half \ud800"
NAIVE = datetime(2026, 1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("x" * (MAX_MEMORY_CHARACTERS + 1), "10,001 characters"),
        ("a\0b", "NUL"),
        (HALF, "Unicode"),
        (None, "None"),
        (3, "3"),
    ],
)
def test_words_that_cannot_be_kept(db: Db, text: str, said: str) -> None:
    (one,) = db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
    ref = Ref(one.memory_id)
    for edit in (Add(UserMemory.model_construct(memory=text)), Update(ref, text), Merge([ref], text)):
        with pytest.raises(InputError, match=said):
            db.apply(ANA, [edit], Change())
    assert [memory.memory for memory in db.newest(ANA)] == ["Likes tea"]


def test_the_longest_memory_is_kept(db: Db) -> None:
    for text in ("x" * MAX_MEMORY_CHARACTERS, "é东👩 " * (MAX_MEMORY_CHARACTERS // 4), "%s {} \\ ' \" \u202e -- ;"):
        (one,) = db.apply(ANA, [Add(UserMemory(memory=text))], Change())
        assert db.get(ANA, one.memory_id).memory == text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"topics": "food"}, "topics"),
        ({"topics": ["a\0"]}, "topic"),
        ({"kind": "\0"}, "kind"),
        ({"input": HALF}, "input"),
        ({"memory_id": " "}, "memory_id"),
        ({"team_id": "\0"}, "team_id"),
        ({"source_turn_id": "x" * 256}, "source_turn_id"),
        ({"visibility": "everybody"}, "everybody"),
        ({"event_at": NAIVE}, "event_at"),
        ({"expires_at": NAIVE}, "time zone"),
        ({"created_at": "yesterday"}, "yesterday"),
    ],
)
def test_fields_that_cannot_be_kept(db: Db, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        db.apply(ANA, [Add(UserMemory.model_construct(**{"memory": "Likes tea", **fields}))], Change())
    assert db.newest(ANA) == []


def test_a_memory_without_readers(db: Db) -> None:
    for scope, visibility, said in [
        (Scope(), "user", "no user_id"),
        (Scope(None, "desk"), "user", "no user_id"),
        (Scope("ana"), "team", "team_id"),
        (Scope("ana"), "agent", "agent_id"),
    ]:
        with pytest.raises(InputError, match=said):
            db.apply(scope, [Add(UserMemory.model_construct(memory="x", visibility=visibility))], Change())


@pytest.mark.parametrize("bad", ["", " ", "\0", "x" * 256, HALF])
def test_ids_that_cannot_be_ids(db: Db, bad: str) -> None:
    turn = Turn("t", "s", "r", (), datetime.now(UTC), "ana")
    for read in (db.get, db.find, db.history):
        with pytest.raises(InputError, match="memory_id"):
            read(ANA, bad)
    with pytest.raises(InputError, match="memory_id"):
        db.apply(ANA, [Delete(Ref(bad))], Change())
    with pytest.raises(InputError, match="run_id"):
        db.apply(ANA, [], Change(run_id=bad))
    with pytest.raises(InputError, match="curated"):
        db.apply(ANA, [], Change(), curated=Curated(bad))
    with pytest.raises(InputError, match="user_id"):
        db.newest(Scope(bad))
    for name in ("turn_id", "session_id", "run_id", "user_id"):
        with pytest.raises(InputError, match=name):
            db.record_turn(Turn(**{**turn.__dict__, name: bad}))
    with pytest.raises(InputError, match="session_id"):
        db.update_session_state("ana", bad, {})
    with pytest.raises(InputError, match="user_id"):
        db.sessions(bad)
    assert db.sessions("ana") == []


@pytest.mark.parametrize("limit", [-1, "5", 1.5])
def test_limits_that_cannot_be_limits(db: Db, limit: int) -> None:
    said = re.escape(repr(limit))
    for read in (
        lambda: db.newest(ANA, limit),
        lambda: db.search(ANA, "tea", limit),
        lambda: db.turns("ana", "s", limit),
        lambda: db.pending_turns(None, limit),
        lambda: db.sessions("ana", limit),
        lambda: db.notes("ana", "run", limit=limit),
        lambda: db.runs("ana", limit=limit),
        lambda: db.records("ana", "run", limit=limit),
    ):
        with pytest.raises(InputError, match=said):
            read()


@pytest.mark.parametrize("scope", ["ana", None, 3, ("ana",), {"user_id": "ana"}])
def test_what_is_no_scope(db: Db, scope: Any) -> None:
    for read in (
        lambda: db.get(scope, "id"),
        lambda: db.find(scope, "id"),
        lambda: db.newest(scope),
        lambda: db.search(scope, "tea"),
        lambda: db.recall(scope, "tea"),
        lambda: db.count(scope),
        lambda: db.history(scope, "id"),
        lambda: db.apply(scope, [], Change()),
    ):
        with pytest.raises(InputError, match=r"^scope is .*: give a Scope, as Scope\('ana'\)\.$"):
            read()


def test_what_is_of_another_type(db: Db) -> None:
    manager, wrong = MemoryManager(db), cast(Any, "Likes tea")
    uses: list[tuple[Callable[[], object], str]] = [
        (lambda: manager.add_user_memory(wrong, "ana"), "memory is 'Likes tea': give a UserMemory"),
        (lambda: manager.replace_user_memory("id", wrong, "ana"), "memory is 'Likes tea': give a UserMemory"),
        (lambda: manager.optimize_memories("ana", wrong), "strategy is 'Likes tea': give 'summarize'"),
        (lambda: manager.optimize_memories("ana", cast(Any, int)), "strategy is <class 'int'>: give 'summarize'"),
        (lambda: db.apply(ANA, [Add(wrong)], Change()), "memory is 'Likes tea': give a UserMemory"),
        (lambda: db.apply(ANA, [Delete(wrong)], Change()), "target is 'Likes tea': give Ref"),
        (lambda: db.apply(ANA, [Merge(wrong, "x")], Change()), "target is 'L': give Ref"),
        (lambda: db.apply(ANA, cast(Any, Delete(Ref("id"))), Change()), "edits is one edit, Delete: give a list"),
        (lambda: db.apply(ANA, [], wrong), "change is 'Likes tea': give a Change"),
        (lambda: db.record_turn(wrong), "turn is 'Likes tea': give a Turn"),
        (lambda: db.fail_turn(wrong, "error"), "turn is 'Likes tea': give a Turn"),
        (lambda: db.search(ANA, cast(Any, 3)), "query is 3: give a text"),
        (lambda: db.recall(ANA, cast(Any, 3)), "query is 3: give a text"),
        (lambda: db.recall(ANA, "tea", wrong), "token_budget is 'Likes tea': give a whole number"),
        (lambda: manager.get_user_memory(cast(Any, 3), "ana"), "memory_id is 3: give a text that is not empty."),
        (lambda: manager.get_user_memories(), "user_id is None: give a text that is not empty."),
        (lambda: Scope(""), "user_id is '': give a text that is not empty, or leave it out."),
    ]
    for use, said in uses:
        with pytest.raises(InputError, match="^" + re.escape(said)):
            use()


def test_a_field_that_memories_do_not_have() -> None:
    with pytest.raises(ValueError, match=r"topic\n.*not permitted"):
        UserMemory(memory="Likes tea", topic="drinks")  # type: ignore[call-arg]


def test_what_is_no_edit(db: Db) -> None:
    with pytest.raises(InputError, match="not an edit"):
        db.apply(ANA, ["delete everything"], Change())  # type: ignore[list-item]
    with pytest.raises(InputError, match="each once"):
        db.apply(ANA, [Merge([Ref("a"), Ref("a")], "x")], Change())
    (one,) = db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
    with pytest.raises(InputError, match="reason"):
        db.apply(ANA, [Delete(Ref(one.memory_id), reason="\0")], Change())
    assert db.count(ANA) == 1


def test_a_turn_without_a_time_zone(db: Db) -> None:
    with pytest.raises(InputError, match="at is"):
        db.record_turn(Turn("t", "s", "r", (), NAIVE, "ana"))


@pytest.mark.parametrize("path", ["", " ", "a\0b", 3, b"store.db", []])
def test_a_path_that_cannot_be_one(path: Any) -> None:
    with pytest.raises(InputError, match=r"db_file is .*: give the path of a file"):
        SqliteDb(db_file=path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "postgresql://ana:p@ss:w0rd@localhost/store",
            "'postgresql://***@localhost/store', not a path: for PostgreSQL use",
        ),
        ("postgresql+psycopg://localhost", "use PostgresDb(db_url=...)"),
        ("sqlite:///store.db", "give the path alone"),
    ],
)
def test_a_url_is_no_path(url: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        SqliteDb(url)


def test_numbers_beyond_any_database(db: Db) -> None:
    db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
    huge = 10**30
    assert len(db.newest(ANA, huge)) == len(db.search(ANA, "tea", huge)) == len(db.search(ANA, "tea", None)) == 1
    assert db.recall(ANA, "tea", huge).complete


def test_more_edits_than_a_statement_has_parameters(db: Db) -> None:
    added = db.apply(ANA, [Add(UserMemory(memory=f"Fact {number}")) for number in range(1100)], Change())
    db.apply(ANA, [Delete(Ref(one.memory_id, 1)) for one in added[::-1]], Change())
    assert db.count(ANA) == 0
