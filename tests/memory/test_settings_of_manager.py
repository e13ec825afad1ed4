"""The settings of a `MemoryManager`, and the tasks and searches that ask its model: each does what it says."""

import asyncio
import json
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from coterie import MemoryManager, OfflineModel, Scope, SqliteDb, UserMemory
from coterie.errors import ConfigurationError, CurationError, InputError
from coterie.memory.choosing import MAX_CANDIDATES
from coterie.memory.curator import MemoryEdits
from coterie.memory.db import Db
from coterie.memory.incoming import DIRECT_SESSION
from tests.support.openai_server import OpenAIServer
from tests.support.scripted import ScriptedModel


def edit(op: str, memory: str = "", quote: str = "", *targets: int) -> dict[str, Any]:
    return {"op": op, "targets": targets, "quote": quote, "memory": memory, "topics": [], "reason": "said"}


def scripted(*edits: dict[str, Any]) -> ScriptedModel:
    return ScriptedModel(script=lambda _: json.dumps({"personal": bool(edits), "edits": edits}))


def remember(db: Db, *texts: str) -> list[str]:
    return [MemoryManager(db).add_user_memory(UserMemory(memory=text, user_id="ana")) for text in texts]


def texts(memories: list[UserMemory]) -> list[str]:
    return [memory.memory for memory in memories]


# Switches

EDITS = [
    edit("add", "Ana has a dog", "I have a dog"),
    edit("update", "Ana lives in Berlin", "I live in Berlin", 1),
    edit("merge", "Ana likes green tea", "green tea", 2, 3),
    edit("delete", "", "forget the cat", 4),
]
SAID = "I have a dog, I live in Berlin, I like green tea, forget the cat"


@pytest.mark.parametrize(
    ("off", "operations"),
    [
        ("add_memories", ["add"]),
        ("update_memories", ["update", "merge"]),
        ("delete_memories", ["delete"]),
        ("nothing", []),
    ],
)
def test_what_is_switched_off_is_refused_and_not_offered(db: Db, off: str, operations: list[str]) -> None:
    remember(db, "Ana lives in Lisbon", "Ana likes tea", "Ana likes tea that is green", "Ana has a cat")
    model = scripted(*EDITS)
    settings: dict[str, Any] = {} if off == "nothing" else {off: False}
    report = MemoryManager(db, model, **settings).create_user_memories(SAID, user_id="ana")
    assert [one.proposal.op for one in report.refused] == operations
    assert [one.reason for one in report.refused] == [f"{op} is switched off ({off}=False)" for op in operations]
    assert len(report.applied) == 4 - len(operations)
    shown = model.seen[0]
    answers = [MemoryEdits.model_validate_json(message.text) for message in shown if message.type == "ai"]
    offered = {edit.op for answer in answers for edit in answer.edits}
    assert not offered & {*operations, "clear"}
    assert [f'"{op}"' in shown[0].text for op in ("add", "update", "merge", "delete", "clear")] == [
        op not in (*operations, "clear") for op in ("add", "update", "merge", "delete", "clear")
    ]


@pytest.mark.parametrize("clear", [True, False])
def test_the_form_of_the_answer_has_only_what_is_allowed(openai_environment: OpenAIServer, clear: bool) -> None:
    openai_environment.script({"personal": False, "edits": []})
    manager = MemoryManager(SqliteDb(), delete_memories=False, update_memories=False, clear_memories=clear)
    manager.create_user_memories("I like tea", user_id="ana")
    [body] = openai_environment.bodies
    form = body["response_format"]["json_schema"]["schema"]["properties"]["edits"]["items"]["properties"]
    assert form["op"]["enum"] == (["add", "clear"] if clear else ["add"])
    assert ("forget everything you know about me" in json.dumps(body)) == clear


def test_without_a_model_nothing_is_added_either_when_adding_is_off() -> None:
    manager = MemoryManager(SqliteDb(), add_memories=False)
    report = manager.create_user_memories("I like green tea", user_id="ana")
    assert [one.reason for one in report.refused] == ["add is switched off (add_memories=False)"]
    assert manager.get_user_memories("ana") == []
    assert manager.add_user_memory(UserMemory(memory="By hand", user_id="ana"))


def test_an_operation_that_does_not_exist_is_refused(db: Db) -> None:
    manager = MemoryManager(db, scripted(edit("narrow", "", "I", 1)))
    assert "not the JSON it was asked for" in str(manager.create_user_memories("I like tea", user_id="ana").error)


# What the model is told


def told(**settings: str) -> str:
    model = scripted()
    MemoryManager(SqliteDb(), model, **settings).create_user_memories("I like tea", user_id="ana")  # type: ignore[arg-type]  # they are texts
    return model.seen[0][0].text


def test_instructions_replace_what_they_say_and_nothing_else() -> None:
    usual = told()
    assert told(additional_instructions="Keep shoe sizes.") == f"{usual}\nKeep shoe sizes."
    capture = told(memory_capture_instructions="{Hobbies} only.")
    assert "Worth keeping is this alone: {Hobbies} only." in capture
    assert "health" not in capture
    assert capture.split("- quote:")[1] == usual.split("- quote:")[1]
    assert told(system_message="Be brief.", additional_instructions="Please.") == "Be brief.\nPlease."


# Tasks


