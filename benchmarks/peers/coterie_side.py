"""How coterie does each case."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any, Literal

import psycopg
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
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from coterie import Agent, MemoryManager, PostgresDb, Scope, SqliteDb, Team, UserMemory
from coterie.graphs.build import compiled_of
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change
from coterie.memory.tokens import estimate_tokens

Curating = Literal["off", "verbatim", "model"]
NOTHING = json.dumps({"personal": False, "edits": []})
ONE_THING = json.dumps(
    {
        "personal": True,
        "edits": [{"op": "add", "memory": "Likes hiking", "quote": SAID, "topics": ["hobby"], "reason": "said"}],
    }
)


class Model(BaseChatModel):
    """Answers at once, or after some seconds; keeps what it was sent if it is given a list."""

    answer: Callable[[Sequence[BaseMessage]], AIMessage | str] = lambda messages: "ok"
    seconds: float = 0.0
    sent: Any = None

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """The same model; its answers do not depend on its tools."""
        return self if self.sent is None else self.bind(tools=[str(tool) for tool in tools])

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        if self.seconds:
            sleep(self.seconds)
        return self._result(messages, kwargs)

    async def _agenerate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return self._result(messages, kwargs)

    def _result(self, messages: Sequence[BaseMessage], options: dict[str, Any]) -> ChatResult:
        if self.sent is not None:
            self.sent.append("\n".join([*(message.text for message in messages), *options.get("tools", [])]))
        answer = self.answer(messages)
        message = AIMessage(answer) if isinstance(answer, str) else answer
        return ChatResult(generations=[ChatGeneration(message=message)])


def clock() -> str:
    """Tell the time."""
    return "noon"


class CoterieSide(Side):
    """coterie. ``postgres_url``: an empty database to use, None where there is none."""

    def __init__(self, postgres_url: str | None) -> None:
        self._postgres_url = postgres_url
        self._open = ExitStack()
        self._store = cache(self._opened)
        self._user = cache(self._filled)

    def close(self) -> None:
        """Close the stores."""
        self._open.close()

    def agent_us(self) -> Sample:
        """Make an agent."""
        return cpu_us(agents())

    def agent_kib(self) -> Sample:
        """What one takes."""
        return retained_kib(agents())

    def team_us(self) -> Sample:
        """Make a team and its members."""
        return cpu_us(teams())

    def team_kib(self) -> Sample:
        """What they take."""
        return retained_kib(teams())

    def first_use(self) -> Sample:
        """Make the graph of the first agent of a shape."""
        make = agents()

        def first() -> None:
            compiled_of.cache_clear()
            _ = make().graph

        return cpu_ms(first)

    def graphs(self, number: int, tools: int) -> Sample:
        """Make the graphs of many agents of one shape."""
        make = agents(tools)
        return cpu_ms(lambda: [make().graph for _ in range(number)])

    def run(self, store: str, memories: int, curator: Curating) -> Sample | None:
        """Run an agent. With the model as the curator it is asked, and answers that there is nothing to keep."""
        db = self._store(store)
        if db is None and store != "none":
            return None
        user = "u" if db is None else self._user(store, memories)
        agent = Agent("agent", model=Model(), **remembering(db, curator, NOTHING))
        return cpu_ms(lambda: agent.run(SAID, user_id=user))

    def team(self, mode: str, members: int, store: str, curator: Curating) -> Sample | None:
        """Run a team."""
        db = self._store(store)
        if db is None and store != "none":
            return None
        team = Team("team", answering(members), mode=mode, model=leading(mode, members), **remembering(db, curator))
        assert len(team.run(SAID, user_id="t").members) == members
        return cpu_ms(lambda: team.run(SAID, user_id="t"))

    def traced(self, who: str, trace: str) -> Sample:
        """Run an agent, or a team of three, and record it: nowhere, in a file, or in the store."""
        folder = self._open.enter_context(TemporaryDirectory())
        setting: Any = {"off": False, "file": f"{folder}/runs.jsonl", "store": True}[trace]
        use = remembering(self._store("sqlite"), "model") | {"trace": setting}
        agent = Agent("agent", model=Model(), **use)
        team = Team("team", answering(3), model=leading("coordinate", 3), **use)
        target = agent if who == "agent" else team
        return cpu_ms(lambda: target.run(SAID, user_id=f"traced-{who}"))

    def tokens(self, memories: int) -> Sample:
        """What is put into the prompts of one turn, the forms and functions that the models are offered too."""
        sent: list[str] = []
        keeper = MemoryManager(self._store("sqlite"), Model(answer=lambda messages: NOTHING, sent=sent))
        agent = Agent("agent", model=Model(sent=sent), memory_manager=keeper, update_memory_on_run=True)
        user = self._user("sqlite", memories)

        def sample() -> float:
            sent.clear()
            agent.run(SAID, user_id=user)
            return sum(map(estimate_tokens, sent))

        return sample

    def calls(self, members: int) -> Sample:
        """How often models are asked in a team's turn of which something is remembered."""
        numbers = count()
        use = remembering(self._store("sqlite"), "model", ONE_THING)
        team = Team("team", answering(members), model=leading("coordinate", members), **use)

        def sample() -> float:
            output = team.run(SAID, user_id=f"calls-{next(numbers)}")
            assert output.memories_changed, output.curations
            return output.usage.model_calls

        return sample

    def at_once(self, how: str, curate: str) -> Sample:
        """Run an agent for several users at once, while the memory model takes its time."""
        keeper = MemoryManager(self._store("sqlite"), Model(answer=lambda messages: NOTHING, seconds=THINKING_SECONDS))
        on: Any = {"off": False, "inline": True, "background": "background"}[curate]
        agent = Agent("agent", model=Model(), memory_manager=keeper, update_memory_on_run=on)
        if how == "threads":
            return threads_s(lambda number: agent.run(SAID, user_id=f"once-{number}"), keeper.wait_until_settled)
        return tasks_s(lambda number: agent.arun(SAID, user_id=f"once-{number}"), keeper.wait_until_settled)

    def _opened(self, store: str) -> Db | None:
        """A store; None if there is none of this kind."""
        if store == "sqlite":
            folder = self._open.enter_context(TemporaryDirectory())
            return self._open.enter_context(SqliteDb(Path(folder) / "bench.db"))
        if store == "postgres" and self._postgres_url is not None:
            return self._open.enter_context(PostgresDb(self._postgres_url))
        return None

    def _filled(self, store: str, memories: int) -> str:
        """A user of a store who has so many memories."""
        user, db = f"user-{memories}", self._store(store)
        assert db is not None
        for start in range(0, memories, 500):
            part = range(start, min(start + 500, memories))
            edits = [Add(UserMemory(memory=cases.memory(n), topics=cases.topics(n))) for n in part]
            db.apply(Scope(user), edits, Change("import"))
        if store == "postgres":
            url = str(self._postgres_url).replace("+psycopg", "")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("ANALYZE")  # as PostgreSQL does by itself, within a minute of so many new rows
        return user


