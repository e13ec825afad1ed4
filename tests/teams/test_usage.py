"""What a run says about its cost: steps, model calls, tokens."""

import asyncio

import pytest
from langchain_core.messages import BaseMessage, ToolMessage
from langchain_openai import ChatOpenAI

from coterie import Agent, RunOutput, SqliteDb, Team
from coterie.errors import RunError
from coterie.graphs.events import Event, MemberFinished, MemberStarted, StepFinished, StepStarted
from coterie.teams.output import Usage
from tests.support.openai_server import OpenAIServer, ToolCalls
from tests.support.scripted import ScriptedModel, calls


def openai(server: OpenAIServer) -> ChatOpenAI:
    return ChatOpenAI(model="m", base_url=server.url, api_key=lambda: "none", max_retries=0, stream_usage=True)


def test_every_model_call_is_counted_with_its_tokens_the_curators_too(openai_server: OpenAIServer) -> None:
    openai_server.script(ToolCalls(("clock", {})), "It is noon.", {"personal": False, "edits": []})

    def clock() -> str:
        """The time."""
        return "noon"

    model = openai(openai_server)
    agent = Agent("ada", model=model, tools=[clock], db=SqliteDb(), update_memory_on_run=True)
    done = agent.run("What time is it?", user_id="ana")
    assert done.usage_by_node() == {"ada/model": Usage(2, 6, 4), "ada/curate": Usage(1, 3, 2)}
    assert done.usage == Usage(3, 9, 6)
    assert [step.node for step in done.steps] == ["recall", "model", "tools", "model", "curate"]
    assert all(step.seconds >= 0 and step.error is None for step in done.steps)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_team_counts_its_members(asynchronous: bool, openai_server: OpenAIServer) -> None:
    def lead(messages: list[BaseMessage]) -> object:
        return "done" if isinstance(messages[-1], ToolMessage) else calls(("ask_scout", {"task": "look"}))

    openai_server.script("found")
    scout = Agent("scout", model=openai(openai_server))
    team = Team("desk", [scout], model=ScriptedModel(script=lead))  # type: ignore[arg-type]
    done: RunOutput = asyncio.run(team.arun("go")) if asynchronous else team.run("go")
    assert done.usage_by_node()["desk/scout/model"] == Usage(1, 3, 2)
    assert done.usage_by_node()["desk/leader"] == Usage(2, None, None)
    assert done.usage == Usage(3, None, None)
    assert [f"{step.path}/{step.node}" for step in done.steps if step.path == "desk"] == [
        "desk/recall",
        "desk/leader",
        "desk/scout",
        "desk/leader",
        "desk/curate",
    ]


def test_streamed_answers_have_their_tokens_too(openai_server: OpenAIServer) -> None:
    openai_server.script("hello there")
    events = list(Agent("ada", model=openai(openai_server)).run("hi", stream=True))
    (asked,) = (event for event in events if isinstance(event, StepFinished) and event.node == "model")
    assert [(call.input_tokens, call.output_tokens) for call in asked.calls] == [(3, 2)]


def test_a_step_that_fails_says_so(openai_server: OpenAIServer) -> None:
    events: list[Event] = []
    with pytest.raises(RunError):
        events.extend(Agent("ada", model=openai(openai_server)).run("hi", stream=True))
    last = [event for event in events if isinstance(event, StepFinished)][-1]
    assert (last.node, last.calls) == ("model", ())
    assert last.error is not None
    assert last.error.startswith("RunError: ada: its model failed")


def test_what_the_curator_refused_is_there_with_the_reason() -> None:
    agent = Agent("ada", db=SqliteDb(), update_memory_on_run=True)
    first = agent.run("I live in Oslo.", user_id="ana")
    again = agent.run("I live in Oslo.", user_id="ana")
    assert first.refused == ()
    assert [refused.reason for refused in again.refused] == ["known already: 'I live in Oslo.'"]
    assert again.memories_changed == ()


def test_events_say_in_which_step_they_happened_and_steps_stand_inside_each_other() -> None:
    team = Team("desk", [Agent("scout", model=ScriptedModel(script=lambda _: "found"))], mode="sequence")
    events = list(team.run("go", stream=True))
    begun = {event.step: event for event in events if isinstance(event, StepStarted)}
    ended = {event.step: event for event in events if isinstance(event, StepFinished)}
    assert begun.keys() == ended.keys()
    assert all(begun[step].at == ended[step].started <= ended[step].at for step in begun)
    around = next(step for step, event in begun.items() if (event.path, event.node) == ("desk", "scout"))
    inside = [(event.path, event.node) for step, event in begun.items() if step.startswith(f"{around}|")]
    assert inside == [("desk/scout", "recall"), ("desk/scout", "model")]
    assert {event.step for event in events if isinstance(event, MemberStarted | MemberFinished)} == {around}
