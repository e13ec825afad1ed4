"""What is told of tool calls: each begins and ends when it does, however it ends, and no call is told twice."""

import asyncio
from collections.abc import Callable
from threading import Event as Flag
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.types import Command

from coterie import Agent
from coterie.graphs.events import Event, ToolFinished, ToolStarted
from coterie.graphs.tool_hooks import ToolHook
from tests.support.scripted import ScriptedModel, calls

WAIT = 300
"""Seconds: only a test that fails waits so long."""


def sync(agent: Agent, heard: Callable[[Event], None]) -> None:
    for event in agent.run("go", stream=True):
        heard(event)


def asynchronous(agent: Agent, heard: Callable[[Event], None]) -> None:
    async def read() -> None:
        async for event in agent.arun("go", stream=True):
            heard(event)

    asyncio.run(read())


both_ways = pytest.mark.parametrize("run", [sync, asynchronous])


def calling(*wanted: tuple[str, dict[str, Any]]) -> ScriptedModel:
    """Calls these tools at once, then answers."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "done" if isinstance(messages[-1], ToolMessage) else calls(*wanted)

    return ScriptedModel(script=script)


def told(run: Callable[..., None], agent: Agent) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []

    def note(event: Event) -> None:
        if isinstance(event, ToolStarted):
            found.append(("began", event.tool))
        elif isinstance(event, ToolFinished):
            found.append(("failed" if event.failed else "ended", event.tool, event.content))

    run(agent, note)
    return found


@pytest.mark.parametrize("settings", [{}, {"timeout": WAIT}], ids=["plain", "timeout"])
@both_ways
def test_tools_of_one_message_end_at_their_own_times(run: Callable[..., None], settings: dict[str, Any]) -> None:
    """The slow one ends when the end of the quick one was heard of, and not before."""
    quick_ended, slow_began = Flag(), Flag()

    def slow() -> str:
        """Wait for the others."""
        slow_began.set()
        return "yes" if quick_ended.wait(WAIT) else "nobody said that quick had ended"

    def quick() -> str:
        """Do not wait."""
        return "yes" if slow_began.wait(WAIT) else "slow did not begin"

    found: list[Event] = []

    def note(event: Event) -> None:
        found.append(event)
        if isinstance(event, ToolFinished) and event.tool == "quick":
            quick_ended.set()

    run(Agent("a", model=calling(("slow", {}), ("quick", {})), tools=[slow, quick], **settings), note)
    ended = [event for event in found if isinstance(event, ToolFinished)]
    began = [event for event in found if isinstance(event, ToolStarted)]
    assert [(event.tool, event.content) for event in ended] == [("quick", "yes"), ("slow", "yes")]
    assert sorted(event.tool for event in began) == ["quick", "slow"]
    assert max(event.at for event in began) <= min(event.at for event in ended)
    assert {event.step for event in [*began, *ended]} == {ended[0].step}


@both_ways
def test_a_call_that_fails_ends_with_its_error(run: Callable[..., None]) -> None:
    def broken() -> str:
        """Fail."""
        raise ValueError("no luck")

    agent = Agent("a", model=calling(("broken", {}), ("missing", {}), ("broken", {"x": 1})), tools=[broken])
    found = told(run, agent)
    assert found.count(("began", "broken")) == 2
    assert found.count(("failed", "broken", "ValueError: no luck")) == 2
    assert ("began", "missing") in found
    assert [each[:2] for each in found if each[1] == "missing"] == [("began", "missing"), ("failed", "missing")]
    assert len(found) == 6


@both_ways
def test_what_a_tool_returns_as_a_command_is_told_once(run: Callable[..., None]) -> None:
    @tool
    def one(tool_call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
        """Change the state."""
        return Command(update={"messages": [ToolMessage("changed", tool_call_id=tool_call_id)]})

    @tool
    def several(tool_call_id: Annotated[str, InjectedToolCallId]) -> list[Any]:
        """Change the state in two steps."""
        return [Command(update={"closing": ""}), ToolMessage("both", tool_call_id=tool_call_id)]

    found = told(run, Agent("a", model=calling(("one", {}), ("several", {})), tools=[one, several]))
    assert sorted(each for each in found if each[0] != "began") == [
        ("ended", "one", "changed"),
        ("ended", "several", "both"),
    ]
    assert len(found) == 4


@both_ways
def test_a_hook_is_part_of_the_call(run: Callable[..., None]) -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    def answering(request: Any, call_next: Any) -> Any:
        call_next(request)  # and again: it is still one call
        answer: ToolMessage = call_next(request)
        return answer.model_copy(update={"content": f"about {answer.text}"})

    def refusing(request: Any, call_next: Any) -> Any:
        raise PermissionError("not now")

    def agent(hook: ToolHook) -> Agent:
        return Agent("a", model=calling(("clock", {})), tools=[clock], tool_hooks=[hook])

    assert told(run, agent(answering)) == [("began", "clock"), ("ended", "clock", "about noon")]
    assert told(run, agent(refusing)) == [("began", "clock"), ("failed", "clock", "PermissionError: not now")]


@both_ways
def test_a_call_that_takes_too_long_ends_when_its_time_is_over(run: Callable[..., None]) -> None:
    over = Flag()

    def slow() -> str:
        """Wait."""
        return str(over.wait(WAIT))

    found: list[Event] = []

    def note(event: Event) -> None:
        found.append(event)
        if isinstance(event, ToolFinished):
            over.set()

    run(Agent("a", model=calling(("slow", {})), tools=[slow], timeout=0.05), note)
    [ended] = [event for event in found if isinstance(event, ToolFinished)]
    assert (ended.failed, ended.content) == (True, "CallTimeout: no answer within 0.05 s")
