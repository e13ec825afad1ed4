"""Many writers at once: nothing is lost, nothing is stored twice, whatever the process dies of."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from coterie.errors import ConflictError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated, Delete, Merge, Ref, Update
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Scope, Turn, UserMemory

ANA = Scope("ana")

COUNT_UP = """
import sys
from coterie.errors import ConflictError
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.edits import Change, Ref, Update
from coterie.memory.values import Scope

kind, where, times = sys.argv[1:]
db = {"sqlite": SqliteDb, "postgres": PostgresDb}[kind](where)
for _ in range(int(times)):
    while True:
        seen = db.current(Scope("ana"), "counter")
        edit = Update(Ref(seen.memory_id, seen.version), str(int(seen.memory) + 1))
        try:
            db.apply(Scope("ana"), [edit], Change())
            break
        except ConflictError:
            pass
db.close()
"""

ADD_TOKENS = """
import sys
from coterie.errors import ConflictError
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.edits import Change, Ref, Update
from coterie.memory.values import Scope

kind, where, token, first, last = sys.argv[1:]
db = {"sqlite": SqliteDb, "postgres": PostgresDb}[kind](where)
scope = Scope("ana")
for number in range(int(first), int(last)):
    while True:
        seen = db.current(scope, f"memory {number}")
        try:
            db.apply(scope, [Update(Ref(seen.memory_id, seen.version), f"{seen.memory} {token}")], Change())
            break
        except ConflictError:
            pass
db.close()
"""

EDIT_FOREVER = """
import sys
from coterie.memory.edits import Add, Change, Delete, Merge, Narrow, Ref, Update
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, UserMemory

kind, where = sys.argv[1:]
db = {"sqlite": SqliteDb, "postgres": PostgresDb}[kind](where)
scope = Scope("ana", "desk", "scout")
for number in range(1_000_000):
    change = Change("curator", run_id=f"run {number}")
    names = [f"{side} {number}" for side in ("left", "right")]
    db.apply(scope, [Add(UserMemory(memory=f"Has {name}", memory_id=name)) for name in names], change)
    made = UserMemory(memory=f"Made {number}", memory_id=f"made {number}", depends_on=names)
    edits = [Update(Ref(name), f"Had {name}") for name in names]
    db.apply(scope, [Add(made), *edits, Merge([Ref(name) for name in names], f"Both {number}")], change)
    db.apply(scope, [Narrow(Ref(names[0]), "agent"), Delete(Ref(f"made {number}"))], change)
    db.undo(scope, Change(), run_id=f"run {number}")
    print(number, flush=True)
"""

ADD_FOREVER = """
import sys
from coterie.memory.sqlite import SqliteDb
from coterie.memory.edits import Add, Change
from coterie.memory.values import Scope, UserMemory

db = SqliteDb(sys.argv[1])
for number in range(1_000_000):
    edits = [Add(UserMemory(memory=f"{side} {number}")) for side in ("Left", "Right")]
    db.apply(Scope("ana"), edits, Change())
    print(number, flush=True)
"""


CLOSE_AND_READ = """
import threading
from coterie.errors import StoreError
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope

def read(db):
    for _ in range(100):
        try:
            db.count(Scope("ana"))
        except StoreError:  # closed
            pass

for _ in range(10):
    db = SqliteDb()
    db.count(Scope("ana"))
    threads = [threading.Thread(target=read, args=[db]) for _ in range(4)]
    for thread in threads:
        thread.start()
    db.close()
    for thread in threads:
        thread.join()
    db.close()
