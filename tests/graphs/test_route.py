"""Mode route: one member answers, in its own words."""

import pytest
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver

from coterie import Agent, MemoryManager, Scope, Team
from coterie.errors import ConfigurationError, RunError
from coterie.graphs.events import MemberFinished, MemberStarted, Token
from coterie.graphs.members import asked_members
from coterie.graphs.modes import Route
from coterie.graphs.state import RunContext
from coterie.memory.db import Db
from tests.support.openai_server import OpenAIServer, ToolCalls
from tests.support.scripted import ScriptedModel, calls
from tests.support.teams import Way, all_ways, both_ways, failing, member, never, spoken, streamed


def router(*names: str, words: str = "") -> ScriptedModel:
    """Calls these members; says ``words``."""
    picked = calls(*((f"ask_{name}", {}) for name in names))
    return ScriptedModel(script=lambda messages: picked.model_copy(update={"content": words}))


def desk(model: ScriptedModel, mode: Route = Route(), members: tuple[Agent | Team, ...] = ()) -> Team:  # noqa: B008
    return Team("desk", members or (member("red"), member("blue")), mode=mode, model=model)


@all_ways
def test_the_members_words_reach_the_user_unchanged(run: Way) -> None:
    words = "  Take\nthe *blue* one. "
    blue = Agent("blue", role="knows blue", model=ScriptedModel(script=lambda messages: words))
    output = run(desk(router("blue"), members=(member("red"), blue)), "which?")
    assert output.content == words
    assert spoken(output) == [(None, "which?"), ("blue", words)]
    assert output.members == (MemberFinished("desk", "blue", "which?", words, None),)
    assert not output.errors


@both_ways
def test_the_member_gets_what_the_user_said_and_the_router_is_asked_once(run: Way) -> None:
    model = router("blue", words="I ask blue about it.")
    output = run(desk(model), "which one, and why?")
    assert output.content == "blue: which one, and why?"
    assert len(model.seen) == 1
    assert [message.text for message in model.seen[0][1:]] == ["which one, and why?"]
    assert all(not isinstance(message, AIMessage) or not message.tool_calls for message in output.messages)


@pytest.mark.parametrize(
    "picked", [("blue", "red"), ("green", "blue"), ("blue", "blue")], ids=["two", "unknown first", "twice"]
)
def test_the_first_member_that_there_is_answers(picked: tuple[str, ...]) -> None:
    output = desk(router(*picked)).run("go")
    assert spoken(output) == [(None, "go"), ("blue", "blue: go")]


def test_a_call_whose_arguments_cannot_be_read_counts() -> None:
    broken = AIMessage("", invalid_tool_calls=[{"name": "ask_blue", "args": "{oops", "id": "c", "error": None}])
    assert desk(ScriptedModel(script=lambda messages: broken)).run("go").content == "blue: go"


def test_a_call_written_as_text_counts() -> None:
    assert desk(ScriptedModel(script=lambda messages: '{"name": "ask_blue"}')).run("go").content == "blue: go"


@both_ways
def test_a_single_member_answers_without_a_router(run: Way) -> None:
    assert run(desk(never(), members=(member("red"),)), "go").content == "red: go"


@both_ways
def test_without_a_pick_the_routers_words_are_the_answer(run: Way) -> None:
    output = run(desk(router("green", words="Nobody here knows that.")), "go")
    assert spoken(output) == [(None, "go"), ("desk", "Nobody here knows that.")]
    assert isinstance(output.messages[-1], AIMessage)
    assert not output.messages[-1].tool_calls
    assert not output.members


@both_ways
def test_a_router_that_says_nothing_at_all_is_an_error(run: Way) -> None:
    with pytest.raises(RunError, match=r"desk: its router chose none of its members \(red, blue\), and said nothing"):
        run(desk(router("green")), "go")


@both_ways
def test_the_fallback_answers_where_nobody_is_picked(run: Way) -> None:
    output = run(desk(router("green", words="Hm."), Route(fallback="red")), "go")
    assert spoken(output) == [(None, "go"), ("red", "red: go")]


@all_ways
def test_the_fallback_answers_where_the_picked_member_fails(run: Way) -> None:
    team = desk(router("blue"), Route(fallback="the red one"), (member("the red one"), failing("blue")))
    output = run(team, "go")
    assert output.content == "the red one: go"
    assert [each.member for each in output.members] == ["blue", "the red one"]
    assert len(output.errors) == 1
    assert output.errors[0].startswith("blue: ")
    assert spoken(output)[1][0] == "blue"
    assert "no route to blue" in spoken(output)[1][1]


