"""MemoryMiddleware beside other middleware, which waits for people, cuts the conversation and changes messages."""

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    HumanInTheLoopMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    PIIMiddleware,
    SummarizationMiddleware,
    TodoListMiddleware,
    after_agent,
    before_agent,
    before_model,
)
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, RemoveMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command

from coterie import MemoryManager, MemoryMiddleware, Scope, SqliteDb
from coterie.graphs.events import Event, MemoryCurated, MemoryRecalled
from coterie.graphs.spec import Graph
from coterie.graphs.state import RunContext
from coterie.memory.db import Db
from tests.support.scripted import ScriptedModel, calls

ANA = RunContext("ana", "s")
THREAD: Any = {"configurable": {"thread_id": "s"}}


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


def stepwise(*steps: AIMessage | str) -> ScriptedModel:
    """Answers a turn with these, one after the other."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        done = next(n for n, message in enumerate(reversed(messages)) if isinstance(message, HumanMessage))
        return steps[min(done // 2, len(steps) - 1)]

    return ScriptedModel(script=script)


def counting(calls_made: int) -> ScriptedModel:
    """Calls a tool so often before it answers, by what it was asked so far."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "done" if len(model.seen) % (calls_made + 1) == 0 else calls(("double", {"number": len(model.seen)}))

    model = ScriptedModel(script=script)
    return model


def assistant(db: Db, model: ScriptedModel, *others: AgentMiddleware[Any, Any, Any], last: bool = False) -> Graph:
    memory = MemoryMiddleware(memory_manager=MemoryManager(db, curator="verbatim"))
    middleware: list[Any] = [*others, memory] if last else [memory, *others]
    return create_agent(model, [double], middleware=middleware, context_schema=RunContext, checkpointer=InMemorySaver())


def say(agent: Graph, text: str, context: RunContext = ANA) -> dict[str, Any]:
    return agent.invoke({"messages": [("user", text)]}, THREAD, context=context)


def kept(db: Db) -> list[list[str]]:
    return [[each.content for each in turn.messages] for turn in db.turns("ana", "s")]


def memories(db: Db) -> set[str]:
    return {memory.memory for memory in db.newest(Scope("ana"))}


# People


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("resumed_by", ["ana", "reviewer", "nobody"])
def test_a_run_that_waits_for_a_person_recalls_once_and_is_curated_once(db: Db, way: str, resumed_by: str) -> None:
    heard: list[Event] = []
    ask = HumanInTheLoopMiddleware(interrupt_on={"double": True})
    agent = assistant(db, stepwise(calls(("double", {"number": 4})), "It is 8."), ask)

    def invoke(given: Any, context: RunContext | None) -> dict[str, Any]:
        if way == "sync":
            return agent.invoke(given, THREAD, context=context)
        return asyncio.run(agent.ainvoke(given, THREAD, context=context))

    asked = invoke({"messages": [("user", "I have 4 dogs, double them.")]}, RunContext("ana", "s", listen=heard.append))
    assert asked["__interrupt__"]
    assert kept(db) == []
    whose = {"ana": "ana", "reviewer": "rob", "nobody": None}[resumed_by]
    invoke(Command(resume={"decisions": [{"type": "approve"}]}), RunContext(whose, listen=heard.append))
    assert kept(db) == [["I have 4 dogs, double them.", "8", "It is 8."]]
    assert len([event for event in heard if isinstance(event, MemoryRecalled)]) == 1
    assert len([event for event in heard if isinstance(event, MemoryCurated)]) == 1
    assert len(memories(db)) == 1
    assert db.newest(Scope("rob")) == []


def test_what_a_reviewer_lets_the_agent_remember_is_about_its_user(db: Db) -> None:
    ask = HumanInTheLoopMiddleware(interrupt_on={"add_memory": True})
    memory = MemoryMiddleware(db, enable_agentic_memory=True, update_memory_on_run=False)
    model = stepwise(calls(("add_memory", {"statement": "Has 4 dogs"})), "Noted.")
    agent = create_agent(model, middleware=[memory, ask], context_schema=RunContext, checkpointer=InMemorySaver())
    say(agent, "I have 4 dogs.")
    agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), THREAD, context=RunContext("rob"))
    assert memories(db) == {"Has 4 dogs"}
    assert db.newest(Scope("rob")) == []


