"""Mode swarm: members hand the conversation over, every call is answered, and who has it is remembered."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from coterie import Agent, MemoryManager, RunOutput, Scope, Team
from coterie.errors import ConfigurationError, RunError
from coterie.graphs.events import HandedOver, MemberStarted, Token
from coterie.graphs.modes import Mode, Swarm
from coterie.graphs.session import PRIVATE
from coterie.graphs.state import RunContext
from coterie.memory.db import Db
from coterie.teams.output import RunFinished
from tests.support.scripted import Script, ScriptedModel, calls

Way = Callable[[Team, str], RunOutput]
both_ways = pytest.mark.parametrize(
    "run", [lambda team, message: team.run(message), lambda team, message: asyncio.run(team.arun(message))]
)


def look() -> str:
    """Look it up."""
    return "seen"


def unpaired(messages: Sequence[BaseMessage]) -> dict[str, list[Any]]:
    asked = [
        call["id"] for m in messages if isinstance(m, AIMessage) for call in (*m.tool_calls, *m.invalid_tool_calls)
    ]
    had = [message.tool_call_id for message in messages if isinstance(message, ToolMessage)]
    return {
        "unanswered": sorted(set(asked) - set(had)),
        "unasked or double": sorted(had, key=asked.index)[len(asked) :],
    }


PAIRED: dict[str, list[Any]] = {"unanswered": [], "unasked or double": []}


def agent(name: str, script: Script, **settings: Any) -> Agent:
    return Agent(name, role=f"knows {name}", model=ScriptedModel(script=script), **settings)


def answers(name: str) -> Agent:
    return agent(name, lambda messages: f"{name} answers {messages[-1].text or 'nothing'}")


def passes_on(name: str, *wanted: str, to: str = "", **settings: Any) -> Agent:
    """Hands over whenever it is asked; once it was refused, it answers."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        last = messages[-1]
        if isinstance(last, ToolMessage) and last.status == "error":
            return f"{name} keeps it"
        return calls(*((function, {}) for function in wanted or (f"transfer_to_{to}",)))

    return agent(name, script, **settings)


def spoke(output: RunOutput) -> list[str | None]:
    return [message.name for message in output.messages if isinstance(message, AIMessage)]


@both_ways
def test_the_first_handoff_of_a_step_counts_and_every_call_is_answered(run: Way) -> None:
    wanted = ("look", "transfer_to_bob", "no_such_tool", "transfer_to_carol")
    team = Team("desk", [passes_on("alice", *wanted, tools=[look]), answers("bob"), answers("carol")], mode="swarm")
    output = run(team, "hi")
    assert spoke(output) == ["alice", "bob"]
    told = {m.name: m.text for m in output.messages if isinstance(m, ToolMessage)}
    assert told["look"] == "seen"
    assert told["transfer_to_bob"] == "Handed over to bob."
    assert told["transfer_to_carol"] == "Ignored: one handoff per step."
    assert "no_such_tool" in told["no_such_tool"]
    state = asyncio.run(team.graph.ainvoke({"messages": [HumanMessage("hi")]}))["messages"]
    assert [unpaired(messages)["unanswered"] for messages in (output.messages, state)] == [[], []]
    assert output.content == state[-1].text


def test_arguments_that_are_no_json_are_answered_and_nothing_is_handed_over() -> None:
    broken = AIMessage("", invalid_tool_calls=[{"name": "transfer_to_bob", "args": "{", "id": "c", "error": None}])
    alice = agent("alice", lambda m: m[-1].text if isinstance(m[-1], ToolMessage) else broken)
    output = Team("desk", [alice, answers("bob")], mode="swarm").run("hi")
    assert "not valid JSON" in output.content
    assert unpaired(output.messages) == PAIRED


def test_members_see_what_was_said_and_by_whom() -> None:
    bob = answers("bob")
    alice = passes_on("alice", "look", "transfer_to_bob", tools=[look])
    output = Team("desk", [alice, bob], mode="swarm", instructions="Be kind.").run("hi")
    assert output.notices == ()  # the team has no model, and needs none
    assert isinstance(bob.model, ScriptedModel)
    [seen] = bob.model.seen
    assert [(message.type, message.name) for message in seen[1:]] == [
        ("human", None),
        ("ai", "alice"),
        ("tool", "look"),
        ("tool", "transfer_to_bob"),
    ]
    assert "Be kind." in seen[0].text
    assert "transfer_to_alice: knows alice" in seen[0].text