@all_ways
@pytest.mark.parametrize("mode", [Route(), Route(fallback="blue"), Route(fallback="red")])
def test_where_nobody_could_answer_the_run_says_so(run: Way, mode: Route) -> None:
    output = run(desk(router("blue"), mode, (failing("red"), failing("blue"))), "go")
    assert output.content.startswith("desk has no answer.\nblue failed. ")
    assert "no route to blue" in output.content
    assert ("no route to red" in output.content) == (mode.fallback == "red")
    assert len(output.errors) == (2 if mode.fallback == "red" else 1)


def test_a_router_whose_model_fails_is_an_error() -> None:
    with pytest.raises(RunError, match="desk: its model failed"):
        Team("desk", [member("red"), member("blue")], model=failing("x").model, mode=Route(fallback="red")).run("go")


def test_what_cannot_route_is_refused() -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    with pytest.raises(ConfigurationError, match=r"Route\(fallback='green'\).* give one of 'red', 'blue'\."):
        desk(never(), Route(fallback="green")).run("go")
    with pytest.raises(
        ConfigurationError, match=r"'desk' \(mode route\) calls no tools itself: give clock to a member"
    ):
        Team("desk", [member("red")], mode="route", tools=[clock]).run("go")


@pytest.mark.parametrize("name", ["two words", "a.b", "a:b|c", "調査", "curate", "router", "<x>"])
def test_any_name_will_do(name: str) -> None:
    members = (failing("a"), member(name))
    _, function = asked_members(desk(never(), members=members).spec())
    picked = ScriptedModel(script=lambda messages: calls((function, {})))
    assert desk(picked, members=members).run("go").content == f"{name}: go"
    assert desk(router("a"), Route(fallback=name), members).run("go").content == f"{name}: go"


def test_tokens_come_from_the_one_who_writes_them() -> None:
    *events, _ = desk(router("blue")).run("go", stream=True)
    assert {event.source for event in events if isinstance(event, Token)} == {"blue"}
    assert [event.member for event in events if isinstance(event, MemberStarted)] == ["blue"]
    *events, _ = desk(router(words="I do not know.")).run("go", stream=True)
    assert "".join(event.text for event in events if isinstance(event, Token)) == "I do not know."
    assert {event.source for event in events if isinstance(event, Token)} == {"desk"}


def test_the_next_run_sees_question_and_answer_and_the_turn_is_curated_once(db: Db) -> None:
    model = router("red")
    team = Team(
        "desk",
        [member("blue"), Agent("red", id="red-1", model=ScriptedModel(script=lambda messages: "Noted."))],
        mode=Route(fallback="red"),
        model=model,
        db=db,
        memory_manager=MemoryManager(db, curator="verbatim"),
        update_memory_on_run=True,
    )
    first = team.run("I eat no meat.", user_id="ana")
    team.run("And now?", user_id="ana", session_id=first.session_id)
    assert [message.text for message in model.seen[1][1:]] == ["I eat no meat.", "Noted.", "And now?"]
    assert len(first.curations) == 1
    assert [(one.memory, one.agent_id) for one in db.newest(Scope("ana"))] == [("I eat no meat.", "red-1")]


def test_with_a_checkpointer_the_router_sees_what_was_said_alone() -> None:
    model = router("blue")
    team = desk(model, Route(fallback="red"), (member("red"), failing("blue")))
    graph = team.graph
    graph.checkpointer = InMemorySaver()
    for text in ("one", "two"):
        state = graph.invoke({"messages": [("user", text)]}, {"configurable": {"thread_id": "t"}}, context=RunContext())
    assert [message.text for message in model.seen[1][1:]] == ["one", "red: one", "two"]
    assert state["messages"][-1].text == "red: two"


def test_offline_it_picks_by_role() -> None:
    members = [Agent("cook", role="knows recipes and food"), Agent("guide", role="knows trails and mountains")]
    output = Team("desk", members, mode="route").run("Which trails are easy?")
    assert [each.member for each in output.members] == ["guide"]


@pytest.mark.parametrize("stream", [False, True])
def test_over_http(openai_server: OpenAIServer, stream: bool) -> None:
    """The router's functions take nothing; its call is not in what the member is sent, nor in the next prompt."""
    openai_server.script(ToolCalls(("ask_blue", {}), text="I ask blue."), "It is blue.")
    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key="none", max_retries=0)  # type: ignore[arg-type]
    team = Team("desk", [Agent("red", role="knows red"), Agent("blue", role="knows blue")], mode="route", model=model)
    output = streamed(team, "which?") if stream else team.run("which?")
    assert output.content == "It is blue."
    router, asked = openai_server.bodies
    assert [tool["function"]["name"] for tool in router["tools"]] == ["ask_red", "ask_blue"]
    assert router["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}
    assert "tools" not in asked
    assert [message["content"] for message in asked["messages"][1:]] == ["which?"]
