"""Workers: what is due gets curated, whatever becomes of those who were at it."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie import MemoryManager, Scope, SqliteDb, Worker
from coterie.errors import ConfigurationError, InputError, StoreError
from coterie.memory.db import Db
from coterie.memory.leases import MAX_ATTEMPTS
from coterie.memory.report import CurationReport
from coterie.memory.tables import TURN
from coterie.memory.values import Turn
from tests.support.curators import ConfusedCurator, ScriptedCurator, tea_turn
from tests.support.rows import rows_of

ROOT = Path(__file__).parents[2]


def run(
    db: Db, turns: int, act: Callable[[Turn], object] = lambda turn: None, workers: int = 1, **options: Any
) -> list[str]:
    """Have a worker curate until so many turns are done. Returns their ids, in order."""
    done: list[str] = []

    def told(report: CurationReport) -> None:
        done.append(report.turn_id)
        if len(done) == turns:
            worker.stop()

    worker = Worker(MemoryManager(db, curator=ScriptedCurator(act)), workers, told=told, **options)
    worker.run()
    return done


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.02)


def test_what_is_due_is_curated_in_order_until_it_is_stopped(db: Db) -> None:
    for number in range(5):
        db.record_turn(tea_turn(number))
    assert run(db, 5) == [f"turn-{number}" for number in range(5)]
    kept = db.newest(Scope("ana"), oldest_first=True)
    assert [memory.memory for memory in kept] == [f"I like tea {number}" for number in range(5)]


def test_users_are_served_at_the_same_time(db: Db) -> None:
    together = threading.Barrier(3, timeout=300)
    for number, user in enumerate(["ana", "ben", "eve"]):
        db.record_turn(tea_turn(number, user))
    assert len(run(db, 3, lambda _: together.wait(), workers=3)) == 3


def test_what_becomes_due_later_is_found(db: Db) -> None:
    later = threading.Timer(0.3, lambda: db.record_turn(tea_turn(1)))
    later.start()
    assert run(db, 1) == ["turn-1"]
    later.join()


def test_a_fault_is_the_turns_and_not_the_workers(db: Db, caplog: pytest.LogCaptureFixture) -> None:
    db.record_turn(tea_turn(1))
    db.record_turn(tea_turn(2))
    manager = MemoryManager(db, curator=ConfusedCurator())
    done: list[CurationReport] = []

    def told(report: CurationReport) -> None:
        done.append(report)
        worker.stop()

    worker = Worker(manager, told=told)
    worker.run()
    (owed,) = [one for one in db.pending_turns("ana") if one.attempts]
    assert "AttributeError: 'str' object has no attribute" in str(owed.error) == str(done[0].error)
    assert "turn-1" in caplog.text


def test_a_lease_is_extended_while_a_model_thinks(db: Db) -> None:
    """Three times in the time that it lasts, so that somebody else finds nothing to do; here until it would be over."""
    ends: list[Any] = []

    def think(_: Turn) -> None:
        while len(ends) < 5:
            ((*row,),) = rows_of(db, "ana", "turn")["turn"]
            if (end := row[list(TURN.c.keys()).index("due_at")]) not in ends:
                ends.append(end)
            time.sleep(0.02)

    db.record_turn(tea_turn(1))
    assert run(db, 1, think, lease_seconds=1) == ["turn-1"]
    assert ends == sorted(ends)
    assert (db.turn("ana", "turn-1").status, db.turn("ana", "turn-1").attempts) == ("curated", 0)


def test_a_worker_that_is_broken_off_gives_back_what_it_has(db: Db) -> None:
    begun, thinking = threading.Event(), threading.Event()

    def think(turn: Turn) -> None:
        if turn.user_id == "ana":
            begun.set()
            thinking.wait(300)
        begun.wait(300)  # both have one in hand

    def told(report: CurationReport) -> None:
        raise KeyboardInterrupt  # as a second Ctrl-C does, at any point

    db.record_turn(tea_turn(1))
    db.record_turn(tea_turn(2, "ben"))
    manager = MemoryManager(db, curator=ScriptedCurator(think))
    worker = Worker(manager, 2, told=told)
    with pytest.raises(KeyboardInterrupt):
        worker.run()
    taken = db.claim_turn()
    assert taken == tea_turn(1)
    thinking.set()
    until(lambda: not worker.in_hand)
    assert (db.turn("ana", "turn-1").status, db.count(Scope("ana"))) == ("pending", 0)  # too late


def test_stopped_before_it_runs_it_does_nothing(db: Db) -> None:
    db.record_turn(tea_turn(1))
    worker = Worker(MemoryManager(db))
    worker.stop()
    worker.run()
    assert db.backlog().due == 1


def test_a_worker_that_cannot_work_says_so_at_once(tmp_path: Path) -> None:
    for workers, seconds in [(0, 60.0), (1, 0.0)]:
        with pytest.raises(InputError, match="positive"):
            Worker(MemoryManager(SqliteDb()), workers, lease_seconds=seconds)
    with pytest.raises(ConfigurationError, match="needs a model"):
        Worker(MemoryManager(SqliteDb(), curator="model")).run()
    with pytest.raises(StoreError):
        Worker(MemoryManager(SqliteDb(tmp_path))).run()


def test_it_runs_asynchronously_too(db: Db) -> None:
    async def use() -> None:
        worker = Worker(MemoryManager(db, curator=ScriptedCurator()), told=lambda report: worker.stop())
        await worker.arun()

    db.record_turn(tea_turn(1))
    asyncio.run(use())
    assert db.backlog().owed == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_and_stalled_workers_lose_nothing_and_do_nothing_twice(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = ["--sqlite", str(tmp_path / "queue.db")]
    if kind == "postgres":
        where = ["--postgres", request.getfixturevalue("postgres_url")]
    few = ["--kills", str(MAX_ATTEMPTS - 1)]  # so that none can be given up, however slow they are to begin again
    load = ["--turns", "240", "--workers", "2", "--kill-every", "0.2", *few, "--lease-seconds", "2", "--json"]
    command = [sys.executable, str(ROOT / "benchmarks/curation_queue.py"), *load, *where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] + found["stalls"] >= 2
    assert {name: found[name] for name in ("lost", "duplicates", "out_of_order", "dead")} == {
        "lost": 0,
        "duplicates": 0,
        "out_of_order": 0,
        "dead": 0,
    }
