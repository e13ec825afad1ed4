"""How a run is conducted: retries, time limits, tool-call limits, step limits."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.prebuilt import ToolRuntime
from langgraph.types import RetryPolicy
from pydantic import BaseModel

from coterie import Agent, MemoryManager, RunOutput, SqliteDb, Team
from coterie.errors import ConfigurationError, ConflictError, RunError
from coterie.graphs import workers
from coterie.graphs.events import AttemptFailed, Event, Token, ToolFinished
from coterie.graphs.limits import pause_before_next
from coterie.graphs.state import RunContext
from coterie.memory.db import Db
from coterie.teams.output import RunFinished
from tests.support.openai_server import BUSY, Failure, Hang, OpenAIServer, ToolCalls
from tests.support.scripted import Script, ScriptedModel, calls

Way = Callable[..., list[Event]]
AT_ONCE = RetryPolicy(initial_interval=0.0, jitter=False)
PATIENCE = 0.1
"""Seconds: how long the tests wait for what never comes."""
LONG_ENOUGH = 2
"""Seconds: the same where something else is to come meanwhile."""
AGAIN_AND_AGAIN = AT_ONCE._replace(max_attempts=100)
"""For what comes, but on a busy machine not always within `LONG_ENOUGH`."""


def sync(who: Agent | Team, message: str = "go", **options: Any) -> list[Event]:
    return list(who.run(message, stream=True, **options))


def asynchronous(who: Agent | Team, message: str = "go", **options: Any) -> list[Event]:
    async def events() -> list[Event]:
        return [event async for event in who.arun(message, stream=True, **options)]

    return asyncio.run(events())


both_ways = pytest.mark.parametrize("run", [sync, asynchronous])


def output(events: list[Event]) -> RunOutput:
    assert isinstance(events[-1], RunFinished)
    return events[-1].output


def attempts(events: list[Event]) -> list[tuple[str, str, int]]:
    return [(each.source, each.node, each.attempt) for each in events if isinstance(each, AttemptFailed)]


def failing(times: int, error: Exception, then: Script) -> ScriptedModel:
    """Fails so often, then answers."""
    left = iter(range(times))

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        if next(left, None) is not None:
            raise error
        return then(messages)

    return ScriptedModel(script=script)


def last_answers(messages: list[BaseMessage]) -> str:
    return " | ".join(message.text for message in messages if isinstance(message, ToolMessage))


def calling(*wanted: tuple[str, dict[str, Any]]) -> Script:
    """Calls these once, then answers with what they answered."""
    return lambda messages: last_answers(messages) or calls(*wanted)


def unanswered(messages: tuple[BaseMessage, ...]) -> set[str | None]:
    asked = {c["id"] for m in messages if isinstance(m, AIMessage) for c in [*m.tool_calls, *m.invalid_tool_calls]}
    return asked - {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}


# Retries


@both_ways
def test_a_model_that_fails_is_asked_again_and_each_attempt_is_told(run: Way) -> None:
    used = []

    def clock() -> str:
        """Tell the time."""
        used.append("clock")
        return "noon"

    model = failing(2, ConnectionError("gone"), calling(("clock", {})))
    events = run(Agent("a", model=model, tools=[clock], retry_policy=AT_ONCE))
    assert attempts(events) == [("a", "model", 1), ("a", "model", 2)]
    assert output(events).content == "noon"
    assert used == ["clock"]


@both_ways
def test_the_error_of_the_last_attempt_says_how_many_there_were(run: Way) -> None:
    model = failing(9, ConnectionError("gone"), lambda messages: "ok")
    with pytest.raises(RunError, match=r"^a: its model failed 3 times \(scripted\): ConnectionError: gone\.") as caught:
        run(Agent("a", model=model, retry_policy=AT_ONCE))
    assert caught.value.attempt == len(model.seen) == 3
    assert isinstance(caught.value.__cause__, ConnectionError)


@pytest.mark.parametrize("error", [ValueError("no use"), ConflictError("ours")])
def test_what_the_policy_does_not_name_and_our_own_errors_are_not_retried(error: Exception) -> None:
    model = failing(9, error, lambda messages: "ok")
    kinds = (ConnectionError, ConflictError)
    with pytest.raises((RunError, ConflictError)):
        Agent("a", model=model, retry_policy=AT_ONCE._replace(retry_on=kinds)).run("go")
    assert len(model.seen) == 1


def test_the_policy_is_read_as_langgraph_reads_it() -> None:
    policy = RetryPolicy(initial_interval=1, backoff_factor=3, max_interval=5, max_attempts=4, jitter=False)
    gone = ConnectionError("gone")
    assert [pause_before_next(policy, attempt, gone) for attempt in (1, 2, 3, 4)] == [1, 3, 5, None]
    assert pause_before_next(None, 1, gone) is None
    jittered = pause_before_next(policy._replace(jitter=True), 1, gone)
    assert jittered is not None
    assert 1 <= jittered <= 2
    retried: list[Any] = [OSError, [KeyError, OSError], lambda error: error is gone]
    assert [pause_before_next(policy._replace(retry_on=kinds), 1, gone) for kinds in retried] == [1, 1, 1]
    assert pause_before_next(policy._replace(retry_on=KeyError), 1, gone) is None


@both_ways
def test_a_real_server_is_asked_again(run: Way, openai_server: OpenAIServer) -> None:
    openai_server.script(BUSY, Failure(503), "at last")
    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none", max_retries=0)
    assert output(run(Agent("a", model=model, retry_policy=AT_ONCE))).content == "at last"


def test_the_form_of_an_answer_is_asked_for_again_too() -> None:
    class Answer(BaseModel):
        number: int

    model = failing(1, ConnectionError("gone"), lambda messages: '{"number": 7}')
    events = sync(Agent("a", model=model, output_schema=Answer, retry_policy=AT_ONCE))
    assert output(events).parsed == Answer(number=7)
    assert attempts(events) == [("a", "form", 1)]


# Time limits


@both_ways
def test_a_model_that_takes_too_long_fails_the_run(run: Way, openai_server: OpenAIServer) -> None:
    openai_server.otherwise = Hang()
    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none", max_retries=0)
    with pytest.raises(RunError, match=r"a: its model failed .*no answer within 0.1 s\. Give it more time"):
        run(Agent("a", model=model, timeout=PATIENCE))


@both_ways
def test_it_may_be_asked_again(run: Way, openai_server: OpenAIServer) -> None:
    openai_server.script(Hang())
    openai_server.otherwise = "at last"
    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none", max_retries=0)
    events = run(Agent("a", model=model, timeout=LONG_ENOUGH, retry_policy=AGAIN_AND_AGAIN))
    assert attempts(events)[0] == ("a", "model", 1)
    assert "".join(event.text for event in events if isinstance(event, Token)).endswith("at last")
    assert output(events).content == "at last"


@both_ways
def test_a_curator_that_takes_too_long_does_not_hold_up_the_run(run: Way, openai_server: OpenAIServer, db: Db) -> None:
    openai_server.otherwise = Hang()
    curator = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none", max_retries=0)
    manager = MemoryManager(db=db, model=curator)
    quiet = ScriptedModel(script=lambda messages: "ok")
    settings: Any = {"timeout": LONG_ENOUGH, "retry_policy": AGAIN_AND_AGAIN}
    agent = Agent("a", model=quiet, memory_manager=manager, update_memory_on_run=True, **settings)
    result = output(run(agent, "I like tea.", user_id="u"))
    assert result.content == "ok"
    assert "no answer within 2 s" in result.errors[0]
    assert len(db.pending_turns("u")) == 1


def test_what_an_abandoned_model_writes_later_does_not_reach_the_stream() -> None:
    first: list[bool] = []
    second = threading.Event()

    def script(messages: list[BaseMessage]) -> str:
        if not first:
            first.append(True)
            second.wait()
            return "words that come too late"
        idle = len(workers._idle)
        second.set()
        while len(workers._idle) == idle:  # all that the first one can do is done before this one answers
            time.sleep(0.01)
        return "in time"

    model = ScriptedModel(script=script)
    events = sync(Agent("a", model=model, timeout=LONG_ENOUGH, retry_policy=AGAIN_AND_AGAIN))
    assert "".join(event.text for event in events if isinstance(event, Token)) == "in time"
    assert output(events).content == "in time"


@both_ways
def test_a_tool_that_takes_too_long_is_answered_as_failed_and_the_others_are_not_hindered(run: Way) -> None:
    given_up = threading.Event()

    def slow() -> str:
        """Take too long."""
        given_up.wait()
        return "too late"

    def fast() -> str:
        """Be quick."""
        return "here"

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        if said := last_answers(messages):
            given_up.set()
            return said
        return calls(("slow", {}), ("fast", {}))

    model = ScriptedModel(script=script)
    events = run(Agent("a", model=model, tools=[slow, fast], timeout=6, retry_policy=AGAIN_AND_AGAIN))
    assert output(events).content == "CallTimeout: no answer within 6 s | here"
    ended = {event.tool: event.failed for event in events if isinstance(event, ToolFinished)}
    assert ended == {"slow": True, "fast": False}


def test_an_async_tool_that_takes_too_long_is_cancelled() -> None:
    ended = []

    async def slow() -> str:
        """Take for ever."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("slow")
        return "never"

    model = ScriptedModel(script=calling(("slow", {})))
    assert "no answer within" in output(asynchronous(Agent("a", model=model, tools=[slow], timeout=PATIENCE))).content
    assert ended == ["slow"]


