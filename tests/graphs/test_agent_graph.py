"""An agent's graph: it recalls, answers with tools, and has its turns kept and curated."""

import asyncio
import threading
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from coterie import Agent, MemoryManager, Scope, Team
from coterie.errors import ConfigurationError, InputError, RunError
from coterie.graphs.events import (
    MemoryCurated,
    MemoryRecalled,
    StepFinished,
    StepStarted,
    Token,
    ToolFinished,
    ToolStarted,
)
from coterie.graphs.memory_nodes import curator_node, recall_node
from coterie.graphs.spec import MemoryUse
from coterie.graphs.state import GraphState, RunContext
from coterie.memory.curator import ModelCurator
from coterie.memory.db import Db
from coterie.memory.sqlite import SqliteDb
from coterie.teams.output import RunFinished, RunStarted
from tests.support.openai_server import OpenAIServer
from tests.support.scripted import ScriptedModel, calls


def quiet() -> ScriptedModel:
    return ScriptedModel(script=lambda messages: "ok")


def keeper(db: Db) -> MemoryManager:
    """Keeps what users say, without a model."""
    return MemoryManager(db=db, curator="verbatim")


def agent(db: Db, model: ScriptedModel, **options: Any) -> Agent:
    return Agent("scout", model=model, memory_manager=keeper(db), update_memory_on_run=True, **options)


def system(messages: list[BaseMessage]) -> str:
    assert isinstance(messages[0], SystemMessage)
    return messages[0].text


def test_what_one_session_teaches_a_later_one_knows(db: Db) -> None:
    model = quiet()
    scout = agent(db, model)
    first = scout.run("My name is John and I like hiking.", user_id="john")
    assert first.memories_changed
    scout.run("What are my hobbies?", user_id="john")
    assert "I like hiking" in system(model.seen[-1])
    assert len(model.seen[-1]) == 2, "another session has no history"


def test_users_are_kept_apart(db: Db) -> None:
    model = quiet()
    scout = agent(db, model)
    scout.run("My secret hobby is chess.", user_id="alice", session_id="same")
    for user in ("bob", None):
        scout.run("What is my secret hobby?", user_id=user, session_id="same")
        assert not any("chess" in message.text for message in model.seen[-1])


def test_a_session_goes_on_with_its_history(db: Db) -> None:
    model = quiet()
    scout = agent(db, model, num_history_runs=2)
    for number in range(4):
        scout.run(f"message {number}", user_id="u", session_id="s")
    assert [m.text for m in model.seen[-1][1:]] == ["message 1", "ok", "message 2", "ok", "message 3"]


def test_async_runs_do_the_same(db: Db) -> None:
    model = quiet()
    scout = agent(db, model)

    async def talk() -> None:
        await scout.arun("I like hiking.", user_id="u", session_id="s")
        await scout.arun("And?", user_id="u", session_id="s")

    asyncio.run(talk())
    assert "I like hiking" in system(model.seen[-1])
    assert [m.text for m in model.seen[-1][1:]] == ["I like hiking.", "ok", "And?"]


def test_nobody_in_particular_leaves_no_memory(db: Db) -> None:
    output = agent(db, quiet()).run("I like hiking.", session_id="s")
    assert output.curations == ()
    assert [turn.status for turn in db.turns(None, "s")] == ["none"]


def test_a_turn_that_could_not_be_curated_is_kept_and_curated_by_the_next_run(
    db: Db, openai_server: OpenAIServer
) -> None:
    from langchain_openai import ChatOpenAI

    down = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none", max_retries=0)
    scout = Agent("scout", model=quiet(), db=db, update_memory_on_run=True)
    scout.memory_manager = MemoryManager(db=db, model=down)
    output = scout.run("I like hiking.", user_id="u", session_id="s")
    assert output.content == "ok"
    assert len(output.errors) == 1
    assert "curator" in output.errors[0]
    (turn,) = db.pending_turns("u")
    assert turn.attempts == 1
    assert turn.error
    assert agent(db, quiet()).run("hello", user_id="u").curation is not None
    assert len(db.pending_turns("u")) == 1  # it waits a while

    assert db.retry_turns("u") == 1
    second = agent(db, quiet()).run("I have a dog.", user_id="u", session_id="s")
    assert [report.turn_id for report in second.curations] == [turn.turn_id, second.turn_id]
    assert second.errors == ()
    assert db.pending_turns("u") == []
    assert {m.memory for m in db.newest(Scope("u"))} == {"I like hiking.", "I have a dog."}


