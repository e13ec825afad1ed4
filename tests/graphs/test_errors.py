"""What fails says where; what is stopped stops its members, and nothing half-written is kept."""

import asyncio
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_openai import ChatOpenAI
from langgraph.runtime import get_runtime

from coterie import Agent, SqliteDb, Team
from coterie.errors import RunError
from coterie.graphs.events import MemberFinished, MemberStarted, ToolFinished
from coterie.graphs.modes import Broadcast, Mode, Sequence
from coterie.memory.db import Db
from tests.support.openai_server import Answer, Failure, Garbage, OpenAIServer, ToolCalls
from tests.support.scripted import ScriptedModel, calls


def gone(messages: list[BaseMessage]) -> str:
    raise ConnectionError("no route to the model")


def leader(*members: str) -> ScriptedModel:
    def script(messages: list[BaseMessage]) -> AIMessage | str:
        answers = [message.text for message in messages if isinstance(message, ToolMessage)]
        return " | ".join(answers) or calls(*[(f"ask_{member}", {"task": "x"}) for member in members])

    return ScriptedModel(script=script)


# Where it failed


@pytest.mark.parametrize("run", [Team.run, lambda team, message: asyncio.run(team.arun(message))])
def test_an_error_says_where_it_happened(run: Callable[[Team, str], Any]) -> None:
    team = Team("News desk", [Agent("m")], model=ScriptedModel(script=gone))
    with pytest.raises(RunError, match=r"^News desk: its model failed") as caught:
        run(team, "go")
    error = caught.value
    assert (error.agent, error.path, error.node, error.attempt) == ("News desk", "News_desk", "leader", 1)
    assert str(error.__cause__) == "no route to the model"


def test_a_member_that_fails_is_named_by_where_it_stands() -> None:
    inner = Team("inner", [Agent("leaf", model=ScriptedModel(script=gone))], model=leader("leaf"))
    result = Team("outer", [inner], model=leader("inner")).run("go")
    assert [done.member for done in result.members if done.error] == ["leaf"]
    assert "outer/inner/leaf: its model failed (scripted): ConnectionError: no route to the model" in result.content


def test_a_tool_that_fails_is_named_with_its_agent() -> None:
    def broken() -> str:
        """Break."""
        raise OSError("the clock is broken")

    model = ScriptedModel(script=lambda m: m[-1].text if isinstance(m[-1], ToolMessage) else calls(("broken", {})))
    team = Team("desk", [Agent("m", model=model, tools=[broken])], model=leader("m"))
    events = list(team.run("go", stream=True))
    ended = [event for event in events if isinstance(event, ToolFinished) and event.source == "m"]
    assert [(e.tool, e.content, e.failed) for e in ended] == [("broken", "OSError: the clock is broken", True)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Failure(401, "Incorrect API key provided."), "401 - Incorrect API key provided. Is its API key right"),
        (Failure(404, "No such model."), "404 - No such model. Does that server know this model?"),
        (Failure(429, "Slow down.", {"retry-after-ms": "1"}), "429 - Slow down. Ask less often"),
        (Garbage(), r"Is that a server that speaks OpenAI's API\? Its URL usually ends in /v1"),
    ],
)
def test_an_error_of_the_server_says_what_to_do(openai_server: OpenAIServer, answer: Answer, said: str) -> None:
    openai_server.otherwise = answer
    model = ChatOpenAI(model="gpt-x", base_url=openai_server.url, api_key=lambda: "none")
    with pytest.raises(RunError, match=rf"^scout: its model failed \(gpt-x at {openai_server.url}\): .*{said}"):
        Agent("scout", model=model).run("hi")


def test_no_server_at_all_says_what_to_do() -> None:
    model = ChatOpenAI(model="gpt-x", base_url="http://127.0.0.1:9/v1", api_key=lambda: "none", max_retries=0)
    with pytest.raises(RunError, match=r"at http://127.0.0.1:9/v1\): .*Is that server running, and can it be reached"):
        Agent("scout", model=model).run("hi")


def test_a_tool_that_there_is_not_is_answered_with_those_there_are(openai_server: OpenAIServer) -> None:
    openai_server.script(ToolCalls(("cl0ck", {})), "sorry")

    def clock() -> str:
        """Tell the time."""
        return "noon"

    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none")
    result = Agent("scout", model=model, tools=[clock]).run("hi")
    assert "cl0ck is not a valid tool, try one of [clock]" in result.messages[2].text


def refusing(answer: object) -> str:
    raise LookupError("no such thing")


