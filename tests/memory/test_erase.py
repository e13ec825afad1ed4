"""Removing a person: no row, no word and no index keeps anything of them, and nobody else loses anything."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coterie.errors import InputError, StoreError
from coterie.memory import sqlite_opening
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated, Delete, Erased, Merge, Narrow, Ref, Update
from coterie.memory.sqlite import SqliteDb
from coterie.memory.tables import METADATA
from coterie.memory.values import Message, Note, Scope, StoredRun, Turn, UserMemory
from tests.support.embedder import LetterEmbeddings
from tests.support.proposals import proposal
from tests.support.rows import rows_of

WORDS = (
    "zebrafish",
    "yachting",
    "xylophone",
    "wombat",
    "vuvuzela",
    "ukulele",
    "tarantula",
    "sitar",
    "raccoon",
    "quince",
    "parakeet",
    "ocarina",
    "narwhal",
    "mandolin",
)
"""What is said of a person, once each: in statements, topics, inputs, reasons, turns, notes, state and runs."""


def live(db: Db, user: str, mark: str) -> list[str]:
    """Have memories of every fate, turns and sessions. Returns the words by which they could be found again."""
    words = [f"{word}{mark}" for word in WORDS]
    statement, topic, source, reason, updated, deleted, said, state, error, narrowed, refused, noted, ran, recorded = (
        words
    )
    scope, change = Scope(user, "desk", "scout"), Change("curator", turn_id=f"turn {mark}")
    db.record_turn(Turn(f"turn {mark}", "talk", "run", (Message("user", said),), datetime.now(UTC), user))
    db.record_turn(Turn(f"late {mark}", "talk", "run", (Message("user", said),), datetime.now(UTC), user))
    db.fail_turn(db.turn(user, f"late {mark}"), error)
    db.update_session_state(user, "talk", {state: state})
    db.add_note(Note(f"Found a {noted}", f"later {mark}", user, "desk", "scout"))
    db.add_run(StoredRun(f"later {mark}", user, "talk", "desk", None, f"Team {ran}", datetime.now(UTC)))
    db.add_records(user, f"later {mark}", [{"kind": "tool_started", "arguments": {recorded: recorded}}])
    first = UserMemory(memory=f"Has a {statement}", topics=[topic], input=source)
    curated = Curated(f"turn {mark}", kept=[proposal(user, f"turn {mark}", f"Plays a {refused}")])
    (one,) = db.apply(scope, [Add(first, reason)], change, curated=curated)
    db.apply(scope, [Update(Ref(one.memory_id), f"Has a {updated}")], change)
    (two,) = db.apply(scope, [Add(UserMemory(memory=f"Sees a {deleted}", visibility="team"))], change)
    (three,) = db.apply(scope, [Add(UserMemory(memory=f"Hides a {narrowed}", depends_on=[one.memory_id]))], change)
    db.apply(scope, [Delete(Ref(two.memory_id))], change)
    db.apply(scope, [Merge([Ref(one.memory_id), Ref(three.memory_id)], "Has both")], change)
    db.apply(scope, [Narrow(Ref(one.memory_id), "agent")], change)
    return words


def test_no_row_of_a_person_remains_and_nobody_else_s_is_gone(opened: Callable[..., Db]) -> None:
    db = opened(LetterEmbeddings())
    live(db, "ana", "a")
    for number, other in enumerate(("ben", "an", "ana2", "ANA", "ana ", "%", "an_", "á")):
        live(db, other, f"b{number}")
    team = Scope(None, "desk")
    db.apply(team, [Add(UserMemory(memory="Ana is at the desk", visibility="team"))], Change())
    db.record_turn(Turn("t", "talk", "run", (Message("user", "Hi"),), datetime.now(UTC), status="none"))
    for name in ("ana", "ben"):
        db.search_turns(Scope(name), "Hi")  # gives them vectors
    owned, everything = rows_of(db, "ana"), rows_of(db, None)
    erased = db.erase("ana")
    counts = {name: len(rows) for name, rows in owned.items()}
    assert set(counts) == {name for name, table in METADATA.tables.items() if "user_id" in table.c}
    assert all(counts.values())
    told = {name: count for name, count in vars(erased).items() if name not in ("user_id", "vectors")}
    tables = ("memory", "memory_revision", "turn", "session", "proposal", "note", "run")
    assert list(told.values()) == [counts[name] for name in tables]
    assert erased.vectors == counts["memory_vector"] + counts["turn_vector"]
    assert not any(rows_of(db, "ana").values())
    assert rows_of(db, None) == {
        name: [row for row in rows if row not in owned[name]] for name, rows in everything.items()
    }


def test_an_erased_person_cannot_be_read_in_any_way(db: Db) -> None:
    words = live(db, "ana", "a")
    (id_, *_) = [str(row[1]) for row in rows_of(db, "ana")["memory_revision"]]
    seen = datetime.now(UTC)
    db.erase("ana")
    for scope in (Scope("ana", "desk", "scout"), Scope("ana", as_owner=True)):
        assert (db.newest(scope, None), db.count(scope), db.as_of(scope, seen)) == ([], 0, [])
        assert not [word for word in words if db.search(scope, word)]
        for read in (db.get, db.find, db.current, db.history):
            with pytest.raises(LookupError):
                read(scope, id_)
        with pytest.raises(LookupError):
            db.undo(scope, Change(), turn_id="turn a")
    assert (db.sessions("ana"), db.turns("ana", "talk"), db.pending_turns("ana")) == ([], [], [])
    assert (db.proposals("ana", "refused"), db.notes("ana", "later a")) == ([], [])
    assert (db.runs("ana"), db.records("ana", "later a")) == ([], [])
    live(db, "ana", "again")
    assert db.count(Scope("ana", "desk", "scout")) == 1


def test_nobody_and_nobody_known_is_erased(db: Db) -> None:
    live(db, "ana", "a")
    state = rows_of(db, None)
    assert db.erase("nobody") == Erased("nobody", 0, 0, 0, 0, 0, 0, 0, 0)
    for nothing in ("", " ", None):
        with pytest.raises(InputError):
            db.erase(nothing)  # type: ignore[arg-type]  # that is the point
    assert rows_of(db, None) == state
    assert db.erase("ana").memories > 0
    assert db.erase("ana") == Erased("ana", 0, 0, 0, 0, 0, 0, 0, 0)


def in_files(path: Path, words: list[str]) -> list[str]:
    """Which of the words stand in the file, its log or its index of the log: as text, in any case, or as UTF-16."""
    kept = b"".join(file.read_bytes().lower() for file in path.parent.iterdir() if file.name.startswith(path.name))
    return [word for word in words if word.encode() in kept or word.encode("utf-16-le") in kept]


@pytest.mark.parametrize("reopened", [False, True])
def test_the_file_keeps_no_word(tmp_path: Path, reopened: bool) -> None:
    path = tmp_path / "store.db"
    db = SqliteDb(path)
    words, others = live(db, "ana", "a"), live(db, "ben", "b")
    live(db, "cleo", "c")
    assert in_files(path, words) == words
    for number in range(60):  # what was changed long ago lies in other pages, and in older parts of the text index
        db.apply(Scope("ben"), [Add(UserMemory(memory=f"Fact {number} of many"))], Change())
    if reopened:
        db.close()
        db = SqliteDb(path)
    with db:
        db.erase("ana")
        assert in_files(path, words) == []
        assert in_files(path, others) == others
        assert db.search(Scope("ben", "desk"), "fact", 100)
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, memory_text, row)")
    terms = {str(term) for (term,) in connection.execute("SELECT term FROM temp.terms")}
    assert not [term for term in terms if term.startswith("u" + b"ana".hex() + "x") or term.endswith(tuple(words))]
    assert [term for term in terms if term == "u" + b"ben".hex() + "x" + others[0]]
    connection.execute("INSERT INTO memory_text(memory_text) VALUES ('integrity-check')")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_one_who_reads_meanwhile_makes_it_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_opening, "BUSY_SECONDS", 0.2)
    path = tmp_path / "store.db"
    with SqliteDb(path) as db:
        words, others = live(db, "ana", "a"), live(db, "ben", "b")
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM memory").fetchall()
        with pytest.raises(StoreError, match="Erase again"):
            db.erase("ana")
        assert not any(rows_of(db, "ana").values())
        assert db.count(Scope("ben", "desk", "scout")) == 1
        reader.execute("COMMIT")
        reader.close()
        assert db.erase("ana") == Erased("ana", 0, 0, 0, 0, 0, 0, 0, 0)
        assert in_files(path, words) == []
        assert in_files(path, others) == others
