"""Teams that waited for somebody and go on in another process: what was noted, heard and done before is not lost."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.checkpoint.sqlite import SqliteSaver

from coterie import Agent, RunOutput, Team
from coterie.graphs.modes import Broadcast, Mode
from coterie.graphs.pausing import Confirmation
from coterie.memory.db import Db
from tests.support.scripted import ScriptedModel, calls


class Office:
    """Makes the same team anew each time, as another process does. Its hooks and tools note what they did."""

    def __init__(self, saver: SqliteSaver, db: Db) -> None:
        self.saver, self.db = saver, db
        self.ran: list[str] = []
        self.heard: list[str] = []

    def delete(self, path: str) -> str:
        """Delete a file."""
        self.ran.append(path)
        return f"deleted {path}"

    def look(self) -> str:
        """Look around."""
        return "all quiet"

    def clerk(self, name: str) -> Agent:
        def hear(text: str, context: Any) -> str:
            self.heard.append(name)
            return f"{text} (heard by {name})"

        model = once(("delete", {"path": name}))
        return Agent(name, model=model, tools=[self.delete], confirm_tools=["delete"], pre_hooks=[hear])

    def team(self, members: list[Agent | Team], **settings: Any) -> Team:
        return Team("t", members, checkpointer=self.saver, db=self.db, **settings)


@pytest.fixture
def office(tmp_path: Path, db: Db) -> Iterator[Office]:
    connection = sqlite3.connect(tmp_path / "waiting.db", check_same_thread=False)
    yield Office(SqliteSaver(connection), db)
    connection.close()


def once(*wanted: tuple[str, dict[str, Any]]) -> ScriptedModel:
    """Calls these once, then answers with what came back."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        found = [message.text for message in messages if isinstance(message, ToolMessage)]
        return " | ".join(found) or calls(*wanted)

    return ScriptedModel(script=script)


def leading(messages: list[BaseMessage]) -> AIMessage | str:
    """Asks both clerks at once in mode coordinate, gives both a task in mode tasks."""
    if any(isinstance(message, ToolMessage) for message in messages):
        return "done"
    if "list of tasks" in messages[0].text:
        return calls(("add_tasks", {"tasks": [{"task": "tidy", "owner": name} for name in ("甲", "b")]}))
    return calls(("ask_member_1", {"task": "tidy"}), ("ask_b", {"task": "tidy"}))


def resumed_one_by_one(make: Any) -> RunOutput:
    """Run, and resume with a new object for each of the calls that wait."""
    output: RunOutput = make().run("go", user_id="ana", session_id="s")
    for _ in range(5):
        if not output.waiting:
            return output
        output = make().resume(output.run_id, {output.waiting[0].id: True}, user_id="ana")
    raise AssertionError("it waits for ever")


@pytest.mark.parametrize("mode", ["coordinate", Broadcast(join=lambda answers: "done"), "sequence", "tasks"])
def test_members_hear_and_do_everything_once(office: Office, mode: Mode | str) -> None:
    model = ScriptedModel(script=leading)
    output = resumed_one_by_one(lambda: office.team([office.clerk("甲"), office.clerk("b")], mode=mode, model=model))
    assert output.errors == ()
    assert sorted(office.ran) == ["b", "甲"]
    assert sorted(office.heard) == ["b", "甲"]
    [turn] = office.db.turns("ana", "s")
    assert [message.content for message in turn.messages].count("deleted b") == 1


def test_what_a_team_deep_inside_heard_it_hears_once(office: Office) -> None:
    def hear(text: str, context: Any) -> None:
        office.heard.append("inner")

    def make() -> Team:
        inner = Team("inner", [office.clerk("a"), office.clerk("b")], mode="sequence", pre_hooks=[hear])
        return office.team([inner], model=once(("ask_inner", {"task": "tidy"})))

    assert resumed_one_by_one(make).content == "deleted b"
    assert office.heard == ["inner", "a", "b"]
    assert office.ran == ["a", "b"]


def test_a_member_s_hooks_change_what_its_model_reads(office: Office) -> None:
    read: list[str] = []

    def script(messages: list[BaseMessage]) -> str:
        read.append(messages[-1].text)
        return "ok"

    member = office.clerk("a")
    member.model = ScriptedModel(script=script)
    office.team([member], mode="sequence").run("go")
    assert read == ["go (heard by a)"]


def test_notes_of_before_are_read_and_kept_afterwards(office: Office) -> None:
    def scout(messages: list[BaseMessage]) -> AIMessage | str:
        done = any(isinstance(message, ToolMessage) for message in messages)
        return "that is all" if done else calls(("share_note", {"text": "the key is under the mat"}))

    def leader(messages: list[BaseMessage]) -> AIMessage | str:
        steps = ("ask_scout", {"task": "look"}), ("delete", {"path": "a"}), ("ask_late", {"task": "go on"})
        found = [message.text for message in messages if isinstance(message, ToolMessage)]
        return calls(steps[len(found)]) if len(found) < len(steps) else found[-1]

    def late(messages: list[BaseMessage]) -> str:
        return "it knows" if "the key is under the mat" in messages[0].text else "it does not know"

    def make() -> Team:
        members: list[Agent | Team] = [
            Agent("scout", model=ScriptedModel(script=scout), tools=[office.look]),
            Agent("late", model=ScriptedModel(script=late)),
        ]
        model = ScriptedModel(script=leader)
        return office.team(members, model=model, tools=[office.delete], confirm_tools=["delete"])

    assert resumed_one_by_one(make).content == "it knows"
    [turn] = office.db.turns("ana", "s")
    assert "the key is under the mat" in [message.content for message in turn.messages]


def test_tools_that_a_swarm_lends_its_members_wait_for_the_word_that_it_asks_for(office: Office) -> None:
    def make() -> Team:
        members: list[Agent | Team] = [
            Agent("a", model=once(("delete", {"path": "x"}))),
            Team("b", [Agent("c")], model=once(("delete", {"path": "y"}))),
        ]
        return office.team(members, mode="swarm", tools=[office.delete], confirm_tools=["delete"])

    paused = make().run("go", user_id="ana", session_id="s")
    [waiting] = paused.waiting
    assert isinstance(waiting, Confirmation)
    assert (waiting.path, office.ran) == ("t/a", [])
    assert make().resume(paused.run_id, False, user_id="ana").content == "Not allowed."
    assert office.ran == []


def test_a_swarm_s_conversation_stays_with_the_one_that_waited(office: Office) -> None:
    def deletes(messages: list[BaseMessage]) -> AIMessage | str:
        return "done" if messages[-1].text.startswith("deleted") else calls(("delete", {"path": "b"}))

    def make() -> Team:
        second = office.clerk("b")
        second.model = ScriptedModel(script=deletes)
        return office.team([Agent("a", model=once(("transfer_to_b", {}))), second], mode="swarm")

    paused = make().run("go", user_id="ana", session_id="s")
    assert make().resume(paused.run_id, True, user_id="ana").messages[-1].name == "b"
    assert office.ran == ["b"]
    again = make().run("and again", user_id="ana", session_id="s")
    assert [each.path for each in again.waiting if isinstance(each, Confirmation)] == ["t/b"]
