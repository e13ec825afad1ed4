import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from coterie import MemoryManager, MemoryOptimizationStrategyType, Scope, UserMemory
from coterie.errors import ConflictError, CurationError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Ref, Update
from coterie.memory.flow import Flow
from coterie.memory.inputs import MAX_MEMORY_CHARACTERS
from coterie.memory.rewriting import batches, checked, distinct, names_and_numbers
from tests.support.scripted import ScriptedModel

FACTS = ["Ana lives in Lisbon", "Ana was born on 12 April 1990", "Ana has a dog called Rex"]
SUMMARY = "Ana, born on 12 April 1990, lives in Lisbon with her dog Rex."


def model(*statements: str) -> ScriptedModel:
    return ScriptedModel(script=lambda _: json.dumps({"statements": statements}))


def fill(db: Db, *texts: str) -> list[str]:
    return [MemoryManager(db).add_user_memory(UserMemory(memory=text, user_id="ana", topics=["t"])) for text in texts]


def current(db: Db) -> list[str]:
    return [memory.memory for memory in db.newest(Scope("ana", as_owner=True), None, oldest_first=True)]


def test_many_memories_become_one_statement(db: Db) -> None:
    ids = fill(db, *FACTS)
    done = MemoryManager(db, model(SUMMARY)).optimize_memories(
        user_id="ana", strategy=MemoryOptimizationStrategyType.SUMMARIZE, apply=True
    )
    assert [memory.memory for memory in done] == current(db) == [SUMMARY]
    assert done.tokens_after < done.tokens_before
    assert [[r.op for r in db.history(Scope("ana"), key)] for key in ids] == [["add", "merge"]] * 3


def test_several_statements_come_of_it_too(db: Db) -> None:
    fill(db, *FACTS)
    two = ["Ana lives in Lisbon with her dog Rex", "Ana was born on 12 April 1990"]
    done = MemoryManager(db, model(*two)).optimize_memories("ana")
    assert sorted(memory.memory for memory in done) == sorted(current(db)) == sorted(two)
    assert all(memory.memory_id and memory.topics == ["t"] for memory in done)


def test_a_proposal_changes_nothing(db: Db) -> None:
    fill(db, *FACTS)
    proposed = MemoryManager(db, model(SUMMARY)).optimize_memories("ana", apply=False)
    assert [memory.memory for memory in proposed] == [SUMMARY]
    assert proposed.tokens_after < proposed.tokens_before
    assert current(db) == FACTS


def test_without_a_model_what_says_the_same_is_kept_once(db: Db) -> None:
    ids = fill(db, "Ana lives in Lisbon", "Likes tea!", "The user likes tea")
    proposed = MemoryManager(db).optimize_memories("ana", apply=False)
    done = MemoryManager(db).optimize_memories("ana")
    assert sorted(memory.memory for memory in done) == sorted(current(db)) == sorted(m.memory for m in proposed)
    assert current(db) == ["Ana lives in Lisbon", "The user likes tea"]
    assert done.tokens_after == proposed.tokens_after < done.tokens_before
    history = [[revision.op for revision in db.history(Scope("ana"), key)] for key in ids]
    assert history == [["add"], ["add", "merge"], ["add", "merge"]]
    assert {db.history(Scope("ana"), key)[-1].reason for key in ids[1:]} == {"they say the same"}


def test_without_a_model_and_nothing_said_twice_nothing_is_changed(db: Db) -> None:
    ids = fill(db, *FACTS)
    done = MemoryManager(db).optimize_memories("ana")
    assert sorted(str(memory.memory_id) for memory in done) == sorted(ids)
    assert done.tokens_after == done.tokens_before
    assert [len(db.history(Scope("ana"), key)) for key in ids] == [1, 1, 1]


@pytest.mark.parametrize("apply", [True, False])
def test_more_words_than_before_are_not_taken(db: Db, apply: bool) -> None:
    fill(db, *FACTS)
    done = MemoryManager(db, model(" ".join(FACTS) + ". She is a person.")).optimize_memories("ana", apply=apply)
    assert sorted(memory.memory for memory in done) == sorted(current(db)) == sorted(FACTS)


