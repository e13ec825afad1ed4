"""The strategy that keeps one of those that say the same, what every strategy's result shows, and undoing it."""

import json
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from coterie import MemoryManager, MemoryOptimizationStrategyType, Scope, UserMemory
from coterie.errors import ConflictError, CurationError
from coterie.memory.db import Db
from coterie.memory.deduplicating import MOST_NEAR, near
from coterie.memory.edits import Add, Change, Ref, Update
from coterie.memory.optimizing import Optimized
from tests.support.rows import rows_of
from tests.support.scripted import ScriptedModel

OWNER = Scope("ana", as_owner=True)
DUPLICATES = ["Ana likes green tea", "Ana lives in Lisbon", "Ana really enjoys green tea", "Ana has a dog called Rex"]


def fill(db: Db, *texts: str) -> list[str]:
    return [MemoryManager(db).add_user_memory(UserMemory(memory=text, user_id="ana", topics=["t"])) for text in texts]


def current(db: Db) -> list[str]:
    return [memory.memory for memory in db.oldest(OWNER, None)]


def judging(*same: tuple[list[int], str]) -> ScriptedModel:
    sets = [{"numbers": numbers, "statement": statement} for numbers, statement in same]
    return ScriptedModel(script=lambda _: json.dumps({"same": sets}))


def deduplicate(db: Db, model: ScriptedModel | None = None, apply: bool = True) -> Optimized:
    return MemoryManager(db, model).optimize_memories("ana", MemoryOptimizationStrategyType.DEDUPLICATE, apply)


def test_the_model_judges_what_is_near(db: Db) -> None:
    ids = fill(db, *DUPLICATES)
    model = judging(([1, 2], "Ana likes and enjoys green tea"))
    done = deduplicate(db, model)
    assert sorted(current(db)) == ["Ana has a dog called Rex", "Ana likes and enjoys green tea", "Ana lives in Lisbon"]
    assert "1. Ana likes green tea\n2. Ana really enjoys green tea\n</memories>" in model.seen[0][-1].text
    assert "Lisbon" not in model.seen[0][-1].text
    assert [one.op for one in db.history(OWNER, ids[0])] == ["add", "merge"]
    assert len(db.history(OWNER, ids[1])) == 1
    assert done.tokens_after < done.tokens_before


def test_nothing_near_is_no_model_call(db: Db) -> None:
    fill(db, *DUPLICATES[1:])
    model = judging()
    assert sorted(memory.memory for memory in deduplicate(db, model)) == sorted(DUPLICATES[1:])
    assert model.seen == []


def test_without_a_model_what_says_the_same_in_the_same_words_becomes_one(db: Db) -> None:
    fill(db, "Likes tea!", *DUPLICATES, "The user likes tea")
    assert str(deduplicate(db)).startswith("- Likes tea!\n- The user likes tea\n+ The user likes tea\n\n6 memories of ")
    assert sorted(current(db)) == sorted([*DUPLICATES, "The user likes tea"])


def test_each_becomes_the_statement_that_stands_for_it(db: Db) -> None:
    ids = fill(db, *DUPLICATES, "Rex is the dog of Ana", "ana has a dog called rex!")
    done = deduplicate(db, judging(([1, 2], "Ana likes and enjoys green tea"), ([3, 4], "Ana has a dog called Rex")))
    tea, lisbon, rex = "Ana likes and enjoys green tea", "Ana lives in Lisbon", "Ana has a dog called Rex"
    assert [db.current(OWNER, one).memory for one in ids] == [tea, lisbon, tea, rex, rex, rex]
    assert len(done) == len(current(db)) == 3