def test_tools_run_and_their_errors_reach_the_model() -> None:
    def divide(a: int, b: int) -> float:
        """Divide a by b."""
        return a / b

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        answers = [m for m in messages if isinstance(m, ToolMessage)]
        wanted = calls(("divide", {"a": 6, "b": 3}), ("divide", {"a": 1, "b": 0}), ("divide", {"a": "x"}))
        return " / ".join(m.text for m in answers) if answers else wanted

    output = Agent("a", model=ScriptedModel(script=script), tools=[divide]).run("go")
    assert output.content.startswith("2.0 / ")
    assert "division by zero" in output.content
    assert [m.status for m in output.messages if isinstance(m, ToolMessage)] == ["success", "error", "error"]


def test_a_stream_tells_everything_in_order(db: Db) -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "it is noon now" if isinstance(messages[-1], ToolMessage) else calls(("clock", {}))

    scout = agent(db, ScriptedModel(script=script), tools=[clock])
    events = list(scout.run("I live in Oslo. What time is it?", stream=True, user_id="u"))
    kinds = [type(event) for event in events if not isinstance(event, Token)]
    assert kinds == [
        RunStarted,
        *(StepStarted, MemoryRecalled, StepFinished),
        *(StepStarted, StepFinished),
        *(StepStarted, ToolStarted, ToolFinished, StepFinished),
        *(StepStarted, StepFinished),
        *(StepStarted, MemoryCurated, StepFinished),
        RunFinished,
    ]
    nodes = [event.node for event in events if isinstance(event, StepFinished)]
    assert nodes == ["recall", "model", "tools", "model", "curate"]
    assert "".join(e.text for e in events if isinstance(e, Token)) == "it is noon now"

    async def stream() -> list[Any]:
        return [event async for event in scout.arun("What time is it?", stream=True, user_id="u")]

    again = asyncio.run(stream())
    assert [type(event) for event in again if not isinstance(event, Token)] == kinds
    assert "".join(e.text for e in again if isinstance(e, Token)) == "it is noon now"


def test_tokens_say_who_speaks() -> None:
    def lead(messages: list[BaseMessage]) -> AIMessage | str:
        answered = isinstance(messages[-1], ToolMessage)
        return "from the leader" if answered else calls(("ask_m", {"task": "x"}))

    member = Agent("m", model=ScriptedModel(script=lambda _: "from the member"))
    events = Team("t", [member], model=ScriptedModel(script=lead)).run("go", stream=True)
    said: dict[str, str] = {}
    for event in events:
        if isinstance(event, Token):
            said[event.source] = said.get(event.source, "") + event.text
    assert said == {"m": "from the member", "t": "from the leader"}


def test_a_team_keeps_one_turn_and_curates_it_once(db: Db) -> None:
    def lead(messages: list[BaseMessage]) -> AIMessage | str:
        answered = isinstance(messages[-1], ToolMessage)
        return "done" if answered else calls(*((f"ask_{m}", {"task": "I like tea."}) for m in "ab"))

    members = [Agent(name, model=quiet(), db=db, update_memory_on_run=True) for name in "ab"]
    team = Team("desk", members, model=ScriptedModel(script=lead), memory_manager=keeper(db), update_memory_on_run=True)
    output = team.run("I like hiking.", user_id="u", session_id="s")
    assert len(output.curations) == 1
    assert [message.role for message in db.turns("u", "s")[0].messages] == ["user", "tool", "tool", "assistant"]
    assert [(m.memory, m.team_id) for m in db.newest(Scope("u"))] == [("I like hiking.", "desk")]


def test_the_plain_graph_takes_thread_id_as_the_session(db: Db) -> None:
    model = quiet()
    graph = agent(db, model).graph
    for text in ("one", "two"):
        graph.invoke({"messages": [HumanMessage(text)]}, {"configurable": {"thread_id": "s"}}, context=RunContext("u"))
    assert [m.text for m in model.seen[-1][1:]] == ["one", "ok", "two"]
    assert len(db.turns("u", "s")) == 2