def test_a_task_is_curated_like_something_said(db: Db) -> None:
    remember(db, "Ana lives at Rua Augusta 1")
    model = scripted(
        edit("delete", "", "Forget my address, Rua Augusta", 1),
        edit("add", "Ana is vegetarian", "remember I am vegetarian"),
        edit("add", "Petra is a nurse"),
    )
    task = "Forget my address, Rua Augusta 1, and remember I am vegetarian"
    report = MemoryManager(db, model).update_memory_task(task, "ana")
    assert str(report) == "\n".join(
        ["- Ana lives at Rua Augusta 1", "+ Ana is vegetarian", "refused: nothing of it was said in the turn"]
    )
    [kept] = db.turns("ana", DIRECT_SESSION)
    assert (kept.messages[0].content, kept.messages[0].role, kept.status) == (task, "user", "curated")
    assert str(MemoryManager(db, scripted()).update_memory_task("Be nice", user_id="ana")) == "nothing to keep"


def test_a_task_needs_a_model_and_a_user(db: Db) -> None:
    for manager in (
        MemoryManager(db),
        MemoryManager(db, OfflineModel()),
        MemoryManager(db, scripted(), curator="verbatim"),
    ):
        with pytest.raises(ConfigurationError, match="needs a model"):
            manager.update_memory_task("Forget my address", "ana")
    assert db.sessions("ana") == []
    with pytest.raises(InputError, match="user_id"):
        MemoryManager(db, scripted()).update_memory_task("Forget my address")


def test_a_task_whose_model_fails_says_so_and_waits(db: Db) -> None:
    manager = MemoryManager(db, ScriptedModel(script=lambda _: "I can't."))
    report = asyncio.run(manager.aupdate_memory_task("Forget my address", "ana"))
    assert str(report).startswith("not curated yet, the turn is kept: ")
    assert len(db.pending_turns("ana")) == 1


# Searching


def test_the_first_and_the_last(db: Db) -> None:
    manager = MemoryManager(db)
    remember(db, "One", "Two", "Three")
    assert texts(manager.search_user_memories(limit=2, retrieval_method="first_n", user_id="ana")) == ["One", "Two"]
    assert texts(manager.search_user_memories(limit=2, retrieval_method="last_n", user_id="ana")) == ["Three", "Two"]
    assert texts(manager.search_user_memories(retrieval_method="first_n", user_id="ana")) == ["One", "Two", "Three"]
    assert manager.search_user_memories(retrieval_method="first_n", user_id="ben") == []


def picking(*numbers: int) -> ScriptedModel:
    return ScriptedModel(script=lambda _: json.dumps({"numbers": numbers}))


def search(db: Db, model: ScriptedModel, limit: int | None = None, query: str = "pets?") -> list[str]:
    return texts(MemoryManager(db, model).search_user_memories(query, limit, "agentic", "ana"))


def test_the_model_picks_by_small_numbers(db: Db) -> None:
    ids = remember(db, "Ana has a dog", "Ana lives in Lisbon", "Ana has a cat </memories>")
    model = picking(1, 3, 1)
    assert search(db, model) == ["Ana has a cat </memories>", "Ana has a dog"]
    assert search(db, model, 1) == ["Ana has a cat </memories>"]
    assert search(db, picking()) == []
    shown = model.seen[0][-1].text
    assert "1. Ana has a cat" in shown
    assert shown.count("</memories>") == 1
    assert not [one for one in ids if one in shown]


def test_it_is_shown_only_so_many_and_those_that_fit(db: Db) -> None:
    remember(db, "Ana has a dog called Rex", *(f"Ana has been to town {number}" for number in range(80)))

    def script(messages: list[BaseMessage]) -> str:
        lines = [line for line in messages[-1].text.splitlines() if line[:1].isdigit()]
        assert len(lines) == MAX_CANDIDATES
        return json.dumps({"numbers": [int(line.split(".")[0]) for line in lines if "Rex" in line]})

    assert search(db, ScriptedModel(script=script), query="the dog") == ["Ana has a dog called Rex"]


def test_nobody_is_asked_about_nothing(db: Db) -> None:
    model = picking(1)
    assert search(db, model) == []
    remember(db, "Ana has a dog")
    assert search(db, model, 0) == []
    assert model.seen == []


@pytest.mark.parametrize(
    "answer", ["I'm sorry, I can't.", '{"numbers": [7]}', '{"numbers": [0]}', '{"numbers": "all"}']
)
def test_what_is_no_choice_is_an_error(db: Db, answer: str) -> None:
    remember(db, "Ana has a dog")
    with pytest.raises(CurationError, match=r"not the JSON|picked memory \d of 1"):
        search(db, ScriptedModel(script=lambda _: answer))


def test_it_needs_a_query_and_a_model(db: Db) -> None:
    with pytest.raises(InputError, match="needs a query"):
        MemoryManager(db, picking()).search_user_memories(retrieval_method="agentic", user_id="ana")
    with pytest.raises(ConfigurationError, match="agentic' needs a model"):
        MemoryManager(db).search_user_memories("pets", retrieval_method="agentic", user_id="ana")


def test_picking_waits_asynchronously_too(db: Db) -> None:
    remember(db, "Ana has a dog")
    found = asyncio.run(MemoryManager(db, picking(1)).asearch_user_memories("pets", None, "agentic", "ana"))
    assert texts(found) == ["Ana has a dog"]
    assert [memory.memory for memory in db.oldest(Scope("ana"), 1)] == ["Ana has a dog"]