@pytest.mark.parametrize(
    ("texts", "statement"),
    [
        (["Ana lives in Lisbon", "Ana lives in Berlin"], "Ana lives in Berlin"),
        (["Ana eats fish on Friday", "Ana eats no fish on Friday"], "Ana eats no fish on Friday"),
        (["Ana has 2 green cups", "Ana has 3 green cups"], "Ana has green cups"),
        (["Ana likes green tea", "Ana enjoys green tea"], "I'm sorry"),
        (["Ana likes green tea", "Ana enjoys green tea"], ""),
        (["Ana likes green tea", "Ana enjoys green tea"], "Green tea: password hunter2!x"),
    ],
)
def test_what_would_lose_something_stays(db: Db, texts: list[str], statement: str) -> None:
    fill(db, *texts)
    before = rows_of(db, "ana")
    done = deduplicate(db, judging(([1, 2], statement)))
    assert (current(db), done.swaps, done.change_id) == (texts, (), None)
    assert rows_of(db, "ana") == before


@pytest.mark.parametrize("same", [[([1], "x")], [([1, 1], "x")], [([1, 3], "Ana likes green tea in a green house")]])
def test_a_set_that_is_none_is_left_out(db: Db, same: list[tuple[list[int], str]]) -> None:
    texts = ["Ana likes green tea", "Ana enjoys green tea", "Ben paints large houses", "Ben paints houses"]
    fill(db, *texts)
    deduplicate(db, judging(*same))
    assert current(db) == texts


@pytest.mark.parametrize(
    "answer", ["I'm sorry, I can't.", '{"same": 7}', '{"same": [{"numbers": [9], "statement": "x"}]}']
)
def test_a_refusal_or_nonsense_is_an_error(db: Db, answer: str) -> None:
    fill(db, *DUPLICATES)
    with pytest.raises(CurationError):
        deduplicate(db, ScriptedModel(script=lambda _: answer))
    assert current(db) == DUPLICATES


def test_nearness_asks_for_words_that_few_have() -> None:
    assert near(DUPLICATES) == [["Ana likes green tea", "Ana really enjoys green tea"]]
    assert near([]) == near(["Ana"]) == []
    many = [f"Ana has been to town {number}" for number in range(300)]
    assert near([*many, "Ana's car is a red Volvo", "Ana drives a red Volvo"]) == [
        ["Ana's car is a red Volvo", "Ana drives a red Volvo"]
    ]
    assert max(map(len, near(["Red Volvo"] + [f"Red Volvo {n}" for n in range(9)] * 3))) <= MOST_NEAR


# What the result shows


def summary(db: Db, apply: bool) -> Optimized:
    def script(_: list[BaseMessage]) -> str:
        return json.dumps({"statements": ["Ana lives in Lisbon with her dog Rex", "Ana likes green tea"]})

    return MemoryManager(db, ScriptedModel(script=script)).optimize_memories("ana", apply=apply)


@pytest.mark.parametrize("apply", [True, False])
def test_the_result_is_a_diff(db: Db, apply: bool) -> None:
    fill(db, *DUPLICATES)
    done = summary(db, apply)
    assert done.kept == ()
    assert sorted(memory.memory for memory in done.removed) == sorted(DUPLICATES)
    assert sorted(memory.memory for memory in done.added) == sorted(memory.memory for memory in done)
    assert str(done) == (
        "- Ana likes green tea\n- Ana really enjoys green tea\n+ Ana likes green tea\n\n"
        "- Ana lives in Lisbon\n- Ana has a dog called Rex\n+ Ana lives in Lisbon with her dog Rex\n\n"
        f"4 memories of {done.tokens_before} tokens, then 2 of {done.tokens_after}"
    )
    assert (done.change_id is not None) == apply


def test_what_stays_is_kept(db: Db) -> None:
    fill(db, *DUPLICATES[:2], DUPLICATES[3])
    done = summary(db, apply=True)
    assert [memory.memory for memory in done.kept] == ["Ana likes green tea"]
    assert len(db.history(OWNER, str(done.kept[0].memory_id))) == 1


def test_undo_brings_everything_back_byte_for_byte(db: Db) -> None:
    fill(db, *DUPLICATES)
    private = UserMemory(memory="Ana told scout of Oslo", visibility="agent")
    db.apply(Scope("ana", agent_id="scout"), [Add(private)], Change())
    before = rows_of(db, "ana", "memory", "memory_source")
    done = summary(db, apply=True)
    assert rows_of(db, "ana", "memory", "memory_source") != before
    db.undo(OWNER, Change(), change_id=done.change_id)
    assert rows_of(db, "ana", "memory", "memory_source") == before


