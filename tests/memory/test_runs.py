"""Runs, and the records of what happened in them."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import InputError, NotFoundError, StoreError
from coterie.memory.db import Db
from coterie.memory.ids import new_id
from coterie.memory.postgres import PostgresDb
from coterie.memory.reach import NOTHING
from coterie.memory.records import DEEPEST, MAX_RECORD_CHARACTERS, storable
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import RunStatus, Scope, StoredRun
from tests.support.old_store import make_old_store
from tests.support.rows import rows_of

USERS = ("ana", "ben", None)
START = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def run(run_id: str = "run", user_id: str | None = "ana", **values: Any) -> StoredRun:
    return StoredRun(
        **{"session_id": "talk", "team_id": "desk", "agent_id": None, "name": "desk", "started_at": START}
        | {"run_id": run_id, "user_id": user_id}
        | values
    )


def numbered(first: int, last: int) -> list[dict[str, Any]]:
    return [{"kind": "step_started", "step": number} for number in range(first, last + 1)]


# Written and read


def test_a_run_comes_back_as_it_was(db: Db) -> None:
    told = run(name="Zoë's desk in 東京 👩‍👩‍👧; DROP TABLE run; --")
    bare = run("bare", session_id=None, team_id=None, agent_id="scout")
    for one in (told, bare):
        db.add_run(one)
    assert (db.run("ana", "run"), db.run("ana", "bare")) == (told, bare)
    assert db.records("ana", "run") == []
    assert db.add_records("ana", "run", numbered(1, 3)) == 3
    assert db.add_records("ana", "run", []) == 3
    assert db.add_records("ana", "run", numbered(4, 4)) == 4
    db.end_run("ana", "run", "failed", START + timedelta(seconds=1))
    ended = replace(told, status="failed", ended_at=START + timedelta(seconds=1), records=4)
    assert db.runs("ana") == [ended, bare]
    assert db.records("ana", "run") == numbered(1, 4)
    assert db.records("ana", "run", after=2) == numbered(3, 4)
    assert db.records("ana", "run", after=1, limit=2) == numbered(2, 3)
    assert db.records("ana", "run", limit=0) == db.records("ana", "run", after=2**80) == []
    assert db.records("ana", "unknown") == db.records("ana", "bare") == []
    assert told.started_at.tzinfo is UTC


@pytest.mark.parametrize("status", ["finished", "waiting", "failed", "cancelled"])
def test_a_resumed_run_is_running_again(db: Db, status: RunStatus) -> None:
    db.add_run(run())
    db.add_records("ana", "run", numbered(1, 2))
    db.end_run("ana", "run", status, START + timedelta(seconds=1))
    db.add_run(run(started_at=START + timedelta(days=1), name="other", session_id="other", status="failed", records=9))
    assert db.run("ana", "run") == run(records=2)
    assert db.add_records("ana", "run", numbered(3, 3)) == 3
    db.end_run("ana", "run", "finished", START + timedelta(days=2))
    assert db.run("ana", "run") == run(status="finished", ended_at=START + timedelta(days=2), records=3)
    assert db.records("ana", "run") == numbered(1, 3)


def test_a_new_run_begins_without_an_end(db: Db) -> None:
    db.add_run(run(status="finished", ended_at=START, records=7))
    assert db.run("ana", "run") == run()
    assert db.add_records("ana", "run", numbered(1, 1)) == 1


def test_they_are_the_newest_first(db: Db) -> None:
    started = [run(f"run {number:02}", started_at=START + timedelta(hours=number // 2)) for number in range(24)]
    for one in started[::3] + started[1::3] + started[2::3]:
        db.add_run(replace(one, session_id="talk" if one in started[:4] else None))
    assert [one.run_id for one in db.runs("ana")] == [one.run_id for one in reversed(started[4:])]
    assert [one.run_id for one in db.runs("ana", limit=3)] == ["run 23", "run 22", "run 21"]
    assert len(db.runs("ana", limit=None)) == 24
    assert [one.run_id for one in db.runs("ana", session_id="talk", limit=3)] == ["run 03", "run 02", "run 01"]
    assert db.runs("ana", session_id="other") == db.runs("ana", limit=0) == db.runs("eve") == []


def test_part_of_an_id_is_enough_if_it_is_the_only_one(db: Db) -> None:
    for run_id in ("abcdef-1", "abcdef-2", "abcdef-", "ab", "%", "abc_efg"):
        db.add_run(run(run_id))
    db.add_run(run("abcdef-3", "ben"))
    found = {id_: db.run("ana", id_).run_id for id_ in ("abcdef-1", "abcdef-", "ab", "%", "abc_ef", "abc_efg")}
    assert found == {one: one for one in found} | {"abc_ef": "abc_efg"}
    with pytest.raises(InputError, match=r"Several runs begin with 'abcdef': .*\(abcdef-2, abcdef-1, abcdef-\)"):
        db.run("ana", "abcdef")
    with pytest.raises(InputError, match="Several runs begin with 'a'"):
        db.run("ana", "a")
    for unknown in ("abcdefg", "abcdef-3", "abcdef%", "abc%efg", "abcdef-1 "):
        with pytest.raises(NotFoundError, match="no run"):
            db.run("ana", unknown)
    for number in range(9):
        db.add_run(run(f"many-{number}-of-them"))
    for number in range(9):
        assert db.run("ana", f"many-{number}").run_id == f"many-{number}-of-them"
    with pytest.raises(InputError, match="Several runs"):
        db.run("ana", "many-")
    for number in range(9):
        db.add_run(run(f"eleven{number}"))
    with pytest.raises(InputError, match=r"\(eleven8, eleven7, eleven6, eleven5, eleven4, …\)"):
        db.run("ana", "eleven")


TEXTS = st.text(st.characters(), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
RECORDS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=5)


@settings(max_examples=50)
@given(batches=st.lists(RECORDS, max_size=4))
def test_whatever_json_can_say_comes_back(db: Db, batches: list[list[dict[str, Any]]]) -> None:
    """NUL, halves of surrogate pairs, and every other character; numbers stay what they are."""
    run_id, all_of_them = new_id(), [record for batch in batches for record in batch]
    db.add_run(run(run_id))
    counts = [db.add_records("ana", run_id, batch) for batch in batches]
    assert counts == [sum(map(len, batches[: number + 1])) for number in range(len(batches))]
    read = db.records("ana", run_id)
    assert read == all_of_them
    assert repr(read) == repr(all_of_them)  # 1 is not 1.0, nor True
    for after in range(len(read) + 1):
        assert db.records("ana", run_id, after=after, limit=2) == read[after : after + 2]


def test_many_at_once(db: Db) -> None:
    db.add_run(run())
    assert db.add_records("ana", "run", numbered(1, 9_000)) == 9_000
    assert db.records("ana", "run") == numbered(1, 9_000)


def circle() -> dict[str, Any]:
    inside: dict[str, Any] = {"kind": "circle"}
    inside |= {"me": inside, "again": inside, "others": [inside, inside]}
    return inside


def deep(levels: int, inside: Any = "bottom") -> Any:
    """So many lists and objects in each other."""
    for level in range(levels):
        inside = [inside, level] if level % 2 else {"in": inside}
    return inside


REFUSED: list[tuple[Any, str]] = [
    ({"deep": deep(DEEPEST)}, "more than 100 lists and objects"),
    ({"deep": deep(100_000)}, "recursion"),
    ({"at": START}, "datetime is not JSON serializable"),
    ({"score": float("nan")}, "not JSON compliant"),
    ({"score": float("inf")}, "not JSON compliant"),
    ({"values": {1, 2}}, "set is not JSON serializable"),
    ({"bytes": b"x"}, "bytes is not JSON serializable"),
    ({("a", "b"): 1}, "keys must be"),
    (circle(), "Circular"),
    ("text", "give a mapping"),
    (["kind"], "give a mapping"),
    (None, "give a mapping"),
    ({"content": "x" * MAX_RECORD_CHARACTERS}, "1,000,015 characters as JSON: give at most 1,000,000"),
    ({"content": "é" * 200_000}, "1,200,015 characters"),
]


@pytest.mark.parametrize(("wrong", "said"), REFUSED)
def test_what_cannot_be_a_record_is_refused_with_the_others(db: Db, wrong: Any, said: str) -> None:
    db.add_run(run())
    db.add_records("ana", "run", numbered(1, 1))
    with pytest.raises(InputError, match=f"Record 2 of those to add.*{said}"):
        db.add_records("ana", "run", [*numbered(2, 2), wrong, *numbered(3, 3)])
    assert db.records("ana", "run") == numbered(1, 1)
    if isinstance(wrong, dict):  # what a recorder does then
        assert db.add_records("ana", "run", [*numbered(2, 2), storable(wrong)]) == 3
        assert db.records("ana", "run", after=2)[0]["altered"] is True


def test_what_is_stored_in_place_of_a_record_has_its_fields(db: Db) -> None:
    wild = {
        "kind": "tool_started",
        "at": START,
        "deep": deep(10_000),
        "many": [{"n": number, "text": "é" * 1_000} for number in range(2_000)],
        "long key": {"k" * 2_000_000: 1, "l" * 2_000_000: float("-inf")},
        "nul": "\0\ud800",
    }
    kept = storable(wild)
    assert list(kept) == [*wild, "altered"]
    assert (kept["kind"], kept["nul"], kept["at"]) == ("tool_started", "\0\ud800", str(START))
    db.add_run(run())
    db.add_records("ana", "run", [kept])
    assert db.records("ana", "run") == [kept]
    assert kept["many"][0] == {"n": 0, "text": "é" * len(kept["many"][0]["text"][:-1]) + "…"}


def test_the_longest_record_and_the_deepest(db: Db) -> None:
    longest = {"content": "x" * (MAX_RECORD_CHARACTERS - len('{"content": ""}'))}
    deepest = {"content": deep(DEEPEST - 1), "brackets": "[" * DEEPEST}
    db.add_run(run())
    db.add_records("ana", "run", [longest, deepest])
    assert db.records("ana", "run") == [longest, deepest]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"run_id": ""}, "run_id"),
        ({"run_id": None}, "run_id"),
        ({"user_id": " "}, "user_id"),
        ({"session_id": ""}, "session_id"),
        ({"team_id": "x" * 256}, "team_id"),
        ({"agent_id": "a\0b"}, "agent_id"),
        ({"name": "a\0b"}, "NUL"),
        ({"name": "half \ud800"}, "not valid Unicode"),
        ({"name": None}, "give a text"),
        ({"started_at": datetime(2026, 1, 1)}, "time zone"),
        ({"started_at": None}, "started_at is None"),
    ],
)
def test_what_cannot_be_a_run_is_refused(db: Db, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        db.add_run(run(**wrong))
    assert rows_of(db, None, "run")["run"] == []


def test_what_is_no_run_no_end_and_no_place(db: Db) -> None:
    db.add_run(run())
    acts: list[tuple[str, Callable[[], object]]] = [
        ("give a StoredRun", lambda: db.add_run("run")),  # type: ignore[arg-type]  # that is the point, as below
        ("status is 'running': give one of finished", lambda: db.end_run("ana", "run", "running", START)),
        ("status is 'done'", lambda: db.end_run("ana", "run", "done", START)),  # type: ignore[arg-type]
        ("time zone", lambda: db.end_run("ana", "run", "failed", datetime(2026, 1, 1))),
        ("time zone", lambda: db.remove_runs("ana", datetime(2026, 1, 1))),
        ("after is -1", lambda: db.records("ana", "run", after=-1)),
        ("limit is -1", lambda: db.records("ana", "run", limit=-1)),
        ("limit is -1", lambda: db.runs("ana", limit=-1)),
        ("session_id", lambda: db.runs("ana", session_id="")),
        ("records is one dict", lambda: db.add_records("ana", "run", {"kind": "x"})),  # type: ignore[arg-type]
        ("user_id", lambda: db.runs("")),
        ("user_id", lambda: db.run("", "run")),
        ("user_id", lambda: db.records("", "run")),
        ("run_id", lambda: db.run("ana", "")),
        ("run_id", lambda: db.records("ana", "")),
    ]
    for said, act in acts:
        with pytest.raises(InputError, match=said):
            act()
    assert db.runs("ana") == [run()]


# Whose


def test_a_run_is_its_user_s_alone(db: Db) -> None:
    """No verb reaches another user's run, by its id or by any part of it; and those of nobody are not everybody's."""
    for user in USERS:
        db.add_run(run("the same", user, name=f"of {user}"))
        db.add_records(user, "the same", [{"of": user}])
    db.add_run(run("ana's own"))
    db.add_records("ana", "ana's own", numbered(1, 2))
    before = rows_of(db, "ana")
    for stranger in ("ben", None, "eve", "ana ", "%", "Ana", "аna"):
        for run_id in ("ana's own", "ana's ow", "ana's %"):
            for act in (
                lambda user=stranger, run_id=run_id: db.run(user, run_id),
                lambda user=stranger, run_id=run_id: db.add_records(user, run_id, numbered(3, 3)),
                lambda user=stranger, run_id=run_id: db.end_run(user, run_id, "failed", START),
            ):
                with pytest.raises(NotFoundError, match="no run"):
                    act()
            assert db.records(stranger, run_id) == []
        assert {one.name for one in db.runs(stranger)} <= {f"of {stranger}"}
        assert db.remove_runs(stranger, START + timedelta(days=1)) == (1 if stranger in USERS else 0)
        db.add_run(run("ana's own", stranger))
        db.add_records(stranger, "ana's own", [{"mine": True}])
        assert db.records(stranger, "ana's own") == [{"mine": True}]
    assert rows_of(db, "ana") == before
    assert db.records("ana", "the same") == [{"of": "ana"}]


# At once


def test_writers_of_one_run_leave_no_gap(db: Db) -> None:
    db.add_run(run())
    barrier = threading.Barrier(8)

    def add(writer: int) -> list[int]:
        barrier.wait()
        sizes = [1 + (writer + number) % 3 for number in range(10)]
        return [db.add_records("ana", "run", [{"writer": writer, "n": n}] * size) for n, size in enumerate(sizes)]

    with ThreadPoolExecutor(8) as pool:
        lasts = [last for each in pool.map(add, range(8)) for last in each]
    numbers = [row[2] for row in rows_of(db, "ana", "run_record")["run_record"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert db.run("ana", "run").records == len(numbers) == max(lasts)
    assert len(set(lasts)) == 80
    read = db.records("ana", "run")
    for writer in range(8):
        mine = [record["n"] for record in read if record["writer"] == writer]
        assert mine == sorted(mine)
        assert [mine.count(n) for n in range(10)] == [1 + (writer + n) % 3 for n in range(10)]


def test_who_reads_meanwhile_sees_all_up_to_some_number(db: Db) -> None:
    db.add_run(run())
    done = threading.Event()

    def add() -> None:
        try:
            for number in range(60):
                db.add_records("ana", "run", numbered(2 * number + 1, 2 * number + 2))
        finally:
            done.set()

    def look() -> list[int]:
        seen = [0]
        while not done.is_set() or len(seen) == 1:
            read = db.records("ana", "run")
            assert read == numbered(1, len(read))
            assert len(read) % 2 == 0
            seen.append(len(read))
        return seen

    with ThreadPoolExecutor(2) as pool:
        adding, looking = pool.submit(add), pool.submit(look)
        adding.result()
        seen = looking.result()
    assert seen == sorted(seen)


WRITER = """
import sys
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb

kind, where, name = sys.argv[1:]
db = {"sqlite": SqliteDb, "postgres": PostgresDb}[kind](where)
db.runs("ana")
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    db.add_records("ana", "run", [{"writer": name, "n": 2 * number}, {"writer": name, "n": 2 * number + 1}])
"""


def test_two_processes_add_to_one_run(db: Db, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kind = "sqlite" if isinstance(db, SqliteDb) else "postgres"
    where = str(tmp_path / "coterie.db") if kind == "sqlite" else request.getfixturevalue("postgres_url")
    db.add_run(run())
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, kind, where, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        program.communicate("go\n", timeout=300)
        assert program.returncode == 0
    read = db.records("ana", "run")
    assert [row[2] for row in rows_of(db, "ana", "run_record")["run_record"]] == list(range(1, 121))
    assert db.run("ana", "run").records == 120
    for name in ("one", "two"):
        assert [record["n"] for record in read if record["writer"] == name] == list(range(60))
    assert all(first["writer"] == second["writer"] for first, second in zip(read[::2], read[1::2], strict=True))


def test_the_twins_do_the_same(db: Db) -> None:
    async def record() -> list[dict[str, Any]]:
        await db.aadd_run(run())
        await asyncio.gather(*(db.aadd_records("ana", "run", [{"n": number}]) for number in range(5)))
        await db.aend_run("ana", "run", "finished", START)
        assert (await db.aruns("ana")) == [await db.arun("ana", "run")]
        read = await db.arecords("ana", "run")
        assert await db.aremove_runs("ana", START + timedelta(seconds=1)) == 1
        return read

    assert sorted(record["n"] for record in asyncio.run(record())) == list(range(5))


# Gone


def test_old_ones_are_removed_with_their_records(db: Db) -> None:
    for user in USERS:
        for number in range(4):
            db.add_run(run(f"run {number}", user, started_at=START + timedelta(days=number)))
            db.add_records(user, f"run {number}", numbered(1, 3))
    assert db.remove_runs("ana", START + timedelta(days=2)) == 2
    assert [one.run_id for one in db.runs("ana")] == ["run 3", "run 2"]
    assert [len(rows_of(db, user or "", "run_record")["run_record"]) for user in USERS] == [6, 12, 12]
    assert db.records("ana", "run 0") == []
    with pytest.raises(NotFoundError, match="no run"):
        db.add_records("ana", "run 0", numbered(4, 4))
    assert db.remove_runs("ana", START) == db.remove_runs("eve", START + timedelta(days=9)) == 0
    assert db.remove_runs(None, START + timedelta(days=9)) == 4
    assert [len(db.runs(user)) for user in USERS] == [2, 4, 0]


def test_none_is_left_of_a_run_that_is_removed_while_it_is_recorded(db: Db) -> None:
    """Whoever adds records loses the race as a whole: no record stays without its run."""
    barrier = threading.Barrier(3)

    def keep_adding(run_id: str) -> None:
        while True:
            db.add_records("ana", run_id, numbered(1, 5))

    def add(run_id: str) -> None:
        barrier.wait()
        with pytest.raises(NotFoundError):
            keep_adding(run_id)

    for number in range(5):
        ids = [f"{number} one", f"{number} two"]
        for run_id in ids:
            db.add_run(run(run_id))
        with ThreadPoolExecutor(2) as pool:
            adding = [pool.submit(add, run_id) for run_id in ids]
            barrier.wait()
            assert (db.remove_runs("ana", START + timedelta(days=1)) if number % 2 else db.erase("ana").runs) == 2
            for each in adding:
                each.result()
        assert not any(rows_of(db, "ana").values())


def test_erasing_somebody_removes_their_runs_alone(db: Db) -> None:
    for user in (*USERS, "ana "):
        for number in range(2):
            db.add_run(run(f"run {number}", user))
            db.add_records(user, f"run {number}", numbered(1, 3))
    erased = db.erase("ana")
    assert (erased.runs, erased.turns) == (2, 0)
    assert [len(db.runs(user)) for user in (*USERS, "ana ")] == [0, 2, 2, 2]
    assert db.records("ana", "run 0") == []
    assert db.erase("ana").runs == 0


def test_they_are_no_part_of_an_export(db: Db) -> None:
    db.add_run(run())
    db.add_records("ana", "run", [{"content": "zebrafish"}])
    assert "zebrafish" not in "".join(db.export_memories(everybody=True))
    assert db.check() == []


def test_nothing_is_written_when_the_database_refuses(db: Db) -> None:
    db.add_run(run())
    db.add_records("ana", "run", numbered(1, 2))
    with db._writing(NOTHING) as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON run_record WHEN new.number = 4 "
            "BEGIN SELECT RAISE(ABORT, 'broken'); END"
            if isinstance(db, SqliteDb)
            else "ALTER TABLE run_record ADD CONSTRAINT broken CHECK (number <> 4)"
        )
    with pytest.raises(StoreError, match="broken"):
        db.add_records("ana", "run", numbered(3, 5))
    assert db.records("ana", "run") == numbered(1, 2)
    assert db.run("ana", "run").records == 2
    assert db.add_records("ana", "run", numbered(3, 3)) == 3


# Older stores


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path, version: str) -> Callable[[], Db]:
    """Opens a store of that version, with rows that the first one made."""
    if request.param == "sqlite":
        make_old_store(f"sqlite:///{tmp_path / 'old.db'}", version)
        return lambda: SqliteDb(tmp_path / "old.db")
    url = request.getfixturevalue("postgres_url")
    make_old_store(url, version)
    return lambda: PostgresDb(url)


@pytest.mark.parametrize("version", ["0001", "0004"])
def test_an_older_store_takes_runs_after_the_upgrade(old: Callable[[], Db], version: str) -> None:
    with old() as db:
        assert (db.schema_version(), db.upgrade(), db.schema_version()) == (version, version, "0006")
        turns, believed = db.turns("ana", "talk"), db.newest(Scope("ana", "desk", "scout"))
        assert len(believed) == 5
        db.add_run(run())
        db.add_records("ana", "run", numbered(1, 2))
        assert (db.runs("ben"), db.check(), db.turns("ana", "talk")) == ([], [], turns)
    with old() as db:
        db.end_run("ana", "run", "finished", START)
        assert db.runs("ana") == [run(status="finished", ended_at=START, records=2)]
        assert db.records("ana", "run") == numbered(1, 2)
        assert db.turns("ana", "talk") == turns != []
        assert db.newest(Scope("ana", "desk", "scout")) == believed
        assert db.erase("ana").runs == 1