def test_with_a_checkpointer_nothing_is_read_or_kept_twice(db: Db) -> None:
    model = quiet()
    graph = agent(db, model).graph.copy(update={"checkpointer": InMemorySaver()})
    for text in ("one", "two"):
        graph.invoke({"messages": [HumanMessage(text)]}, {"configurable": {"thread_id": "s"}}, context=RunContext("u"))
    assert [m.text for m in model.seen[-1][1:]] == ["one", "ok", "two"]
    assert [[m.content for m in turn.messages] for turn in db.turns("u", "s")] == [["one", "ok"], ["two", "ok"]]


@pytest.mark.parametrize("node", [recall_node, curator_node])
def test_the_nodes_refuse_what_is_no_use_of_a_memory(db: Db, node: Callable[[Any], Any]) -> None:
    for wrong in (db, MemoryManager(db), MemoryUse(db)):  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match=rf"{node.__name__}: memory=.* give MemoryUse\(MemoryManager\(db"):
            node(wrong)


def test_the_nodes_fit_into_a_graph_of_ones_own(db: Db) -> None:
    memory = MemoryUse(keeper(db))

    def answer(state: GraphState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"You told me: {state['recalled']}")]}

    graph = StateGraph(GraphState, context_schema=RunContext)
    graph.add_node("recall", recall_node(memory))
    graph.add_node("answer", answer)
    graph.add_node("curate", curator_node(memory))
    for start, end in [(START, "recall"), ("recall", "answer"), ("answer", "curate"), ("curate", END)]:
        graph.add_edge(start, end)
    mine = graph.compile()
    mine.invoke({"messages": [HumanMessage("I like hiking.")]}, context=RunContext("u"))
    result = mine.invoke({"messages": [HumanMessage("What do I like?")]}, context=RunContext("u"))
    assert "I like hiking." in result["messages"][-1].text


def test_event_loops_may_follow_each_other_though_the_server_keeps_connections(
    openai_environment: OpenAIServer,
) -> None:
    openai_environment.keep_alive = True
    openai_environment.otherwise = "hello"
    greeter = Agent("greeter", model="gpt-test")

    async def several() -> list[str]:
        return [output.content for output in await asyncio.gather(*(greeter.arun("hi") for _ in range(4)))]

    assert [asyncio.run(several()) for _ in range(3)] == [["hello"] * 4] * 3


@pytest.mark.parametrize("message", ["", "  \n", "a\0b", "a\udcffb"])
def test_messages_that_cannot_be_used_are_refused(db: Db, message: str) -> None:
    scout = agent(db, quiet())
    with pytest.raises(InputError):
        scout.run(message, user_id="u")
    with pytest.raises(InputError):
        scout.run(message, user_id="u", stream=True)


@pytest.mark.parametrize("user", ["", " ", "a\0b", "x" * 300])
def test_user_ids_that_cannot_be_used_are_refused(db: Db, user: str) -> None:
    with pytest.raises(InputError, match="user_id"):
        agent(db, quiet()).run("hi", user_id=user)


def test_a_message_of_a_megabyte_is_kept_whole(db: Db) -> None:
    text = "I like hiking. " * 70_000
    agent(db, quiet()).run(text, user_id="u", session_id="s")
    assert db.turns("u", "s")[0].messages[0].content == text


def test_memory_without_a_store_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no store"):
        Agent("a", update_memory_on_run=True).run("hi")
    with pytest.raises(ConfigurationError, match="has no store"):
        Agent("a").memory  # noqa: B018  # reading it is what is tested


def test_a_model_that_fails_raises_and_what_was_said_is_kept(db: Db) -> None:
    def fail(messages: list[BaseMessage]) -> str:
        raise TimeoutError("too slow")

    with pytest.raises(RunError, match=r"scout: its model failed \(scripted\): TimeoutError: too slow"):
        agent(db, ScriptedModel(script=fail)).run("I like tea.", user_id="u", session_id="s")
    (turn,) = db.pending_turns("u")
    assert [message.content for message in turn.messages] == ["I like tea."]
    keeper(db).curate_pending("u")
    assert [memory.memory for memory in db.newest(Scope("u"))] == ["I like tea."]