def test_only_declared_handoffs_are_offered() -> None:
    mode = Swarm(first="bob", handoffs={"alice": ["carol"], "bob": [], "carol": ["alice", "bob"]})
    team = Team("desk", [passes_on("alice", to="carol"), passes_on("bob", to="alice"), answers("carol")], mode=mode)
    members = team.graph.built.members  # type: ignore[attr-defined]  # a BoundGraph's
    offered = {name: [tool.name for tool in graph.built.tools] for name, graph in members.items()}
    assert offered == {"alice": ["transfer_to_carol"], "bob": [], "carol": ["transfer_to_alice", "transfer_to_bob"]}


@pytest.mark.parametrize(
    ("mode", "wrong"),
    [
        (Swarm(first="dave"), "names 'dave', which is no member: give one of alice, bob"),
        (Swarm(handoffs={"alice": ["dave"]}), "'dave'"),
        (Swarm(handoffs={"dave": ["alice"]}), "'dave'"),
        (Swarm(handoffs={"alice": ["alice"]}), "'alice' cannot hand over to itself"),
        (Swarm(max_handoffs=0), "max_handoffs=0"),
    ],
)
def test_handoffs_that_make_no_sense_are_refused(mode: Mode, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=wrong):
        Team("desk", [answers("alice"), answers("bob")], mode=mode).run("hi")


def test_what_is_to_happen_around_a_leader_s_calls_is_refused_where_there_is_no_leader() -> None:
    for mode in ("swarm", "sequence", "broadcast", "route"):
        with pytest.raises(
            ConfigurationError, match=rf"'t' \(mode {mode}\) calls no tools itself: give tool_hooks to a"
        ):
            Team("t", [answers("a"), answers("b")], mode=mode, tool_hooks=[lambda r, call_next: call_next(r)]).run("go")
        with pytest.raises(ConfigurationError, match="give tool_call_limit to a member"):
            Team("t", [answers("a"), answers("b")], mode=mode, tool_call_limit=0).run("go")


@both_ways
def test_at_the_limit_whoever_has_it_answers(run: Way) -> None:
    team = Team("desk", [passes_on("alice", to="bob"), passes_on("bob", to="alice")], mode=Swarm(max_handoffs=3))
    output = run(team, "hi")
    assert spoke(output) == ["alice", "bob", "alice", "bob", "bob"]
    assert output.messages[-2].text.startswith("The conversation cannot be handed over again")
    assert unpaired(output.messages)["unanswered"] == []


def test_a_model_that_hands_over_whatever_it_is_told_is_no_loop() -> None:
    def stubborn(to: str) -> Script:
        return lambda messages: AIMessage("fine", tool_calls=calls((f"transfer_to_{to}", {})).tool_calls)

    team = Team("desk", [agent("a", stubborn("b")), agent("b", stubborn("a"))], mode=Swarm(max_handoffs=2))
    output = team.run("hi")
    assert output.content == "fine"
    assert unpaired(output.messages)["unanswered"] == []


@both_ways
def test_a_member_that_fails_gives_the_conversation_back(run: Way) -> None:
    def fail(messages: list[BaseMessage]) -> str:
        raise ConnectionError("no route to the model")

    def alice(messages: list[BaseMessage]) -> AIMessage | str:
        failed = isinstance(messages[-1], HumanMessage) and "bob failed" in messages[-1].text
        return "Bob is not there." if failed else calls(("transfer_to_bob", {}))

    output = run(Team("desk", [agent("alice", alice), agent("bob", fail)], mode="swarm"), "hi")
    assert output.content == "Bob is not there."
    assert [error.split(":")[0] for error in output.errors] == ["bob"]
    with pytest.raises(RunError, match=r"desk: bob failed.*no route to the model"):
        run(Team("desk", [agent("bob", fail), answers("alice")], mode="swarm"), "hi")


@both_ways
@pytest.mark.parametrize("names", [("two words", "a.b"), ("調査", "審査"), ("curate", "recall"), ("<x>", "a:b|c")])
def test_any_names_will_do(run: Way, names: tuple[str, str]) -> None:
    first, second = names

    def script(messages: list[BaseMessage]) -> AIMessage:
        (offered,) = [line.split(":")[0][2:] for line in messages[0].text.splitlines() if line.startswith("- transfer")]
        return calls((offered, {}))

    output = run(Team("desk", [agent(first, script), agent(second, lambda m: "here")], mode="swarm"), "hi")
    assert output.content == "here"
    assert [each.member for each in output.members] == [first, second]


