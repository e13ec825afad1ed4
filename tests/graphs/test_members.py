"""Members of a team: what they are given, what happens when one fails, and that nothing of theirs leaks."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from coterie import Agent, RunOutput, Team
from coterie.errors import RunError
from coterie.graphs.events import Event, MemberFinished, MemberStarted
from coterie.graphs.given import conversation
from coterie.graphs.members import asked_members
from coterie.graphs.spec import MemberContext
from coterie.memory.db import Db
from tests.support.rows import rows_of
from tests.support.scripted import ScriptedModel, calls

Way = Callable[[Team, str], RunOutput]


def sync(team: Team, message: str) -> RunOutput:
    return team.run(message, user_id="ana", session_id="s")


def asynchronous(team: Team, message: str) -> RunOutput:
    return asyncio.run(team.arun(message, user_id="ana", session_id="s"))


both_ways = pytest.mark.parametrize("run", [sync, asynchronous])


def leading(*rounds: Sequence[str]) -> ScriptedModel:
    """Asks the members of each round at once, one round after the other, then answers."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        last = max(place for place, message in enumerate(messages) if isinstance(message, HumanMessage))
        asked = sum(isinstance(message, AIMessage) for message in messages[last:])
        if asked == len(rounds):
            return "done"
        return calls(*((f"ask_{name}", {"task": f"go {name}"}) for name in rounds[asked]))

    return ScriptedModel(script=script)


def saying(text: str) -> ScriptedModel:
    return ScriptedModel(script=lambda _: text)


def failing(error: Exception) -> ScriptedModel:
    def fail(messages: list[BaseMessage]) -> str:
        raise error

    return ScriptedModel(script=fail)


def clock() -> str:
    """Tell the time."""
    return "noon"


def said(messages: list[BaseMessage]) -> list[tuple[str, str]]:
    """What a model was told after the system message."""
    return [(message.type, message.text) for message in messages[1:]]


# What a member is given


@pytest.mark.parametrize("context", ["task", "notes", "conversation"])
@both_ways
def test_what_a_member_is_given(run: Way, db: Db, context: MemberContext) -> None:
    scout, writer = saying("Fog at sea"), saying("Noted")
    members = [Agent("scout", model=scout), Agent("writer", model=writer)]
    model = leading(["scout"], ["writer"])
    team = Team("desk", members, model=model, tools=[clock], db=db, member_context=context)
    run(team, "How is the weather?")
    run(team, "And now?")
    fog = ("human", '<said by="scout">\nFog at sea\n</said>')
    done = ("human", '<said by="desk">\ndone\n</said>')
    asked = [("human", "How is the weather?")]
    before: list[tuple[str, str]] = [*asked, done, ("human", "And now?")]
    expected = {"task": ([], []), "notes": ([], []), "conversation": ([*asked, fog], [*before, fog])}[context]
    for seen, earlier in zip(writer.seen, expected, strict=True):
        assert said(seen) == [*earlier, ("human", "go writer")]
        assert ("<notes>\n- scout: Fog at sea\n</notes>" in seen[0].text) == (context == "notes")


def test_a_member_that_is_asked_again_knows_its_own_answers_as_its_own(db: Db) -> None:
    scout = saying("Fog at sea")
    Team("desk", [Agent("scout", model=scout)], model=leading(["scout"], ["scout"]), member_context="conversation").run(
        "Hm"
    )
    assert said(scout.seen[1]) == [("human", "Hm"), ("ai", "Fog at sea"), ("human", "go scout")]


def test_a_team_that_is_told_the_conversation_tells_it_on(db: Db) -> None:
    inside = saying("inside")
    inner = Team("inner", [Agent("x", model=inside)], model=leading(["x"]), member_context="conversation")
    members: list[Agent | Team] = [Agent("scout", model=saying("Fog at sea")), inner]
    Team("outer", members, model=leading(["scout"], ["inner"]), db=db, member_context="conversation").run("Hm")
    told = [("human", "Hm"), ("human", '<said by="scout">\nFog at sea\n</said>'), ("human", "go inner")]
    assert said(inside.seen[0]) == [*told, ("human", "go x")]
    assert isinstance(inner.model, ScriptedModel)
    assert said(inner.model.seen[0]) == told


