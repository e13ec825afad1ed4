"""Turns as a queue: each is given to one at a time, and nobody else can finish it."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coterie.errors import ConflictError
from coterie.memory.backlog import Backlog
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated
from coterie.memory.leases import LAPSED, MAX_ATTEMPTS
from coterie.memory.values import Message, Scope, Turn, UserMemory

START = datetime(2026, 1, 1, tzinfo=UTC)


def turn(number: int, user_id: str = "ana", agent_id: str = "scout", lease: str | None = None) -> Turn:
    said, at = (Message("user", f"Fact {number}"),), START + timedelta(minutes=number)
    return Turn(f"turn-{number}", "s", "run", said, at, user_id, "desk", agent_id, lease=lease)


def record(db: Db, *turns: Turn) -> None:
    for one in turns:
        db.record_turn(one)


def claim(db: Db, user_id: str | None = None, seconds: float = 300) -> Turn:
    found = db.claim_turn(user_id, seconds=seconds)
    assert found is not None
    assert found.lease
    return found


def curate(db: Db, held: Turn) -> None:
    db.apply(Scope(held.user_id), [Add(UserMemory(memory=held.turn_id))], Change(), curated=of(held))


def of(held: Turn) -> Curated:
    return Curated(held.turn_id, held.lease)


# Taking up


def test_a_turn_is_handed_out_once_and_is_as_it_was(db: Db) -> None:
    record(db, turn(1))
    held = claim(db)
    assert held == turn(1)
    assert db.claim_turn() is None
    assert db.claim_turn("ana") is None
    assert db.turn("ana", "turn-1").lease is None  # only who took it up knows
    curate(db, held)
    assert db.claim_turn() is None
    assert db.turn("ana", "turn-1").status == "curated"


def test_a_users_turns_come_in_the_order_they_were_said_one_at_a_time(db: Db) -> None:
    record(db, turn(3), turn(1), turn(2), turn(4, "ben"))
    first = claim(db, "ana")
    assert first.turn_id == "turn-1"
    assert db.claim_turn("ana") is None
    assert claim(db).turn_id == "turn-4"  # ben does not wait for ana
    assert db.claim_turn() is None
    for number in (2, 3):
        curate(db, first)
        first = claim(db, "ana")
        assert first.turn_id == f"turn-{number}"


def test_of_several_users_the_one_comes_first_who_waits_longest(db: Db) -> None:
    record(db, *(turn(number, user) for number, user in enumerate(["ben", "ana", "eve"])))
    assert [claim(db).user_id for _ in range(3)] == ["ben", "ana", "eve"]


def test_many_turns_of_one_user_hide_nobody(db: Db) -> None:
    record(db, *(turn(number) for number in range(40)), turn(99, "ben"))
    assert [claim(db).user_id, claim(db).user_id, db.claim_turn()] == ["ana", "ben", None]


def test_a_turn_that_failed_waits_and_keeps_no_other_waiting(db: Db) -> None:
    record(db, turn(1), turn(2))
    db.fail_turn(claim(db), "the model is down")
    assert claim(db).turn_id == "turn-2"
    assert db.claim_turn() is None
    assert (db.turn("ana", "turn-1").attempts, db.turn("ana", "turn-1").error) == (1, "the model is down")


def test_a_turn_that_is_recorded_under_a_lease_is_left_to_its_run(db: Db) -> None:
    run = turn(2, lease="run")
    record(db, run, turn(1))
    assert db.claim_turn() is None
    curate(db, run)
    assert claim(db).turn_id == "turn-1"


def test_a_run_takes_up_one_of_its_kind_besides_its_own(db: Db) -> None:
    record(db, turn(1, agent_id="other"), turn(2), turn(3), turn(4, "ben"), run := turn(5, lease="run"))
    earlier = db.claim_turn(like=run)
    assert earlier is not None
    assert (earlier.turn_id, earlier.lease) == ("turn-2", "run")
    assert db.claim_turn(like=turn(9)) is None  # another run of ana's has to wait
    for held in (earlier, run):
        curate(db, held)
    assert claim(db, "ana").turn_id == "turn-1"


def test_this_very_turn_is_taken_up_when_it_waits_but_not_from_somebody(db: Db) -> None:
    record(db, turn(1), turn(2))
    db.fail_turn(claim(db, "ana"), "no model")
    held = db.lease_turn(turn(1))
    assert held.attempts == 1
    with pytest.raises(ConflictError, match="turn-1"):
        db.lease_turn(turn(1))
    curate(db, held)
    with pytest.raises(ConflictError, match="turn-1"):
        db.lease_turn(turn(1))


def test_claimers_that_race_get_different_turns_and_users(db: Db) -> None:
    users = [f"user {number}" for number in range(6)]
    record(db, *(turn(number, user) for number in range(2) for user in users))
    barrier = threading.Barrier(8)

    def work(_: int) -> list[Turn]:
        barrier.wait()
        found = []
        while (held := db.claim_turn()) is not None:
            found.append(held)
        return found

    with ThreadPoolExecutor(8) as pool:
        taken = [held for each in pool.map(work, range(8)) for held in each]
    assert sorted(held.user_id or "" for held in taken) == users
    assert {held.turn_id for held in taken} == {"turn-0"}


# Fencing


def lapse(db: Db) -> tuple[Turn, Turn]:
    """A turn whose lease ran out, as its first and its second holder have it."""
    record(db, turn(1))
    return claim(db, seconds=0), claim(db)


LATE: list[Callable[[Db, Turn], object]] = [
    curate,
    lambda db, held: db.fail_turn(held, "late"),
    lambda db, held: db.extend_lease(held),
    lambda db, held: db.release_turn(held),
]


@pytest.mark.parametrize("act", LATE)
@pytest.mark.parametrize("curated", [False, True])
def test_who_stalled_can_do_nothing_any_more(db: Db, act: Callable[[Db, Turn], object], curated: bool) -> None:
    stalled, holder = lapse(db)
    if curated:
        curate(db, holder)
    before = db.turn("ana", "turn-1")
    for late in (stalled, turn(1), replace(holder, user_id="ben")):
        with pytest.raises(ConflictError, match="turn-1"):
            act(db, late)
    assert db.turn("ana", "turn-1") == before
    assert db.count(Scope("ana")) == curated
    if not curated:
        curate(db, holder)
    assert db.count(Scope("ana")) == 1


def test_a_lease_that_ran_out_but_was_not_given_away_still_counts(db: Db) -> None:
    record(db, turn(1))
    curate(db, claim(db, seconds=0))
    assert db.turn("ana", "turn-1").status == "curated"


def test_a_lease_that_is_extended_is_kept(db: Db) -> None:
    record(db, turn(1))
    held = claim(db, seconds=0)
    db.extend_lease(held)
    assert db.claim_turn() is None
    curate(db, held)


def test_a_turn_that_is_given_back_is_as_good_as_new(db: Db) -> None:
    record(db, turn(1))
    db.release_turn(claim(db))
    assert claim(db) == turn(1)


def test_what_kills_its_process_every_time_is_given_up(db: Db) -> None:
    record(db, turn(1), turn(2))
    for number in range(MAX_ATTEMPTS):
        held = claim(db, seconds=0)
        assert (held.turn_id, held.attempts) == ("turn-1", number)
    assert claim(db).turn_id == "turn-2"
    (dead,) = db.dead_turns()
    assert (dead.turn_id, dead.attempts, dead.error) == ("turn-1", MAX_ATTEMPTS, LAPSED)


# How it stands


def test_how_much_is_owed_is_counted(db: Db) -> None:
    assert db.backlog() == Backlog(0, 0, 0, 0, 0, None)
    record(db, turn(0), turn(1), turn(2), turn(3, "ben"))
    db.fail_turn(claim(db, "ana"), "no model")
    claim(db, "ana")
    assert db.backlog("ana") == Backlog(due=1, waiting=1, in_work=1, failed=1, dead=0, oldest=turn(0).at)
    assert db.backlog() == Backlog(due=2, waiting=1, in_work=1, failed=1, dead=0, oldest=turn(0).at)
    assert (db.backlog().owed, db.backlog("eve").owed) == (4, 0)
    kill(db, turn(3, "ben"))
    assert (db.backlog().owed, db.backlog().dead, db.backlog("ben").dead, db.backlog("ana").dead) == (3, 1, 1, 0)


def kill(db: Db, *turns: Turn) -> None:
    for one in turns:
        for _ in range(MAX_ATTEMPTS):
            db.fail_turn(one, "refused")


def test_dead_turns_are_revived_all_of_a_user_or_one(db: Db) -> None:
    record(db, turn(1), turn(2), turn(3, "ben"), turn(4, "eve"))
    kill(db, turn(1), turn(2), turn(3, "ben"), turn(4, "eve"))
    assert [dead.turn_id for dead in db.dead_turns()] == ["turn-4", "turn-3", "turn-2", "turn-1"]
    assert [dead.turn_id for dead in db.dead_turns("ana", 1)] == ["turn-2"]
    assert db.claim_turn() is None
    assert db.retry_turns("eve", "turn-1") == 0
    assert db.retry_turns(turn_id="turn-1") == 1
    assert claim(db) == turn(1)
    assert db.retry_turns("ana") == 1
    assert db.retry_turns() == 2
    assert db.retry_turns() == 0
    assert (db.backlog().dead, db.backlog().due, db.backlog().failed) == (0, 3, 0)


def test_what_waits_is_retried_at_once_but_what_is_in_work_is_left_alone(db: Db) -> None:
    record(db, turn(1), turn(2, "ben"))
    db.fail_turn(claim(db), "no model")
    held = claim(db)
    assert db.retry_turns() == 1
    assert claim(db) == turn(1)
    curate(db, held)


def test_the_verbs_wait_asynchronously_too(db: Db) -> None:
    async def use() -> None:
        held = await db.aclaim_turn()
        assert held is not None
        await db.aextend_lease(held)
        await db.arelease_turn(held)
        await db.afail_turn(await db.alease_turn(turn(1)), "no model")
        assert await db.aretry_turns() == 1
        assert (await db.abacklog()).due == 1
        assert await db.adead_turns() == []

    record(db, turn(1))
    asyncio.run(use())
