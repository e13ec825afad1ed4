"""What is remembered of a user, over HTTP: listed, searched, looked back on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Ref, Update
from coterie.memory.values import Scope, UserMemory
from tests.ui.conftest import Ask, remember

ANA = Scope("ana", as_owner=True)


def texts(found: Any) -> list[str]:
    return [one["memory"]["memory"] for one in found["memories"]]


def test_the_newest_come_first_and_as_many_as_are_asked_for(db: Db, ask: Ask) -> None:
    for memory in ("Likes tea", "Lives in Lisbon", "Has a dog"):
        remember(db, "ana", memory)
    remember(db, "ben", "Likes gin")
    found = ask("memories")
    assert texts(found) == ["Has a dog", "Lives in Lisbon", "Likes tea"]
    assert (found["more"], found["count"]) == (False, 3)
    assert found["since"] == found["memories"][-1]["memory"]["created_at"]
    some = ask("memories", limit=2)
    assert (texts(some), some["more"], some["count"]) == (["Has a dog", "Lives in Lisbon"], True, 3)
    assert ask("memories", user="cyd") == {"memories": [], "more": False, "count": 0, "since": None}


def test_a_search_explains_its_scores(db: Db, ask: Ask) -> None:
    remember(db, "ana", "Likes green tea", "Likes tea", "Has a dog")
    found = ask("memories", query="green tea")["memories"]
    assert [one["memory"]["memory"] for one in found] == ["Likes green tea", "Likes tea"]
    for one in found:
        assert sum(one["parts"].values()) == pytest.approx(one["score"])
    assert found[0]["score"] > found[1]["score"] > 0
    assert texts(ask("memories", query="tea", limit=1)) == ["Likes tea"]


def test_topics_and_agents_narrow_both_a_list_and_a_search(db: Db, ask: Ask) -> None:
    remember(db, "ana", "Likes tea", agent="scout", topics=["food"])
    remember(db, "ana", "Likes tea ceremonies", agent="writer", topics=["travel", "food"])
    remember(db, "ana", "Likes tea rooms")
    now = datetime.now(UTC).isoformat()
    for words in ({}, {"query": "tea"}, {"at": now}):
        assert sorted(texts(ask("memories", topics="food", **words))) == ["Likes tea", "Likes tea ceremonies"]
        assert texts(ask("memories", topics=["travel", "work"], **words)) == ["Likes tea ceremonies"]
        assert texts(ask("memories", agent="scout", **words)) == ["Likes tea"]
        assert texts(ask("memories", team="desk", **words)) == []


@pytest.fixture
def times(db: Db) -> list[str]:
    """Before anything; when tea was liked and a dog had; when gin was liked and no dog had."""
    moments = [datetime.now(UTC)]
    tea, dog = remember(db, "ana", "Likes tea", "Has a dog")
    moments.append(datetime.now(UTC))
    db.apply(ANA, [Update(Ref(tea), "Likes gin"), Delete(Ref(dog))], Change())
    moments.append(datetime.now(UTC))
    return [moment.isoformat() for moment in moments]


def test_the_memory_as_it_was(ask: Ask, times: list[str]) -> None:
    assert [sorted(texts(ask("memories", at=at))) for at in times] == [[], ["Has a dog", "Likes tea"], ["Likes gin"]]
    assert texts(ask("memories", at=times[1], query="likes")) == ["Likes tea"]
    assert texts(ask("memories", at=times[1], limit=1)) in (["Has a dog"], ["Likes tea"])


def test_one_time_differs_from_another(ask: Ask, times: list[str]) -> None:
    found = ask("memories/diff", start=times[1], end=times[2])
    ((before, after),) = found["changed"]
    assert (before["memory"], after["memory"]) == ("Likes tea", "Likes gin")
    assert [one["memory"] for one in found["removed"]] == ["Has a dog"]
    assert found["added"] == []
    assert sorted(one["memory"] for one in ask("memories/diff", start=times[0], end=times[1])["added"]) == [
        "Has a dog",
        "Likes tea",
    ]


def test_the_history_tells_every_change(db: Db, ask: Ask) -> None:
    (tea,) = remember(db, "ana", "Likes tea", agent="scout")
    change = Change("curator", agent_id="scout", run_id="r1", turn_id="t1")
    (gin,) = db.apply(ANA, [Update(Ref(tea), "Likes gin", reason="she said so")], change)
    told = ask(f"memories/{gin.memory_id}/history")
    assert [(one["op"], one["change"]["actor"], one["reason"]) for one in told][-1] == (
        "update",
        "curator",
        "she said so",
    )
    assert told[-1]["change"]["run_id"] == "r1"
    assert {one["after"]["memory"] for one in told} == {"Likes tea", "Likes gin"}


def test_nobody_reads_what_is_anothers(db: Db, client: httpx.Client) -> None:
    (gin,) = remember(db, "ben", "Likes gin")
    remember(db, "ana", "Likes tea")
    for path in ("memories", "memories?query=gin", "memories?at=2100-01-01T00:00:00Z", "proposals?status=held"):
        answer = client.get(f"/api/{path}{'&' if '?' in path else '?'}user=ana")
        assert answer.status_code == 200
        assert "gin" not in answer.text
    answer = client.get(f"/api/memories/{gin}/history?user=ana")
    assert (answer.status_code, "gin" in answer.text) == (404, False)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("memories", "user cannot be used: Field required."),
        ("memories?user=", "user_id is ''"),
        ("memories?user=ana&limit=0", "limit cannot be used"),
        ("memories?user=ana&limit=many", "limit cannot be used"),
        ("memories?user=ana&at=yesterday", "at cannot be used"),
        ("memories?user=ana&at=2026-01-01T00:00:00", "at cannot be used"),
        ("memories?user=ana&who=ben", "who cannot be used"),
        ("memories?user=ana&user=ben", "user cannot be used"),
        ("memories/diff?user=ana&start=2026-01-01T00:00:00Z", "end cannot be used"),
        ("proposals?user=ana&status=lost", "status cannot be used"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(client: httpx.Client, path: str, sentence: str) -> None:
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)
    assert len(answer.json()) == 1


def test_any_text_comes_as_it_is(db: Db, ask: Ask) -> None:
    strange = 'Said "</script><img src=x onerror=alert(1)>" \u2028 \n data: 東京'
    db.apply(Scope("ana"), [Add(UserMemory(memory=strange))], Change())
    assert texts(ask("memories")) == [db.newest(ANA)[0].memory]


def test_a_user_is_who_the_address_names(db: Db, ask: Ask) -> None:
    remember(db, "ana&user=ben +%", "Likes tea")
    assert texts(ask("memories", user="ana&user=ben +%")) == ["Likes tea"]
    assert timedelta() <= datetime.now(UTC) - datetime.fromisoformat(ask("memories", user="ana&user=ben +%")["since"])