def test_a_conversation_has_no_tool_messages_and_says_nothing_twice() -> None:
    work = {"member_work": {"agent_id": "a", "task": "x"}}
    state = {
        "history": [HumanMessage("Hi"), AIMessage("Hello", name="desk")],
        "messages": [
            HumanMessage("Where to?"),
            AIMessage("I ask", name="desk", tool_calls=[{"name": "clock", "args": {}, "id": "1"}]),
            ToolMessage("noon", tool_call_id="1", name="clock"),
            ToolMessage("<Lisbon>", tool_call_id="2", name="scout", artifact=work),
            AIMessage("Porto", name="guide", additional_kwargs=work),
            AIMessage("", name="desk", tool_calls=[{"name": "ask_guide", "args": {}, "id": "3"}]),
        ],
    }

    def told(task: str, member: str) -> list[tuple[str, str]]:
        return [(message.type, message.text) for message in conversation(state, task, member)]

    assert told("go", "scout") == [
        ("human", "Hi"),
        ("human", '<said by="desk">\nHello\n</said>'),
        ("human", "Where to?"),
        ("human", '<said by="desk">\nI ask\n</said>'),
        ("ai", "<Lisbon>"),
        ("human", '<said by="guide">\nPorto\n</said>'),
    ]
    again = told("Where to?\nscout found <Lisbon>.", "writer")
    assert [text for _, text in again if "Lisbon" in text or "Where" in text] == []
    assert ("human", '<said by="guide">\nPorto\n</said>') in again


# A member that fails


@both_ways
def test_on_stop_the_run_fails_and_says_who_where_and_why(run: Way, db: Db) -> None:
    gone = ConnectionError("no route")
    team = Team("desk", [Agent("scout", model=failing(gone))], model=leading(["scout"]), db=db, on_member_error="stop")
    with pytest.raises(RunError) as raised:
        run(team, "go")
    assert str(raised.value).startswith("desk: its member scout failed, so the run was stopped. desk/scout: its model")
    assert (raised.value.agent, raised.value.path, raised.value.node) == ("scout", "desk/scout", "model")
    assert "ConnectionError: no route" in str(raised.value)
    assert isinstance(raised.value.__cause__, RunError)
    assert raised.value.__cause__.__cause__ is gone


def events_until_it_fails(team: Team, see: Callable[[Event], None] = lambda event: None) -> list[Event]:
    events: list[Event] = []

    def read() -> None:
        for event in team.run("go", stream=True, user_id="ana", session_id="s"):
            see(event)
            events.append(event)

    with pytest.raises(RunError, match="failed, so the run was stopped"):
        read()
    return events


def test_on_stop_the_stream_tells_who_failed() -> None:
    team = Team("desk", [Agent("scout", model=failing(OSError("x")))], model=leading(["scout"]), on_member_error="stop")
    (finished,) = [event for event in events_until_it_fails(team) if isinstance(event, MemberFinished)]
    assert finished.member == "scout"
    assert finished.error is not None
    assert "OSError: x" in finished.error


@both_ways
def test_on_report_the_error_is_in_the_output(run: Way) -> None:
    members = [Agent("scout", model=failing(OSError("x"))), Agent("writer", model=saying("Noted"))]
    output = run(Team("desk", members, model=leading(["scout", "writer"])), "go")
    assert [member.error is None for member in sorted(output.members, key=lambda one: one.member)] == [False, True]
    (error,) = output.errors
    assert error.startswith("scout: desk/scout: its model failed")
    assert "OSError: x" in error


