"""Recording: it is all there however a run ends and is run, while it goes on too, and it disturbs no run."""

import asyncio
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from coterie import Agent, Team, Trace
from coterie.errors import NotFoundError, RunError
from coterie.graphs.events import Event
from coterie.graphs.picture import from_json
from coterie.graphs.picturing import picture
from coterie.graphs.trace import SCHEMA, Record
from coterie.memory.db import Db
from coterie.teams.output import RunStarted
from tests.support.scripted import ScriptedModel, calls
from tests.support.traced import Place, kinds, recorded_agent

WAIT = 300
"""Seconds: only a test that fails waits so long."""


# All ways to run


def test_every_way_to_run_is_recorded_alike(db: Db, where: Place, capsys: pytest.CaptureFixture[str]) -> None:
    ada = recorded_agent(lambda _: "hello", where, db)

    async def streamed() -> list[Event]:
        return [event async for event in ada.arun("hi", stream=True, user_id="ana")]

    def run_id(events: Iterable[Event]) -> str:
        first, *_ = events
        assert isinstance(first, RunStarted)
        return first.run_id

    run_ids = [
        ada.run("hi", user_id="ana").run_id,
        asyncio.run(ada.arun("hi", user_id="ana")).run_id,
        run_id(ada.run("hi", stream=True, user_id="ana")),
        run_id(asyncio.run(streamed())),
        ada.print_response("hi", user_id="ana").run_id,
        asyncio.run(ada.aprint_response("hi", user_id="ana")).run_id,
    ]
    expected = ["run_started", *("step_started", "memory_recalled", "step_finished")]
    expected += [*("step_started", "step_finished") * 2, "run_finished"]
    for each in run_ids:
        records = where.read("ana", each)
        assert kinds(records) == expected
        first, last = records[0], records[-1]
        assert (first["schema"], first["name"], first["message"], first["contents"]) == (SCHEMA, "ada", "hi", True)
        assert (first["run_id"], first["user_id"], first["agent_id"], first["team_id"]) == (each, "ana", "ada", None)
        assert from_json(first["graph"]) == picture(ada.spec())
        assert (last["status"], last["content"], last["error"], last["model_calls"]) == ("finished", "hello", None, 1)
    assert len(set(run_ids)) == len(run_ids)


def test_chat_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = iter(["hi", "again"])
    monkeypatch.setattr(
        sys, "stdin", type("Piped", (), {"isatty": lambda s: False, "__next__": lambda s: next(lines)})()
    )
    ada = Agent("ada", model=ScriptedModel(script=lambda _: "hello"), trace=f"{tmp_path}/runs/")
    ada.chat()
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_steps_are_numbered_and_say_what_they_ran_inside(db: Db, where: Place) -> None:
    def lead(messages: list[BaseMessage]) -> AIMessage | str:
        if isinstance(messages[-1], ToolMessage):
            return "done"
        return calls(*((f"ask_m{number}", {"task": "go"}) for number in range(5)))

    members = [Agent(f"m{number}", model=ScriptedModel(script=lambda _: "found", delay=0.01)) for number in range(5)]
    team = Team("desk", members, model=ScriptedModel(script=lead), db=db, trace=Trace(where.to))
    records = where.read(None, team.run("go").run_id)
    started = [record for record in records if record["kind"] == "step_started"]
    finished = [record for record in records if record["kind"] == "step_finished"]
    assert [record["step"] for record in started] == list(range(1, len(started) + 1))
    assert sorted(record["step"] for record in finished) == [record["step"] for record in started]
    by_number = {record["step"]: record for record in started}
    for number in range(5):
        [around] = [one for one in started if (one["path"], one["node"]) == ("desk", f"m{number}")]
        inside = [one for one in started if one["parent"] == around["step"]]
        assert [(one["path"], one["node"]) for one in inside] == [
            (f"desk/m{number}", node) for node in ("recall", "model")
        ]
    assert {one["parent"] for one in started if one["path"] == "desk"} == {None}
    for record in records[1:-1]:
        assert (record["path"], record["node"]) == tuple(by_number[record["step"]][name] for name in ("path", "node"))


# The ends of runs