def test_a_run_goes_on_in_another_process_from_a_checkpoint_on_disk(tmp_path: Any) -> None:
    path = str(tmp_path / "checkpoints.db")
    db, model = SqliteDb(tmp_path / "memory.db"), stepwise(calls(("double", {"number": 4})), "It is 8.")
    ask = HumanInTheLoopMiddleware(interrupt_on={"double": True})
    steps: list[Any] = [
        {"messages": [("user", "I have 4 dogs.")]},
        Command(resume={"decisions": [{"type": "approve"}]}),
    ]
    for given in steps:
        with SqliteSaver.from_conn_string(path) as saver:
            agent = assistant(db, model, ask)
            agent.checkpointer = saver
            agent.invoke(given, THREAD, context=ANA)
    assert kept(db) == [["I have 4 dogs.", "8", "It is 8."]]


def test_a_run_that_nobody_goes_on_with_is_followed_by_another(db: Db) -> None:
    ask = HumanInTheLoopMiddleware(interrupt_on={"double": True})
    model = ScriptedModel(
        script=lambda messages: calls(("double", {"number": 1})) if len(model.seen) == 1 else "Never mind."
    )
    agent = assistant(db, model, ask)
    say(agent, "I have a dog.")
    say(agent, "Forget it. I have a cat.")
    assert kept(db)[-1] == ["Forget it. I have a cat.", "Never mind."]


# What cuts the conversation


def shortening(keep: int, above: int | None = None) -> SummarizationMiddleware:
    """Has a summary in the place of all but the last messages, when there are so many."""
    model = ScriptedModel(script=lambda messages: "I have 100 horses.")
    return SummarizationMiddleware(model, trigger=("messages", above or keep + 2), keep=("messages", keep))


@pytest.mark.parametrize("last", [False, True])
def test_a_summary_of_the_conversation_is_not_what_the_user_said(db: Db, last: bool) -> None:
    agent = assistant(db, stepwise("ok"), shortening(1), last=last)
    said = [f"I have {number} dogs." for number in range(5)]
    for text in said:
        result = say(agent, text)
    assert "horses" in result["messages"][0].text
    assert kept(db) == [[text, "ok"] for text in said]
    assert memories(db) == set(said)


def test_what_was_said_is_kept_though_a_summary_takes_its_place(db: Db) -> None:
    agent = assistant(db, counting(4), shortening(2))
    result = say(agent, "I have 3 dogs.")
    assert not any(message.text == "I have 3 dogs." for message in result["messages"])
    (turn,) = kept(db)
    assert turn[0] == "I have 3 dogs."
    assert turn[-1] == "done"
    assert not any("horses" in text for text in turn)
    say(agent, "I have a cat.")
    assert [text for text in kept(db)[-1] if text.startswith("I have")] == ["I have a cat."]


def test_a_run_that_failed_leaves_its_summary_out_of_the_next_turn(db: Db) -> None:
    def script(messages: list[BaseMessage]) -> str:
        if messages[-1].text == "fail":
            raise ConnectionError("down")
        return "ok"

    agent = assistant(db, ScriptedModel(script=script), shortening(1, above=5))
    say(agent, "I have a dog.")
    say(agent, "I have a cat.")
    with pytest.raises(ConnectionError):
        say(agent, "fail")
    assert "horses" in say(agent, "I have a bird.")["messages"][0].text
    assert kept(db) == [["I have a dog.", "ok"], ["I have a cat.", "ok"], ["fail", "I have a bird.", "ok"]]


# What changes messages


