"""Runs that wait for somebody: what waits, what becomes of a decision, and that nothing is done twice."""

import asyncio
import json
from threading import Event, Thread
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import ToolRuntime
from langgraph.types import Command, interrupt

from coterie import Agent, Decision, MemoryManager, RunOutput, Team
from coterie.errors import ConfigurationError, ConflictError, InputError, NotFoundError, RunError
from coterie.graphs.events import MemberFinished, ToolFinished, ToolStarted
from coterie.graphs.pausing import Confirmation, Question
from coterie.graphs.state import RunContext
from coterie.memory.db import Db
from coterie.teams.output import RunFinished
from tests.support.scripted import ScriptedModel, calls


class Desk:
    """Tools that note how often they ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def delete(self, path: str) -> str:
        """Delete a file."""
        self.ran.append(f"delete {path}")
        return f"deleted {path}"

    def look(self) -> str:
        """Look around."""
        self.ran.append("look")
        return "all quiet"


def caller(*wanted: tuple[str, dict[str, Any]]) -> ScriptedModel:
    """Calls tools once, then answers with what came back."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        answers = [message.text for message in messages if isinstance(message, ToolMessage)]
        return " | ".join(answers) if answers else calls(*wanted)

    return ScriptedModel(script=script)


def clerk(desk: Desk, *wanted: tuple[str, dict[str, Any]], name: str = "clerk", **settings: Any) -> Agent:
    settings = {"checkpointer": InMemorySaver(), **settings}
    return Agent(name, model=caller(*wanted), tools=[desk.delete, desk.look], confirm_tools=["delete"], **settings)


DELETE_AND_LOOK: tuple[tuple[str, dict[str, Any]], ...] = ("delete", {"path": "a.txt"}), ("look", {})


class Ways:
    """Run and resume, sync or async."""

    def __init__(self, asynchronous: bool) -> None:
        self.asynchronous = asynchronous

    def run(self, target: Agent | Team, **whose: Any) -> RunOutput:
        output: RunOutput = asyncio.run(target.arun("go", **whose)) if self.asynchronous else target.run("go", **whose)
        return output

    def resume(self, target: Agent | Team, paused: RunOutput, decisions: Any) -> RunOutput:
        if self.asynchronous:
            return asyncio.run(target.aresume(paused.run_id, decisions, user_id=paused.user_id))
        return target.resume(paused.run_id, decisions, user_id=paused.user_id)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def way(request: pytest.FixtureRequest) -> Ways:
    return Ways(request.param)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_nothing_runs_before_the_word_and_each_call_once_after_it(way: Ways, desk: Desk) -> None:
    agent = clerk(desk, *DELETE_AND_LOOK)
    paused = way.run(agent)
    assert desk.ran == []
    assert (paused.paused, paused.content, paused.errors) == (True, "", ())
    [waiting] = paused.waiting
    assert isinstance(waiting, Confirmation)
    assert (waiting.agent, waiting.path, waiting.tool, waiting.call_id) == ("clerk", "clerk", "delete", "call_0")
    assert waiting.arguments == {"path": "a.txt"}
    output = way.resume(agent, paused, True)
    assert sorted(desk.ran) == ["delete a.txt", "look"]
    assert (output.content, output.paused) == ("deleted a.txt | all quiet", False)
    assert (output.run_id, output.turn_id) == (paused.run_id, paused.turn_id)
    assert [message.type for message in output.messages] == ["human", "ai", "tool", "tool", "ai"]


def test_a_call_that_is_not_allowed_is_answered_with_the_reason(way: Ways, desk: Desk) -> None:
    agent = clerk(desk, *DELETE_AND_LOOK)
    output = way.resume(agent, way.run(agent), {"call_0": Decision(False, "it is the only copy")})
    assert desk.ran == ["look"]
    assert sorted(output.content.split(" | ")) == ["Not allowed: it is the only copy", "all quiet"]
    agent = clerk(desk, ("delete", {"path": "b"}))
    assert way.resume(agent, way.run(agent), False).content == "Not allowed."