@both_ways
def test_with_a_time_limit_tools_know_their_run_and_their_context(run: Way) -> None:
    tenant: ContextVar[str] = ContextVar("tenant", default="nobody")

    @tool
    def who(runtime: ToolRuntime[RunContext]) -> str:
        """Say who asks."""
        return f"{runtime.context.user_id} of {tenant.get()}"

    tenant.set("acme")
    model = ScriptedModel(script=calling(("who", {})))
    agent = Agent("a", model=model, tools=[who], timeout=30)
    assert output(run(agent, user_id="ana")).content == "ana of acme"
    assert "".join(event.text for event in run(agent, user_id="ana") if isinstance(event, Token)) == "ana of acme"


# Limits of tool calls


def eager(messages: list[BaseMessage]) -> AIMessage:
    """Calls three tools each time, whatever it is told."""
    return calls(*[("clock", {"zone": zone}) for zone in "abc"]).model_copy(update={"content": "Let me look."})


@both_ways
@pytest.mark.parametrize(("limit", "made"), [(0, ""), (1, "a"), (2, "ab"), (3, "abc"), (4, "abca"), (None, "abcabc")])
def test_no_more_tools_are_called_than_the_limit_allows(
    run: Way, openai_server: OpenAIServer, limit: int | None, made: str
) -> None:
    used = []

    def clock(zone: str) -> str:
        """Tell the time."""
        used.append(zone)
        return "noon"

    def answer(body: dict[str, Any]) -> ToolCalls | str:
        asked = sum(message["role"] == "tool" for message in body["messages"])
        return ToolCalls(*[("clock", {"zone": z}) for z in "abc"]) if "tools" in body and asked < 6 else "It is noon."

    openai_server.otherwise = answer
    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none", max_retries=0)
    events = run(Agent("a", model=model, tools=[clock], tool_call_limit=limit))
    assert sorted(used) == sorted(made)
    assert output(events).content == "It is noon."
    refused = [event for event in events if isinstance(event, ToolFinished) and event.failed]
    assert all(f"limit of {limit} tool calls" in event.content for event in refused)
    assert len(refused) == {1: 2, 2: 1, 4: 2}.get(limit or 0, 0)
    assert "tools" not in openai_server.bodies[-1] or limit is None


