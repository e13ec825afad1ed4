"""Mode tasks: the leader plans, what is ready is done in parallel, and the list survives whatever happens."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from coterie import Agent, MemoryManager, RunOutput, Scope, SqliteDb, Team
from coterie.graphs.events import TaskChanged, Token
from coterie.graphs.modes import Swarm, Tasks
from coterie.graphs.session import PRIVATE
from coterie.graphs.task_list import Task, current, rows_of, tasks_of
from coterie.memory.db import Db
from coterie.teams.output import RunFinished
from tests.support.scripted import Script, ScriptedModel, calls

Way = Callable[[Team, str], RunOutput]
both_ways = pytest.mark.parametrize(
    "run", [lambda team, message: team.run(message), lambda team, message: asyncio.run(team.arun(message))]
)
ROOT = Path(__file__).parents[2]


def add(*tasks: tuple[Any, ...]) -> AIMessage:
    """Adds tasks: ``add(("find", "scout"), ("write", "writer", "1"))``."""
    new = [{"task": task, "owner": owner, "depends_on": list(others)} for task, owner, *others in tasks]
    return calls(("add_tasks", {"tasks": new}))


def leader(*steps: AIMessage | str) -> ScriptedModel:
    """Takes these steps, one each time that it is asked; the last one again and again."""
    model = ScriptedModel(script=lambda m: steps[min(len(model.seen), len(steps)) - 1])
    return model


def shown(model: Any) -> list[str]:
    """The list as the leader saw it, each time that it did."""
    assert isinstance(model, ScriptedModel)
    return [messages[-1].text for messages in model.seen if "<tasks>" in messages[-1].text]


def member(name: str, script: Script | None = None, **settings: Any) -> Agent:
    said = script or (lambda messages: f"{name} did: {messages[-1].text}")
    return Agent(name, role=f"knows {name}", model=ScriptedModel(script=said, **settings))


def fail(messages: list[BaseMessage]) -> str:
    raise ConnectionError("no route to the model")


def unanswered(output: RunOutput) -> set[str | None]:
    asked = {
        c["id"] for m in output.messages if isinstance(m, AIMessage) for c in [*m.tool_calls, *m.invalid_tool_calls]
    }
    return asked - {m.tool_call_id for m in output.messages if isinstance(m, ToolMessage)}


def statuses(output: RunOutput) -> dict[str, str]:
    return {task.id: task.status for task in output.tasks}


@both_ways
def test_what_is_ready_is_done_and_the_leader_sees_what_came_of_it(run: Way) -> None:
    model = leader(add(("find", "scout"), ("write", "writer", "1")), "here it is")
    team = Team("desk", [member("scout"), member("writer")], mode="tasks", model=model)
    output = run(team, "a report")
    assert output.content == "here it is"
    first, second = output.tasks
    assert first == Task("1", "find", "scout", (), "done", "scout did: find", output.run_id)
    assert (second.status, second.depends_on) == ("done", ("1",))
    assert second.result.startswith("writer did: write\n\nWhat was found before.")
    assert "<result>\nscout, find:\nscout did: find\n</result>" in second.result
    [seen] = shown(model)
    assert "[1] done, scout: find" in seen
    assert "[2] done, writer after 1: write" in seen
    assert not unanswered(output)
    assert [(m.name, m.type) for m in output.messages] == [
        (None, "human"), ("desk", "ai"), ("add_tasks", "tool"), ("scout", "ai"), ("writer", "ai"), ("desk", "ai"),
    ]  # fmt: skip
    assert model.seen[-1][-1].type == "human"


@both_ways
def test_tasks_that_need_nothing_of_each_other_are_done_at_the_same_time(run: Way) -> None:
    busy = ScriptedModel(script=lambda m: "done", delay=0.2)
    members = [Agent(name, model=busy) for name in ("a", "b")]
    model = leader(add(("1", "a"), ("2", "b"), ("3", "a"), ("4", "b", "1", "2", "3")), "end")
    output = run(Team("desk", members, mode="tasks", model=model), "go")
    assert busy.busy[1] == 3
    assert set(statuses(output).values()) == {"done"}


@both_ways
def test_a_task_that_fails_is_shown_and_what_depends_on_it_waits_for_the_leader(run: Way) -> None:
    model = leader(
        add(("find", "broken"), ("write", "writer", "1"), ("sing", "writer")),
        calls(("cancel_task", {"id": "2"}), ("add_tasks", {"tasks": [{"task": "guess", "owner": "writer"}]})),
        "as good as it gets",
    )
    output = run(Team("desk", [member("broken", fail), member("writer")], mode="tasks", model=model), "go")
    assert statuses(output) == {"1": "failed", "2": "cancelled", "3": "done", "4": "done"}
    assert "no route to the model" in output.tasks[0].result
    first, second = shown(model)
    assert "[1] failed, broken: find\n<result>\n" in first
    assert "[2] open, writer after 1: write" in first
    assert "[2] cancelled" in second
    assert [error.split(":")[0] for error in output.errors] == ["broken"]
    assert not unanswered(output)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (add(("x", "nobody")), "There is no member 'nobody' to own a task: give one of a, b c."),
        (add(("x", "a", "7")), "No task has the id '7'"),
        (add(("x", "a", "2"), ("y", "a", "1")), "The tasks 1, 2 wait for each other"),
        (add(("x", "a", "1")), "The tasks 1 wait for each other"),
        (add(("  ", "a")), "tasks.0.task"),
        (calls(("add_tasks", {})), "tasks: Field required"),
        (calls(("add_tasks", {"tasks": []})), "tasks: "),
        (calls(("add_tasks", {"tasks": "do it"})), "tasks.0"),
        (calls(("add_tasks", {"tasks": [{"id": "</tasks>", "task": "x", "owner": "a"}]})), "tasks.0.id"),
        (calls(("cancel_task", {"id": "1"})), "No task has the id '1'"),
        (calls(("cancel_task", {})), "No task has the id 'None'"),
    ],
)
def test_what_makes_no_sense_is_answered_and_can_be_put_right(wrong: AIMessage, said: str) -> None:
    model = leader(wrong, add(("right", "b_c")), "end")
    output = Team("desk", [member("a"), member("b c")], mode="tasks", model=model).run("go")
    refused = next(message for message in output.messages if isinstance(message, ToolMessage))
    assert refused.status == "error"
    assert said in refused.text
    assert [(task.task, task.owner, task.status) for task in output.tasks] == [("right", "b c", "done")]
    assert not unanswered(output)


def test_a_refused_call_adds_nothing_and_others_beside_it_count() -> None:
    def clock() -> str:
        """Tell the time."""
        return "noon"

    both = calls(
        ("add_tasks", {"tasks": [{"task": "x", "owner": "a"}, {"task": "y", "owner": "nobody"}]}),
        ("clock", {}),
        ("add_tasks", {"tasks": {"task": "z", "owner": "a"}}),
        ("no_such_tool", {}),
    )
    output = Team("desk", [member("a")], mode="tasks", model=leader(both, "end"), tools=[clock]).run("go")
    assert [task.task for task in output.tasks] == ["z"]
    told = {m.name: m for m in output.messages if isinstance(m, ToolMessage)}
    assert told["clock"].text == "noon"
    assert told["no_such_tool"].status == "error"
    assert not unanswered(output)


@both_ways
def test_at_the_limit_the_leader_answers_and_what_is_open_stays_open(run: Way) -> None:
    model = leader(add(("once more", "a")))
    output = run(Team("desk", [member("a")], mode=Tasks(max_rounds=3), model=model), "go")
    assert len(model.seen) == 4
    assert "Answer the user from what there is" in model.seen[-1][-1].text
    last = output.messages[-1]
    assert isinstance(last, AIMessage)
    assert last.tool_calls == []
    assert statuses(output) == {"1": "done", "2": "done", "3": "done"}


def test_who_only_talks_has_no_list() -> None:
    output = Team("desk", [member("a")], mode="tasks", model=leader("hello")).run("hi")
    assert (output.content, output.tasks, output.members) == ("hello", (), ())


def test_run_and_stream_tell_the_same() -> None:
    team = Team("desk", [member("a")], mode="tasks", model=leader(add(("x", "a")), "all done"))
    *events, last = team.run("go", stream=True)
    assert isinstance(last, RunFinished)
    changes = [each.task for each in events if isinstance(each, TaskChanged)]
    assert [(task.id, task.status) for task in changes] == [("1", "open"), ("1", "working"), ("1", "done")]
    assert changes[-1:] == list(last.output.tasks)
    assert "".join(each.text for each in events if isinstance(each, Token) and each.source == "desk") == "all done"


@pytest.mark.parametrize("name", ["two words", "a.b", "調査", "plan", "<x>"])
def test_any_name_will_do(name: str) -> None:
    output = Team("desk", [member(name, lambda m: "done")], mode="tasks", model=leader(add(("x", name)), "end")).run(
        "go"
    )
    assert [(task.owner, task.result) for task in output.tasks] == [(name, "done")]


def inner(name: str) -> Team:
    return Team(name, [member("scout")], mode="tasks", model=leader(add(("look", "scout")), f"{name} is done"))


@both_ways
def test_lists_inside_lists_are_each_their_own(run: Way, db: Db) -> None:
    both = leader(add(("e", "east"), ("w", "west")), "ok")
    middle = Team("middle", [inner("east"), inner("west")], mode="tasks", model=both)
    outer = Team("outer", [middle], mode="tasks", model=leader(add(("m", "middle")), "end"), db=db)
    output = run(outer, "go")
    assert [(task.task, task.result) for task in output.tasks] == [("m", "ok")]
    state = db.session(None, output.session_id).state
    assert {key: [row["task"] for row in rows.values()] for key, rows in state.items()} == {
        f"{PRIVATE}tasks:outer": ["m"],
        f"{PRIVATE}tasks:outer/middle": ["e", "w"],
        f"{PRIVATE}tasks:outer/middle/east": ["look"],
        f"{PRIVATE}tasks:outer/middle/west": ["look"],
    }
    assert {row["status"] for rows in state.values() for row in rows.values()} == {"done"}


def test_a_team_that_is_at_work_twice_at_once_keeps_its_lists_apart(db: Db) -> None:
    together = threading.Barrier(2)

    def lead(messages: list[BaseMessage]) -> AIMessage | str:
        if "<tasks>" in messages[-1].text:
            return messages[-1].text
        together.wait(300)
        return add((f"look for {messages[1].text}", "scout"), (f"write of {messages[1].text}", "scout"))

    team = Team("inner", [member("scout")], mode="tasks", model=ScriptedModel(script=lead))
    model = leader(add(("cats", "inner"), ("dogs", "inner")), "end")
    output = Team("outer", [team], mode="tasks", model=model, db=db).run("go", session_id="s")
    worked = sorted(each.task for each in output.members if each.member == "scout")
    assert worked == ["look for cats", "look for dogs", "write of cats", "write of dogs"]
    cats, dogs = output.tasks
    assert "dogs" not in cats.result
    assert "cats" not in dogs.result
    assert len(db.session(None, "s").state[f"{PRIVATE}tasks:outer/inner"]) == 4


def test_a_leader_may_hand_the_conversation_over() -> None:
    both = calls(
        ("add_tasks", {"tasks": [{"task": "x", "owner": "a"}]}), ("transfer_to_bob", {}),
    )  # fmt: skip
    team = Team("lists", [member("a")], mode="tasks", model=leader(both))
    output = Team("desk", [team, member("bob", lambda m: "bob's")], mode=Swarm()).run("go")
    assert output.content == "bob's"
    assert not unanswered(output)
    assert [each.member for each in output.members] == ["lists", "bob"]


def test_one_curator_goes_through_the_turn_and_knows_who_did_what(db: Db) -> None:
    curating = MemoryManager(db, curator="verbatim")
    members = [Agent(name, id=f"{name}-1", model=ScriptedModel(script=lambda _: "Done")) for name in ("chef", "guide")]
    model = leader(
        add(("A dinner for Ana, who eats no meat", "chef"), ("A walk with a dog", "guide")), "Both are there."
    )
    team = Team("desk", members, mode="tasks", model=model, db=db, memory_manager=curating, update_memory_on_run=True)
    output = team.run("I eat no meat. I have a dog.", user_id="ana")
    assert len(output.curations) == 1
    assert {one.memory: one.agent_id for one in db.newest(Scope("ana"))} == {
        "I eat no meat.": "chef-1",
        "I have a dog.": "guide-1",
    }
    [turn] = db.turns("ana", output.session_id)
    assert [(each.name, each.task) for each in turn.messages if each.task] == [
        ("chef", "A dinner for Ana, who eats no meat"),
        ("guide", "A walk with a dog"),
    ]


@both_ways
def test_the_next_run_of_the_session_goes_on_with_what_is_left(db: Db, run: Way) -> None:
    broken = Team("desk", [member("a"), member("b", fail)], mode="tasks", db=db, on_member_error="report")
    broken.model = leader(add(("one", "a"), ("two", "b"), ("three", "a", "2")), "that did not work")
    assert statuses(broken.run("go", session_id="s", user_id="u")) == {"1": "done", "2": "failed", "3": "open"}
    model = leader(
        calls(("cancel_task", {"id": "3"}), ("add_tasks", {"tasks": [{"task": "four", "owner": "a"}]})), "end"
    )
    whole = Team("desk", [member("a"), member("b")], mode="tasks", db=db, model=model)
    output = whole.run("go on", session_id="s", user_id="u")
    assert "<tasks>\n[2] failed, b: two" in shown(model)[0]
    assert statuses(output) == {"2": "failed", "3": "cancelled", "4": "done"}
    assert whole.run("and now?", session_id="s", user_id="u").tasks == ()
    assert whole.run("go", session_id="s", user_id="other").tasks == ()


def test_nothing_of_an_earlier_run_begins_before_the_leader_says_so(db: Db) -> None:
    rows = rows_of([Task("1", "old", "a", (), "working"), Task("2", "older", "a", ("1",))])
    db.update_session_state(None, "s", {f"{PRIVATE}tasks:desk": rows})

    def clock() -> str:
        """Tell the time."""
        return "noon"

    def desk(*steps: AIMessage | str) -> Team:
        return Team("desk", [member("a")], mode="tasks", model=leader(*steps), db=db, tools=[clock])

    assert statuses(desk(calls(("clock", {})), "noon").run("time?", session_id="s")) == {"1": "open", "2": "open"}
    assert statuses(desk(calls(("go_on", {})), "end").run("go on", session_id="s")) == {"1": "done", "2": "done"}


def test_a_run_that_is_cancelled_leaves_its_tasks_open(db: Db) -> None:
    closed = threading.Event()

    async def cancelled() -> None:
        slow = member("slow", lambda messages: f"too late, {closed.wait(300)}")
        model = leader(add(("one", "a"), ("two", "slow", "1"), ("three", "a", "2")), "end")
        team = Team("desk", [member("a"), slow], mode="tasks", model=model, db=db)
        events: Any = team.arun("go", stream=True, session_id="s")
        async for event in events:
            if isinstance(event, TaskChanged) and (event.task.id, event.task.status) == ("2", "working"):
                break
        await events.aclose()
        closed.set()

    asyncio.run(cancelled())
    rows = db.session(None, "s").state[f"{PRIVATE}tasks:desk"]
    assert {key: row["status"] for key, row in rows.items()} == {"1": "done", "2": "open", "3": "open"}
    team = Team("desk", [member("a"), member("slow")], mode="tasks", model=leader(calls(("go_on", {})), "end"), db=db)
    assert statuses(team.run("go on", session_id="s")) == {"1": "done", "2": "done", "3": "done"}


def test_many_at_work_lose_nothing_of_each_other(db: Db) -> None:
    """All are at work at once, and come back at once."""
    count = 12
    together = threading.Barrier(count)

    def script(messages: list[BaseMessage]) -> str:
        together.wait(300)
        return messages[-1].text

    team = Team("desk", [member("a", script)], mode="tasks", db=db)
    team.model = leader(add(*((f"task {number}", "a") for number in range(count))), "end")
    output = team.run("go", session_id="s")
    kept = tasks_of(db.session(None, "s").state[f"{PRIVATE}tasks:desk"])
    assert [(task.task, task.status, task.result) for task in kept.values()] == [
        (f"task {number}", "done", f"task {number}") for number in range(count)
    ]
    assert tuple(kept.values()) == output.tasks


def test_text_that_no_database_takes_is_kept_all_the_same(db: Db) -> None:
    said = member("a", lambda m: "a\0b\udc80")
    team = Team("desk", [said], mode="tasks", model=leader(add(("x\0y", "a")), "end"), db=db)
    [task] = team.run("go", session_id="s").tasks
    assert (task.task, task.result) == ("x\N{REPLACEMENT CHARACTER}y", "a\N{REPLACEMENT CHARACTER}b?")
    assert db.session(None, "s").state[f"{PRIVATE}tasks:desk"] == rows_of([task])


def test_without_a_store_a_checkpointer_remembers() -> None:
    team = Team(
        "desk", [member("a", fail)], mode="tasks", model=leader(add(("x", "a"), ("y", "a", "1")), "no", "still no")
    )
    graph = team.graph.copy({"checkpointer": InMemorySaver()})
    config: Any = {"configurable": {"thread_id": "t"}}
    for message in ("go", "and?"):
        state = graph.invoke({"messages": [HumanMessage(message)]}, config)
        assert {key: row["status"] for key, row in state["tasks"].items()} == {"1": "failed", "2": "open"}


PROGRAM = """
import sys, time
from coterie import Agent, SqliteDb, Team
from coterie.graphs import claims
from tests.support.scripted import ScriptedModel, calls