def test_a_stream_that_is_left_early_keeps_what_was_said(db: Db) -> None:
    for leave in ("sync", "async"):
        scout = agent(db, quiet())
        if leave == "sync":
            stream = scout.run("I like tea.", stream=True, user_id="u", session_id=leave)
            assert any(isinstance(event, Token) for event in stream)
            stream.close()  # type: ignore[attr-defined]  # it is a generator
        else:

            async def listen(scout: Agent = scout) -> None:
                stream = scout.arun("I like tea.", stream=True, user_id="u", session_id="async")
                async for event in stream:
                    if isinstance(event, Token):
                        break
                await stream.aclose()  # type: ignore[attr-defined]  # it is a generator

            asyncio.run(listen())
        (turn,) = db.turns("u", leave)
        assert turn.messages[0].content == "I like tea."


def test_a_cancelled_run_is_cancelled_and_keeps_what_was_said(db: Db) -> None:
    cancelled = threading.Event()
    model = ScriptedModel(script=lambda messages: f"ok, {cancelled.wait(300)}")

    async def impatient() -> None:
        task = asyncio.create_task(agent(db, model).arun("I like tea.", user_id="u", session_id="s"))
        while not model.seen:
            await asyncio.sleep(0.01)
        task.cancel()
        cancelled.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(impatient())
    assert [turn.messages[0].content for turn in db.turns("u", "s")] == ["I like tea."]


def test_a_checkpointer_keeps_users_apart_though_their_sessions_have_one_name(db: Db) -> None:
    model = quiet()
    scout = agent(db, model)
    scout.graph.checkpointer = InMemorySaver()
    scout.run("My PIN is in the blue book.", user_id="ana", session_id="main")
    scout.run("Hello.", user_id="bob", session_id="main")
    assert not any("blue book" in message.text for message in model.seen[-1])


def test_all_that_a_user_says_in_one_turn_is_kept(db: Db) -> None:
    said = [HumanMessage("I am allergic to nuts."), HumanMessage("I live in Lisbon.")]
    context = RunContext("u", "s")
    agent(db, quiet()).graph.invoke({"messages": said}, context=context)
    assert [m.content for m in db.turns("u", "s")[0].messages] == ["I am allergic to nuts.", "I live in Lisbon.", "ok"]


def test_two_agents_in_one_graph_keep_a_turn_each(db: Db) -> None:
    graph = StateGraph(GraphState, context_schema=RunContext)
    graph.add_node("one", Agent("one", model=quiet(), db=db).graph)
    graph.add_node("two", Agent("two", model=quiet(), db=db).graph)
    for start, end in [(START, "one"), ("one", "two"), ("two", END)]:
        graph.add_edge(start, end)
    graph.compile().invoke({"messages": [HumanMessage("hi")]}, context=RunContext("u", "s", "run"))
    assert [(turn.agent_id, turn.run_id) for turn in db.turns("u", "s")] == [("one", "run"), ("two", "run")]


def test_a_turn_that_never_can_be_curated_holds_up_no_other(db: Db, openai_server: OpenAIServer) -> None:
    from langchain_openai import ChatOpenAI

    openai_server.otherwise = lambda body: (
        "no" if "poison" in body["messages"][-1]["content"] else {"personal": False, "edits": []}
    )
    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none", max_retries=0)
    scout = Agent("scout", model=quiet(), memory_manager=MemoryManager(db, model), update_memory_on_run=True)
    scout.run("poison", user_id="u")
    for _ in range(3):
        db.retry_turns("u")
        assert scout.run("hello", user_id="u").curation is not None
    assert len(db.pending_turns("u")) == 1


def test_the_store_may_fail_after_the_answer(tmp_path: Any) -> None:
    class Broken:
        def propose(self, turn: Any, before: Any, known: Any) -> Any:
            raise ConfigurationError("no curator today")
            yield

    with SqliteDb(tmp_path / "a.db") as db:
        manager = MemoryManager(db, curator=Broken())
        output = Agent("a", model=quiet(), memory_manager=manager, update_memory_on_run=True).run("hi", user_id="u")
        assert output.content == "ok"
        assert output.errors == ("curator: no curator today",)