def test_every_call_is_answered_those_that_cannot_be_read_too() -> None:
    mixed = calls(("clock", {}), ("clock", {})).model_copy(
        update={"invalid_tool_calls": [{"name": "clock", "args": "{oops", "id": "bad", "error": None}]}
    )

    def clock() -> str:
        """Tell the time."""
        return "noon"

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "done" if "all the tool calls" in messages[0].text else mixed

    for limit in range(4):
        model = ScriptedModel(script=script)
        result = Agent("a", model=model, tools=[clock], tool_call_limit=limit).run("go")
        assert result.content == "done"
        assert not unanswered(result.messages)
        for seen in model.seen:
            assert not unanswered(tuple(seen)), "no prompt has a call without its answer"
    assert [m.text for m in result.messages if isinstance(m, ToolMessage)][:2] == ["noon", "noon"]


def test_a_model_that_calls_tools_it_does_not_have_is_taken_at_its_word() -> None:
    def clock(zone: str) -> str:
        """Tell the time."""
        return "noon"

    result = Agent("a", model=ScriptedModel(script=eager), tools=[clock], tool_call_limit=2).run("go")
    assert result.content == "Let me look."
    mute = ScriptedModel(script=lambda messages: calls(("clock", {"zone": "a"})))
    with pytest.raises(RunError, match="nothing but tool calls, beyond tool_call_limit=2"):
        Agent("a", model=mute, tools=[clock], tool_call_limit=2).run("go")