def test_run_and_stream_tell_the_same() -> None:
    team = Team("desk", [passes_on("alice", to="bob"), agent("bob", lambda m: "all done")], mode="swarm")
    *events, last = team.run("hi", stream=True)
    assert isinstance(last, RunFinished)
    assert last.output.content == team.run("hi").content == "all done"
    assert [(each.member, each.to) for each in events if isinstance(each, HandedOver)] == [("alice", "bob")]
    assert [each.member for each in events if isinstance(each, MemberStarted)] == ["alice", "bob"]
    assert "".join(each.text for each in events if isinstance(each, Token) and each.source == "bob") == "all done"


@both_ways
def test_who_had_it_last_has_it_in_the_next_run_of_the_session(db: Db, run: Way) -> None:
    def make() -> Team:
        return Team("desk", [passes_on("alice", to="bob"), answers("bob")], mode="swarm", db=db)

    first = make().run("hi", user_id="ana", session_id="s")
    second = make().run("more", user_id="ana", session_id="s")
    assert (spoke(first), spoke(second)) == (["alice", "bob"], ["bob"])
    assert spoke(make().run("hi", user_id="ben", session_id="s")) == ["alice", "bob"]
    assert spoke(make().run("hi", user_id="ana", session_id="other")) == ["alice", "bob"]
    assert db.session("ana", "s").state == {f"{PRIVATE}active:desk": "bob"}
    assert spoke(asyncio.run(make().arun("again", user_id="ana", session_id="s"))) == ["bob"]


def test_a_member_sees_the_sessions_history(db: Db) -> None:
    bob = answers("bob")
    team = Team("desk", [passes_on("alice", to="bob"), bob], mode="swarm", db=db)
    for message in ("one", "two"):
        team.run(message, session_id="s")
    assert isinstance(bob.model, ScriptedModel)
    assert [message.text for message in bob.model.seen[-1][1:]] == ["one", "bob answers Handed over to bob.", "two"]


def test_without_a_store_it_is_remembered_by_a_checkpointer_alone() -> None:
    team = Team("desk", [passes_on("alice", to="bob"), answers("bob")], mode="swarm")
    assert [spoke(team.run("hi", session_id="s")) for _ in range(2)] == [["alice", "bob"]] * 2
    graph = team.graph.copy({"checkpointer": InMemorySaver()})
    config: Any = {"configurable": {"thread_id": "t"}}
    graph.invoke({"messages": [HumanMessage("hi")]}, config)
    state = graph.invoke({"messages": [HumanMessage("more")]}, config)["messages"]
    assert [message.name for message in state if isinstance(message, AIMessage)] == ["alice", "bob", "bob"]


def test_who_has_left_the_team_has_it_no_more(db: Db) -> None:
    Team("desk", [passes_on("alice", to="bob"), answers("bob")], mode="swarm", db=db).run("hi", session_id="s")
    output = Team("desk", [answers("alice"), answers("carol")], mode="swarm", db=db).run("more", session_id="s")
    assert spoke(output) == ["alice"]