class Beside:
    """A member that works in steps beside one that fails while the first of them lasts."""

    def __init__(self) -> None:
        self.begun, self.failed = threading.Event(), threading.Event()
        self.calls = 0
        self.worker = Agent("worker", model=ScriptedModel(script=self._work), tools=[clock])
        self.broken = Agent("broken", model=ScriptedModel(script=self._fail))

    def _work(self, messages: list[BaseMessage]) -> AIMessage:
        self.calls += 1
        self.begun.set()
        assert self.failed.wait(300)
        return calls(("clock", {}))  # it would go on for ever

    def _fail(self, messages: list[BaseMessage]) -> str:
        assert self.begun.wait(300)
        raise ConnectionError("no route")

    def see(self, event: Event) -> None:
        if isinstance(event, MemberFinished) and event.error:
            self.failed.set()


@pytest.mark.parametrize("nested", [False, True])
def test_on_stop_members_at_work_begin_no_further_step(db: Db, nested: bool) -> None:
    """Without async: the step that one is in goes on to its end."""
    beside = Beside()
    inner = Team("inner", [beside.worker], model=leading(["worker"]))
    members = [beside.broken, inner if nested else beside.worker]
    model = leading(["broken", "inner" if nested else "worker"])
    team = Team("desk", members, model=model, db=db, on_member_error="stop")
    events_until_it_fails(team, beside.see)
    assert beside.calls == 1
    (turn,) = db.turns("ana", "s")
    assert [message.content for message in turn.messages] == ["go"]
    assert rows_of(db, "ana", "note")["note"] == []


@pytest.mark.parametrize("nested", [False, True])
def test_on_stop_members_at_work_are_cancelled(db: Db, nested: bool) -> None:
    begun, ended = asyncio.Event(), []

    async def wait() -> str:
        """Wait for ever."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        return ""

    async def until_begun() -> str:
        """Wait until the other one is at work."""
        await begun.wait()
        raise AssertionError("as a tool it fails, and the model is told")

    def fail(messages: list[BaseMessage]) -> AIMessage:
        if isinstance(messages[-1], ToolMessage):
            raise ConnectionError("no route")
        return calls(("until_begun", {}))

    worker = Agent("worker", model=ScriptedModel(script=lambda _: calls(("wait", {}))), tools=[wait])
    inner = Team("inner", [worker], model=leading(["worker"]))
    members = [Agent("broken", model=ScriptedModel(script=fail), tools=[until_begun]), inner if nested else worker]
    model = leading(["broken", "inner" if nested else "worker"])
    team = Team("desk", members, model=model, db=db, on_member_error="stop")
    with pytest.raises(RunError, match="its member broken failed"):
        asyncio.run(team.arun("go", user_id="ana", session_id="s"))
    assert ended == ["cancelled"]
    (turn,) = db.turns("ana", "s")
    assert [message.content for message in turn.messages] == ["go"]


def test_a_team_that_stops_is_reported_by_one_that_does_not(db: Db) -> None:
    inner = Team(
        "inner", [Agent("scout", model=failing(OSError("x")))], model=leading(["scout"]), on_member_error="stop"
    )
    members: list[Agent | Team] = [inner, Agent("writer", model=saying("Noted"))]
    output = Team("outer", members, model=leading(["inner"], ["writer"]), db=db).run("go", user_id="ana")
    assert output.content == "done"
    assert [error.split(":")[0] for error in output.errors] == ["scout", "inner"]
    assert "outer/inner: its member scout failed" in output.errors[1]


# Nothing leaks


@both_ways
def test_a_checkpointer_s_thread_holds_the_team_s_messages_alone(run: Way, db: Db) -> None:
    """Members begin anew in every run; what they are told and do is neither kept nor doubled in the team's state."""
    scout = ScriptedModel(script=lambda messages: "Fog" if messages[-1].type == "tool" else calls(("clock", {})))
    team = Team("desk", [Agent("scout", model=scout, tools=[clock])], model=leading(["scout"]), db=db)
    team.graph.checkpointer = InMemorySaver()
    for times in (1, 2):
        output = run(team, "go")
        assert [message.type for message in output.messages] == ["human", "ai", "tool", "ai"]
        assert [said(seen) for seen in scout.seen[2 * times - 2 :: 2]] == [[("human", "go scout")]]
        assert isinstance(team.model, ScriptedModel)
        assert len(said(team.model.seen[-1])) == (3 if times == 1 else 5), "the first run is history, from the store"