def test_a_summary_of_what_nobody_vouches_for_is_not_the_user_s_word(db: Db) -> None:
    for text in DUPLICATES:
        db.apply(Scope("ana"), [Add(UserMemory(memory=text, trust="tool"))], Change())
    summary(db, apply=True)
    assert {memory.trust for memory in db.newest(OWNER, None)} == {"tool"}


def test_a_memory_added_while_duplicates_are_judged_survives_and_a_changed_one_stops_it(db: Db) -> None:
    ids = fill(db, *DUPLICATES)
    answer = json.dumps({"same": [{"numbers": [1, 2], "statement": "Ana likes and enjoys green tea"}]})

    def changing(_: list[BaseMessage]) -> str:
        db.apply(Scope("ana"), [Update(Ref(ids[0]), "Ana likes coffee")], Change())
        return answer

    def adding(_: list[BaseMessage]) -> str:
        fill(db, "Ana is learning Danish")
        return answer

    with pytest.raises(ConflictError):
        deduplicate(db, ScriptedModel(script=changing))
    assert sorted(current(db)) == sorted(["Ana likes coffee", *DUPLICATES[1:]])
    fill(db, DUPLICATES[0])
    assert "Ana is learning Danish" not in [memory.memory for memory in deduplicate(db, ScriptedModel(script=adding))]
    assert "Ana is learning Danish" in current(db)
    assert "Ana likes and enjoys green tea" in current(db)


# By itself


def speaking(db: Db, above: int | None, *answers: Any) -> tuple[MemoryManager, ScriptedModel]:
    """A manager whose model keeps what is said as it is, and summarises as it is told."""
    wanted = iter(answers)

    def script(messages: list[BaseMessage]) -> str:
        if "<turn>" not in messages[-1].text:
            return str(next(wanted))
        said = messages[-1].text.split("user: ")[-1].split("\n")[0]
        add = {"op": "add", "targets": [], "quote": said, "memory": said, "topics": [], "reason": "new"}
        return json.dumps({"personal": True, "edits": [add]})

    model = ScriptedModel(script=script)
    return MemoryManager(db, model, optimize_above_tokens=above), model


SMALL = json.dumps({"statements": ["Ana has a dog called Rex and likes green tea; she lives in Lisbon"]})


def test_what_has_grown_too_large_is_put_into_fewer_words(db: Db) -> None:
    manager, _ = speaking(db, 33, SMALL)
    *before, last = [manager.create_user_memories(text, user_id="ana") for text in DUPLICATES]
    assert [report.optimized for report in before] == [None, None, None]
    assert last.optimized is not None
    assert "optimized: 4 memories of 23 tokens, then 1 of 17" in str(last)
    assert len(current(db)) == 1
    db.undo(OWNER, Change(), change_id=last.optimized.change_id)
    assert current(db) == DUPLICATES


def test_it_is_not_tried_again_until_it_has_grown(db: Db) -> None:
    manager, model = speaking(db, 15, *["I can't."] * 9)
    first = [manager.create_user_memories(text, user_id="ana") for text in DUPLICATES[:2]]
    assert [report.optimizing_error is not None for report in first] == [False, True]
    assert first[1].error is None
    assert "not optimized: " in str(first[1])
    calls = len(model.seen)
    manager.create_user_memories(DUPLICATES[0], user_id="ana")
    assert len(model.seen) == calls + 1
    assert manager.create_user_memories(DUPLICATES[3], user_id="ana").optimizing_error is not None
    assert sorted(current(db)) == sorted([*DUPLICATES[:2], DUPLICATES[3]])


def test_it_is_never_done_unless_it_is_wanted(db: Db) -> None:
    manager, model = speaking(db, None)
    for text in DUPLICATES:
        assert manager.create_user_memories(text, user_id="ana").optimized is None
    assert len(model.seen) == len(DUPLICATES)
