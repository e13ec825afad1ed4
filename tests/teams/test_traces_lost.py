"""What of a run cannot be recorded: the run goes on, and says so."""

import asyncio
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from coterie import Agent, RunOutput, read_trace
from coterie.errors import RunError
from coterie.graphs.events import StepStarted
from coterie.graphs.trace import End
from coterie.memory.db import Db
from coterie.memory.values import StoredRun
from coterie.teams.recording import Recorder
from coterie.teams.sinks import FileSink
from tests.support.scripted import ScriptedModel, calls
from tests.support.traced import Place, kinds, recorded_agent

WAIT = 300
"""Seconds: only a test that fails waits so long."""


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_trace_that_cannot_be_written_breaks_no_run_and_is_told(
    tmp_path: Path, asynchronous: bool, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    ada = Agent("ada", model=ScriptedModel(script=lambda _: "hello"), trace=tmp_path / "file" / "runs.jsonl")
    output: RunOutput = asyncio.run(ada.arun("hi")) if asynchronous else ada.run("hi")
    assert output.content == "hello"
    [notice] = output.notices
    assert notice.startswith(f"The trace of run {output.run_id} is incomplete: ")
    assert "Not a directory" in notice or "File exists" in notice
    assert notice in caplog.text


@pytest.mark.parametrize("held", [b"SQLite format 3\0 and more", b"a list of things\n"])
def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "team.db"
    path.write_bytes(held)
    [notice] = Agent("ada", model=ScriptedModel(script=lambda _: "hello"), trace=path).run("hi").notices
    assert "team.db is there, and is no trace" in notice
    assert path.read_bytes() == held


def test_a_trace_that_is_removed_while_it_is_written_is_told(tmp_path: Path) -> None:
    def remove(messages: list[BaseMessage]) -> str:
        while not list((tmp_path / "runs").glob("*.jsonl")):
            time.sleep(0.01)
        shutil.rmtree(tmp_path / "runs")
        return "hello"

    [notice] = Agent("ada", model=ScriptedModel(script=remove), trace=f"{tmp_path}/runs/").run("hi").notices
    assert "was removed while the run was recorded" in notice


def test_a_name_that_is_too_long_breaks_no_run(tmp_path: Path) -> None:
    output = Agent("ada", model=ScriptedModel(script=lambda _: "hello"), trace=tmp_path / ("x" * 300)).run("hi")
    assert output.content == "hello"
    assert "File name too long" in output.notices[0]


def test_a_run_that_fails_says_that_its_trace_is_incomplete_too(tmp_path: Path) -> None:
    def fail(messages: list[BaseMessage]) -> str:
        raise ConnectionError("no route")

    (tmp_path / "file").write_text("")
    ada = Agent("ada", model=ScriptedModel(script=fail), trace=tmp_path / "file" / "runs.jsonl")
    with pytest.raises(RunError) as failed:
        ada.run("hi")
    assert any("is incomplete" in note for note in failed.value.__notes__)


def test_a_run_that_is_removed_from_the_store_while_it_is_recorded(db: Db) -> None:
    def forget(messages: list[BaseMessage]) -> str:
        while not db.runs("ana"):
            time.sleep(0.02)
        db.erase("ana")
        return "hello"

    output = Agent("ada", model=ScriptedModel(script=forget), db=db, trace=True).run("hi", user_id="ana")
    assert output.content == "hello"
    [notice] = output.notices
    assert "is incomplete: " in notice
    assert db.runs("ana") == []


def test_arguments_that_are_no_json_and_texts_that_no_database_takes(db: Db, where: Place) -> None:
    def look(where: Any) -> str:
        """Look."""
        return "half a pair: \ud83d, and NUL: \0" + "x" * 1_200_000

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        if isinstance(messages[-1], ToolMessage):
            return "done"
        return calls(("look", {"where": [float("inf"), {1: object}, "\ud83d\0"]}), ("what \ud83d", {}))

    output = recorded_agent(script, where, db, tools=[look]).run("hi")
    assert output.notices == ()
    records = where.read(None, output.run_id)
    started, _ = [record for record in records if record["kind"] == "tool_started"]
    assert started["arguments"]["where"][0] == "inf"
    ended = {record["call_id"]: record for record in records if record["kind"] == "tool_finished"}
    finished = ended[started["call_id"]]
    assert len(ended) == 2
    assert finished["content"].startswith("half a pair: ")
    assert kinds(records)[-1] == "run_finished"


def test_what_cannot_be_recorded_is_told_and_what_follows_is_recorded(tmp_path: Path) -> None:
    ada = Agent("ada")
    recorder = Recorder(FileSink(tmp_path / "runs.jsonl"), ada.spec(), contents=True)
    recorder.begin(StoredRun("run", None, None, None, "ada", "ada", datetime.now(UTC)), "hi", resumed=False)
    for at in (datetime.now(UTC), "noon", datetime.now(UTC)):
        recorder.tell(StepStarted("ada", at=at))  # type: ignore[arg-type]  # that is what is wrong
    why = recorder.end(End("finished"))
    assert why is not None
    assert "'str' object has no attribute" in why
    assert kinds(read_trace(tmp_path / "runs.jsonl")) == ["run_started", "step_started", "step_started", "run_finished"]