def test_a_call_may_be_made_with_other_arguments_and_the_model_is_told(way: Ways, desk: Desk) -> None:
    agent = clerk(desk, ("delete", {"path": "a.txt"}))
    output = way.resume(agent, way.run(agent), {"call_0": Decision(True, arguments={"path": "b.txt"})})
    assert desk.ran == ["delete b.txt"]
    assert output.content == "(A person had it called with {'path': 'b.txt'} instead.)\ndeleted b.txt"
    with pytest.raises(InputError, match="of no use to a call that is not made"):
        Decision(False, arguments={"path": "b"})


def test_other_arguments_that_do_not_fit_are_answered_with_the_error(desk: Desk) -> None:
    agent = clerk(desk, ("delete", {"path": "a.txt"}))
    output = agent.resume(agent.run("go").run_id, {"call_0": Decision(True, arguments={"file": "b"})})
    assert desk.ran == []
    assert "path" in output.content


def test_what_is_not_decided_keeps_waiting(way: Ways, desk: Desk) -> None:
    agent = clerk(desk, ("delete", {"path": "a"}), ("look", {}), ("delete", {"path": "b"}))
    paused = way.run(agent)
    again = way.resume(agent, paused, {"call_2": True})
    assert desk.ran == []
    assert [each.call_id for each in again.waiting if isinstance(each, Confirmation)] == ["call_0"]
    output = way.resume(agent, again, {again.waiting[0].id: False})
    assert sorted(desk.ran) == ["delete b", "look"]
    assert sorted(output.content.split(" | ")) == ["Not allowed.", "all quiet", "deleted b"]


@pytest.mark.parametrize("answer", ["Friday", False, 0, {"day": 5}, ["a"]])
def test_a_tool_may_ask_a_question_of_its_own(way: Ways, answer: Any) -> None:
    def book() -> str:
        """Book a trip."""
        return f"booked {json.dumps(interrupt({'ask': 'Which day?'}))}"

    agent = Agent("a", model=caller(("book", {})), tools=[book], checkpointer=InMemorySaver())
    paused = way.run(agent)
    [waiting] = paused.waiting
    assert waiting == Question(waiting.id, {"ask": "Which day?"})
    decisions = {waiting.id: answer} if isinstance(answer, dict) else answer
    assert way.resume(agent, paused, decisions).content == f"booked {json.dumps(answer)}"


def test_a_tool_that_is_confirmed_may_ask_as_well(way: Ways) -> None:
    asked = []

    def book(place: str) -> str:
        """Book a trip."""
        asked.append(place)
        return f"booked {place} on {interrupt('Which day?')}"

    agent = Agent(
        "a", model=caller(("book", {"place": "Oslo"})), tools=[book], confirm_tools=[book], checkpointer=InMemorySaver()
    )
    paused = way.run(agent)
    again = way.resume(agent, paused, {"call_0": Decision(True, arguments={"place": "Bergen"})})
    assert [each.value for each in again.waiting if isinstance(each, Question)] == ["Which day?"]
    output = way.resume(agent, again, "Friday")
    assert output.content.endswith("booked Bergen on Friday")
    assert asked == ["Bergen", "Bergen"]  # LangGraph calls a tool that asks again from its top


def test_a_member_goes_on_where_it_was(way: Ways, desk: Desk) -> None:
    scout = clerk(desk, *DELETE_AND_LOOK, name="scout", checkpointer=None)
    inner = Team("inner", [scout], model=caller(("ask_scout", {"task": "clean up"})))
    outer = Team("outer", [inner], model=caller(("ask_inner", {"task": "tidy"})), checkpointer=InMemorySaver())
    paused = way.run(outer)
    [waiting] = paused.waiting
    assert isinstance(waiting, Confirmation)
    assert (waiting.agent, waiting.path) == ("scout", "outer/inner/scout")
    output = way.resume(outer, paused, True)
    assert output.content == "deleted a.txt | all quiet"
    assert sorted(desk.ran) == ["delete a.txt", "look"]
    models = [each.model for each in (outer, inner, scout)]
    assert [len(model.seen) for model in models if isinstance(model, ScriptedModel)] == [2, 2, 2]
    assert [member.member for member in output.members] == ["scout", "inner"]


def parallel(desk: Desk, saver: Any) -> Team:
    members = [clerk(desk, ("delete", {"path": name}), name=name, checkpointer=None) for name in ("a", "b")]
    quick = Agent("c", model=ScriptedModel(script=lambda _: "c is done"))
    asks = [(f"ask_{name}", {"task": "clean up"}) for name in "abc"]
    return Team("t", [*members, quick], model=caller(*asks), checkpointer=saver)


