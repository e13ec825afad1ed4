"""A store of an older version: everything in it is there after the upgrade, and life goes on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from coterie.memory.db import Db
from coterie.memory.edits import Change, Delete, Imported, Merge, Ref, Update
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope
from tests.support.old_store import START, make_old_store

ANA = Scope("ana", "desk", "scout")


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Db]:
    """A store that version 0001 made and filled, not opened yet."""
    if request.param == "sqlite":
        make_old_store(f"sqlite:///{tmp_path / 'old.db'}")
        db: Db = SqliteDb(tmp_path / "old.db")
    else:
        url = request.getfixturevalue("postgres_url")
        make_old_store(url)
        db = PostgresDb(url)
    with db:
        yield db


def texts(db: Db, scope: Scope = ANA) -> set[str]:
    return {memory.memory for memory in db.newest(scope, None)}


def test_it_is_told_and_upgraded(old: Db) -> None:
    assert old.schema_version() == "0001"
    assert "has schema version 0001, the newest is 0006" in old.check()[0]
    assert old.schema_version() == "0001"
    assert old.upgrade() == "0001"
    assert old.schema_version() == "0006"
    assert old.check() == []


def test_everything_is_there(old: Db) -> None:
    assert texts(old) == {
        "Likes coffee",
        "Has a dog called Rex",
        "Zoë lebt in 東京",
        "Is often late",
        "Orders are shipped on Monday",
    }
    assert texts(old, Scope("ben")) == {"Likes tea"}
    memory = old.get(ANA, "tokyo")
    assert (memory.topics, memory.event_at, memory.source_turn_id) == (["Städte"], START, "turn-1")
    assert (memory.trust, memory.depends_on, memory.stale_since) == ("user", [], None)
    assert old.get(ANA, "tea").version == 3
    assert [turn.turn_id for turn in old.turns("ana", "talk")] == ["turn-1", "turn-2"]
    assert [turn.turn_id for turn in old.pending_turns("ana")] == ["turn-2"]
    session = old.session("ana", "talk")
    assert (session.state, session.summary) == ({"cart": [1]}, "On tea.")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("coffee", ["tea"]),
        ("zoe", ["tokyo"]),
        ("東京", ["tokyo"]),
        ("stadte", ["tokyo"]),
        ("mornings", ["tea"]),
        ("rex", ["dog"]),
        ("rome", []),
        ("shipped", ["ours"]),
    ],
)
def test_it_is_found(old: Db, query: str, found: list[str]) -> None:
    assert [hit.memory.memory_id for hit in old.search(ANA, query)] == found


def test_its_history_is_read(old: Db) -> None:
    told = {name: [(one.op, one.number) for one in old.history(ANA, name)] for name in ("tea", "dog", "rex", "rome")}
    assert told == {
        "tea": [("add", 1), ("update", 2), ("update", 3)],
        "dog": [("add", 1), ("merge", 2)],
        "rex": [("add", 1), ("delete", 2)],
        "rome": [("add", 1), ("delete", 2)],
    }
    assert {one.change_id for one in old.history(ANA, "tea")} == {""}
    believed = {memory.memory for memory in old.as_of(ANA, START + timedelta(minutes=1, seconds=30))}
    assert believed == {"Likes tea"}


def test_life_goes_on(old: Db) -> None:
    (update,) = old.apply(ANA, [Update(Ref("tea"), "Likes water")], Change())
    old.apply(ANA, [Merge([Ref("dog"), Ref("mine")], "Is late because of the dog"), Delete(Ref("tokyo"))], Change())
    assert texts(old) == {"Likes water", "Is late because of the dog", "Orders are shipped on Monday"}
    assert [one.op for one in old.history(ANA, update.memory_id)] == ["add", "update", "update", "update", "update"]
    old.undo(ANA, Change(), change_id=update.revisions[0].change_id)
    assert "Likes coffee" in texts(old)
    assert [hit.memory.memory_id for hit in old.search(ANA, "coffee")] == ["tea"]
    assert old.check() == []


def test_what_was_done_before_is_taken_back(old: Db) -> None:
    topics, words = old.history(ANA, "tea")[:0:-1]
    for revision in (topics, words, old.history(ANA, "rome")[-1]):
        old.undo(ANA, Change(), revision=revision)
    assert {"Likes tea", "Is in Rome"} < texts(old)
    assert old.get(ANA, "tea").topics == ["drinks"]
    assert old.check() == []


def test_it_is_exported_and_imported(old: Db) -> None:
    lines = list(old.export_memories(everybody=True))
    with SqliteDb() as new:
        assert new.import_memories(lines) == Imported(8, 0)
        assert list(new.export_memories(everybody=True))[1:] == lines[1:]
        assert texts(new) == texts(old)
        assert new.check() == []