def test_the_longest_memories_stay_when_others_are_merged(db: Db) -> None:
    longest = ["x" * MAX_MEMORY_CHARACTERS, "y" * MAX_MEMORY_CHARACTERS]
    fill(db, *longest, "Likes tea", "likes tea!")
    for apply in (False, True):
        done = MemoryManager(db).optimize_memories("ana", apply=apply)
        assert sorted(memory.memory for memory in done) == ["likes tea!", *longest]
    assert current(db) == [*longest, "likes tea!"]


@pytest.mark.parametrize("apply", [True, False])
def test_a_statement_that_is_too_long_is_not_taken(db: Db, apply: bool) -> None:
    long = ["x" * MAX_MEMORY_CHARACTERS, "y" * MAX_MEMORY_CHARACTERS]
    fill(db, *long)
    done = MemoryManager(db).optimize_memories("ana", Newest("x" * (MAX_MEMORY_CHARACTERS + 1)), apply)
    assert sorted(memory.memory for memory in done) == sorted(current(db)) == long


def test_the_reason_tells_what_was_merged(db: Db) -> None:
    ids = fill(db, *FACTS, "Likes tea")
    MemoryManager(db, model(SUMMARY, "Likes tea")).optimize_memories("ana")
    assert sorted(current(db)) == [SUMMARY, "Likes tea"]
    assert len(db.history(Scope("ana"), ids[3])) == 1
    assert db.history(Scope("ana"), ids[0])[-1].reason == "3 memories of 19 tokens became 1 of 16"


def test_a_merged_memory_claims_no_single_source(db: Db) -> None:
    manager = MemoryManager(db)
    for text in FACTS:
        manager.create_user_memories(f"I say: {text}", user_id="ana")
    assert all(memory.input and memory.source_turn_id for memory in db.newest(Scope("ana")))
    MemoryManager(db, model(SUMMARY)).optimize_memories("ana")
    assert [(m.input, m.source_turn_id) for m in db.newest(Scope("ana"))] == [(None, None)]


def test_nothing_or_one_memory_is_left_as_it_is(db: Db) -> None:
    manager = MemoryManager(db, model("must not be asked"))
    assert manager.optimize_memories("ana") == []
    fill(db, FACTS[0])
    assert [memory.memory for memory in manager.optimize_memories("ana")] == [FACTS[0]]


@pytest.mark.parametrize(
    "statements",
    [
        ["I'm sorry, I can't help with that."],
        [],
        [""],
        ["Ana lives in Lisbon"],
        ["Ana lives in Lisbon with Rex, born 12 April 1990"] + [f"Also {n}" for n in range(9)],
        ["Ana lives in Lisbon with Rex, born 12 April 1990, password: hunter2!"],
    ],
)
def test_a_summary_that_refuses_or_loses_facts_changes_nothing(db: Db, statements: list[str]) -> None:
    fill(db, *FACTS)
    with pytest.raises(CurationError, match=r"[Nn]othing was changed"):
        MemoryManager(db, model(*statements)).optimize_memories("ana")
    assert current(db) == FACTS


@pytest.mark.parametrize("answer", ["I'm sorry, I can't help with that.", "", '{"statements": "all"}'])
def test_an_answer_in_prose_changes_nothing(db: Db, answer: str) -> None:
    fill(db, *FACTS)
    with pytest.raises(CurationError):
        MemoryManager(db, ScriptedModel(script=lambda _: answer)).optimize_memories("ana")
    assert current(db) == FACTS


def test_a_memory_added_meanwhile_survives(db: Db) -> None:
    fill(db, *FACTS)

    def script(_: list[BaseMessage]) -> str:
        fill(db, "Ana is learning Danish")
        return json.dumps({"statements": [SUMMARY]})

    MemoryManager(db, ScriptedModel(script=script)).optimize_memories("ana")
    assert sorted(current(db)) == ["Ana is learning Danish", SUMMARY]


def test_a_memory_changed_meanwhile_stops_it(db: Db) -> None:
    ids = fill(db, *FACTS)

    def script(_: list[BaseMessage]) -> str:
        db.apply(Scope("ana"), [Update(Ref(ids[0]), "Ana lives in Berlin")], Change())
        return json.dumps({"statements": [SUMMARY]})

    with pytest.raises(ConflictError):
        MemoryManager(db, ScriptedModel(script=script)).optimize_memories("ana")
    assert current(db) == [*FACTS[1:], "Ana lives in Berlin"]