def ends(records: list[Record]) -> tuple[str, str | None]:
    assert kinds(records).count("run_finished") == 1
    return records[-1]["status"], records[-1]["error"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_run_that_fails(db: Db, where: Place, asynchronous: bool) -> None:
    def fail(messages: list[BaseMessage]) -> str:
        raise ConnectionError("no route")

    ada = recorded_agent(fail, where, db)
    with pytest.raises(RunError):
        asyncio.run(ada.arun("hi")) if asynchronous else ada.run("hi")
    status, error = ends(where.only(db))
    assert status == "failed"
    assert str(error).startswith("RunError: ada: its model failed")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_stream_that_is_not_read_to_its_end(db: Db, where: Place, asynchronous: bool) -> None:
    ada = recorded_agent(lambda _: "hello", where, db)

    async def read_some() -> None:
        events = ada.arun("hi", stream=True)
        for _ in range(4):
            await anext(events)
        await events.aclose()  # type: ignore[attr-defined]  # it is a generator

    if asynchronous:
        asyncio.run(read_some())
    else:
        stream = ada.run("hi", stream=True)
        for _ in range(4):
            next(stream)
        stream.close()  # type: ignore[attr-defined]  # likewise
    records = where.only(db)
    assert ends(records) == ("cancelled", "GeneratorExit: ")
    assert "step_started" in kinds(records)


def test_a_stream_of_which_nothing_is_read_leaves_no_trace(db: Db, where: Place) -> None:
    ada = recorded_agent(lambda _: "hello", where, db)
    stream = ada.run("hi", stream=True)
    next(stream)  # that it starts
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert db.runs(None) == []
    assert where.to is None or not Path(where.to).exists()


def test_a_run_whose_task_is_cancelled(db: Db, where: Place) -> None:
    asked, answer = threading.Event(), threading.Event()

    def wait(messages: list[BaseMessage]) -> str:
        asked.set()
        return str(answer.wait(WAIT))

    async def cancelled() -> None:
        task = asyncio.ensure_future(recorded_agent(wait, where, db).arun("hi"))
        await asyncio.to_thread(asked.wait, WAIT)
        task.cancel()
        answer.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    status, error = ends(where.only(db))
    assert (status, str(error).partition(":")[0]) == ("cancelled", "CancelledError")


def test_ctrl_c(db: Db, where: Place) -> None:
    def interrupt(messages: list[BaseMessage]) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recorded_agent(interrupt, where, db).run("hi")
    assert ends(where.only(db)) == ("cancelled", "KeyboardInterrupt: ")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_run_that_waits_goes_on_in_the_same_trace(db: Db, where: Place, asynchronous: bool) -> None:
    def delete() -> str:
        """Delete it."""
        return "deleted"

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "done" if isinstance(messages[-1], ToolMessage) else calls(("delete", {}))

    other = recorded_agent(lambda _: "hello", where, db)
    ada = recorded_agent(script, where, db, tools=[delete], confirm_tools=[delete], checkpointer=InMemorySaver())
    run_id = (asyncio.run(ada.arun("hi")) if asynchronous else ada.run("hi")).run_id
    paused = where.read(None, run_id)
    assert ends(paused) == ("waiting", None)
    assert paused[-1]["waiting"] == 1
    other.run("between")
    asyncio.run(ada.aresume(run_id, True)) if asynchronous else ada.resume(run_id, True)
    records = where.read(None, run_id)
    assert records[: len(paused)] == paused
    rest = records[len(paused) :]
    assert (kinds(rest)[0], kinds(rest)[-1]) == ("run_resumed", "run_finished")
    assert rest[-1]["status"] == "finished"
    steps = [record["step"] for record in records if record["kind"] == "step_started"]
    assert steps == list(range(1, len(steps) + 1))
    again = next(record for record in rest if record["kind"] == "step_started")
    assert again["node"] == "tools"
    assert [record["node"] for record in paused if record["kind"] == "step_started"][-1] == "tools"


def test_a_run_that_waited_before_runs_were_recorded(db: Db, where: Place) -> None:
    def delete() -> str:
        """Delete it."""
        return "deleted"

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "done" if isinstance(messages[-1], ToolMessage) else calls(("delete", {}))

    ada = recorded_agent(script, where, db, tools=[delete], confirm_tools=[delete], checkpointer=InMemorySaver())
    ada.trace = False
    run_id = ada.run("hi").run_id
    ada.trace = Trace(where.to)
    with pytest.raises(NotFoundError):
        ada.resume("another", True)
    ada.resume(run_id, True)
    records = where.read(None, run_id)
    assert (kinds(records)[0], records[1]["step"]) == ("run_started", 1)


def test_what_a_pre_hook_makes_of_a_message_is_recorded_and_nothing_of_one_that_it_refuses(
    db: Db, where: Place
) -> None:
    def mask(text: str, context: Any) -> str:
        if "secret" in text:
            raise PermissionError("no secrets")
        return text.replace("4711-ada", "****")

    ada = recorded_agent(lambda _: "hello", where, db, pre_hooks=[mask])
    records = where.read(None, ada.run("my pin is 4711-ada").run_id)
    assert "4711-ada" not in repr(records)
    assert records[0]["message"] == "my pin is ****"


def test_a_message_that_is_refused_is_not_recorded(db: Db, where: Place) -> None:
    def refuse(text: str, context: Any) -> str:
        raise PermissionError("not allowed")

    with pytest.raises(PermissionError):
        recorded_agent(lambda _: "hello", where, db, pre_hooks=[refuse]).run("the secret")
    records = where.only(db)
    assert (kinds(records), ends(records)) == (
        ["run_started", "run_finished"],
        ("failed", "PermissionError: not allowed"),
    )
    assert "the secret" not in repr(records)