def leads(to: str, *others: tuple[str, dict[str, Any]]) -> ScriptedModel:
    """Asks a member, with whatever else; then answers with what came back."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        found = [message.text for message in messages if isinstance(message, ToolMessage)]
        return found[-1] if found else calls((f"ask_{to}", {"task": f"for {to}"}), *others)

    return ScriptedModel(script=script)


def test_swarms_inside_teams_and_two_in_one_session_remember_each_for_itself(db: Db) -> None:
    def swarm(name: str) -> Team:
        return Team(name, [passes_on("alice", to="bob"), answers("bob")], mode="swarm")

    def lead(messages: list[BaseMessage]) -> AIMessage | str:
        found = [message.text for message in messages if isinstance(message, ToolMessage)]
        wanted = messages[-1].text.split()
        return " | ".join(found) if found else calls(*((f"ask_{name}", {"task": "x"}) for name in wanted))

    inner = Team("inner", [swarm("east"), swarm("west")], model=ScriptedModel(script=lead))

    def pass_down(messages: list[BaseMessage]) -> AIMessage | str:
        last = messages[-1]
        return last.text if isinstance(last, ToolMessage) else calls(("ask_inner", {"task": last.text}))

    outer = Team("outer", [inner], model=ScriptedModel(script=pass_down), db=db)
    started = []
    for message in ("east", "east west"):
        events = [each for each in outer.run(message, stream=True, session_id="s") if isinstance(each, MemberStarted)]
        started.append(sorted((each.source, each.member) for each in events if each.source in ("east", "west")))
    assert started == [
        [("east", "alice"), ("east", "bob")],
        [("east", "bob"), ("west", "alice"), ("west", "bob")],
    ]
    state = db.session(None, "s").state
    assert state == {f"{PRIVATE}active:outer/inner/east": "bob", f"{PRIVATE}active:outer/inner/west": "bob"}


@both_ways
def test_a_teams_leader_hands_over_while_its_members_work(run: Way) -> None:
    team = Team("inner", [answers("scout")], model=leads("scout", ("transfer_to_bob", {"reason": "it is bob's"})))
    output = run(Team("desk", [team, answers("bob")], mode="swarm"), "hi")
    assert spoke(output) == ["inner", "bob"]
    assert output.content.startswith("bob answers")
    assert unpaired(output.messages)["unanswered"] == []
    assert [each.member for each in output.members] == ["scout", "inner", "bob"]


def test_a_team_that_cannot_hand_over_answers_once(db: Db) -> None:
    inner = Team("inner", [answers("x"), answers("y")], mode="swarm")
    team = Team("desk", [passes_on("alice", to="inner"), inner], mode="swarm", db=db)
    outputs = [team.run("hi", session_id="s") for _ in range(2)]
    assert [spoke(output) for output in outputs] == [["alice", "x"]] * 2
    assert inner.spec().mode == Swarm()


def test_one_curator_goes_through_the_turn_and_knows_who_said_what(db: Db) -> None:
    curating = MemoryManager(db, curator="verbatim")
    alice, bob = passes_on("alice", to="bob", id="alice-1"), agent("bob", lambda m: "No meat then.", id="bob-1")
    team = Team("desk", [alice, bob], mode="swarm", db=db, memory_manager=curating, update_memory_on_run=True)
    output = team.run("I eat no meat.", user_id="ana")
    assert len(output.curations) == 1
    assert [one.memory for one in db.newest(Scope("ana"))] == ["I eat no meat."]
    [turn] = db.turns("ana", output.session_id)
    assert [(each.role, each.name, each.agent_id) for each in turn.messages] == [
        ("user", None, None),
        ("tool", "transfer_to_bob", None),
        ("assistant", "bob", "bob-1"),
    ]


def test_a_form_is_for_the_answer_not_for_a_handoff() -> None:
    class City(BaseModel):
        name: str

    alice = passes_on("alice", to="bob", output_schema=City)
    bob = agent("bob", lambda m: '{"name":"Oslo"}')
    output = Team("desk", [alice, bob], mode="swarm", output_schema=City).run("hi")
    assert output.parsed == City(name="Oslo")
    assert spoke(output) == ["alice", "bob"]


def test_teams_of_one_shape_share_a_graph_not_their_members() -> None:
    teams = [Team("desk", [passes_on("a", to="b"), agent("b", lambda m, n=n: str(n))], mode="swarm") for n in range(3)]  # type: ignore[misc]  # a default argument
    assert [team.run("hi").content for team in teams] == ["0", "1", "2"]
    assert len({id(team.graph.builder) for team in teams}) == 1


def test_a_cancelled_run_stops_the_member_and_keeps_the_turn(db: Db) -> None:
    async def cancelled() -> None:
        slow = Agent("bob", model=ScriptedModel(script=lambda m: "late", delay=0.5))
        team = Team("desk", [passes_on("alice", to="bob"), slow], mode="swarm", db=db)
        events: Any = team.arun("hi", stream=True, session_id="s")
        async for event in events:
            if isinstance(event, MemberStarted) and event.member == "bob":
                break
        await events.aclose()

    asyncio.run(cancelled())
    [turn] = db.turns(None, "s")
    assert [message.role for message in turn.messages] == ["user", "tool"]
    assert db.session(None, "s").state == {f"{PRIVATE}active:desk": "bob"}


def test_a_graph_run_by_itself_remembers_in_the_session_that_its_context_names(db: Db) -> None:
    team = Team("desk", [passes_on("alice", to="bob"), answers("bob")], mode="swarm", db=db)
    for _ in range(2):
        state = team.graph.invoke({"messages": [HumanMessage("hi")]}, context=RunContext("ana", "s"))
    assert [message.name for message in state["messages"] if isinstance(message, AIMessage)] == ["bob"]