"""


def count_up(db: Db, times: int) -> None:
    """Read, add one, write; again from the start when somebody else was faster."""
    for _ in range(times):
        while True:
            seen = db.current(ANA, "counter")
            try:
                db.apply(ANA, [Update(Ref(str(seen.memory_id), seen.version), str(int(seen.memory) + 1))], Change())
                break
            except ConflictError:
                pass


def start(db: Db) -> None:
    db.apply(ANA, [Add(UserMemory(memory="0", memory_id="counter"))], Change())


def in_threads(work: Callable[[int], object], number: int = 8) -> list[object]:
    """Do the work that often at once. Raises the first error."""
    barrier = threading.Barrier(number)

    def begin(index: int) -> object:
        barrier.wait()
        return work(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


def test_threads_lose_no_update(db: Db) -> None:
    start(db)
    in_threads(lambda _: count_up(db, 10))
    assert db.current(ANA, "counter").memory == "80"
    history = db.history(ANA, str(db.current(ANA, "counter").memory_id))
    believed = [revision.after for revision in history if revision.before is None]
    assert [memory.memory for memory in believed if memory] == [str(number) for number in range(81)]
    closed = [revision.after.superseded_by for revision in history if revision.before and revision.after]
    assert closed == [memory.memory_id for memory in believed[1:] if memory]


def test_threads_share_a_store_in_memory() -> None:
    with SqliteDb() as db:
        start(db)
        in_threads(lambda _: count_up(db, 20))
        assert db.current(ANA, "counter").memory == "160"


MEMORIES = 50


def with_memories(db: Db) -> None:
    edits = [Add(UserMemory(memory=f"Memory {number}", memory_id=f"memory {number}")) for number in range(MEMORIES)]
    db.apply(ANA, edits, Change())


def add_token(db: Db, token: str) -> None:
    """Add a word to each of the memories, by read, modify, write."""
    for number in range(MEMORIES):
        while True:
            seen = db.current(ANA, f"memory {number}")
            try:
                db.apply(ANA, [Update(Ref(str(seen.memory_id), seen.version), f"{seen.memory} {token}")], Change())
                break
            except ConflictError:
                pass


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_word_of_every_writer_is_kept_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    where = str(tmp_path / "store.db") if kind == "sqlite" else request.getfixturevalue("postgres_url")
    with SqliteDb(where) if kind == "sqlite" else PostgresDb(where) as db:
        with_memories(db)
        command = [sys.executable, "-c", ADD_TOKENS, kind, where]
        processes = [subprocess.Popen([*command, f"p{number}", "0", str(MEMORIES)]) for number in range(3)]
        in_threads(lambda index: add_token(db, f"t{index}"), 13)
        assert [process.wait(300) for process in processes] == [0, 0, 0]
        tokens = sorted([f"p{number}" for number in range(3)] + [f"t{number}" for number in range(13)])
        for number in range(MEMORIES):
            memory = db.current(ANA, f"memory {number}")
            assert sorted(memory.memory.split()[2:]) == tokens
            assert len(db.history(ANA, str(memory.memory_id))) == 1 + 2 * len(tokens)
        assert db.count(ANA) == MEMORIES


SHARED = 10


def test_what_a_team_knows_is_corrected_for_many_users_at_once(db: Db) -> None:
    team = Scope(None, "desk")
    edits = [
        Add(UserMemory(memory=f"Memory {number}", memory_id=f"memory {number}", visibility="team"))
        for number in range(SHARED)
    ]
    db.apply(team, edits, Change())

    def correct(index: int) -> None:
        scope = Scope(f"user {index}", "desk")
        for number in range(SHARED) if index % 2 else reversed(range(SHARED)):
            for both in ([number], [number, (number * 7 + 3) % SHARED]):
                names = [f"memory {one}" for one in both]
                if index % 3:  # by its newest id, which by then may be that of one that was superseded
                    names = [str(db.current(scope, name).memory_id) for name in names]
                edits = [Update(Ref(name), f"{name} {number} by {index}, {len(both)}") for name in names]
                db.apply(scope, edits, Change())

    in_threads(correct)
    heads = [str(db.current(team, f"memory {number}").memory_id) for number in range(SHARED)]
    assert [len(db.history(team, head)) for head in heads] == [1 + 2 * 3 * 8] * SHARED
    assert db.count(team) == SHARED


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_process_killed_amid_edits_leaves_what_a_transaction_left(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = str(tmp_path / "store.db") if kind == "sqlite" else request.getfixturevalue("postgres_url")
    scope = Scope("ana", "desk", "scout")
    for rounds in (3, 5):
        command = [
            sys.executable,
            "-c",
            EDIT_FOREVER.replace("range(1_000_000)", f"range({rounds}00, 1_000_000)"),
            kind,
            where,
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout as said:
            for line in said:
                if int(line) == rounds * 100 + rounds:
                    break
            process.send_signal(signal.SIGKILL)
        process.wait()
        if kind == "postgres":
            until_nobody_is_connected(where)
        with SqliteDb(where) if kind == "sqlite" else PostgresDb(where) as db:
            holds_together(db, scope)
            db.clear(scope, Change())


def until_nobody_is_connected(url: str) -> None:
    """The server ends what a killed process had begun, and may still do so when the process is gone."""
    others = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        while connection.execute(others).fetchall():
            time.sleep(0.01)


def holds_together(db: Db, scope: Scope) -> None:
    """Every memory is what its last revision says, of each change there is all or nothing, and the index has it all."""
    rows = db.newest(Scope("ana", as_owner=True), None)
    closed: set[str] = set()
    for memory in rows:
        history = db.history(scope, str(memory.memory_id))
        own = [revision for revision in history if revision.memory_id == memory.memory_id]
        assert own[-1].after == memory
        assert [revision.number for revision in own] == list(range(1, len(own) + 1))
        closed |= {revision.memory_id for revision in history} - {str(memory.memory_id)}
    assert all(db.get(scope, one).superseded_by for one in closed)
    assert {hit.memory.memory_id for hit in db.search(scope, "left right made both", None)} == {
        memory.memory_id for memory in rows
    }
    texts = sorted(memory.memory.split()[0] for memory in rows)
    assert texts in ([], ["Has", "Has"], ["Both", "Made"], ["Both"])


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_processes_lose_no_update(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    where = str(tmp_path / "store.db") if kind == "sqlite" else request.getfixturevalue("postgres_url")
    with SqliteDb(where) if kind == "sqlite" else PostgresDb(where) as db:
        start(db)
        command = [sys.executable, "-c", COUNT_UP, kind, where, "25"]
        processes = [subprocess.Popen(command) for _ in range(3)]
        in_threads(lambda _: count_up(db, 10), 2)
        assert [process.wait(300) for process in processes] == [0, 0, 0]
        assert db.current(ANA, "counter").memory == "95"


def test_the_same_statement_added_at_once_is_stored_once(db: Db) -> None:
    def add(index: int) -> frozenset[str]:
        facts = [Add(UserMemory(memory=f"Fact {(index + number) % 5}")) for number in range(5)]
        applied = db.apply(ANA, facts, Change())
        return frozenset(one.memory_id for one in applied)

    found = in_threads(add)
    assert db.count(ANA) == 5
    assert set(found) == {frozenset(str(memory.memory_id) for memory in db.newest(ANA))}


def test_transactions_that_wait_for_each_other_all_end(db: Db) -> None:
    ids = [
        one.memory_id
        for one in db.apply(ANA, [Add(UserMemory(memory=f"Fact {number}")) for number in range(6)], Change())
    ]

    def update(index: int) -> None:
        for number in range(6):
            order = ids[::-1] if index % 2 else ids
            edits = [Add(UserMemory(memory=f"New {n}-{number}")) for n in (range(4) if index % 2 else range(3, -1, -1))]
            db.apply(ANA, [*edits, *(Update(Ref(key), f"{key} of {index} {number}") for key in order)], Change())

    in_threads(update, 4)
    assert db.count(ANA) == 6 + 4 * 6
    heads = [str(db.current(ANA, key).memory_id) for key in ids]
    assert [len(db.history(ANA, key)) for key in heads] == [1 + 2 * 4 * 6] * 6


def test_a_turn_is_curated_by_one_of_many(db: Db) -> None:
    db.record_turn(Turn("t", "s", "r", (Message("user", "Hello"),), datetime.now(UTC), "ana"))

    def curate(index: int) -> bool:
        try:
            db.apply(ANA, [Add(UserMemory(memory=f"By {index}"))], Change(), curated=Curated("t"))
        except ConflictError:
            return False
        return True

    assert sum(map(bool, in_threads(curate))) == 1
    assert db.count(ANA) == 1


def test_a_memory_is_merged_or_deleted_once(db: Db) -> None:
    one, two = (a.memory_id for a in db.apply(ANA, [Add(UserMemory(memory=t)) for t in "AB"], Change()))

    def change(index: int) -> bool:
        edit = Merge([Ref(one, 1), Ref(two, 1)], "AB") if index % 2 else Delete(Ref(two, 1))
        try:
            db.apply(ANA, [edit], Change())
        except (ConflictError, LookupError):
            return False
        return True

    assert sum(map(bool, in_threads(change))) == 1
    assert [revision.op for revision in db.history(ANA, two)] in (["add", "merge"], ["add", "delete"])


def test_clearing_takes_what_others_add_and_delete_meanwhile(db: Db) -> None:
    ids = [one.memory_id for one in db.apply(ANA, [Add(UserMemory(memory=f"Fact {n}")) for n in range(20)], Change())]

    def work(index: int) -> int:
        if index % 2:
            return len(db.clear(ANA, Change()))
        for memory_id in ids[index * 2 : index * 2 + 4]:
            with suppress(NotFoundError):
                db.apply(ANA, [Delete(Ref(memory_id))], Change())
        return 0

    in_threads(work)
    assert db.count(ANA) == 0
    assert [len(db.history(ANA, memory_id)) for memory_id in ids] == [2] * 20


def test_session_state_keeps_every_key(db: Db) -> None:
    in_threads(lambda index: db.update_session_state("ana", "s", {f"key {index}": index}))
    assert db.session("ana", "s").state == {f"key {index}": index for index in range(8)}


def test_a_turn_recorded_at_once_is_recorded_once(db: Db) -> None:
    turn = Turn("t", "s", "r", (Message("user", "Hello"),), datetime.now(UTC), "ana")
    in_threads(lambda _: db.record_turn(turn))
    assert db.turns("ana", "s") == [turn]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_process_leaves_whole_transactions(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    process = subprocess.Popen([sys.executable, "-c", ADD_FOREVER, path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as said:
        for line in said:
            if int(line) == 20:
                break
        process.send_signal(signal.SIGKILL)
        last = int([line, *said][-1])
    process.wait()
    with SqliteDb(path) as db:
        kept = [memory.memory for memory in db.newest(ANA, None, oldest_first=True)]
        assert len(kept) >= 2 * (last + 1)
        assert kept == [f"{side} {number}" for number in range(len(kept) // 2) for side in ("Left", "Right")]
        assert all(len(db.history(ANA, str(memory.memory_id))) == 1 for memory in db.newest(ANA, 5))
        assert len(db.search(ANA, "left", 1000)) == len(kept) // 2


def test_a_store_in_memory_that_is_closed_while_others_read_crashes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", CLOSE_AND_READ], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
