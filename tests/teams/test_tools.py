"""Tools that can only be awaited work in every run: synchronous, awaited, and synchronous within a running loop."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, tool
from langchain_core.tools import Tool as TextTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedState, ToolRuntime
from langgraph.types import Command, interrupt

from coterie import Agent, RunOutput, SqliteDb
from coterie.errors import ConfigurationError
from coterie.graphs.build import build_graph
from coterie.graphs.state import RunContext
from tests.support.scripted import ScriptedModel, calls

Runner = Callable[..., RunOutput]
SPEAKER: ContextVar[str] = ContextVar("SPEAKER", default="nobody")


def called(agent: Agent, user_id: str | None = None) -> RunOutput:
    return agent.run("go", user_id=user_id, session_id="s")


def awaited(agent: Agent, user_id: str | None = None) -> RunOutput:
    return asyncio.run(agent.arun("go", user_id=user_id, session_id="s"))


def called_in_a_loop(agent: Agent, user_id: str | None = None) -> RunOutput:
    async def main() -> RunOutput:
        return agent.run("go", user_id=user_id, session_id="s")

    return asyncio.run(main())


@pytest.fixture(params=[called, awaited, called_in_a_loop])
def run(request: pytest.FixtureRequest) -> Runner:
    runner: Runner = request.param
    return runner


def agent(*tools: Any, asks: list[tuple[str, dict[str, Any]]], **options: Any) -> Agent:
    """Calls the tools, and answers with what they said."""

    def script(messages: list[Any]) -> Any:
        answers = [message.text for message in messages if isinstance(message, ToolMessage)]
        return " ".join(answers) if answers else calls(*asks)

    return Agent("a", model=ScriptedModel(script=script), tools=tools, **options)


def answers(output: RunOutput) -> list[ToolMessage]:
    return [message for message in output.messages if isinstance(message, ToolMessage)]


async def weather(city: str) -> str:
    """Tell the weather in a city."""
    await asyncio.sleep(0)
    return f"sunny in {city}"


@tool
async def decorated(city: str) -> str:
    """Tell the weather in a city."""
    return await weather(city)


OF_ONE_TEXT = TextTool("weather", None, "Tell the weather in a city.", coroutine=weather)


@pytest.mark.parametrize("given", [weather, decorated, OF_ONE_TEXT])
def test_a_tool_that_is_awaited_works_in_every_run(run: Runner, given: Callable[..., Any] | BaseTool) -> None:
    name = given.name if isinstance(given, BaseTool) else "weather"
    argument = "__arg1" if given is OF_ONE_TEXT else "city"
    asked = agent(given, asks=[(name, {argument: "Oslo"}), (name, {argument: "Rome"})])
    assert run(asked).content == "sunny in Oslo sunny in Rome"
    assert run(asked).content == "sunny in Oslo sunny in Rome", "and again"


def test_the_loop_of_an_awaited_run_is_the_tools(run: Runner) -> None:
    seen = []

    async def look() -> str:
        """Look."""
        seen.append((asyncio.get_running_loop(), threading.current_thread()))
        return "seen"

    async def main() -> asyncio.AbstractEventLoop:
        await agent(look, asks=[("look", {})]).arun("go")
        return asyncio.get_running_loop()

    assert asyncio.run(main()) is seen[0][0]
    run(agent(look, asks=[("look", {}), ("look", {})]))
    ((one, _), (two, _)) = seen[1:]
    assert (one is two) == (run is awaited), "in a synchronous run each call has its own"


def test_calls_of_one_step_run_at_the_same_time(run: Runner) -> None:
    met = threading.Barrier(2, timeout=300)

    async def meet() -> str:
        """Wait for the other."""
        await asyncio.to_thread(met.wait)
        return "met"

    assert run(agent(meet, asks=[("meet", {}), ("meet", {})])).content == "met met"


def test_what_langgraph_injects_is_there(run: Runner, tmp_path: Path) -> None:
    @tool
    async def whose(
        word: str,
        runtime: ToolRuntime[RunContext, Any],
        state: Annotated[dict[str, Any], InjectedState],
        config: RunnableConfig,
    ) -> str:
        """Say whose run it is."""
        assert runtime.context.session is not None
        await runtime.context.session.aupdate({"word": word})
        runtime.stream_writer("looked")
        (said,) = (message.text for message in state["messages"] if isinstance(message, HumanMessage))
        return f"{runtime.context.user_id} said {said}: {config['configurable'] is not None}, {runtime.tool_call_id}"

    with SqliteDb(tmp_path / "a.db") as db:
        asked = agent(whose, asks=[("whose", {"word": "x"})], db=db)
        assert run(asked, user_id="ana").content == "ana said go: True, call_0"
        assert db.session("ana", "s").state == {"word": "x"}
        assert "word" in asked._compiled[0].tools[0].args
        assert set(asked._compiled[0].tools[0].tool_call_schema.model_json_schema()["properties"]) == {"word"}  # type: ignore[union-attr]


def test_context_variables_are_there(run: Runner) -> None:
    async def who() -> str:
        """Say who speaks."""
        return SPEAKER.get()

    token = SPEAKER.set("Ana")
    try:
        assert run(agent(who, asks=[("who", {})])).content == "Ana"
    finally:
        SPEAKER.reset(token)


def test_an_error_is_told_to_the_model(run: Runner) -> None:
    async def broken() -> str:
        """Break."""
        raise ValueError("no such city")

    output = run(agent(broken, asks=[("broken", {})]))
    assert output.content == "ValueError: no such city"
    assert [answer.status for answer in answers(output)] == ["error"]


def test_arguments_that_do_not_fit_are_told_to_the_model(run: Runner) -> None:
    output = run(agent(weather, asks=[("weather", {"town": "Oslo"})]))
    assert "city" in output.content
    assert [answer.status for answer in answers(output)] == ["error"]


def test_an_artifact_stays_beside_the_answer(run: Runner) -> None:
    @tool(response_format="content_and_artifact")
    async def table() -> tuple[str, list[int]]:
        """Make a table."""
        return "three rows", [1, 2, 3]

    (answer,) = answers(run(agent(table, asks=[("table", {})])))
    assert (answer.content, answer.artifact) == ("three rows", [1, 2, 3])


def test_a_command_changes_the_state(run: Runner) -> None:
    @tool
    async def note(runtime: ToolRuntime[RunContext, Any]) -> Command[Any]:
        """Take a note."""
        return Command(update={"messages": [ToolMessage("noted", tool_call_id=runtime.tool_call_id or "")]})

    assert run(agent(note, asks=[("note", {})])).content == "noted"


@pytest.mark.parametrize("in_loop", [False, True])
def test_a_tool_may_wait_for_a_person(in_loop: bool) -> None:
    async def ask() -> str:
        """Ask a person."""
        return f"they say {interrupt('Shall I?')}"

    spec = agent(ask, asks=[("ask", {})]).spec()
    graph = StateGraph(MessagesState).add_node("a", build_graph(spec)).add_edge(START, "a").compile(InMemorySaver())
    config: RunnableConfig = {"configurable": {"thread_id": "1"}}

    def step(value: Any) -> dict[str, Any]:
        answer: dict[str, Any] = asyncio.run(graph.ainvoke(value, config)) if in_loop else graph.invoke(value, config)
        return answer

    assert step({"messages": [HumanMessage("go")]})["__interrupt__"][0].value == "Shall I?"
    assert step(Command(resume="yes"))["messages"][-1].text == "they say yes"


def test_what_the_user_gave_stays_as_it_is() -> None:
    assert isinstance(decorated, StructuredTool)
    agent(decorated, asks=[("decorated", {"city": "Oslo"})]).run("go")
    assert decorated.func is None


def test_a_tool_that_can_be_called_is_called(run: Runner) -> None:
    threads = []

    def both(city: str) -> str:
        """Tell the weather in a city."""
        threads.append(threading.current_thread())
        return "called"

    given = StructuredTool.from_function(both, coroutine=weather)
    answer = "sunny in Oslo" if run is awaited else "called"
    assert run(agent(given, asks=[("both", {"city": "Oslo"})])).content == answer


@pytest.mark.parametrize("given", [7, "weather"])
def test_something_that_is_no_tool_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="is no tool: give a function"):
        Agent("a", tools=[given]).run("hi")


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="a has two tools that are called 'weather'"):
        Agent("a", tools=[weather, OF_ONE_TEXT]).run("hi")
