"""A team's graph: delegations run together, each call gets its answer, failures are told."""

import asyncio

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from coterie import Agent, MemoryManager, RunOutput, Scope, Team
from coterie.errors import ConfigurationError, RunError
from coterie.graphs.events import MemberFinished
from coterie.graphs.members import asked_members
from coterie.memory.db import Db
from coterie.teams.output import RunFinished
from tests.support.scripted import ScriptedModel, calls
from tests.support.teams import Way, both_ways, member


def leader(*wanted: tuple[str, dict[str, str]]) -> ScriptedModel:
    """Delegates once, then answers with what came back."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        answers = [message.text for message in messages if isinstance(message, ToolMessage)]
        return " | ".join(answers) if answers else calls(*wanted)

    return ScriptedModel(script=script)


def delegate(to: str, task: str) -> tuple[str, dict[str, str]]:
    return f"ask_{to}", {"task": task}


def unanswered(output: RunOutput) -> set[str | None]:
    asked = {
        c["id"] for m in output.messages if isinstance(m, AIMessage) for c in [*m.tool_calls, *m.invalid_tool_calls]
    }
    return asked - {m.tool_call_id for m in output.messages if isinstance(m, ToolMessage)}


@both_ways
def test_all_delegations_of_one_step_run_in_order_and_are_answered(run: Way) -> None:
    names = ["red", "green", "blue"]
    team = Team("t", [member(name) for name in names], model=leader(*(delegate(n, f"find {n}") for n in names)))
    output = run(team, "go")
    assert output.content == "red: find red | green: find green | blue: find blue"
    assert sorted(m.member for m in output.members) == sorted(names)
    assert not unanswered(output)


@both_ways
def test_delegated_members_work_at_the_same_time(run: Way) -> None:
    model = ScriptedModel(script=lambda m: "done", delay=0.2)
    team = Team(
        "t", [Agent("a", model=model), Agent("b", model=model)], model=leader(delegate("a", "1"), delegate("b", "2"))
    )
    run(team, "go")
    assert model.busy[1] == 2


@both_ways
def test_one_member_may_get_two_tasks_at_once(run: Way) -> None:
    team = Team("t", [member("a")], model=leader(delegate("a", "one"), delegate("a", "two")))
    assert run(team, "go").content == "a: one | a: two"


@both_ways
def test_own_tools_and_delegations_mix_in_one_step(run: Way) -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    team = Team("t", [member("a")], model=leader(("clock", {}), delegate("a", "x")), tools=[clock])
    output = run(team, "go")
    assert not unanswered(output)
    assert sorted(output.content.split(" | ")) == ["a: x", "noon"]


@pytest.mark.parametrize(
    "wanted",
    [
        delegate("nobody", "x"),
        delegate("a", "  "),
        ("ask_a", {}),
        ("ask_a", {"task": ["x"]}),
        ("no_such_tool", {"x": "1"}),
    ],
)
def test_a_call_that_makes_no_sense_is_answered_with_an_error(wanted: tuple[str, dict[str, str]]) -> None:
    output = Team("t", [member("a")], model=leader(wanted)).run("go")
    assert not unanswered(output)
    answer = next(m for m in output.messages if isinstance(m, ToolMessage))
    assert answer.status == "error"
    assert "a" in answer.text


def test_arguments_that_are_no_json_are_answered_with_an_error() -> None:
    broken = AIMessage("", invalid_tool_calls=[{"name": "ask_a", "args": "{oops", "id": "c", "error": None}])

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return messages[-1].text if isinstance(messages[-1], ToolMessage) else broken

    output = Team("t", [member("a")], model=ScriptedModel(script=script)).run("go")
    assert not unanswered(output)
    assert "not valid JSON" in output.content


@both_ways
def test_a_failing_member_is_reported_and_the_others_go_on(run: Way) -> None:
    def fail(messages: list[BaseMessage]) -> str:
        raise ConnectionError("no route to the model")

    broken = Agent("broken", model=ScriptedModel(script=fail))
    output = run(Team("t", [broken, member("b")], model=leader(delegate("broken", "1"), delegate("b", "2"))), "go")
    assert "b: 2" in output.content
    assert "no route to the model" in output.content
    assert len(output.errors) == 1
    assert output.errors[0].startswith("broken: ")


@both_ways
def test_a_failing_leader_raises_and_says_who(run: Way) -> None:
    def fail(messages: list[BaseMessage]) -> str:
        raise ConnectionError("no route to the model")

    with pytest.raises(RunError, match="desk: its model failed \\(scripted\\): ConnectionError: no route to the model"):
        run(Team("desk", [member("a")], model=ScriptedModel(script=fail)), "go")


def test_a_leader_that_never_answers_is_stopped() -> None:
    endless = ScriptedModel(script=lambda m: calls(delegate("a", "again")))
    with pytest.raises(RunError, match="stopped after 100 steps"):
        Team("t", [member("a")], model=endless).run("go")


def test_members_see_their_task_alone() -> None:
    model = ScriptedModel(script=lambda m: "ok")
    Team("t", [Agent("a", model=model)], model=leader(delegate("a", "only this"))).run("the whole story")
    assert [message.text for message in model.seen[0][1:]] == ["only this"]


def test_a_team_may_be_a_member_and_names_may_repeat_below() -> None:
    def inner(name: str) -> Team:
        return Team(name, [member("scout")], model=leader(delegate("scout", f"for {name}")))

    outer = Team("top", [inner("east"), inner("west")], model=leader(delegate("east", "1"), delegate("west", "2")))
    assert outer.run("go").content == "scout: for east | scout: for west"


def test_members_without_a_model_use_the_teams() -> None:
    model = ScriptedModel(
        script=lambda m: "mine" if "You are a." in m[0].text else leader(delegate("a", "x")).script(m)
    )
    assert Team("t", [Agent("a")], model=model).run("go").content == "mine"


@pytest.mark.parametrize("name", ["two words", "a.b", "a:b|c", "調査", "curate", "recall", "<x>"])
def test_any_name_will_do(name: str) -> None:
    team = Team("t", [member(name)])
    (tool,) = asked_members(team.spec())
    team = Team("t", [member(name)], model=leader((tool, {"task": "x"})))
    assert team.run("go").content == f"{name}: x"


def test_what_cannot_be_a_team_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'t' has no members"):
        Team("t").run("go")
    with pytest.raises(ConfigurationError, match="cannot be told apart"):
        Team("t", [member("a b"), member("a_b")]).run("go")
    with pytest.raises(ConfigurationError, match="mode='chaos'"):
        Team("t", [member("a")], mode="chaos")


def test_run_and_stream_tell_the_same() -> None:
    def fail(messages: list[BaseMessage]) -> str:
        raise ConnectionError("gone")

    inner = Team(
        "inner", [Agent("leaf one", model=ScriptedModel(script=fail))], model=leader(("ask_leaf_one", {"task": "x"}))
    )
    outer = Team("outer", [inner], model=leader(delegate("inner", "y")))
    *events, last = outer.run("go", stream=True)
    assert isinstance(last, RunFinished)
    once = outer.run("go")
    for output in (once, last.output, asyncio.run(outer.arun("go"))):
        assert [member.member for member in output.members] == ["leaf one", "inner"]
        assert [error.split(":")[0] for error in output.errors] == ["leaf one"]
    assert [event for event in events if isinstance(event, MemberFinished)] == list(last.output.members)


def test_a_memory_is_of_the_member_that_was_told(db: Db) -> None:
    """The team's turn is curated once, whoever learnt what."""
    wanted = [
        delegate("chef", "A dinner for Ana, who eats no meat"),
        delegate("guide", "A walk near the river with a dog"),
    ]
    curating = MemoryManager(db, curator="verbatim")
    members = [Agent(name, id=f"{name}-1", model=ScriptedModel(script=lambda _: "Done")) for name in ("chef", "guide")]
    team = Team("desk", members, model=leader(*wanted), db=db, memory_manager=curating, update_memory_on_run=True)
    output = team.run("I eat no meat. I have a dog. I live in Lisbon.", user_id="ana")
    assert len(output.curations) == 1
    learnt = {one.memory: one.agent_id for one in db.newest(Scope("ana"))}
    assert learnt == {"I eat no meat.": "chef-1", "I have a dog.": "guide-1", "I live in Lisbon.": None}
    [turn] = db.turns("ana", output.session_id)
    assert [(one.agent_id, one.task) for one in turn.messages if one.role == "tool"] == [
        ("chef-1", "A dinner for Ana, who eats no meat"),
        ("guide-1", "A walk near the river with a dog"),
    ]
    assert db.search_turns(Scope("ana"), "dinner", 5) == []