@pytest.mark.parametrize(
    ("mode", "node", "said"),
    [
        (Broadcast(join=refusing), "join", "inner: join=refusing failed: LookupError: no such thing"),
        (Broadcast(join=len), "join", "inner: join=len returned 2"),  # type: ignore[arg-type]
        (Sequence(stop_when=refusing), "a", "inner: stop_when=refusing failed: LookupError"),  # type: ignore[arg-type]
        ("route", "router", "inner: its router chose none of its members"),
        ("swarm", "a", "inner: a failed. inner/a: its model failed"),
    ],
)
def test_what_fails_in_a_team_says_in_which_node(mode: Mode | str, node: str, said: str) -> None:
    model = ScriptedModel(script=gone if mode == "swarm" else lambda _: "ok")
    members = [Agent(name, model=model) for name in "ab"]
    with pytest.raises(RunError) as raised:
        Team("inner", members, mode=mode, model=ScriptedModel(script=lambda _: " ")).run("go")
    assert str(raised.value).startswith(said)
    assert (raised.value.agent, raised.value.path, raised.value.node) == ("inner", "inner", node)


# What is stopped


class Gate:
    """A member's model: tells that it works, and when the run is to end calls a tool that would be the next step."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.asked = 0
        self.used = 0

    def member(self, name: str) -> Agent:
        def clock() -> str:
            """Tell the time."""
            self.used += 1
            return "noon"

        return Agent(name, model=ScriptedModel(script=self._script), tools=[clock])

    def _script(self, messages: list[BaseMessage]) -> AIMessage | str:
        self.asked += 1
        control = get_runtime().control
        assert control is not None
        self.begun.set()
        while not control.drain_requested:  # whoever ends it waits for the step that is under way
            time.sleep(0.01)
        return calls(("clock", {}))


def test_a_stream_that_is_closed_stops_its_members_at_their_next_steps(db: Db) -> None:
    gate = Gate()
    team = Team("desk", [gate.member("a")], model=leader("a"), db=db)
    events: Any = team.run("I like tea.", stream=True, user_id="u", session_id="s")
    for event in events:
        if isinstance(event, MemberStarted):
            break
    gate.begun.wait()
    events.close()
    assert (gate.asked, gate.used) == (1, 0)
    (turn,) = db.turns("u", "s")
    assert [message.content for message in turn.messages] == ["I like tea."]


def test_a_cancelled_run_cancels_its_members_and_their_tools(db: Db) -> None:
    ended: list[str] = []

    async def main() -> None:
        begun = asyncio.Semaphore(0)

        def member(name: str) -> Agent:
            async def slow() -> str:
                """Take for ever."""
                begun.release()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    ended.append(name)
                    raise
                return "never"

            return Agent(name, model=ScriptedModel(script=lambda _: calls(("slow", {}))), tools=[slow])

        team = Team("desk", [member("a"), member("b")], model=leader("a", "b"), db=db)
        task = asyncio.create_task(team.arun("I like tea.", user_id="u", session_id="s"))
        for _ in range(2):
            await begun.acquire()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(ended) == ["a", "b"]

    asyncio.run(main())
    (turn,) = db.turns("u", "s")
    assert [message.content for message in turn.messages] == ["I like tea."]


def test_an_async_stream_that_is_closed_has_stopped_its_members_by_then() -> None:
    ended: list[str] = []

    async def main() -> None:
        begun = asyncio.Event()

        async def slow() -> str:
            """Take for ever."""
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("slow")
            return "never"

        member = Agent("a", model=ScriptedModel(script=lambda _: calls(("slow", {}))), tools=[slow])
        events: Any = Team("desk", [member], model=leader("a"), db=SqliteDb()).arun("go", stream=True)
        async for event in events:
            if isinstance(event, MemberStarted):
                break
        await begun.wait()
        await events.aclose()
        assert ended == ["slow"]

    asyncio.run(main())


def test_members_that_failed_meanwhile_do_not_hinder_the_end() -> None:
    """A member that ends after the stream was closed tells nobody, and nothing else begins."""
    gate = Gate()
    broken = Agent("b", model=ScriptedModel(script=gone))
    team = Team("desk", [gate.member("a"), broken], model=leader("a", "b"))
    seen = []
    events: Any = team.run("go", stream=True)
    for event in events:
        seen.append(event)
        if isinstance(event, MemberFinished):
            break
    gate.begun.wait()
    events.close()
    assert gate.used == 0


def test_ctrl_c_stops_the_members_of_a_synchronous_run_at_their_next_steps() -> None:
    program = """
        import signal, threading, time
        from langgraph.runtime import get_runtime
        from coterie import Agent, Team
        from tests.support.scripted import ScriptedModel, calls

        asked, lock = [], threading.Lock()

        def member(messages):
            with lock:
                asked.append(1)
                second = len(asked) == 2  # both are at work: in threads
            while not get_runtime().control.drain_requested:
                if second:  # a signal just before the main thread goes to sleep does not wake it: the next one does
                    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
                time.sleep(0.3)
            return calls(("clock", {}))

        def clock() -> str:
            "Tell the time."
            print("used")
            return "noon"

        members = [Agent(name, model=ScriptedModel(script=member), tools=[clock]) for name in "ab"]
        lead = ScriptedModel(script=lambda _: calls(("ask_a", {"task": "x"}), ("ask_b", {"task": "y"})))
        try:
            Team("desk", members, model=lead).run("go")
        except KeyboardInterrupt:
            print("interrupted", len(asked))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.split() == ["interrupted", "2"], done.stderr