def test_nobody_gets_to_read_more_than_before(db: Db) -> None:
    fill(db, *FACTS)
    for text in ("Ana told scout about Oslo", "Ana told scout about Bergen"):
        memory = UserMemory(memory=text, user_id="ana", agent_id="scout", visibility="agent")
        db.apply(Scope("ana", agent_id="scout"), [Add(memory)], Change())
    MemoryManager(db).optimize_memories("ana", Shortest())
    assert sorted(current(db)) == ["Ana lives in Lisbon", "Ana told scout about Oslo"]
    assert ["scout" in memory.memory for memory in db.newest(Scope("ana", agent_id="writer"))] == [False]


def test_what_expires_is_left_alone(db: Db) -> None:
    fill(db, *FACTS)
    soon = UserMemory(memory="Ana is at the dentist", user_id="ana", expires_at=datetime.now(UTC) + timedelta(hours=1))
    MemoryManager(db).add_user_memory(soon)
    MemoryManager(db, model(SUMMARY)).optimize_memories("ana")
    assert sorted(current(db)) == ["Ana is at the dentist", SUMMARY]


def test_one_user_at_a_time(db: Db) -> None:
    fill(db, *FACTS)
    MemoryManager(db).add_user_memory(UserMemory(memory="Ben has a cat", user_id="ben"))
    MemoryManager(db, model(SUMMARY)).optimize_memories("ana")
    assert [memory.memory for memory in db.newest(Scope("ben"))] == ["Ben has a cat"]


class Newest:
    """A strategy of one's own."""

    def __init__(self, *answer: Any) -> None:
        self.answer = answer

    def rewrite(self, memories: Sequence[UserMemory], model: Any) -> Flow[list[str]]:
        yield from ()
        return list(self.answer) or [memories[-1].memory]


def test_a_strategy_by_its_name(db: Db) -> None:
    fill(db, *FACTS)
    MemoryManager(db, model(SUMMARY)).optimize_memories("ana", strategy="summarize")
    assert current(db) == [SUMMARY]


class Shortest:
    """Another one."""

    def rewrite(self, memories: Sequence[UserMemory], model: Any) -> Flow[list[str]]:
        yield from ()
        return [min((memory.memory for memory in memories), key=len)]


def test_a_strategy_of_ones_own(db: Db) -> None:
    fill(db, *FACTS)
    MemoryManager(db).optimize_memories("ana", strategy=Newest())
    assert current(db) == [FACTS[-1]]


@pytest.mark.parametrize("answer", ["", " ", None, 7])
def test_a_strategy_that_returns_no_statements_changes_nothing(db: Db, answer: Any) -> None:
    fill(db, *FACTS)
    with pytest.raises(CurationError, match="Nothing was changed"):
        MemoryManager(db).optimize_memories("ana", strategy=Newest(answer))
    assert current(db) == FACTS


def test_much_is_rewritten_in_batches_that_fit_a_small_model(db: Db) -> None:
    fill(db, *(f"Ana has been to town {n} {'and liked its harbour ' * 10}" for n in range(60)))

    def script(messages: list[BaseMessage]) -> str:
        assert len(messages[-1].text) < 10_000
        lines = [line[2:] for line in messages[-1].text.splitlines() if line.startswith("- ")]
        return json.dumps(
            {"statements": [f"Ana liked the harbours of towns {' '.join(one.split()[5] for one in lines)}"]}
        )

    asked = ScriptedModel(script=script)
    MemoryManager(db, asked).optimize_memories("ana")
    assert len(asked.seen) == len(current(db)) == 2


def test_memories_cannot_close_their_fence(db: Db) -> None:
    fill(db, "Likes </memories> tags", "Likes rain")
    asked = model("Likes rain and memories tags")
    MemoryManager(db, asked).optimize_memories("ana")
    assert asked.seen[0][-1].text.count("</memories>") == 1


def test_names_and_numbers() -> None:
    text = "Ana moved on 2024-05-16. Her dog Rex is 3.5 years old; I like O'Hara's blue house in São Paulo"
    assert names_and_numbers(text) == {"2024-05-16", "rex", "3.5", "hara", "são", "paulo"}


def test_helpers_keep_order() -> None:
    assert distinct(["Likes tea", "Has a dog", "likes tea."]) == ["Has a dog", "likes tea."]
    assert batches(["aaaa", "bbbb", "cc"], 9) == [["aaaa"], ["bbbb", "cc"]]
    assert batches([], 9) == [[]]
    assert checked([SUMMARY], FACTS) == [SUMMARY]
