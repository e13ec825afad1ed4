"""How much is stored: counted by the database, the same on both."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coterie.errors import InputError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated, Delete, Ref, Update
from coterie.memory.leases import MAX_ATTEMPTS
from coterie.memory.statistics import Writer
from coterie.memory.tokens import estimate_tokens
from coterie.memory.values import Message, Scope, StoredRun, Turn, UserMemory
from tests.support.proposals import proposal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCOUT, DESK, ANA = Scope("ana", "desk", "scout"), Scope("ana", "desk"), Scope("ana")
TEXTS = (
    "",
    "a",
    "abcd",
    "abcde",
    "Zoë's café",
    "東京",
    "日本 tea 日本!",
    "한국어 text",
    "👩‍👩‍👧 hi",
    "жизнь",
    "a'b\\c%d_e",
    "ｆｕｌｌ",
)


def turn(number: int, user_id: str = "ana") -> Turn:
    return Turn(f"turn-{number}", "talk", f"run-{number}", (Message("user", "hi"),), NOW, user_id)


def fill(db: Db) -> None:
    """Something of every kind."""
    tea = UserMemory(memory="I like tea. 日本茶も", topics=["drinks", "food", "drinks"])
    (one,) = db.apply(SCOUT, [Add(tea)], Change())
    db.apply(SCOUT, [Update(Ref(one.memory_id), "I like coffee.")], Change())
    db.apply(DESK, [Add(UserMemory(memory="I cook.", topics=["food"], kind="habit", visibility="team"))], Change())
    (gone,) = db.apply(ANA, [Add(UserMemory(memory="I ski."))], Change())
    db.apply(ANA, [Delete(Ref(gone.memory_id)), Add(UserMemory(memory="Old", expires_at=NOW))], Change())
    db.apply(Scope("ben", "desk"), [Add(UserMemory(memory="I like milk.", topics=["drinks"]))], Change())
    for number in range(3):
        db.record_turn(turn(number))
    db.record_turn(replace(turn(9, "ben"), status="none"))
    kept = [proposal("ana", "turn-0", "No"), replace(proposal("ana", "turn-0", "Perhaps"), status="held")]
    db.apply(ANA, [], Change(), curated=Curated("turn-0", kept=kept))
    for _ in range(MAX_ATTEMPTS):
        db.fail_turn(turn(1), "no model")
    db.add_run(StoredRun("run-1", "ana", "talk", "desk", None, "desk", NOW))


def test_what_is_stored_of_a_user(db: Db) -> None:
    fill(db)
    found = db.statistics("ana")
    assert (found.user_id, found.users, found.memories, found.closed, found.revisions) == ("ana", 1, 2, 2, 7)
    assert found.tokens == estimate_tokens("I like coffee.") + estimate_tokens("I cook.")
    assert (found.topics, found.different_topics) == ({"food": 2, "drinks": 1}, 2)
    assert list(found.topics) == ["food", "drinks"]
    assert (found.kinds, found.visibility) == ({"fact": 1, "habit": 1}, {"user": 1, "team": 1})
    assert set(found.writers) == {Writer("desk", "scout", 1), Writer("desk", None, 1)}
    assert found.turns == {"curated": 1, "dead": 1, "pending": 1}
    assert (found.sessions, found.runs, found.refused, found.held) == (1, 1, 1, 1)
    held = db.newest(Scope("ana", as_owner=True), None)
    assert (found.newest, found.oldest) == (held[0].created_at, held[-1].created_at)


def test_what_the_whole_database_holds(db: Db) -> None:
    fill(db)
    db.apply(Scope(None, "desk"), [Add(UserMemory(memory="We close at five.", visibility="team"))], Change())
    found = db.statistics()
    assert (found.user_id, found.users, found.memories, found.closed, found.revisions) == (None, 2, 4, 2, 9)
    assert found.topics == {"drinks": 2, "food": 2}
    assert found.turns == {"curated": 1, "dead": 1, "pending": 1, "none": 1}
    assert (found.sessions, found.runs, found.refused, found.held) == (None, None, None, None)


def test_nothing_is_stored(db: Db) -> None:
    for found in (db.statistics(), db.statistics("eve")):
        assert (found.memories, found.tokens, found.oldest, found.topics, found.writers, found.turns) == (
            *(0, 0, None),
            *({}, (), {}),
        )


def test_only_the_most_frequent_are_named(db: Db) -> None:
    for number in range(5):
        topics = [f"topic {topic}" for topic in range(number, 5)]
        db.apply(ANA, [Add(UserMemory(memory=f"Fact {number}", topics=topics, kind=f"kind {number % 3}"))], Change())
    found = db.statistics("ana", most=2)
    assert (list(found.topics.items()), found.different_topics) == ([("topic 4", 5), ("topic 3", 4)], 5)
    assert found.kinds == {"kind 0": 2, "kind 1": 2}
    assert len(db.statistics("ana", most=None).topics) == 5


@pytest.mark.parametrize("text", TEXTS[1:])
def test_the_database_estimates_tokens_as_python_does(db: Db, text: str) -> None:
    db.apply(ANA, [Add(UserMemory(memory=text))], Change())
    assert db.statistics("ana").tokens == estimate_tokens(text)


def test_what_cannot_be_counted(db: Db) -> None:
    for user_id, most in (("", 20), ("a\0", 20), ("ana", -1)):
        with pytest.raises(InputError):
            db.statistics(user_id, most=most)


def test_it_waits_both_ways(db: Db) -> None:
    fill(db)

    async def both() -> None:
        assert await db.astatistics("ana") == db.statistics("ana")
        assert await db.afull_id("session", "ana", "talk") == "talk"

    asyncio.run(both())
