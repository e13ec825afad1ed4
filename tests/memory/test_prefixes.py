"""Ids that are given by their beginning, and never somebody else's."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coterie.errors import InputError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated
from coterie.memory.prefixes import Kind
from coterie.memory.values import Message, Scope, StoredRun, Turn, UserMemory
from tests.support.proposals import proposal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
IDS = ("abc-1", "abc-2", "ab", "%", "Zoë of Ω", "zoe of Ω", "a b c d")
KINDS: tuple[Kind, ...] = ("session", "turn", "run", "proposal", "changing run", "changing turn", "session of runs")


def fill(db: Db, user_id: str, *ids: str) -> None:
    """Have each of the ids in each place."""
    for one in ids:
        turn = Turn(one, one, one, (Message("user", "hi"),), NOW, user_id)
        db.record_turn(turn)
        kept = [replace(proposal(user_id, one, f"Says {one}"), proposal_id=one)]
        db.add_run(StoredRun(one, user_id, one, None, "scout", "scout", NOW))
        change = Change("curator", run_id=one, turn_id=one)
        db.apply(Scope(user_id), [Add(UserMemory(memory=f"Fact {one}"))], change, curated=Curated(one, kept=kept))


def test_the_beginning_is_enough_where_one_begins_so(db: Db) -> None:
    fill(db, "ana", *IDS)
    fill(db, "ben", "abd-1", "b")
    for kind in KINDS:
        found = {part: db.full_id(kind, "ana", part) for part in IDS}
        assert found == {one: one for one in IDS}
        assert [db.full_id(kind, "ana", part) for part in ("Zoë ", "zoe ", "a b ")] == [*IDS[4:]]
        with pytest.raises(InputError, match=r"Several \w+ begin with 'abc': give more of the id \(abc-1, abc-2\)\."):
            db.full_id(kind, "ana", "abc")
        for nothing in ("b", "abd", "ABC-1", "abc-%", "abc-11"):
            with pytest.raises(NotFoundError, match=r"There is no \w+ '.*' of user 'ana'\."):
                db.full_id(kind, "ana", nothing)
        with pytest.raises(NotFoundError, match="without a user"):
            db.full_id(kind, None, "ab")


def test_a_few_characters_are_no_beginning(db: Db) -> None:
    fill(db, "ana", "abc-1", "b")
    for kind in KINDS:
        assert db.full_id(kind, "ana", "abc-") == "abc-1"
        assert db.full_id(kind, "ana", "b") == "b"
        with pytest.raises(InputError, match=r"^'abc' is too little of an id: give 4 characters at least \(abc-1\)\.$"):
            db.full_id(kind, "ana", "abc")
        with pytest.raises(NotFoundError):
            db.full_id(kind, "ana", "c")


def test_changes(db: Db) -> None:
    (one,) = db.apply(Scope("ana"), [Add(UserMemory(memory="I ski."))], Change())
    change = one.revisions[0].change_id
    assert db.full_id("change", "ana", change[:5]) == change
    with pytest.raises(NotFoundError):
        db.full_id("change", "ben", change)


def test_no_more_than_a_few_are_named(db: Db) -> None:
    for number in range(9):
        db.record_turn(Turn(f"turn-{number}", "talk", "run", (Message("user", "hi"),), NOW, status="none"))
    assert db.full_id("session", None, "talk") == "talk"
    with pytest.raises(InputError, match=r"\(turn-0, turn-1, turn-2, turn-3, turn-4, …\)"):
        db.full_id("turn", None, "turn")
