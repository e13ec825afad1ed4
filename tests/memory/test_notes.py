"""Notes: what the members of a team tell each other in a run, until its turn is recorded."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coterie.errors import InputError, StoreError
from coterie.memory.db import Db
from coterie.memory.ids import first_at, new_id
from coterie.memory.inputs import MAX_NOTE_CHARACTERS
from coterie.memory.notes import KEPT
from coterie.memory.postgres import PostgresDb
from coterie.memory.reach import NOTHING
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Note, Turn
from tests.support.old_store import make_old_store
from tests.support.rows import rows_of

USERS = ("ana", "ben", None)


def note(text: str, run_id: str = "run", user_id: str | None = "ana", team_id: str | None = "desk") -> Note:
    return Note(text, run_id, user_id, team_id, "scout")


def texts(db: Db, user_id: str | None = "ana", run_id: str = "run", **options: Any) -> list[str]:
    return [one.text for one in db.notes(user_id, run_id, **options)]


def turn(run_id: str = "run", user_id: str | None = "ana", session_id: str = "s") -> Turn:
    said = (Message("user", "Where shall we eat?"),)
    return Turn(new_id(), session_id, run_id, said, datetime.now(UTC), user_id, "desk", status="none")


def id_of(moment: datetime) -> str:
    """The id of a note that was made then."""
    return f"{first_at(moment)}-7{new_id()[15:]}"


# Written and read


def test_a_note_comes_back_as_it_was(db: Db) -> None:
    told = note("Zoë's café in 東京 is closed 👩‍👩‍👧 \n'; DROP TABLE note; --")
    alone = Note("The harbour is foggy", "run", "ana", at=datetime(2026, 1, 1, 12, tzinfo=UTC))
    for one in (told, alone):
        db.add_note(one)
    assert db.notes("ana", "run") == [told, alone]
    assert told.at.tzinfo is UTC


def test_they_are_the_newest_oldest_first(db: Db) -> None:
    notes = [note(f"Fact {number}") for number in range(60)]
    for one in reversed(notes):  # as from other machines, which wrote them first
        db.add_note(one)
    assert db.notes("ana", "run") == notes[-50:]
    assert db.notes("ana", "run", limit=2) == notes[-2:]
    assert db.notes("ana", "run", limit=None) == notes
    assert db.notes("ana", "run", limit=0) == []


def test_those_of_one_team_and_one_run(db: Db) -> None:
    for number in range(3):
        for run, team in (("run", "desk"), ("run", "kitchen"), ("run", None), ("other", "desk")):
            db.add_note(note(f"{run} {team} {number}", run, team_id=team))
    assert texts(db, team_id="desk") == [f"run desk {number}" for number in range(3)]
    assert texts(db, team_id="kitchen", limit=1) == ["run kitchen 2"]
    assert texts(db, team_id="garden") == texts(db, run_id="unknown") == []
    assert len(texts(db)) == 9
    assert texts(db, run_id="other") == [f"other desk {number}" for number in range(3)]


def test_the_same_ids_of_others_are_other_notes(db: Db) -> None:
    first = note("Of ana")
    for user in USERS:
        db.add_note(replace(first, user_id=user, text=f"Of {user}"))
    assert [texts(db, user) for user in USERS] == [["Of ana"], ["Of ben"], ["Of None"]]
    assert db.notes(None, "run") == [replace(first, user_id=None, text="Of None")]
    assert texts(db, "eve") == []
    db.record_turn(turn(user_id=None))
    assert [texts(db, user) for user in USERS] == [["Of ana"], ["Of ben"], []]


def test_a_note_is_kept_once(db: Db) -> None:
    told = note("The café is closed")
    db.add_note(told)
    db.add_note(replace(told, text="Something else"))
    assert db.notes("ana", "run") == [told]


def test_members_write_at_once(db: Db) -> None:
    barrier = threading.Barrier(8)

    def tell(member: int) -> None:
        barrier.wait()
        for number in range(10):
            db.add_note(note(f"{member} {number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(8)))
    told = texts(db, limit=None)
    assert len(told) == 80
    assert [[one for one in told if one.startswith(f"{member} ")] for member in range(8)] == [
        [f"{member} {number}" for number in range(10)] for member in range(8)
    ]


def test_members_of_one_event_loop(db: Db) -> None:
    async def tell() -> list[Note]:
        await asyncio.gather(*(db.aadd_note(note(f"Fact {number}")) for number in range(5)))
        return await db.anotes("ana", "run", team_id="desk", limit=3)

    assert len(asyncio.run(tell())) == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text": ""}, "is empty"),
        ({"text": " \n"}, "is empty"),
        ({"text": "x" * (MAX_NOTE_CHARACTERS + 1)}, "has 10,001 characters: give at most 10,000"),
        ({"text": "a\0b"}, "NUL"),
        ({"text": "half \ud800"}, "not valid Unicode"),
        ({"text": 7}, "give a text"),
        ({"run_id": ""}, "run_id"),
        ({"run_id": None}, "run_id"),
        ({"user_id": " "}, "user_id"),
        ({"team_id": "x" * 256}, "team_id"),
        ({"agent_id": "a\0b"}, "agent_id"),
        ({"note_id": "note-1"}, "give a UUIDv7"),
        ({"note_id": "3f2b8f0e-6d1c-4b7a-9e57-0c1d2e3f4a5b"}, "give a UUIDv7"),
        ({"note_id": None}, "note_id"),
        ({"at": datetime(2026, 1, 1)}, "time zone"),
        ({"at": None}, "at is None"),
    ],
)
def test_what_cannot_be_a_note_is_refused(db: Db, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        db.add_note(replace(note("The café is closed"), **wrong))
    assert rows_of(db, None, "note")["note"] == []


def test_no_note_and_the_longest_one(db: Db) -> None:
    with pytest.raises(InputError, match="give a Note"):
        db.add_note("The café is closed")  # type: ignore[arg-type]  # that is the point
    for ids in (("", "run"), ("ana", "")):
        with pytest.raises(InputError):
            db.notes(*ids)
    with pytest.raises(InputError, match="team_id"):
        db.notes("ana", "run", team_id="")
    db.add_note(note("é" * MAX_NOTE_CHARACTERS))
    assert texts(db) == ["é" * MAX_NOTE_CHARACTERS]


# Gone


def test_they_go_with_the_turn_of_their_run(db: Db) -> None:
    for user in USERS:
        for run in ("run", "other"):
            db.add_note(note("The café is closed", run, user))
    recorded = turn()
    db.record_turn(recorded)
    assert texts(db) == []
    assert [len(texts(db, user, run)) for user in USERS for run in ("run", "other")] == [0, 1, 1, 1, 1, 1]
    db.add_note(note("Too late"))
    db.record_turn(recorded)  # of a client that did not hear that it was
    assert (texts(db), len(db.turns("ana", "s"))) == ([], 1)


def break_sessions(db: Db) -> None:
    """Have the database refuse new sessions."""
    with db._writing(NOTHING) as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON session BEGIN SELECT RAISE(ABORT, 'broken'); END"
            if isinstance(db, SqliteDb)
            else "ALTER TABLE session ADD CONSTRAINT broken CHECK (session_id <> 'broken')"
        )


def test_they_stay_when_the_turn_cannot_be_recorded(db: Db) -> None:
    db.add_note(note("The café is closed"))
    break_sessions(db)
    with pytest.raises(StoreError, match="broken"):
        db.record_turn(turn(session_id="broken"))
    assert (texts(db), db.turns("ana", "broken")) == (["The café is closed"], [])
    with pytest.raises(InputError, match="without a user_id"):
        db.record_turn(replace(turn(user_id=None), status="pending"))


def test_nobody_sees_both_the_turn_and_the_notes_or_neither(db: Db) -> None:
    runs = [f"run {number}" for number in range(30)]
    for run in runs:
        db.add_note(note("The café is closed", run))
    done = threading.Event()

    def record() -> None:
        try:
            for run in runs:
                db.record_turn(turn(run, session_id=run))
        finally:
            done.set()

    def look() -> int:
        looks = 0
        while not done.is_set() or not looks:
            for run in runs:
                turns, notes = db.turns("ana", run), db.notes("ana", run)
                assert not (turns and notes)
                notes, turns = db.notes("ana", run), db.turns("ana", run)
                assert notes or turns
            looks += 1
        return looks

    with ThreadPoolExecutor(2) as pool:
        recorded, looked = pool.submit(record), pool.submit(look)
        recorded.result()
        assert looked.result() > 0
    assert [len(db.turns("ana", run)) for run in runs] == [1] * len(runs)


def test_those_of_a_run_that_died_go_with_the_owner_s_next_note(db: Db) -> None:
    now = datetime.now(UTC)
    young, old = now - KEPT + timedelta(minutes=5), now - KEPT - timedelta(minutes=5)
    for user in USERS:
        db.add_note(replace(note("Young", "died", user), note_id=id_of(young)))
        db.add_note(replace(note("Old", "died", user), note_id=id_of(old)))
    assert [texts(db, user, "died") for user in USERS] == [["Old", "Young"]] * 3
    db.add_note(note("New"))
    assert [texts(db, user, "died") for user in USERS] == [["Young"], ["Old", "Young"], ["Old", "Young"]]
    with suppress(InputError):
        db.add_note(note("", user_id=None))
    assert texts(db, None, "died") == ["Old", "Young"]
    db.add_note(note("New", user_id=None))
    assert [texts(db, user, "died") for user in USERS] == [["Young"], ["Old", "Young"], ["Young"]]
    assert texts(db) == ["New"]


def test_erasing_somebody_removes_their_notes_alone(db: Db) -> None:
    for user in (*USERS, "ana "):
        for number in range(2):
            db.add_note(note(f"Fact {number}", user_id=user))
    erased = db.erase("ana")
    assert (erased.notes, erased.turns) == (2, 0)
    assert [len(texts(db, user)) for user in (*USERS, "ana ")] == [0, 2, 2, 2]
    assert db.erase("ana").notes == 0


def test_they_are_no_part_of_an_export(db: Db) -> None:
    db.add_note(note("The café is closed"))
    assert "closed" not in "".join(db.export_memories(everybody=True))
    assert db.check() == []


# Older stores


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Db]:
    """Opens a store that the first version made."""
    if request.param == "sqlite":
        make_old_store(f"sqlite:///{tmp_path / 'old.db'}")
        return lambda: SqliteDb(tmp_path / "old.db")
    url = request.getfixturevalue("postgres_url")
    make_old_store(url)
    return lambda: PostgresDb(url)


def test_an_older_store_takes_notes_after_the_upgrade(old: Callable[[], Db]) -> None:
    with old() as db:
        assert db.schema_version() == "0001"
        turns = db.turns("ana", "talk")
        told = note("The café is closed")
        db.add_note(told)
        assert db.notes("ana", "run") == [told]
        assert (db.check(), db.turns("ana", "talk")) == ([], turns)
    with old() as db:
        db.record_turn(turn())
        assert texts(db) == []
        assert db.turns("ana", "talk") == turns != []