def test_a_run_that_waits_for_a_person_keeps_its_turn_when_resumed(db: Db) -> None:
    def book() -> str:
        """Book the trip, once a person has agreed."""
        return f"booked, {interrupt('Really?')}"

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return messages[-1].text if isinstance(messages[-1], ToolMessage) else calls(("book", {}))

    with pytest.raises(RunError, match="scout stopped at an interrupt and cannot be resumed: give it checkpointer="):
        agent(db, ScriptedModel(script=script), tools=[book]).run("Book the trip.", user_id="u", session_id="0")
    assert [turn.messages[0].content for turn in db.turns("u", "0")] == ["Book the trip."]

    scout = agent(db, ScriptedModel(script=script), tools=[book], checkpointer=InMemorySaver())
    paused = scout.run("Book the trip to Oslo.", user_id="u", session_id="s")
    assert db.turns("u", "s") == []
    scout.resume(paused.run_id, "yes", user_id="u")
    assert db.turns("u", "s")[0].messages[-1].content == "booked, yes"


def test_a_tool_may_return_a_command() -> None:
    from langchain_core.tools import InjectedToolCallId, tool

    @tool
    def note(tool_call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
        """Take a note."""
        return Command(update={"messages": [ToolMessage("noted", tool_call_id=tool_call_id)]})

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return messages[-1].text if isinstance(messages[-1], ToolMessage) else calls(("note", {}))

    assert Agent("a", model=ScriptedModel(script=script), tools=[note]).run("go").content == "noted"


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "clock", "arguments": {}}',
        '```json\n{"name": "clock"}\n```',
        '{"type": "function", "function": {"name": "clock", "arguments": {}}}\n{"name": "clock", "arguments": null}',
    ],
)
def test_a_tool_call_that_a_small_model_writes_as_text_is_one(text: str) -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return f"It is {messages[-1].text}" if isinstance(messages[-1], ToolMessage) else text

    assert Agent("a", model=ScriptedModel(script=script), tools=[clock]).run("time?").content == "It is noon"
    others = iter([text.replace("clock", "unknown"), f"Look: {text}", '{"a": 1}', "[]", "{}", '"clock"', "7"])
    parrot = Agent("a", model=ScriptedModel(script=lambda messages: messages[-1].text), tools=[clock])
    assert all(parrot.run(other).content == other for other in others)


def test_without_a_user_the_run_says_that_it_remembers_nothing(db: Db) -> None:
    assert agent(db, quiet()).run("I like tea.").notices == (
        "scout remembers nothing of this run: say who speaks, with user_id= or --user.",
    )


def test_what_cannot_be_an_agent_is_refused(db: Db) -> None:
    for wrong in (
        lambda: Agent("..."),
        lambda: Agent(3),  # type: ignore[arg-type]
        lambda: Agent("a", db="team.db"),  # type: ignore[arg-type]
        lambda: Agent("a", tools="clock"),  # type: ignore[arg-type]
        lambda: Agent("a", db=SqliteDb(), memory_manager=MemoryManager(db)),
        lambda: Team("t", Agent("a")),  # type: ignore[arg-type]
        lambda: Team("t", ["a"]),  # type: ignore[list-item]
        lambda: Team("t", [Agent("a", db=SqliteDb())], db=db).graph,
        lambda: Agent("a", memory_manager=MemoryManager(db, curator="model"), update_memory_on_run=True).graph,
    ):
        with pytest.raises(ConfigurationError):
            wrong()


def test_a_manager_without_a_store_or_a_model_uses_the_agents(db: Db) -> None:
    model = quiet()
    manager = Agent("a", model=model, db=db, memory_manager=MemoryManager(additional_instructions="Be kind.")).memory
    assert manager.store is db
    assert isinstance(manager.curator, ModelCurator)
    assert manager.curator.model is model


def test_the_graph_is_compiled_once_and_on_first_use() -> None:
    scout = Agent("scout", db=SqliteDb())
    assert scout.graph is scout.graph


def test_studio_is_told_who_may_be_asking() -> None:
    schema = Agent("ada").graph.get_context_jsonschema()
    assert schema is not None
    assert set(schema["properties"]) == {"user_id", "session_id", "run_id"}
