"""Mode tasks: runs of one session at the same time have one list, and each task in it is done by one of them."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langgraph.checkpoint.memory import InMemorySaver

from coterie import Agent, RunOutput, Team
from coterie.graphs import claims
from coterie.graphs.events import TaskChanged
from coterie.graphs.session import PRIVATE
from coterie.graphs.task_list import Task, rows_of, tasks_of
from coterie.memory.db import Db
from tests.support.scripted import ScriptedModel, calls

KEY = f"{PRIVATE}tasks:desk"
GO_ON = calls(("go_on", {}))


def add(*tasks: tuple[str, ...]) -> AIMessage:
    """Adds tasks of the member a: ``add(("find",), ("write", "1"))``."""
    new = [{"task": task, "owner": "a", "depends_on": list(others)} for task, *others in tasks]
    return calls(("add_tasks", {"tasks": new}))


class Desk:
    """Teams of one name, as several processes have them; what their member did is in ``did``."""

    def __init__(self, db: Db) -> None:
        self.db = db
        self.did: list[str] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def team(self, *steps: AIMessage | str | Callable[[], AIMessage | str], **settings: Any) -> Team:
        """Its leader takes these steps."""

        def lead(messages: list[BaseMessage]) -> AIMessage | str:
            step = steps[min(len(leader.seen), len(steps)) - 1]
            return step() if callable(step) else step

        leader = ScriptedModel(script=lead)
        member = Agent("a", model=ScriptedModel(script=self.work))
        return Team("desk", [member], mode="tasks", model=leader, db=self.db, **settings)

    def work(self, messages: list[BaseMessage]) -> str:
        task = messages[-1].text.splitlines()[0]
        self.did.append(task)
        if task == "slow":
            self.begun.set()
            assert self.go_on.wait(60)
        return f"{task} is done"

    @property
    def rows(self) -> dict[str, Any]:
        rows: dict[str, Any] = self.db.session(None, "s").state[KEY]
        return rows


@pytest.fixture
def desk(db: Db) -> Desk:
    return Desk(db)


def lists(team: Team) -> list[str]:
    """The list as its leader saw it, each time that it did."""
    assert isinstance(team.model, ScriptedModel)
    return [messages[-1].text for messages in team.model.seen if "<tasks>" in messages[-1].text]


def test_what_one_run_is_doing_another_leaves_to_it(desk: Desk) -> None:
    first = desk.team(add(("slow",), ("next", "1")), "first")

    def answer() -> str:
        desk.go_on.set()
        return "it is being done"

    second = desk.team(GO_ON, answer)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(first.run, "go", session_id="s")
        assert desk.begun.wait(60)
        output = second.run("how far are you?", session_id="s")
        assert running.result(60).content == "first"
    assert desk.did == ["slow", "next"]
    for seen in lists(second):
        assert "[1] being done in another run, a: slow\n[2] open, a after 1: next" in seen
    assert [task.status for task in output.tasks] == ["working", "open"]
    assert {key: row["status"] for key, row in desk.rows.items()} == {"1": "done", "2": "done"}


def test_of_many_runs_at_once_each_task_is_done_by_one(desk: Desk) -> None:
    runs = 4
    left = [Task(str(number), f"task {number}", "a") for number in range(1, 9)]
    desk.db.update_session_state(None, "s", {KEY: rows_of(left)})
    together = threading.Barrier(runs)

    def all_go_on() -> AIMessage:
        together.wait(60)
        return GO_ON

    def go_on(number: int) -> RunOutput:
        return desk.team(all_go_on, "end").run("go on", session_id="s")

    with ThreadPoolExecutor(runs) as threads:
        outputs = list(threads.map(go_on, range(runs)))
    assert Counter(desk.did) == Counter(task.task for task in left)
    assert all({task.id for task in output.tasks} == {task.id for task in left} for output in outputs)
    assert {row["status"] for row in desk.rows.values()} == {"done"}


def test_what_another_run_did_meanwhile_is_not_done_again_and_its_result_is_known(desk: Desk) -> None:
    def other() -> AIMessage:
        desk.team(GO_ON, "end").run("go on", session_id="s")
        return GO_ON

    desk.db.update_session_state(None, "s", {KEY: rows_of([Task("1", "one", "a"), Task("2", "two", "a", ("1",))])})
    team = desk.team(other, "end")
    output = team.run("go on", session_id="s")
    assert desk.did == ["one", "two"]
    assert [(task.status, task.result) for task in output.tasks] == [("done", "one is done"), ("done", "two is done")]
    assert "one is done" in lists(team)[-1]


def test_another_run_s_task_that_has_the_id_of_one_that_is_over_is_left_to_it(desk: Desk) -> None:
    theirs = rows_of([Task("1", "theirs", "a", run_id="another")])

    def others() -> AIMessage:
        desk.team(GO_ON, "end").run("go on", session_id="s")
        desk.db.update_session_state(None, "s", {KEY: theirs})  # "one" was put away, and "theirs" added
        return GO_ON

    desk.db.update_session_state(None, "s", {KEY: rows_of([Task("1", "one", "a")])})
    output = desk.team(others, "end").run("go on", session_id="s")
    assert desk.did == ["one"]
    assert [(task.task, task.status) for task in output.tasks] == [("one", "done")]
    assert tasks_of(desk.rows) == tasks_of(theirs)


def test_new_tasks_depend_on_those_that_their_leader_knows(desk: Desk) -> None:
    def other() -> AIMessage:
        desk.team(add(("other",)), "end").run("go", session_id="s")
        return add(("first",), ("second", "1"))

    team = desk.team(other, add(("first",), ("second", "2")), add(("third", "2")), "end")
    output = team.run("go", session_id="s")
    refused = [message.text for message in output.messages if message.name == "add_tasks"]
    assert refused[0] == "No task has the id '1' that one depends on: give one of 2, 3."
    assert [(task.id, task.task, task.status) for task in output.tasks] == [
        ("2", "first", "done"), ("3", "second", "done"), ("4", "third", "done"),
    ]  # fmt: skip


def test_what_is_being_done_cannot_be_cancelled(desk: Desk) -> None:
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(desk.team(add(("slow",)), "end").run, "go", session_id="s")
        assert desk.begun.wait(60)
        output = desk.team(calls(("cancel_task", {"id": "1"})), "end").run("stop it", session_id="s")
        desk.go_on.set()
        running.result(60)
    [said] = [message.text for message in output.messages if message.name == "cancel_task"]
    assert said == "The task 1 is being done in another run of the conversation: do not cancel it now."
    assert desk.rows["1"]["status"] == "done"


def test_a_run_that_is_at_work_says_so_again_and_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LEASE_SECONDS", 1.5)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(desk.team(add(("slow",)), "end").run, "go", session_id="s")
        assert desk.begun.wait(60)
        ends = {desk.rows["1"]["lease"]["until"]}
        while len(ends) < 3:
            ends.add(desk.rows["1"]["lease"]["until"])
        desk.go_on.set()
        running.result(60)
    assert desk.rows["1"]["lease"] is None


def test_whoever_lost_a_task_changes_nothing_in_it_any_more(desk: Desk) -> None:
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(desk.team(add(("slow",)), "end").run, "go", session_id="s")
        assert desk.begun.wait(60)
        row = desk.rows["1"]
        others = {**row, "lease": {**row["lease"], "mark": "another"}}
        desk.db.update_session_state(None, "s", {KEY: {"1": others}})
        desk.go_on.set()
        output = running.result(60)
    assert desk.rows["1"] == others
    assert [task.status for task in output.tasks] == ["working"]
    assert "slow is done" in [message.text for message in output.messages]


def test_a_run_that_is_cancelled_gives_back_what_it_was_doing(desk: Desk) -> None:
    async def cancelled() -> None:
        events: Any = desk.team(add(("slow",)), "end").arun("go", stream=True, session_id="s")
        async for event in events:
            if isinstance(event, TaskChanged) and event.task.status == "working":
                assert event.task.lease is None
                break
        await events.aclose()
        desk.go_on.set()

    asyncio.run(cancelled())
    assert (desk.rows["1"]["status"], desk.rows["1"]["lease"]) == ("open", None)


def test_what_waits_for_somebody_s_word_may_be_done_by_another_run_and_is_not_done_again(db: Db) -> None:
    done: list[str] = []

    def delete() -> str:
        """Delete it."""
        done.append("deleted")
        return "deleted"

    def team(confirm: bool, *steps: AIMessage | str) -> Team:
        def work(messages: list[BaseMessage]) -> AIMessage | str:
            return messages[-1].text if messages[-1].type == "tool" else calls(("delete", {}))

        def lead(messages: list[BaseMessage]) -> AIMessage | str:
            return steps[1] if "<tasks>" in messages[-1].text and len(leader.seen) > 1 else steps[0]

        leader = ScriptedModel(script=lead)
        member = Agent(
            "a", model=ScriptedModel(script=work), tools=[delete], confirm_tools=["delete"] if confirm else []
        )
        return Team("desk", [member], mode="tasks", model=leader, db=db, checkpointer=InMemorySaver())

    waits = team(True, add(("clear",)), "cleared")
    paused = waits.run("go", session_id="s")
    assert [each.status for each in team(False, GO_ON, "end").run("go on", session_id="s").tasks] == ["done"]
    assert done == ["deleted"]
    output = waits.resume(paused.run_id, True)
    assert done == ["deleted"]
    assert [(task.status, task.result) for task in output.tasks] == [("done", "deleted")]