def test_members_that_wait_at_the_same_time_are_decided_each(way: Ways, desk: Desk) -> None:
    team = parallel(desk, InMemorySaver())
    paused = way.run(team)
    assert [each.path for each in paused.waiting if isinstance(each, Confirmation)] == ["t/a", "t/b"]
    with pytest.raises(InputError, match="'call_0' names several calls: give their ids"):
        way.resume(team, paused, {"call_0": True})
    again = way.resume(team, paused, {paused.waiting[0].id: True})
    assert desk.ran == ["delete a"]
    assert again.waiting == paused.waiting[1:]
    output = way.resume(team, again, False)
    assert desk.ran == ["delete a"]
    assert output.content == "deleted a | Not allowed. | c is done"
    models = [each.model for each in (team, *team.members)]
    assert [len(model.seen) for model in models if isinstance(model, ScriptedModel)] == [2, 2, 2, 1]


def test_all_that_waits_is_decided_at_once(way: Ways, desk: Desk) -> None:
    team = parallel(desk, InMemorySaver())
    assert way.resume(team, way.run(team), True).content == "deleted a | deleted b | c is done"
    assert sorted(desk.ran) == ["delete a", "delete b"]


def test_a_leader_confirms_its_own_tools_while_members_work(way: Ways, desk: Desk) -> None:
    member = Agent("m", model=ScriptedModel(script=lambda _: "m is done"))
    model = caller(("delete", {"path": "a"}), ("ask_m", {"task": "x"}))
    team = Team("t", [member], model=model, tools=[desk.delete], confirm_tools=["delete"], checkpointer=InMemorySaver())
    paused = way.run(team)
    assert desk.ran == []
    output = way.resume(team, paused, {"call_0": Decision(True, arguments={"path": "b"})})
    assert sorted(output.content.split(" | ")) == [
        "(A person had it called with {'path': 'b'} instead.)\ndeleted b",
        "m is done",
    ]
    assert isinstance(member.model, ScriptedModel)
    assert (len(model.seen), len(member.model.seen)) == (2, 1)


def test_a_team_waits_in_the_checkpointer_of_a_member(desk: Desk) -> None:
    team = Team("t", [clerk(desk, ("delete", {"path": "a"}))], model=caller(("ask_clerk", {"task": "x"})))
    assert team.resume(team.run("go").run_id, True).content == "deleted a"


def test_the_turn_is_kept_once_and_whole_when_the_run_ends(way: Ways, desk: Desk, db: Db) -> None:
    memory = MemoryManager(db, curator="verbatim")
    agent = clerk(desk, *DELETE_AND_LOOK, memory_manager=memory, update_memory_on_run=True)
    paused = way.run(agent, user_id="ana", session_id="s")
    assert db.turns("ana", "s") == []
    again = way.resume(agent, paused, True)
    [turn] = db.turns("ana", "s")
    assert (turn.turn_id, turn.run_id, turn.status) == (paused.turn_id, paused.run_id, "curated")
    assert [message.content for message in turn.messages] == [
        "go",
        "deleted a.txt",
        "all quiet",
        "deleted a.txt | all quiet",
    ]
    assert again.curation is not None
    assert (again.session_id, again.user_id) == ("s", "ana")


def test_runs_of_one_session_wait_independently(desk: Desk, db: Db) -> None:
    agent = clerk(desk, ("delete", {"path": "a"}), db=db)
    first, second = (agent.run(text, session_id="s", user_id="ana") for text in ("one", "two"))
    assert agent.resume(second.run_id, False, user_id="ana").messages[0].text == "two"
    assert agent.resume(first.run_id, True, user_id="ana").messages[0].text == "one"
    assert desk.ran == ["delete a"]
    assert [turn.messages[0].content for turn in db.turns("ana", "s")] == ["two", "one"]


