"""Flows run alike under `drive` and `adrive`; a cancelled one is cancelled."""

import asyncio
import gc
import inspect
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pytest

from coterie.memory.flow import Flow, adrive, drive, in_own_loop
from coterie.memory.http import PerLoopClient
from tests.support.openai_server import OpenAIServer


@dataclass(frozen=True)
class Answer:
    """Waits a little, then gives a value or raises it."""

    value: Any

    def call(self) -> Any:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value

    async def acall(self) -> Any:
        await asyncio.sleep(0.01)
        return self.call()


def adding(log: list[str]) -> Flow[int]:
    try:
        first = yield Answer(1)
        try:
            yield Answer(KeyError("gone"))
        except KeyError:
            log.append("caught")
        second = yield Answer(2)
        return int(first + second)
    finally:
        log.append("closed")


def test_both_ways_are_one() -> None:
    for run in (drive, lambda flow: asyncio.run(adrive(flow))):
        log: list[str] = []
        assert run(adding(log)) == 3
        assert log == ["caught", "closed"]


def test_what_is_not_caught_is_raised() -> None:
    def failing() -> Flow[None]:
        yield Answer(KeyError("gone"))

    with pytest.raises(KeyError):
        drive(failing())
    with pytest.raises(KeyError):
        asyncio.run(adrive(failing()))


@pytest.mark.parametrize("step", ["database", "model"])
def test_cancelled_in_any_step_it_is_cancelled(step: str) -> None:
    def slow() -> Flow[None]:
        if step == "database":
            time.sleep(0.2)
        yield Answer(1)
        while True:
            yield Answer(2)

    async def impatient() -> None:
        async with asyncio.timeout(0.05):
            await adrive(slow())

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())


def test_connections_go_with_their_loop(openai_server: OpenAIServer) -> None:
    openai_server.keep_alive = True
    openai_server.otherwise = "hi"
    client = PerLoopClient()

    async def ask() -> int:
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        answers = await asyncio.gather(
            *(client.post(f"{openai_server.url}/chat/completions", json=body) for _ in range(3))
        )
        return sum(answer.status_code for answer in answers)

    assert [asyncio.run(ask()) for _ in range(3)] == [600, 600, 600]
    gc.collect()
    assert not client._clients


async def twice(number: int) -> int:
    """Double a number."""
    await asyncio.sleep(0)
    return 2 * number


def test_an_async_function_is_called_wherever_one_is() -> None:
    twin = in_own_loop(twice)
    assert twin(2) == 4

    async def within_a_loop() -> int:
        return twin(3)

    assert asyncio.run(within_a_loop()) == 6
    assert inspect.signature(twin) == inspect.signature(twice)
    assert twin.__doc__ == "Double a number."


@pytest.mark.parametrize("within", [False, True])
def test_its_error_is_raised_and_its_context_is_the_callers(within: bool) -> None:
    name: ContextVar[str] = ContextVar("name")

    async def fail() -> None:
        raise ValueError(name.get())

    async def within_a_loop() -> None:
        in_own_loop(fail)()

    name.set("Ana")
    twin = in_own_loop(within_a_loop if within else fail)
    with pytest.raises(ValueError, match="Ana"):
        twin()