claims.LEASE_SECONDS = 2

def slow(messages):
    print("begun", flush=True)
    time.sleep(600)

new = [{"task": "one", "owner": "quick"}, {"task": "two", "owner": "slow", "depends_on": ["1"]},
       {"task": "three", "owner": "quick", "depends_on": ["2"]}]
scripts = {"quick": lambda messages: "found", "slow": slow}
members = [Agent(name, model=ScriptedModel(script=script)) for name, script in scripts.items()]
model = ScriptedModel(script=lambda m: calls(("add_tasks", {"tasks": new})))
Team("desk", members, mode="tasks", model=model, db=SqliteDb(sys.argv[1])).run("go", session_id="s", user_id="ana")
"""


def list_of(db: Db) -> dict[str, Task]:
    """The list as it stands."""
    rows = db.session("ana", "s").state[f"{PRIVATE}tasks:desk"]
    return {key: current(task) for key, task in tasks_of(rows).items()}


@both_ways
def test_what_a_killed_process_left_is_done_by_the_next_run(tmp_path: Path, run: Way) -> None:
    file = tmp_path / "team.db"
    search = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(file)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": search}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGKILL)
    quick, model = member("quick"), leader(calls(("go_on", {})), "all there")
    db = SqliteDb(file)
    while list_of(db)["2"].status != "open":
        time.sleep(0.1)
    team = Team("desk", [quick, member("slow")], mode="tasks", model=model, db=db)
    output = team.run("go on", session_id="s", user_id="ana")
    db.close()
    assert "[1] done, quick: one\n<result>\nfound\n</result>\n[2] open, slow after 1: two" in shown(model)[0]
    assert statuses(output) == {"1": "done", "2": "done", "3": "done"}
    assert isinstance(quick.model, ScriptedModel)
    assert [messages[-1].text.splitlines()[0] for messages in quick.model.seen] == ["three"]
