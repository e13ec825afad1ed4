"""How agno does each case: a program, run by a Python that has agno. Calls of its public API alone.

python -m benchmarks.peers.agno_side [postgresql+psycopg://user@host/database]
"""

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

os.environ["AGNO_TELEMETRY"] = "false"

from agno.agent import Agent
from agno.db.base import UserMemory
from agno.db.postgres import PostgresDb
from agno.db.sqlite import SqliteDb
from agno.memory import MemoryManager
from agno.models.base import Model
from agno.models.message import Message
from agno.models.response import ModelResponse
from agno.team import Team
from agno.team.mode import TeamMode
from benchmarks.peers import cases
from benchmarks.peers.cases import (
    SAID,
    THINKING_SECONDS,
    Sample,
    Side,
    cpu_ms,
    cpu_us,
    retained_kib,
    tasks_s,
    threads_s,
)
from benchmarks.peers.process import serve

from coterie.memory.tokens import estimate_tokens

Answer = Callable[[Sequence[Message], Any], str | list[tuple[str, dict[str, Any]]]]
"""From the messages and the tools to a text, or to calls of tools."""


def nothing(messages: Sequence[Message], tools: Any) -> str:
    """Answer of a memory model that keeps nothing, and of a model that says little."""
    return "ok"


def keeps(messages: Sequence[Message], tools: Any) -> str | list[tuple[str, dict[str, Any]]]:
    """Answer of a memory model that adds one memory."""
    done = messages[-1].role == "tool"
    return "done" if done else [("add_memory", {"memory": "Likes hiking", "topics": ["hobby"]})]


@dataclass
class Instant(Model):  # type: ignore[misc]
    """Answers at once, or after some seconds; keeps what it was sent if it is given a list."""

    id: str = "instant"
    answer: Answer = nothing
    seconds: float = 0.0
    sent: list[str] | None = None
    calls: list[int] = field(default_factory=lambda: [0])

    def __deepcopy__(self, memo: Any) -> "Instant":
        return Instant(answer=self.answer, seconds=self.seconds, sent=self.sent, calls=self.calls)

    def _response(self, messages: Sequence[Message], tools: Any) -> ModelResponse:
        self.calls[0] += 1
        if self.sent is not None:
            self.sent.append("\n".join([*(one.get_content_string() for one in messages), *map(str, tools or [])]))
        answer, response = self.answer(messages, tools), ModelResponse(role="assistant")
        if isinstance(answer, str):
            response.content = answer
        else:
            response.tool_calls = [
                {
                    "id": uuid.uuid4().hex,
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps(values)},
                }
                for name, values in answer
            ]
        return response

    def invoke(self, messages: Sequence[Message], *_: Any, tools: Any = None, **options: Any) -> ModelResponse:
        if self.seconds:
            time.sleep(self.seconds)
        return self._response(messages, tools)

    async def ainvoke(self, messages: Sequence[Message], *_: Any, tools: Any = None, **options: Any) -> ModelResponse:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return self._response(messages, tools)

    def invoke_stream(self, *args: Any, **options: Any) -> Iterator[ModelResponse]:
        yield self.invoke(*args, **options)

    async def ainvoke_stream(self, *args: Any, **options: Any) -> AsyncIterator[ModelResponse]:
        yield await self.ainvoke(*args, **options)

    def _parse_provider_response(self, response: Any, **options: Any) -> ModelResponse:
        return response

    def _parse_provider_response_delta(self, response: Any) -> ModelResponse:
        return response


