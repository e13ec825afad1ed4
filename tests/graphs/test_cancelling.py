"""A stream that is cancelled or not read to its end stops whoever works, and keeps what was said, in every mode."""

import asyncio
from contextlib import aclosing, nullcontext
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from coterie import Agent, Team
from coterie.graphs.events import Event, MemberStarted
from coterie.graphs.modes import MODES
from coterie.memory.db import Db
from tests.support.scripted import ScriptedModel, calls


class Waiting(ScriptedModel):
    """Thinks until it is cancelled."""

    _began: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)
    _ended: list[str] = PrivateAttr(default_factory=list)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        self._began.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self._ended.append("cancelled")
            raise
        return ChatResult(generations=[ChatGeneration(message=AIMessage("too late"))])

    async def _astream(self, *args: Any, **kwargs: Any) -> Any:
        await self._agenerate()
        yield


def team_of(mode: str, db: Db, waiting: Waiting) -> Team:
    def script(messages: list[BaseMessage]) -> AIMessage | str:
        if mode == "tasks":
            return calls(("add_tasks", {"tasks": [{"task": "think", "owner": "first"}]}))
        return calls(("ask_first", {"task": "think"}))

    members = [Agent("first", model=waiting), Agent("second", model=ScriptedModel(script=lambda _: "second"))]
    return Team("desk", members, mode=mode, db=db, model=ScriptedModel(script=script), update_memory_on_run=True)


@pytest.mark.parametrize("how", ["cancelled", "left"])
@pytest.mark.parametrize("mode", MODES)
def test_a_stream_that_ends_early_stops_its_members_and_keeps_the_turn(mode: str, how: str, db: Db) -> None:
    waiting = Waiting(script=lambda _: "")
    team = team_of(mode, db, waiting)
    begun: list[Event] = []

    async def read() -> None:
        events: Any = team.arun("I live in Oslo.", stream=True, user_id="u", session_id="s")
        async with aclosing(events):
            async for event in events:
                if isinstance(event, MemberStarted):
                    begun.append(event)
                if how == "left" and begun:
                    break

    async def end() -> None:
        reading = asyncio.create_task(read())
        if how == "cancelled":
            await asyncio.wait_for(waiting._began.wait(), 300)
            reading.cancel()
        with pytest.raises(asyncio.CancelledError) if how == "cancelled" else nullcontext():
            await asyncio.wait_for(reading, 300)

    asyncio.run(end())
    assert begun
    assert waiting._ended == (["cancelled"] if waiting._began.is_set() else [])
    (turn,) = db.turns("u", "s")
    assert turn.messages[0].content == "I live in Oslo."
    assert turn.status == "pending"