def agents(tools: int = 1) -> Callable[[], Agent]:
    """What makes an agent with a store, memory and tools."""
    model, db = Model(), SqliteDb()
    return lambda: Agent("a", model=model, db=db, tools=[clock] * tools, update_memory_on_run=True)


def teams() -> Callable[[], Team]:
    """What makes a team of three new members."""
    model, db = Model(), SqliteDb()
    return lambda: Team("t", [Agent(name, model=model) for name in "abc"], model=model, db=db)


def remembering(db: Db | None, curator: Curating, answer: str = NOTHING) -> dict[str, Any]:
    """The settings of memory: none, read alone, or curated. ``answer`` is what the curator's model says."""
    if db is None or curator == "off":
        return {"db": db}
    keeper = MemoryManager(db, Model(answer=lambda messages: answer), curator=curator)
    return {"memory_manager": keeper, "update_memory_on_run": True}


def answering(members: int) -> list[Agent]:
    """Members of a team."""
    return [Agent(f"m{number}", role="helper", model=Model()) for number in range(members)]


def leading(mode: str, members: int) -> Model:
    """The model of a team's leader, who calls every member once if that is for a leader to do."""
    calls = [{"name": f"ask_m{n}", "args": {"task": "do it"}, "id": f"call_{n}"} for n in range(members)]

    def answer(messages: Sequence[BaseMessage]) -> AIMessage | str:
        called = mode != "coordinate" or isinstance(messages[-1], ToolMessage)
        return "final" if called else AIMessage("", tool_calls=calls)

    return Model(answer=answer)