def called(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return a call of a tool as agno has it."""
    return {"id": uuid.uuid4().hex, "type": "function", "function": {"name": name, "arguments": json.dumps(values)}}


def clock() -> str:
    """Tell the time."""
    return "noon"


class AgnoSide(Side):
    """agno. ``postgres_url``: a database to use, "" where there is none."""

    def __init__(self, postgres_url: str, folder: str) -> None:
        self._postgres_url = postgres_url
        self._folder = folder
        self._store = cache(self._opened)
        self._user = cache(self._filled)

    def agent_us(self) -> Sample:
        return cpu_us(self._agents())

    def agent_kib(self) -> Sample:
        return retained_kib(self._agents())

    def team_us(self) -> Sample:
        return cpu_us(self._teams())

    def team_kib(self) -> Sample:
        return retained_kib(self._teams())

    def _agents(self) -> Callable[[], Agent]:
        model, db, tools = Instant(), self._store("sqlite"), [clock]
        return lambda: Agent(id="a", model=model, db=db, tools=tools, update_memory_on_run=True)

    def _teams(self) -> Callable[[], Team]:
        model, db = Instant(), self._store("sqlite")
        return lambda: Team(id="t", members=[Agent(id=name, model=model) for name in "abc"], model=model, db=db)

    def run(self, store: str, memories: int, curator: str) -> Sample | None:
        if curator == "verbatim" or (store == "postgres" and not self._postgres_url):
            return None
        db = self._store(store)
        user = self._user(store, memories) if db else "u"
        agent = Agent(id="agent", model=Instant(), db=db, telemetry=False, **remembering(db, curator))
        return cpu_ms(lambda: checked(agent.run(SAID, user_id=user, session_id=uuid.uuid4().hex)))

    def team(self, mode: str, members: int, store: str, curator: str) -> Sample | None:
        if curator == "verbatim" or (store == "postgres" and not self._postgres_url):
            return None
        db = self._store(store)
        team = leading(mode, members, db=db, **remembering(db, curator))
        first = team.run(SAID, user_id="t", session_id="first")
        assert len(first.member_responses) == members, first
        return cpu_ms(lambda: checked(team.run(SAID, user_id="t", session_id=uuid.uuid4().hex)))

    def tokens(self, memories: int) -> Sample:
        sent: list[str] = []
        db, user = self._store("sqlite"), self._user("sqlite", memories)
        keeper = MemoryManager(db=db, model=Instant(sent=sent))
        use = {"memory_manager": keeper, "update_memory_on_run": True, "add_memories_to_context": True}
        agent = Agent(id="agent", model=Instant(sent=sent), db=db, telemetry=False, **use)

        def sample() -> float:
            sent.clear()
            checked(agent.run(SAID, user_id=user, session_id=uuid.uuid4().hex))
            return sum(map(estimate_tokens, sent))

        return sample

    def calls(self, members: int) -> Sample:
        db, numbers, calls = self._store("sqlite"), count(), [0]
        keeper = MemoryManager(db=db, model=Instant(answer=keeps, calls=calls))
        use = {"db": db, "memory_manager": keeper, "update_memory_on_run": True, "add_memories_to_context": True}
        team = leading("coordinate", members, calls, use, **use)

        def sample() -> float:
            calls[0] = 0
            checked(team.run(SAID, user_id=f"calls-{next(numbers)}", session_id=uuid.uuid4().hex))
            return calls[0]

        return sample

    def at_once(self, how: str, curate: str) -> Sample | None:
        if curate == "background":
            return None
        db = self._store("sqlite")
        use = remembering(db, "off" if curate == "off" else "model", THINKING_SECONDS)
        agent = Agent(id="agent", model=Instant(), db=db, telemetry=False, **use)
        if how == "threads":
            return threads_s(lambda n: checked(agent.run(SAID, user_id=f"once-{n}", session_id=uuid.uuid4().hex)))

        async def work(number: int) -> None:
            checked(await agent.arun(SAID, user_id=f"once-{number}", session_id=uuid.uuid4().hex))

        return tasks_s(work)

    def _opened(self, store: str) -> Any:
        if store == "sqlite":
            return SqliteDb(db_file=f"{self._folder}/bench.db")
        return PostgresDb(db_url=self._postgres_url, db_schema="agno_bench") if store == "postgres" else None

    def _filled(self, store: str, memories: int) -> str:
        user = f"user-{memories}"
        every = [
            UserMemory(memory=cases.memory(n), topics=cases.topics(n), user_id=user, memory_id=uuid.uuid4().hex)
            for n in range(memories)
        ]
        for start in range(0, memories, 500):
            self._store(store).upsert_memories(every[start : start + 500], deserialize=False)
        assert len(self._store(store).get_user_memories(user_id=user)) == memories
        return user


def checked(output: Any) -> None:
    """Refuse a run that failed: agno puts errors into what it returns."""
    if output.status.name != "completed":
        raise RuntimeError(f"a run ended as {output.status}: {output.content}")


def remembering(db: Any, curator: str, seconds: float = 0.0) -> dict[str, Any]:
    """The settings of memory: none, read alone, or kept up to date too."""
    if db is None:
        return {}
    if curator == "off":
        return {"add_memories_to_context": True}
    keeper = MemoryManager(db=db, model=Instant(seconds=seconds))
    return {"memory_manager": keeper, "update_memory_on_run": True, "add_memories_to_context": True}


def leading(mode: str, members: int, calls: list[int] | None = None, theirs: Any = None, **settings: Any) -> Team:
    """A team whose leader calls every member once."""
    calls = [0] if calls is None else calls

    def answer(messages: Sequence[Message], tools: Any) -> Any:
        if messages[-1].role == "tool":
            return "final"
        names = [tool["function"]["name"] for tool in tools]
        name = next(name for name in names if name.startswith("delegate_task"))
        if name.endswith("members"):
            return [(name, {"task": "do it"})]
        return [(name, {"member_id": f"m{number}", "task": "do it"}) for number in range(members)]

    return Team(
        id="team",
        members=[
            Agent(id=name, name=name, role="helper", model=Instant(calls=calls), telemetry=False, **(theirs or {}))
            for name in (f"m{number}" for number in range(members))
        ],
        model=Instant(answer=answer, calls=calls),
        mode=TeamMode(mode),
        telemetry=False,
        **settings,
    )


def main() -> None:
    """Serve, with stores that are gone afterwards."""
    with TemporaryDirectory() as folder:
        serve(AgnoSide(sys.argv[1] if len(sys.argv) > 1 else "", folder))


if __name__ == "__main__":
    main()