@both_ways
def test_members_of_one_step_write_no_channel_of_the_team_but_messages(run: Way, db: Db) -> None:
    """Each member's recall sets its own ids, history and prompts: the team's stay."""
    members = [Agent(name, model=saying(name)) for name in "abc"]
    team = Team("desk", members, model=leading(["a", "b", "c"]), db=db, member_context="conversation")
    output = run(team, "go")
    (turn,) = db.turns("ana", "s")
    assert (turn.turn_id, turn.run_id) == (output.turn_id, output.run_id)
    assert [message.content for message in turn.messages] == ["go", "a", "b", "c", "done"]
    assert isinstance(team.model, ScriptedModel)
    assert all("<said" not in message.text for message in team.model.seen[-1])


@pytest.mark.parametrize("name", ["two words", "a.b", "a:b|c", "調査", "curate", "recall", "<x>"])
@both_ways
def test_equal_and_odd_names_in_two_teams_at_once(run: Way, db: Db, name: str) -> None:
    def team(of: str) -> Team:
        def script(messages: list[BaseMessage]) -> AIMessage | str:
            answers = [message.text for message in messages if isinstance(message, ToolMessage)]
            return answers[0] if answers else calls((tool, {"task": of}))

        found = Team(of, [Agent(name, model=ScriptedModel(script=lambda m: f"{name} for {m[-1].text}"))])
        (tool,) = asked_members(found.spec())
        found.model = ScriptedModel(script=script)
        return found

    outer = Team("top", [team("east"), team("west")], model=leading(["east", "west"]), db=db)
    output = run(outer, "go")
    by_team = {(one.source, one.member): one.content for one in output.members}
    assert by_team == {
        ("east", name): f"{name} for east",
        ("west", name): f"{name} for west",
        ("top", "east"): f"{name} for east",
        ("top", "west"): f"{name} for west",
    }


def test_every_member_that_began_is_told_to_have_finished() -> None:
    members = [Agent("a", model=saying("a")), Agent("b", model=failing(OSError("x")))]
    events: list[Any] = list(Team("desk", members, model=leading(["a", "b"])).run("go", stream=True))
    for kind in (MemberStarted, MemberFinished):
        assert sorted(event.member for event in events if isinstance(event, kind)) == ["a", "b"]


# Every mode


@pytest.mark.parametrize("mode", ["broadcast", "sequence", "route"])
@both_ways
def test_in_every_mode_members_are_told_the_conversation_once(run: Way, db: Db, mode: str) -> None:
    first, second = saying("Fog at sea"), saying("Noted")
    names = {"first": first, "second": second} if mode != "route" else {"second": second}
    members = [Agent(name, model=model) for name, model in names.items()]
    team = Team("desk", members, mode=mode, model=saying("done"), db=db, member_context="conversation")
    run(team, "How is the weather?")
    run(team, "And now?")
    *before, task = said(second.seen[1])
    assert before == [("human", "How is the weather?"), before[1]]
    assert task[1].startswith("And now?")
    assert task[1].count("Fog at sea") == (mode == "sequence")
    assert "<notes>" not in "".join(seen[0].text for seen in second.seen) or mode == "broadcast"


@pytest.mark.parametrize("mode", ["broadcast", "sequence"])
@both_ways
def test_in_every_mode_a_member_that_fails_stops_the_run(run: Way, db: Db, mode: str) -> None:
    members = [Agent("first", model=failing(OSError("x"))), Agent("second", model=saying("Noted"))]
    team = Team("desk", members, mode=mode, model=saying("done"), db=db, on_member_error="stop")
    with pytest.raises(RunError, match="desk: its member first failed, so the run was stopped"):
        run(team, "go")
