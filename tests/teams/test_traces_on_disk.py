"""Traces on disk: while a run goes on, when its process is killed, shared by several, torn, or not to be written."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from coterie import Agent, RunOutput, SqliteDb, Team, Trace, read_trace
from coterie.errors import ConfigurationError, CoterieError, InputError, NotFoundError
from coterie.graphs.trace import SCHEMA, Record
from coterie.memory.db import Db
from tests.support.scripted import ScriptedModel
from tests.support.traced import Place, kinds, place, recorded_agent

ROOT = Path(__file__).parents[2]
WAIT = 300
"""Seconds: only a test that fails waits so long."""


# While it goes on


def test_what_happened_is_written_while_a_model_is_at_work(db: Db, where: Place) -> None:
    answer = threading.Event()

    def wait(messages: list[BaseMessage]) -> str:
        return "hello" if answer.wait(WAIT) else "nothing was written"

    output: list[RunOutput] = []
    thread = threading.Thread(target=lambda: output.append(recorded_agent(wait, where, db).run("hi")))
    thread.start()
    records: list[Record] = []
    while [record.get("node") for record in records if record["kind"] == "step_started"] != ["recall", "model"]:
        time.sleep(0.02)
        with suppress(CoterieError):  # there is no file yet, or nothing in it
            records = the_running(where, db)
    assert kinds(records)[-1] == "step_started"
    answer.set()
    thread.join()
    assert output[0].content == "hello"
    assert where.only(db)[: len(records)] == records


def the_running(where: Place, db: Db) -> list[Record]:
    if where.to is not None:
        return read_trace(where.to)
    runs = db.runs(None)
    assert all(run.status == "running" for run in runs)
    return where.read(None, runs[0].run_id) if runs else []


PROGRAM = """
import os, signal, sys
from coterie import Agent, SqliteDb
from tests.support.scripted import ScriptedModel

def wait(messages):
    print("asked", flush=True)
    sys.stdin.readline()

db = SqliteDb("team.db")
trace = True if sys.argv[1] == "store" else "runs.jsonl"
Agent("ada", model=ScriptedModel(script=wait), db=db, trace=trace).run("hi")
"""


@pytest.mark.parametrize("kind", ["file", "store"])
def test_a_killed_process_leaves_what_it_did(kind: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), str(ROOT)])}
    command = [sys.executable, "-c", PROGRAM, kind]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        records: list[Record] = []
        with closing(SqliteDb(tmp_path / "team.db")) as db:
            where = place(kind, tmp_path, db)
            while "memory_recalled" not in kinds(records):
                time.sleep(0.02)
                with suppress(CoterieError):
                    records = the_running(where, db)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert kinds(the_running(where, db))[0] == "run_started"
            assert "run_finished" not in kinds(the_running(where, db))


# Sharing, and what is torn


def test_runs_at_the_same_time_may_share_a_file(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)

    def together(messages: list[BaseMessage]) -> str:
        barrier.wait(WAIT)
        return "hello"

    ada = Agent("ada", model=ScriptedModel(script=together), trace=tmp_path / "runs.jsonl")
    with ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(ada.run, ["hi"] * 8))
    for output in outputs:
        records = read_trace(tmp_path / "runs.jsonl", output.run_id)
        assert (kinds(records)[0], kinds(records)[-1], len(records)) == ("run_started", "run_finished", 8)
    with pytest.raises(InputError, match="8 such runs: say which"):
        read_trace(tmp_path / "runs.jsonl")


def test_a_torn_line_is_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "runs.jsonl"
    ada = Agent("ada", model=ScriptedModel(script=lambda _: "hello"), trace=path)
    whole = read_trace(path, ada.run("hi").run_id)
    torn = path.read_bytes()[:-40]
    path.write_bytes(torn)
    caplog.clear()
    assert read_trace(path) == whole[:-1]
    assert "runs.jsonl:8: the line is torn, and left out" in caplog.text
    second = ada.run("hi").run_id
    assert kinds(read_trace(path, second)) == kinds(whole)
    assert read_trace(path, whole[0]["run_id"]) == whole[:-1]


def test_what_is_no_trace_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with pytest.raises(InputError, match=r"a\.jsonl cannot be read: No such file"):
        read_trace(path)
    path.write_text("hello\n")
    with pytest.raises(InputError, match="is no trace: line 1 is no record"):
        read_trace(path)
    path.write_text("")
    with pytest.raises(NotFoundError, match="has no runs"):
        read_trace(path)
    with pytest.raises(NotFoundError, match="has no run '17'"):
        read_trace(path, "17")
    newer = {"kind": "run_started", "schema": SCHEMA + 1, "coterie": "9.0", "run_id": "x", "at": "2026"}
    path.write_text(json.dumps(newer))
    with pytest.raises(InputError, match=r"coterie 9\.0 wrote it in schema 2, and this one reads 1: update coterie"):
        read_trace(path)


@pytest.mark.parametrize(
    "wrong", [{"schema": "2"}, {"run_id": 5}, {"at": None}, {"kind": ["x"]}, {"seconds": float("nan")}], ids=str
)
def test_a_line_without_what_every_record_has_is_no_record(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"kind": "run_started", "schema": 1, "run_id": "x", "at": "2026", **wrong}))
    with pytest.raises(InputError, match="is no trace: line 1 is no record"):
        read_trace(path)


def test_the_beginning_of_an_id_is_enough(tmp_path: Path) -> None:
    for run_id in ("abc1", "abc2", "abc"):
        (tmp_path / f"{run_id}.jsonl").write_text(
            json.dumps({"kind": "run_started", "schema": 1, "run_id": run_id, "at": "2026-11-26T04:10:00Z"})
        )
    assert read_trace(tmp_path, "abc1")[0]["run_id"] == "abc1"
    assert read_trace(tmp_path, "abc")[0]["run_id"] == "abc"
    with pytest.raises(InputError, match=r"3 such runs: say which by its id .*: abc, abc1, abc2"):
        read_trace(tmp_path, "ab")


# The setting


@pytest.mark.parametrize("setting", [3, "", None, ["runs"]])
def test_a_setting_that_is_not_known_is_refused(setting: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"ada: trace=.* is not known: give True \(the store\), a path"):
        Agent("ada", trace=setting)


@pytest.mark.parametrize("to", [3, " ", ["runs"], True])
def test_a_trace_that_goes_nowhere_is_refused(to: Any) -> None:
    with pytest.raises(ConfigurationError, match="A trace goes to a file or a folder, not to"):
        Trace(to)


def test_the_store_must_be_there() -> None:
    ada = Agent("ada", trace=True)
    with pytest.raises(ConfigurationError, match=r"ada: trace=True records runs in the store, and there is none"):
        ada.run("hi")


def test_a_team_records_in_the_store_that_a_member_brought() -> None:
    db = SqliteDb()
    team = Team("desk", [Agent("ada", db=db, trace=True)], mode="sequence", trace=True)
    run = team.run("hi")
    assert [(each.run_id, each.name) for each in db.runs(None)] == [(run.run_id, "desk")]
    assert SqliteDb().runs(None) == []