def test_a_call_that_was_written_as_text_counts() -> None:
    written = '{"name": "clock", "arguments": {}}'
    model = ScriptedModel(script=lambda messages: "noon" if "all the tool calls" in messages[0].text else written)
    used = []

    def clock() -> str:
        """Tell the time."""
        used.append("clock")
        return "noon"

    assert Agent("a", model=model, tools=[clock], tool_call_limit=2).run("go").content == "noon"
    assert len(used) == 2


@both_ways
def test_a_leaders_calls_of_members_count(run: Way) -> None:
    member = ScriptedModel(script=lambda messages: messages[-1].text)
    lead = calls(*[("ask_m", {"task": task}) for task in ("one", "two", "three")])
    model = ScriptedModel(script=lambda m: last_answers(m) if "all the tool calls" in m[0].text else lead)
    result = output(run(Team("t", [Agent("m", model=member)], model=model, tool_call_limit=2)))
    assert {done.task for done in result.members} == {"one", "two"}
    assert not unanswered(result.messages)


def test_each_run_counts_anew() -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "ok" if isinstance(messages[-1], ToolMessage) else calls(("clock", {}))

    agent = Agent("a", model=ScriptedModel(script=script), tools=[clock], db=SqliteDb(), tool_call_limit=1)
    for _ in range(2):
        result = agent.run("go", user_id="u", session_id="s")
        assert [m.text for m in result.messages if isinstance(m, ToolMessage)] == ["noon"]


# Limits of steps


def endless(name: str, **options: Any) -> Agent:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    return Agent(name, model=ScriptedModel(script=lambda _: calls(("clock", {}))), tools=[clock], **options)


@both_ways
def test_a_run_that_goes_in_circles_is_stopped(run: Way) -> None:
    with pytest.raises(RunError, match=r"^a: stopped after 7 steps without an answer\. Does a tool loop\?$"):
        run(endless("a", max_steps=7))


def test_so_is_the_graph_itself_and_its_callers_limit_counts() -> None:
    state = {"messages": [HumanMessage("go")]}
    with pytest.raises(RunError, match="stopped after 100 steps"):
        endless("a").graph.invoke(state)
    with pytest.raises(RunError, match="stopped after 5 steps"):
        asyncio.run(endless("a").graph.ainvoke(state, {"recursion_limit": 5}))


@both_ways
def test_a_member_that_goes_in_circles_fails_by_its_own_limit_and_the_team_goes_on(run: Way) -> None:
    lead = ScriptedModel(script=calling(("ask_a", {"task": "x"})))
    result = output(run(Team("desk", [endless("a", max_steps=30)], model=lead, max_steps=9)))
    assert "desk/a: stopped after 30 steps without an answer" in result.errors[0]
    assert "stopped after 30 steps" in result.content


# What cannot be


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        ("timeout", 0),
        ("timeout", "5"),
        ("tool_call_limit", -1),
        ("tool_call_limit", 1.5),
        ("max_steps", 0),
        ("retry_policy", 3),
        ("pre_hooks", ["check"]),
        ("tool_hooks", len),
    ],
)
def test_settings_that_cannot_be_kept_are_refused(setting: str, wrong: Any) -> None:
    options: dict[str, Any] = {setting: wrong}
    with pytest.raises(ConfigurationError, match=f"^a: {setting}"):
        Agent("a", **options).run("hi")