def test_the_context_is_there_again(desk: Desk, db: Db) -> None:
    def book(runtime: ToolRuntime[RunContext, Any]) -> str:
        """Book a trip."""
        context = runtime.context
        assert context.session is not None
        context.session.update({"booked": True})
        return f"{context.user_id} {context.session_id} {context.run_id}"

    agent = Agent(
        "a", model=caller(("book", {})), tools=[book], confirm_tools=["book"], db=db, checkpointer=InMemorySaver()
    )
    paused = agent.run("go", user_id="ana", session_id="s")
    assert agent.resume(paused.run_id, True, user_id="ana").content == f"ana s {paused.run_id}"
    assert agent.get_session_state("s", "ana") == {"booked": True}


def test_only_a_run_of_ones_own_that_waits_is_resumed(way: Ways, desk: Desk) -> None:
    agent = clerk(desk, ("delete", {"path": "a"}))
    paused = way.run(agent, user_id="ana")
    for user, run_id in [("bob", paused.run_id), (None, paused.run_id), ("ana", "no-such-run")]:
        with pytest.raises(NotFoundError, match="waits in clerk's checkpointer: it is finished, or never was"):
            agent.resume(run_id, True, user_id=user)
    way.resume(agent, paused, True)
    with pytest.raises(NotFoundError, match=f"No run '{paused.run_id}' of user 'ana' waits"):
        way.resume(agent, paused, True)
    assert desk.ran == ["delete a"]


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ({"call_9": True}, "'call_9' names nothing that waits. There are 'call_0', "),
        ({}, "decisions is empty"),
        ("yes", "'yes' is no decision on a call of delete: give True, False or a Decision."),
        ({"call_0": 1}, "1 is no decision on a call of delete"),
    ],
)
def test_a_decision_that_fits_nothing_is_refused_and_the_run_waits_on(desk: Desk, decisions: Any, message: str) -> None:
    agent = clerk(desk, ("delete", {"path": "a"}))
    paused = agent.run("go")
    with pytest.raises(InputError, match=message):
        agent.resume(paused.run_id, decisions)
    assert agent.resume(paused.run_id, True).content == "deleted a"


def test_of_two_who_resume_at_once_one_is_told_so(way: Ways) -> None:
    started, go_on, ran = Event(), Event(), []

    def pay() -> str:
        """Pay."""
        ran.append("paid")
        started.set()
        assert go_on.wait(300)
        return "paid"

    agent = Agent("a", model=caller(("pay", {})), tools=[pay], confirm_tools=["pay"], checkpointer=InMemorySaver())
    paused = way.run(agent)
    first: list[RunOutput] = []
    thread = Thread(target=lambda: first.append(way.resume(agent, paused, True)))
    thread.start()
    assert started.wait(300)
    with pytest.raises(ConflictError, match="is being resumed by somebody else"):
        way.resume(agent, paused, True)
    go_on.set()
    thread.join()
    assert (first[0].content, ran) == ("paid", ["paid"])


def test_a_resume_that_is_not_read_leaves_the_run_as_it_was(desk: Desk) -> None:
    agent = clerk(desk, ("delete", {"path": "a"}))
    paused = agent.run("go")
    events = agent.resume(paused.run_id, True, stream=True)
    next(events)
    events.close()  # type: ignore[attr-defined]  # it is a generator
    assert desk.ran == []
    assert agent.resume(paused.run_id, True).content == "deleted a"


def kept(saver: InMemorySaver) -> int:
    return len(list(saver.list(None))) + len(saver.writes) + len(saver.blobs)


def test_of_a_run_that_is_over_no_checkpoint_is_kept(way: Ways, desk: Desk, db: Db) -> None:
    saver = InMemorySaver()
    agent = clerk(desk, ("delete", {"path": "a"}), checkpointer=saver, db=db)
    paused = way.run(agent, user_id="ana", session_id="s")
    assert kept(saver) > 0
    way.resume(agent, paused, True)
    assert kept(saver) == 0
    way.run(Agent("b", model=ScriptedModel(script=lambda _: "ok"), checkpointer=saver))
    assert kept(saver) == 0


