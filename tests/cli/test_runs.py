"""``coterie run --trace`` and ``coterie runs``."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coterie.cli.accounts import account
from coterie.memory.db import Db
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import StoredRun
from tests.cli.conftest import Cli
from tests.support.openai_server import OpenAIServer
from tests.support.recorded import team_run
from tests.support.traced import CANARY, everything, place

NOW = datetime.now(UTC)
SAID = "I live in Oslo. Where is my order?"
ANA = ("--user", "ana", "--db", "desk.db")


@pytest.mark.usefixtures("desk")
def test_a_run_that_is_recorded_in_the_store_is_listed_and_shown(cli: Cli) -> None:
    assert cli("run", "desk.py", SAID, "--user", "ana", "--trace").code == 0
    assert cli("run", "desk.py", "Hello", "--user", "ana", "--session", "s", "--trace", "--contents").code == 0
    second, first = cli("runs", "list", *ANA).out.splitlines()
    assert [line.split()[3] for line in (first, second)] == ["finished", "finished"]
    assert first.endswith("  desk")
    run_id = first.split()[0]
    shown = cli("runs", "show", run_id, *ANA)
    assert shown.code == 0
    assert f"run      {run_id}\nteam     desk\nuser     ana\n" in shown.out
    assert "status   finished\n" in shown.out
    assert re.search(r"^desk +[░█▓▒─ ]+ [-\d]", shown.out, re.MULTILINE), shown.out
    for node in ("recall", "leader", "orders", "curate"):
        assert f" desk/{node}  " in shown.out
    assert "memory + " in shown.out
    assert "Oslo" not in shown.out
    of_session = cli("runs", "list", *ANA, "--session", "s").out
    assert of_session == second + "\n"
    with_contents = cli("runs", "show", second.split()[0], *ANA).out
    assert "said     Hello\n" in with_contents
    assert "I live in Oslo." in with_contents


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("recorded", [("--trace",), ("--trace-to", "runs/"), ("--trace-to", "one file.jsonl")])
def test_a_run_that_is_recorded_says_how_to_look_at_it(cli: Cli, recorded: tuple[str, ...]) -> None:
    cli("run", "desk.py", SAID, "--user", "ana", *recorded)
    said = cli("run", "desk.py", "Hello", "--user", "ana", "--contents", *recorded).err.splitlines()[-1]
    asked, _, command = said.partition(": ")
    program, *arguments = shlex.split(command)
    assert (asked, program) == ("Recorded. A page of it", "coterie")
    assert cli(*arguments).code == 0
    assert '"message":"Hello"' in Path("run.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("given", ["open", "secret", "environment"])
def test_on_a_server_it_says_so_too_and_no_password(
    cli: Cli, postgres_url: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{postgres_url}&application_name=desk&connect_timeout=7"
    if given != "open":
        url = f"{url.replace('@', ':tr0ub4dor@')}&sslpassword=tr0ub4dor"
    if given == "environment":
        monkeypatch.setenv("COTERIE_DB", url)
    where = () if given == "environment" else ("--db", url)
    for command, said in (("run", ()), ("run", ("--user", "ana")), ("chat", ("--user", "ana"))):
        message = () if command == "chat" else (SAID,)
        err = cli(command, "desk.py", *message, *said, *where, "--trace", said=SAID).err
        assert "tr0ub4dor" not in err
        assert ("PGPASSWORD" in err) == (given == "secret")
        program, *arguments = shlex.split(err.splitlines()[-1].partition(": ")[2])
        assert program == "coterie"
        assert ("connect_timeout=7" in " ".join(arguments)) == (given != "environment")
        done = cli(*arguments)
        assert (done.code, done.err.count("Written: run.html") + done.out.count("finished")) == (0, 1), done


@pytest.mark.usefixtures("desk")
def test_json_has_the_runs_and_the_records(cli: Cli) -> None:
    cli("run", "desk.py", SAID, "--user", "ana", "--trace")
    [run] = json.loads(cli("runs", "list", *ANA, "--json").out)
    assert (run["name"], run["status"], run["user_id"]) == ("desk", "finished", "ana")
    records = json.loads(cli("runs", "show", run["run_id"], *ANA, "--json").out)
    assert len(records) == run["records"]
    assert (records[0]["kind"], records[-1]["kind"]) == ("run_started", "run_finished")


@pytest.mark.usefixtures("desk")
def test_a_run_in_a_file_and_in_a_folder(cli: Cli, tmp_path: Path) -> None:
    for to in ("runs.jsonl", "runs/"):
        assert cli("run", "desk.py", SAID, "--trace-to", to, "--contents").code == 0
        shown = cli("runs", "show", to)
        assert f"said     {SAID}\n" in shown.out
    assert len(list((tmp_path / "runs").iterdir())) == 1
    cli("run", "desk.py", SAID, "--trace-to", "runs.jsonl")
    several = cli("runs", "show", "runs.jsonl")
    assert (several.code, several.out) == (2, "")
    assert "has 2 such runs: say which" in several.err
    assert "--run" in several.err
    last = several.err.rstrip(".\n").split()[-1]
    assert f"run      {last}\n" in cli("runs", "show", "runs.jsonl", "--run", last).out


@pytest.mark.usefixtures("desk")
def test_what_cannot_be_is_said_in_one_line(cli: Cli) -> None:
    for options in (("--trace", "--trace-to", "x"), ("--contents",)):
        ended = cli("run", "desk.py", SAID, *options)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    cli("run", "desk.py", SAID)
    nothing = cli("runs", "list", *ANA)
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err == "Nothing. `coterie run FILE MESSAGE --trace` records a run.\n"
    assert "with --user ID" in cli("runs", "list", "--db", "desk.db").err
    missing = cli("runs", "show", "01a2161e29c9", *ANA)
    assert (missing.code, missing.out) == (4, "")
    assert "`coterie runs list`" in missing.err
    no_file = cli("runs", "show", "none.jsonl")
    assert (no_file.code, no_file.err) == (2, "error: none.jsonl cannot be read: No such file or directory.\n")


def test_an_agent_without_a_store_cannot_record_there(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "lone.py").write_text("from coterie import Agent\nada = Agent('ada')\n")
    ended = cli("run", "lone.py", "Hi", "--trace")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "--trace-to PATH" in ended.err


@pytest.mark.parametrize("contents", [False, True])
def test_everything_that_happens_is_shown(db: Db, tmp_path: Path, contents: bool) -> None:
    where = place("store", tmp_path, db)
    everything(db, where, contents=contents)
    shown = "\n".join(line for run in db.runs("ana") for line in account(db.records("ana", run.run_id), NOW))
    assert (CANARY in shown) == contents
    for line in (
        "desk asks scout",
        "attempt 1 failed: ConnectionError",
        f"tool broken{'()' if contents else ''}  ",
        "lazy failed: ",
        "writer tells the others",
        "reads a note of writer",
        "recalls 1 memory, ",
        "recalls 1 memory, best score ",
        "memory + ",
        "memory ~ ",
        "memory held ",
        "task 1 of scout is done",
        "first hands over to second",
        "clerk/tools  did not end",
        "resumed at ",
        "error    RunError",
    ):
        assert line in shown, line
    assert ("Has [-a cat-]{+two cats,+} named xyzzy" in shown) == contents
    assert ("tool look(where='xyzzy')" in shown) == contents


def test_a_run_that_has_not_ended(db: Db, tmp_path: Path) -> None:
    where = place("store", tmp_path, db)
    everything(db, where, contents=True)
    for run in db.runs("ana"):
        records = db.records("ana", run.run_id)
        for end in range(1, len(records)):
            over = records[end - 1]["kind"] == "run_finished"
            status = next(line for line in account(records[:end], NOW) if line.startswith("status"))
            assert ("running, last heard of " in status) != over


def test_of_a_run_without_an_end_it_is_said_when_it_was_last_heard_of(cli: Cli) -> None:
    began = datetime.now(UTC) - timedelta(hours=5)
    with SqliteDb("desk.db") as db:
        for run_id in ("told", "silent"):
            db.add_run(StoredRun(run_id, "ana", None, None, "scout", "scout", began))
        at = (began + timedelta(hours=2)).isoformat()
        records = [{"kind": "run_started", "at": began.isoformat(), "run_id": "told"}, {"kind": "told", "at": at}]
        db.add_records("ana", "told", records)
    told, silent = cli("runs", "list", *ANA).out.splitlines()
    assert told.endswith("scout  (last heard of 3 h ago)")
    assert silent.endswith("scout  (last heard of 5 h ago)")
    shown = cli("runs", "show", "told", *ANA).out
    assert "status   running, last heard of 3 h ago: it is at work, or its process was killed\n" in shown


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("recorded", [("--trace",), ("--trace-to", "runs/"), ("--trace-to", "one.jsonl")])
@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_run_that_fails_says_how_to_look_at_it(
    cli: Cli, openai_environment: OpenAIServer, recorded: tuple[str, ...], as_json: tuple[str, ...]
) -> None:
    failed = cli("run", "desk.py:desk", "Hi", "--user", "ana", *recorded, *as_json)
    hint, error = failed.err.splitlines()[-2:]
    assert failed.code == 1
    assert error.startswith("error: desk: its model failed")
    asked, _, command = hint.partition(": ")
    assert asked == "What was recorded of it"
    shown = cli(*shlex.split(command)[1:])
    assert (shown.code, "status   failed\n" in shown.out) == (0, True)


@pytest.mark.usefixtures("desk")
def test_a_conversation_is_recorded(cli: Cli) -> None:
    ended = cli("chat", "desk.py", "--user", "ana", "--trace", said="Where is my order?\nHello\n")
    asked, _, command = ended.err.splitlines()[-1].partition(": ")
    assert (ended.code, asked) == (0, "What was recorded")
    assert cli(*shlex.split(command)[1:]).out.count("finished") == 2
    assert cli("chat", "desk.py", "--trace-to", "talk.jsonl", said="Hello\n").code == 0
    assert cli("runs", "show", "talk.jsonl").code == 0


def test_names_in_a_file_do_not_write_to_the_terminal() -> None:
    records = team_run()
    wild = [{**each, "path": "desk\x1b[2J\nforged"} if each["kind"] == "step_started" else each for each in records]
    lines = list(account(wild, NOW))
    assert any("desk�[2J forged" in line for line in lines)
    assert all(line.isprintable() for line in lines)
