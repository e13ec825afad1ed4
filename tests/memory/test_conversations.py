"""Sessions and turns."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coterie.errors import ConflictError, InputError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Change, Curated
from coterie.memory.leases import MAX_ATTEMPTS
from coterie.memory.values import Message, Scope, Turn, TurnStatus

START = datetime(2026, 1, 1, tzinfo=UTC)


def turn(number: int, *, user_id: str | None = "ana", session_id: str = "s", status: TurnStatus = "pending") -> Turn:
    messages = (Message("user", f"Question {number}", name="Ana"), Message("assistant", "An answer"))
    at = START + timedelta(minutes=number)
    return Turn(f"turn-{number}", session_id, "run", messages, at, user_id, "desk", "scout", status)


def test_a_turn_comes_back_as_it_was(db: Db) -> None:
    db.record_turn(turn(1))
    assert db.turns("ana", "s") == [turn(1)]
    session = db.session("ana", "s")
    assert (session.user_id, session.team_id, session.agent_id, session.state) == ("ana", "desk", "scout", {})


@pytest.mark.parametrize(
    "text", ["", "x" * 1_000_000, "NUL \0", "half \ud800", "👩‍👩‍👧 東京 \u202e", "'; DROP TABLE turn; --"]
)
def test_a_turn_holds_any_text(db: Db, text: str) -> None:
    said = Turn("t", "s", "r", (Message("user", text), Message("tool", text, name=text)), START, "ana")
    db.record_turn(said)
    assert db.turns("ana", "s") == [said]


def test_a_turn_is_recorded_once(db: Db) -> None:
    db.record_turn(turn(1))
    first = db.session("ana", "s")
    db.record_turn(turn(1))
    assert len(db.turns("ana", "s")) == 1
    assert db.session("ana", "s") == first


def test_the_same_ids_of_other_users_are_other_rows(db: Db) -> None:
    for user_id in ("ana", "ben", None):
        db.record_turn(turn(1, user_id=user_id, status="none"))
    for user_id in ("ana", "ben", None):
        assert db.turns(user_id, "s") == [turn(1, user_id=user_id, status="none")]
        assert db.turn(user_id, "turn-1") == turn(1, user_id=user_id, status="none")
        assert [session.user_id for session in db.sessions(user_id)] == [user_id]
    assert db.turns("eve", "s") == []
    with pytest.raises(NotFoundError, match="turn-1"):
        db.turn("eve", "turn-1")


def test_turns_are_the_newest_oldest_first(db: Db) -> None:
    for number in range(25):
        db.record_turn(turn(number))
    db.record_turn(turn(99, session_id="other"))
    assert db.turns("ana", "s") == [turn(number) for number in range(5, 25)]
    assert db.turns("ana", "s", 2) == [turn(23), turn(24)]
    assert len(db.turns("ana", "s", None)) == 25
    assert db.turns("ana", "s", 0) == []


def test_pending_turns_are_oldest_first(db: Db) -> None:
    for number in (3, 1, 2):
        db.record_turn(turn(number))
    db.record_turn(turn(4, status="none"))
    db.record_turn(turn(0, user_id="ben"))
    assert [t.turn_id for t in db.pending_turns("ana")] == ["turn-1", "turn-2", "turn-3"]
    assert [t.turn_id for t in db.pending_turns(None)] == ["turn-0", "turn-1", "turn-2", "turn-3"]
    assert [t.turn_id for t in db.pending_turns(None, limit=1)] == ["turn-0"]


def test_a_turn_that_failed_waits_behind_the_others(db: Db) -> None:
    for number in range(3):
        db.record_turn(turn(number))
    db.fail_turn(turn(0), "refused")
    assert [t.turn_id for t in db.pending_turns("ana")] == ["turn-1", "turn-2", "turn-0"]
    assert [t.turn_id for t in db.pending_turns(None)] == ["turn-1", "turn-2", "turn-0"]


def test_a_turn_that_fails_always_is_given_up_and_kept(db: Db) -> None:
    db.record_turn(turn(1))
    for number in range(MAX_ATTEMPTS):
        assert len(db.pending_turns("ana")) == 1
        db.fail_turn(turn(1), f"failure {number}")
    assert db.pending_turns("ana") == db.pending_turns(None) == []
    (kept,) = db.turns("ana", "s")
    assert (kept.status, kept.attempts, kept.error) == ("dead", MAX_ATTEMPTS, f"failure {MAX_ATTEMPTS - 1}")
    assert kept.messages == turn(1).messages
    with pytest.raises(ConflictError):
        db.apply(Scope("ana"), [], Change(), curated=Curated("turn-1"))


def test_nothing_is_owed_for_a_turn_of_nobody(db: Db) -> None:
    with pytest.raises(InputError, match=r"turn-1.*without a user_id"):
        db.record_turn(turn(1, user_id=None))
    assert db.turns(None, "s") == db.pending_turns(None) == []


def test_a_failed_turn_stays_pending_with_its_error(db: Db) -> None:
    db.record_turn(turn(1))
    db.fail_turn(turn(1), "the model is down")
    db.fail_turn(turn(1), "still \0 down \ud800")
    (kept,) = db.pending_turns("ana")
    assert kept.attempts == 2
    assert kept.error == "still \N{REPLACEMENT CHARACTER} down ?"
    assert kept.messages == turn(1).messages


def test_only_a_pending_turn_fails(db: Db) -> None:
    db.record_turn(turn(1))
    db.apply(Scope("ana"), [], Change(), curated=Curated("turn-1"))
    for wrong in (turn(1), turn(2), turn(1, user_id="ben")):
        with pytest.raises(ConflictError, match=wrong.turn_id):
            db.fail_turn(wrong, "x")


def test_sessions_are_the_last_used_first(db: Db) -> None:
    for number, session_id in enumerate(["a", "b", "c", "a"]):
        db.record_turn(turn(number, session_id=session_id))
    assert [session.session_id for session in db.sessions("ana")] == ["a", "c", "b"]
    assert [session.session_id for session in db.sessions("ana", 1)] == ["a"]


def test_sessions_of_a_team_and_of_an_agent(db: Db) -> None:
    db.update_session_state("ana", "c", {"made": "before its first turn"})
    for number, (session_id, team_id, agent_id) in enumerate(
        [("a", "desk", None), ("b", None, "scout"), ("c", "desk", None), ("a", None, "scout"), ("b", None, "scout")]
    ):
        db.record_turn(replace(turn(number, session_id=session_id), team_id=team_id, agent_id=agent_id))
    db.record_turn(replace(turn(9, user_id="ben", session_id="d"), agent_id=None))
    found = [db.sessions("ana", team_id="desk"), db.sessions("ana", agent_id="scout"), db.sessions("ana", 1)]
    assert [[session.session_id for session in each] for each in found] == [["a", "c"], ["b"], ["b"]]
    assert db.sessions("ana", team_id="desk", agent_id="scout") == db.sessions("ana", team_id="scout") == []
    assert [(session.team_id, session.agent_id) for session in found[0]] == [("desk", None), ("desk", None)]


def test_an_unknown_session_is_an_error(db: Db) -> None:
    db.record_turn(turn(1))
    for user_id, session_id in [("ana", "t"), ("ben", "s"), (None, "s")]:
        with pytest.raises(NotFoundError, match=session_id):
            db.session(user_id, session_id)


def test_state_is_merged_by_key(db: Db) -> None:
    db.record_turn(turn(1))
    db.update_session_state("ana", "s", {"cart": ["milk"], "step": 1})
    session = db.update_session_state("ana", "s", {"step": 2, "name": "é\0"})
    assert session.state == {"cart": ["milk"], "step": 2, "name": "é\0"}
    assert db.session("ana", "s") == session
    assert session.team_id == "desk"


def test_state_makes_a_missing_session(db: Db) -> None:
    assert db.update_session_state(None, "new", {"a": None}).state == {"a": None}
    assert db.session(None, "new").state == {"a": None}


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_state_is_plain_json(db: Db, value: object) -> None:
    with pytest.raises(InputError, match="JSON"):
        db.update_session_state("ana", "s", {"x": value})
    with pytest.raises(NotFoundError):
        db.session("ana", "s")
