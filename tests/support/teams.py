"""Small teams to test with, and the ways to run them."""

import asyncio
from collections.abc import Callable

import pytest
from langchain_core.messages import BaseMessage

from coterie import Agent, RunOutput, Team
from coterie.graphs.events import Event
from coterie.teams.output import RunFinished
from tests.support.scripted import ScriptedModel

Way = Callable[[Team, str], RunOutput]


def sync(team: Team, message: str) -> RunOutput:
    return team.run(message)


def asynchronous(team: Team, message: str) -> RunOutput:
    return asyncio.run(team.arun(message))


def streamed(team: Team, message: str) -> RunOutput:
    *_, last = team.run(message, stream=True)
    assert isinstance(last, RunFinished)
    return last.output


def async_streamed(team: Team, message: str) -> RunOutput:
    async def read() -> list[Event]:
        return [event async for event in team.arun(message, stream=True)]

    last = asyncio.run(read())[-1]
    assert isinstance(last, RunFinished)
    return last.output


both_ways = pytest.mark.parametrize("run", [sync, asynchronous])
all_ways = pytest.mark.parametrize("run", [sync, asynchronous, streamed, async_streamed])


def member(name: str, delay: float = 0.0) -> Agent:
    """Answers with its name and its task."""
    return Agent(name, role=f"knows {name}", model=ScriptedModel(script=lambda m: f"{name}: {m[-1].text}", delay=delay))


def failing(name: str) -> Agent:
    """Its model cannot be reached."""

    def fail(messages: list[BaseMessage]) -> str:
        raise ConnectionError(f"no route to {name}")

    return Agent(name, role=f"knows {name}", model=ScriptedModel(script=fail))


def never() -> ScriptedModel:
    """A model that nobody is to ask."""

    def fail(messages: list[BaseMessage]) -> str:
        raise AssertionError("it was asked")

    return ScriptedModel(script=fail)


def spoken(output: RunOutput) -> list[tuple[str | None, str]]:
    """Who said what in a turn."""
    return [(message.name, message.text) for message in output.messages]
