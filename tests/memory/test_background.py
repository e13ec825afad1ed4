"""What follows an answer in a thread of its own: whatever goes wrong there is told, and keeps nothing waiting."""

import threading
from collections.abc import Sequence

import pytest

from coterie import MemoryManager, Scope
from coterie.errors import LockedError
from coterie.memory.db import Db
from coterie.memory.values import Turn
from tests.support.curators import ConfusedCurator, ScriptedCurator, tea_turn


def given(manager: MemoryManager, numbers: Sequence[int]) -> None:
    for number in numbers:
        manager.db.record_turn(tea_turn(number))
        manager.curate_in_background(tea_turn(number))
    manager.wait_until_settled()


def test_a_curator_that_ends_its_thread_ends_no_other_work(db: Db, caplog: pytest.LogCaptureFixture) -> None:
    """Some libraries call ``sys.exit``."""

    def leave(held: Turn) -> None:
        if held.turn_id == "turn-1" and not held.attempts:
            raise SystemExit("licence expired")

    manager = MemoryManager(db, curator=ScriptedCurator(leave))
    given(manager, [1, 2])
    assert "licence expired" in caplog.text
    assert {memory.memory for memory in db.newest(Scope("ana"))} >= {"I like tea 2"}
    assert db.backlog("ana").in_work == 0


def test_a_fault_is_the_failure_of_its_turn(db: Db, caplog: pytest.LogCaptureFixture) -> None:
    given(MemoryManager(db, curator=ConfusedCurator()), [1])
    failed = db.turn("ana", "turn-1")
    assert (failed.status, failed.attempts) == ("pending", 1)
    assert "AttributeError" in str(failed.error)
    assert "turn-1" in caplog.text
    assert db.backlog("ana").waiting == 1


def test_a_fault_is_reported_to_who_curates_at_once(db: Db) -> None:
    report = MemoryManager(db, curator=ConfusedCurator()).create_user_memories("I like tea", user_id="ana")
    assert "AttributeError" in str(report.error)
    assert db.backlog("ana").waiting == 1


def test_a_store_that_fails_for_a_moment_holds_no_turn_back(db: Db, caplog: pytest.LogCaptureFixture) -> None:
    failures = [LockedError("somebody writes")]

    def stumble(held: Turn) -> None:
        if failures:
            raise failures.pop()

    given(MemoryManager(db, curator=ScriptedCurator(stumble)), [1, 2])
    assert "somebody writes" in caplog.text
    assert {memory.memory for memory in db.newest(Scope("ana"))} == {"I like tea 1", "I like tea 2"}


def test_a_turn_that_was_erased_meanwhile_is_no_warning(db: Db, caplog: pytest.LogCaptureFixture) -> None:
    let = threading.Event()
    manager = MemoryManager(db, curator=ScriptedCurator(lambda held: let.wait(60)))
    for number in (1, 2):
        db.record_turn(tea_turn(number))
        manager.curate_in_background(tea_turn(number))
    db.erase("ana")
    let.set()
    manager.wait_until_settled()
    assert caplog.text == ""
    assert db.count(Scope("ana")) == 0
