"""Hooks: before a run, after it, around each tool call."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command, interrupt
from pydantic import BaseModel

from coterie import Agent, RunOutput, SqliteDb, Team, Trace
from coterie.errors import ConfigurationError, CoterieError, RunError
from coterie.graphs.events import MemoryRecalled
from coterie.graphs.state import RunContext
from coterie.memory.db import Db
from tests.support.scripted import ScriptedModel, calls

Way = Callable[..., RunOutput]


class RefusedError(CoterieError):
    """What the hooks here refuse with."""


def sync(
    who: Agent | Team, message: str = "go", user_id: str | None = None, session_id: str | None = None
) -> RunOutput:
    return who.run(message, user_id=user_id, session_id=session_id)


def asynchronous(
    who: Agent | Team, message: str = "go", user_id: str | None = None, session_id: str | None = None
) -> RunOutput:
    return asyncio.run(who.arun(message, user_id=user_id, session_id=session_id))


both_ways = pytest.mark.parametrize("run", [sync, asynchronous])


def echo() -> ScriptedModel:
    return ScriptedModel(script=lambda messages: f"You said: {messages[-1].text}")


def shout(text: str, context: RunContext) -> str:
    return text.upper()


async def sign(text: str, context: RunContext) -> str:
    await asyncio.sleep(0)
    return f"{text} ({context.user_id})"


def leave(text: str, context: RunContext) -> None:
    """Look, and leave it."""


# Before and after


@both_ways
def test_hooks_change_what_is_said_and_what_is_answered_and_that_is_kept(run: Way, db: Db) -> None:
    agent = Agent("a", model=echo(), db=db, pre_hooks=[shout, leave, sign], post_hooks=[sign, leave, shout])
    result = run(agent, "hi", user_id="ana", session_id="s")
    assert result.content == "YOU SAID: HI (ANA) (ANA)"
    assert [message.text for message in result.messages] == ["HI (ana)", "YOU SAID: HI (ANA) (ANA)"]
    (turn,) = db.turns("ana", "s")
    assert [message.content for message in turn.messages] == ["HI (ana)", "YOU SAID: HI (ANA) (ANA)"]


@both_ways
@pytest.mark.parametrize("kind", [ValueError, RefusedError])
def test_a_pre_hook_that_raises_refuses_the_run_of_which_nothing_is_kept(
    run: Way, kind: type[Exception], db: Db
) -> None:
    def refuse(text: str, context: RunContext) -> None:
        raise kind("not that")

    model = echo()
    agent = Agent("a", model=model, db=db, pre_hooks=[refuse])
    with pytest.raises(kind, match=r"^not that$"):
        run(agent, user_id="ana", session_id="s")
    assert db.turns("ana", "s") == []
    assert model.seen == []


def test_what_was_refused_is_in_no_checkpoint_either() -> None:
    def polite(text: str, context: RunContext) -> None:
        if "damn" in text:
            raise RefusedError("be polite")

    model = echo()
    graph = Agent("a", model=model, pre_hooks=[polite], checkpointer=InMemorySaver()).graph
    thread: RunnableConfig = {"configurable": {"thread_id": "s"}}
    graph.invoke({"messages": [HumanMessage("hello")]}, thread)
    with pytest.raises(RefusedError):
        graph.invoke({"messages": [HumanMessage("damn it")]}, thread)
    graph.invoke({"messages": [HumanMessage("sorry")]}, thread)
    assert [m.text for m in model.seen[-1] if isinstance(m, HumanMessage)] == ["hello", "sorry"]


@both_ways
def test_a_post_hook_that_raises_fails_the_run_and_the_turn_so_far_is_kept(run: Way, db: Db) -> None:
    async def refuse(text: str, context: RunContext) -> None:
        raise RefusedError(f"not {text!r}")

    with pytest.raises(RefusedError, match="not 'You said: hi'"):
        run(Agent("a", model=echo(), db=db, post_hooks=[refuse]), "hi", user_id="ana", session_id="s")
    (turn,) = db.turns("ana", "s")
    assert turn.messages[0].content == "hi"


@both_ways
def test_a_member_at_work_has_its_own_hooks_alone(run: Way) -> None:
    def lead(messages: list[BaseMessage]) -> AIMessage | str:
        last = messages[-1]
        return last.text if isinstance(last, ToolMessage) else calls(*[(f"ask_{m}", {"task": last.text}) for m in "m"])

    member = Agent("m", model=echo(), pre_hooks=[shout], post_hooks=[sign])
    team = Team("t", [member], model=ScriptedModel(script=lead), post_hooks=[lambda text, context: f"<{text}>"])
    assert run(team, "hi", user_id="ana").content == "<You said: HI (ana)>"


def test_a_member_whose_hook_refuses_has_failed() -> None:
    def refuse(text: str, context: RunContext) -> None:
        raise RefusedError("not for members")

    def lead(messages: list[BaseMessage]) -> AIMessage | str:
        return "done" if isinstance(messages[-1], ToolMessage) else calls(("ask_m", {"task": "x"}))

    team = Team("t", [Agent("m", model=echo(), pre_hooks=[refuse])], model=ScriptedModel(script=lead))
    assert "not for members" in team.run("hi").errors[0]


def test_the_plain_graph_has_the_hooks_for_all_that_is_said() -> None:
    seen: list[str] = []

    def note(text: str, context: RunContext) -> None:
        seen.append(text)

    model = echo()
    graph = Agent("a", model=model, pre_hooks=[note, shout]).graph
    picture = [{"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    before = [HumanMessage("long ago"), AIMessage("yes")]
    graph.invoke({"messages": [*before, HumanMessage("one"), ("user", "two"), HumanMessage(picture)]})  # type: ignore[arg-type]
    assert seen == ["one", "two", "what is this"]
    assert [message.text for message in model.seen[-1][1:]] == ["long ago", "yes", "ONE", "TWO", "WHAT IS THIS"]
    assert model.seen[-1][-1].content[1] == picture[1], "what is no text stays"
    asyncio.run(graph.ainvoke({"messages": "three"}))
    assert model.seen[-1][-1].text == "THREE"


@both_ways
@pytest.mark.parametrize("how", ["node", "called"])
def test_the_hooks_of_a_graph_in_a_graph_hear_once_what_is_said_also_where_it_is_resumed(
    how: str, run: Way, db: Db
) -> None:
    heard: list[str] = []
    recalled: list[str] = []

    def note(text: str, context: RunContext) -> str:
        heard.append(text)
        return f"{text}!"

    @tool
    def ask() -> str:
        """Ask the user."""
        return str(interrupt("well?"))

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        if isinstance(messages[-1], ToolMessage):
            return f"{messages[-3].text} {messages[-1].text}"
        return calls(("ask", {}))

    inner = Agent("a", model=ScriptedModel(script=script), tools=[ask], pre_hooks=[note], db=db).graph

    def called(state: MessagesState) -> Any:
        return inner.invoke(state)

    async def acalled(state: MessagesState) -> Any:
        return await inner.ainvoke(state)

    node: Any = inner if how == "node" else RunnableLambda(called, acalled)
    outer = StateGraph(MessagesState).add_node("agent", node).add_edge(START, "agent")
    graph = outer.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}

    async def read(given: Any) -> list[Any]:
        return [each async for each in graph.astream(given, config, stream_mode="custom", subgraphs=True)]

    steps: list[Any] = [{"messages": [HumanMessage("hi")]}, Command(resume="yes")]
    for given in steps:
        if run is sync:
            told: list[Any] = list(graph.stream(given, config, stream_mode="custom", subgraphs=True))
        else:
            told = asyncio.run(read(given))
        recalled += [event.query for _, event in told if isinstance(event, MemoryRecalled)]
    assert heard == ["hi"]
    assert recalled == ["hi!"]
    assert graph.get_state(config).values["messages"][-1].text == "hi! yes"


def test_what_a_run_in_a_run_is_told_is_recorded_as_its_hooks_leave_it(tmp_path: Path) -> None:
    inner = Agent("inner", model=echo(), pre_hooks=[shout], trace=Trace(tmp_path, contents=True))

    @tool
    def ask() -> str:
        """Ask another one."""
        return inner.run("secret").content

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return messages[-1].text if isinstance(messages[-1], ToolMessage) else calls(("ask", {}))

    assert Agent("outer", model=ScriptedModel(script=script), tools=[ask]).run("go").content == "You said: SECRET"
    [file] = tmp_path.iterdir()
    assert "SECRET" in file.read_text()
    assert "secret" not in file.read_text()


def test_a_hook_that_returns_something_else_is_an_error() -> None:
    def length(text: str, context: RunContext) -> int:
        return len(text)

    wrong: Any = [length]
    for options in ({"pre_hooks": wrong}, {"post_hooks": wrong}):
        with pytest.raises(ConfigurationError, match=r"length, one of p\w+_hooks, returned \d+: return a text"):
            Agent("a", model=echo(), **options).run("hi")


def test_a_post_hook_keeps_to_the_form_of_the_answer() -> None:
    class Answer(BaseModel):
        number: int

    def agent(hook: Callable[[str, RunContext], str]) -> Agent:
        model = ScriptedModel(script=lambda messages: '{"number": 7}')
        return Agent("a", model=model, output_schema=Answer, post_hooks=[hook])

    assert agent(lambda text, context: text.replace("7", "8")).run("go").parsed == Answer(number=8)
    with pytest.raises(RunError, match="a: its post_hooks made an answer that is not in the form of Answer: 'no'"):
        agent(lambda text, context: "no").run("go")


# Around tool calls


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


def doubling(*numbers: Any) -> ScriptedModel:
    def script(messages: list[BaseMessage]) -> AIMessage | str:
        answers = [message.text for message in messages if isinstance(message, ToolMessage)]
        return " | ".join(answers) or calls(*[("double", {"number": number}) for number in numbers])

    return ScriptedModel(script=script)


def one_more(request: ToolCallRequest, call_next: Callable[[ToolCallRequest], Any]) -> Any:
    call = request.tool_call
    return call_next(request.override(tool_call={**call, "args": {"number": call["args"]["number"] + 1}}))


def user_id(request: ToolCallRequest) -> str | None:
    context: Any = request.runtime.context
    return context.user_id if isinstance(context, RunContext) else None


async def bracketed(request: ToolCallRequest, call_next: Callable[[ToolCallRequest], Any]) -> Any:
    answer = await call_next(request)
    return answer.model_copy(update={"content": f"[{answer.content} for {user_id(request)}]"})


@both_ways
@pytest.mark.parametrize("timeout", [None, 30])
@pytest.mark.parametrize("tools", ["sync", "async"])
def test_tool_hooks_wrap_each_call_the_first_outermost(run: Way, timeout: float | None, tools: str) -> None:
    @tool("double")
    async def adouble(number: int) -> int:
        """Double a number."""
        return 2 * number

    if tools == "async" and run is sync:
        pytest.skip("an async tool needs an async run")
    used = [double] if tools == "sync" else [adouble]
    agent = Agent("a", model=doubling(1, 2), tools=used, tool_hooks=[bracketed, one_more], timeout=timeout)
    assert run(agent, user_id="ana").content == "[4 for ana] | [6 for ana]"


@both_ways
def test_a_tool_hook_may_answer_itself_refuse_or_call_again(run: Way) -> None:
    tries: list[int] = []

    def flaky(number: int) -> int:
        """Double a number, the second time."""
        tries.append(number)
        if len(tries) == 1:
            raise ConnectionError("gone")
        return 2 * number

    def policy(request: ToolCallRequest, call_next: Callable[[ToolCallRequest], Any]) -> Any:
        number = request.tool_call["args"]["number"]
        if number == 1:
            return ToolMessage("cached", tool_call_id=request.tool_call["id"])
        if number == 2:
            raise PermissionError("not two")
        first = call_next(request)
        return call_next(request) if first.status == "error" else first

    named = tool("double")(flaky)
    agent = Agent("a", model=doubling(1, 2, 3), tools=[named], tool_hooks=[policy])
    assert run(agent).content == "cached | PermissionError: not two | 6"
    assert tries == [3, 3]


@both_ways
def test_a_tool_hook_that_returns_something_else_is_told(run: Way) -> None:
    def wrong(request: ToolCallRequest, call_next: Callable[[ToolCallRequest], Any]) -> Any:
        return call_next(request).text

    agent = Agent("a", model=doubling(1), tools=[double], tool_hooks=[wrong])
    assert "The tool hook wrong returned '2': return what call_next(request) returned." in run(agent).content


@both_ways
def test_an_interrupt_in_a_tool_hook_stops_the_run_and_it_goes_on_when_resumed(run: Way) -> None:
    def ask(request: ToolCallRequest, call_next: Callable[[ToolCallRequest], Any]) -> Any:
        allowed = interrupt(request.tool_call["args"])
        return call_next(request) if allowed else ToolMessage("no", tool_call_id=request.tool_call["id"])

    graph = Agent("a", model=doubling(4), tools=[double], tool_hooks=[ask], timeout=30).graph
    graph.checkpointer = InMemorySaver()
    config: Any = {"configurable": {"thread_id": run.__name__}}

    def invoke(given: Any) -> Any:
        return graph.invoke(given, config) if run is sync else asyncio.run(graph.ainvoke(given, config))

    assert invoke({"messages": [HumanMessage("go")]})["__interrupt__"][0].value == {"number": 4}
    assert invoke(Command(resume=True))["messages"][-1].text == "8"


@pytest.mark.parametrize("hook", ["sync", "async"])
def test_a_cancelled_run_ends_the_call_that_a_hook_waits_for(hook: str) -> None:
    ended: list[str] = []

    async def main() -> None:
        begun = asyncio.Event()

        async def slow() -> str:
            """Take for ever."""
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("tool")
            return "never"

        def waiting(request: ToolCallRequest, call_next: Callable[[ToolCallRequest], Any]) -> Any:
            try:
                return call_next(request)
            finally:
                ended.append("hook")

        async def awaiting(request: ToolCallRequest, call_next: Callable[[ToolCallRequest], Any]) -> Any:
            try:
                return await call_next(request)
            finally:
                ended.append("hook")

        model = ScriptedModel(script=lambda messages: calls(("slow", {})))
        hooks = [waiting if hook == "sync" else awaiting]
        task = asyncio.create_task(Agent("a", model=model, tools=[slow], tool_hooks=hooks, db=SqliteDb()).arun("go"))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())  # which waits for the hook's thread
    assert sorted(ended) == ["hook", "tool"]