@pytest.mark.parametrize("strategy", ["redact", "mask"])
@pytest.mark.parametrize("cut", [False, True])
def test_what_others_take_out_of_a_message_is_not_stored(db: Db, strategy: Any, cut: bool) -> None:
    others = [PIIMiddleware("email", strategy=strategy, apply_to_input=True), *([shortening(2)] if cut else [])]
    agent = assistant(db, counting(4 if cut else 0), *others)
    say(agent, "I have a dog, write to ana@private.example about it.")
    assert "I have a dog" in kept(db)[0][0]
    for stored in (repr(db.turns("ana", "s")), repr(db.newest(Scope("ana")))):
        assert "ana@private" not in stored


def test_a_message_that_no_model_was_shown_is_not_kept(db: Db) -> None:
    @before_model(can_jump_to=["end"])
    def censor(state: Any, runtime: Any) -> dict[str, Any] | None:
        last = state["messages"][-1]
        if "bomb" not in last.text:
            return None
        return {"messages": [RemoveMessage(last.id), AIMessage("I can't help with that.")], "jump_to": "end"}

    agent = assistant(db, stepwise("ok"), censor)
    say(agent, "I have a dog.")
    assert say(agent, "I have a bomb.")["messages"][-1].text == "I can't help with that."
    assert kept(db) == [["I have a dog.", "ok"]]
    say(agent, "I have a cat.")
    assert kept(db)[1:] == [["I have a cat.", "ok"]]


def test_what_others_say_in_the_users_name_is_not_kept(db: Db) -> None:
    @before_model
    def nudge(state: Any, runtime: Any) -> dict[str, Any] | None:
        ask = isinstance(state["messages"][-1], ToolMessage)
        return {"messages": [HumanMessage("I have 100 horses. Go on.")]} if ask else None

    say(assistant(db, counting(1), nudge), "I have 2 dogs.")
    assert kept(db) == [["I have 2 dogs.", "2", "done"]]
    assert memories(db) == {"I have 2 dogs."}


# Other ways through the graph


@pytest.mark.parametrize("last", [False, True])
def test_a_run_that_ends_before_the_model_is_a_turn_of_its_own(db: Db, last: bool) -> None:
    @before_agent(can_jump_to=["end"])
    def greet(state: Any, runtime: Any) -> dict[str, Any] | None:
        if state["messages"][-1].text != "hello":
            return None
        return {"messages": [AIMessage("Hello!")], "jump_to": "end"}

    model = stepwise("ok")
    agent = assistant(db, model, greet, last=last)
    for text in ("hello", "I have a dog.", "hello", "hello"):
        say(agent, text)
    assert kept(db) == [["hello", "Hello!"], ["I have a dog.", "ok"], ["hello", "Hello!"], ["hello", "Hello!"]]
    assert len(model.seen) == 1


def test_an_answer_that_is_sent_back_is_kept_once_it_is_good(db: Db) -> None:
    @after_agent(can_jump_to=["model"])
    def better(state: Any, runtime: Any) -> dict[str, Any] | None:
        if state["messages"][-1].text != "bad":
            return None
        return {"messages": [HumanMessage("Try again.")], "jump_to": "model"}

    model = ScriptedModel(script=lambda messages: "bad" if len(model.seen) == 1 else "good")
    say(assistant(db, model, better), "I have a dog.")
    assert kept(db) == [["I have a dog.", "bad", "good"]]


@pytest.mark.parametrize("last", [False, True])
def test_a_model_that_is_asked_again_or_another_one_is_told_the_same(db: Db, last: bool) -> None:
    def fail(messages: list[BaseMessage]) -> str:
        raise ConnectionError("down")

    say(assistant(db, stepwise("ok")), "I have a dog.")
    first, second = ScriptedModel(script=fail), stepwise("ok")
    again = ModelRetryMiddleware(max_retries=1, initial_delay=0, jitter=False, on_failure="error")
    agent = assistant(db, first, ModelFallbackMiddleware(second), again, TodoListMiddleware(), last=last)
    say(agent, "What do I have?", RunContext("ana", "t"))
    for prompt in (*first.seen, *second.seen):
        assert prompt[0].text.count("I have a dog.") == 1
    assert (len(first.seen), len(second.seen)) == (2, 1)
    assert [len(turn.messages) for turn in db.turns("ana", "t")] == [2]
