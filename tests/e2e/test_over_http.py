"""Agents, teams and the curator with ChatOpenAI and a real HTTP server that answers well, badly, or not at all."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from coterie import Agent, MemoryManager, Scope, SqliteDb, Team
from coterie.errors import RunError
from coterie.graphs.events import Token
from tests.support.openai_server import BUSY, Answer, CutStream, Failure, Garbage, Hang, OpenAIServer, ToolCalls


def patience(answer: Answer) -> float | None:
    """Seconds to wait for it. What comes is waited for: the machine may be busy."""
    return 0.5 if isinstance(answer, Hang) else None


def model(server: OpenAIServer, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(model="m", base_url=server.url, api_key="none", **{"max_retries": 0, **options})  # type: ignore[arg-type]


def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"sunny in {city}"


def test_plain_and_streamed_answers(openai_server: OpenAIServer) -> None:
    openai_server.script("Good morning to you", "Good morning to you")
    greeter = Agent("greeter", model=model(openai_server), instructions="Greet.")
    assert greeter.run("hi").content == "Good morning to you"
    tokens = [event.text for event in greeter.run("hi", stream=True) if isinstance(event, Token)]
    assert "".join(tokens) == "Good morning to you"
    assert len(tokens) > 1
    assert "Greet." in openai_server.bodies[0]["messages"][0]["content"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_call_goes_there_and_back(openai_server: OpenAIServer, stream: bool) -> None:
    openai_server.script(ToolCalls(("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})), "Nice out there.")
    agent = Agent("a", model=model(openai_server), tools=[weather])
    if stream:
        *_, last = agent.run("How is it?", stream=True)
        assert last.output.content == "Nice out there."  # type: ignore[attr-defined]
    else:
        assert agent.run("How is it?").content == "Nice out there."
    sent = openai_server.bodies[-1]["messages"]
    assert [(m["role"], m["content"]) for m in sent[-2:]] == [("tool", "sunny in Oslo"), ("tool", "sunny in Rome")]


def test_a_team_delegates_in_parallel(openai_server: OpenAIServer) -> None:
    def answer(body: dict[str, Any]) -> str | ToolCalls:
        if "tools" not in body:
            return f"{body['messages'][-1]['content']}: found"
        if body["messages"][-1]["role"] == "tool":
            return " and ".join(m["content"] for m in body["messages"] if m["role"] == "tool")
        return ToolCalls(*((f"ask_{each}", {"task": f"ask {each}"}) for each in ("east", "west")))

    openai_server.otherwise = answer
    team = Team("t", [Agent("east"), Agent("west")], model=model(openai_server))
    assert team.run("go").content == "ask east: found and ask west: found"
    assert asyncio.run(team.arun("go")).content == "ask east: found and ask west: found"


def test_a_model_of_the_users_own_works_in_every_event_loop(openai_server: OpenAIServer) -> None:
    openai_server.keep_alive = True
    openai_server.otherwise = lambda body: "Hi" if body["messages"][-1]["role"] == "tool" else ToolCalls(("slow", {}))
    own = model(openai_server)

    async def slow() -> str:
        """Be awaited."""
        return "done"

    agent = Agent("a", model=own, tools=[slow])

    async def streamed() -> str:
        return "".join([event.text async for event in agent.arun("hi", stream=True) if isinstance(event, Token)])

    for _ in range(2):
        assert agent.run("hi").content == "Hi"
        assert asyncio.run(agent.arun("hi")).content == "Hi"
        assert asyncio.run(streamed()) == "Hi"
    own.root_client.close()  # of this kept-alive connection the user's model is the owner


def test_a_busy_server_is_asked_again(openai_server: OpenAIServer) -> None:
    openai_server.script(BUSY, "at last")
    assert Agent("a", model=model(openai_server, max_retries=2)).run("hi").content == "at last"
    assert len(openai_server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "why"), [(Failure(500), "Error code: 500"), (Garbage(), "Error"), (Hang(), "timed out")]
)
def test_a_server_that_fails_fails_the_run_with_its_reason(
    openai_server: OpenAIServer, answer: Answer, why: str
) -> None:
    openai_server.otherwise = answer
    agent = Agent("scout", model=model(openai_server, timeout=patience(answer)))
    with pytest.raises(RunError, match=f"scout: its model failed .*{why}"):
        agent.run("hi")
    with pytest.raises(RunError, match="scout: its model failed"):
        asyncio.run(agent.arun("hi"))


def test_a_stream_that_breaks_off_fails_the_run(openai_server: OpenAIServer, tmp_path: Path) -> None:
    openai_server.otherwise = CutStream("half an")
    db = SqliteDb(tmp_path / "a.db")
    agent = Agent("scout", model=model(openai_server), db=db)
    with pytest.raises(RunError, match="scout: its model failed"):
        list(agent.run("hi", stream=True, user_id="u", session_id="s"))
    (turn,) = db.turns("u", "s")
    assert [message.content for message in turn.messages] == ["hi"], "half an answer is none"
    db.close()


@pytest.mark.parametrize("answer", [Failure(500), Garbage(), Hang(), "I'm sorry, I can't help with that.", "{", "[]"])
def test_a_curator_that_fails_loses_nothing(openai_server: OpenAIServer, tmp_path: Path, answer: Answer) -> None:
    openai_server.otherwise = lambda body: "Hello!" if "response_format" not in body else _reply(answer)
    with SqliteDb(tmp_path / "a.db") as db:
        manager = MemoryManager(db=db, model=model(openai_server, timeout=patience(answer)))
        agent = Agent("a", model=model(openai_server), memory_manager=manager, update_memory_on_run=True)
        output = agent.run("I like hiking.", user_id="u", session_id="s")
        assert output.content == "Hello!"
        assert output.curation is not None
        assert output.curation.error is not None
        (turn,) = db.pending_turns("u")
        assert turn.error
        assert turn.error in str(output.curation.error)
        assert db.count(Scope("u")) == 0
        db.retry_turns("u")
        (kept,) = MemoryManager(db=db, curator="verbatim").curate_pending("u")
        assert kept.error is None
        assert [memory.memory for memory in db.newest(Scope("u"))] == ["I like hiking."]


def _reply(answer: Answer) -> Any:
    return answer