def test_a_run_that_fails_when_resumed_is_over_and_keeps_what_was_said(way: Ways, desk: Desk, db: Db) -> None:
    def script(messages: list[BaseMessage]) -> AIMessage:
        if isinstance(messages[-1], ToolMessage):
            raise ConnectionError("gone")
        return calls(("delete", {"path": "a"}))

    saver = InMemorySaver()
    agent = clerk(desk, checkpointer=saver, db=db)
    agent.model = ScriptedModel(script=script)
    paused = way.run(agent, user_id="ana", session_id="s")
    with pytest.raises(RunError, match="gone"):
        way.resume(agent, paused, True)
    [turn] = db.turns("ana", "s")
    assert [message.content for message in turn.messages] == ["go", "deleted a"]
    assert kept(saver) == 0


class Counting(InMemorySaver):
    """Counts the checkpoints that are written."""

    puts = 0

    def put(self, *arguments: Any) -> Any:
        Counting.puts += 1
        return super().put(*arguments)


def test_only_a_run_that_waits_is_written_and_once(way: Ways, desk: Desk) -> None:
    Counting.puts = 0
    way.run(clerk(desk, ("look", {}), checkpointer=Counting()))
    assert Counting.puts == 0
    way.run(clerk(desk, *DELETE_AND_LOOK, checkpointer=Counting()))
    assert Counting.puts == 1


def test_the_stream_ends_with_what_waits_and_goes_on(desk: Desk) -> None:
    agent = clerk(desk, *DELETE_AND_LOOK)
    *events, last = agent.run("go", stream=True)
    assert isinstance(last, RunFinished)
    assert not any(isinstance(event, ToolStarted) for event in events)
    *events, end = agent.resume(last.output.run_id, False, stream=True)
    assert isinstance(end, RunFinished)
    assert [event.tool for event in events if isinstance(event, ToolStarted)] == ["look"]
    finished = {event.tool: event.failed for event in events if isinstance(event, ToolFinished)}
    assert finished == {"look": False, "delete": True}


def test_a_member_that_waits_is_not_reported_as_failed(desk: Desk) -> None:
    team = parallel(desk, InMemorySaver())
    *events, last = team.run("go", stream=True)
    assert isinstance(last, RunFinished)
    assert [event.member for event in events if isinstance(event, MemberFinished)] == ["c"]
    assert last.output.errors == ()


def test_what_was_set_up_wrongly_is_refused(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="'delte', which is none of its tools: its tools are delete, look"):
        Agent("a", tools=[desk.delete, desk.look], confirm_tools=["delte"], checkpointer=InMemorySaver()).run("go")
    with pytest.raises(ConfigurationError, match="it has no tools"):
        Agent("a", confirm_tools=["delete"], checkpointer=InMemorySaver()).run("go")
    with pytest.raises(ConfigurationError, match="write confirm_tools="):
        Agent("a", tools=[desk.delete], confirm_tools="delete").run("go")
    with pytest.raises(ConfigurationError, match="7 is no tool"):
        Agent("a", tools=[desk.delete], confirm_tools=[7]).run("go")  # type: ignore[list-item]
    with pytest.raises(
        ConfigurationError, match=r"clerk is to wait .* but clerk has nowhere to wait: give it checkpointer="
    ):
        clerk(desk, checkpointer=None).run("go")
    team = Team("t", [clerk(desk, checkpointer=None)], model=caller(("ask_clerk", {"task": "x"})))
    with pytest.raises(ConfigurationError, match=r"clerk is to wait .* but t has nowhere to wait"):
        asyncio.run(team.arun("go"))
    with pytest.raises(ConfigurationError, match="a has no checkpointer, so no run of it waits"):
        Agent("a").resume("run", True)
    with pytest.raises(ConfigurationError, match=r"is none of LangGraph's: give InMemorySaver\(\)"):
        Agent("a", checkpointer="team.db").run("go")  # type: ignore[arg-type]


def test_the_graph_itself_is_resumed_as_any_of_langgraphs(desk: Desk) -> None:
    agent = clerk(desk, *DELETE_AND_LOOK)
    thread: Any = {"configurable": {"thread_id": "t"}}
    agent.graph.invoke({"messages": [("user", "go")]}, thread)
    assert agent.graph.invoke(Command(resume=True), thread)["messages"][-1].text == "deleted a.txt | all quiet"
    agent.graph.invoke({"messages": [("user", "go")]}, {"configurable": {"thread_id": "u"}})
    with pytest.raises(InputError, match="'yes' is no decision on tool calls"):
        agent.graph.invoke(Command(resume="yes"), {"configurable": {"thread_id": "u"}})
