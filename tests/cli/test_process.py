"""What only a process of its own can show: the cost of help, exit codes, pipes, Ctrl-C, encodings."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coterie.memory.edits import Add, Change
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, UserMemory

COTERIE = [sys.executable, "-m", "coterie"]


def coterie(*arguments: str, said: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "COLUMNS": "100", **environment}
    return subprocess.run([*COTERIE, *arguments], input=said, capture_output=True, text=True, env=env, check=False)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from coterie.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded & {"sqlmodel", "sqlalchemy", "alembic", "langgraph", "langchain_core", "openai", "pydantic"}
    assert all(command in done.stdout for command in ("run", "chat", "graph", "memory", "curate"))


def test_a_run_tells_once_that_no_model_is_configured(desk: Path) -> None:
    done = coterie("run", "desk.py", "Where is my order? I like tea.", "--user", "ana")
    assert done.returncode == 0
    assert done.stderr.count("No model is configured") == 1
    assert "Traceback" not in done.stderr
    assert "It arrives on Monday." in done.stdout
    assert "No model" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "absent.py", "hi"], 2, "error: 'absent.py' does not exist"),
        (["run", "broken.py", "hi"], 1, "error: broken.py cannot be loaded: ZeroDivisionError"),
        (["run"], 2, "error: Missing argument 'FILE[:NAME]'. `coterie run --help`"),
        (["memory", "list", "--user", "ana"], 4, "error: There is no database 'coterie.db'"),
        (["memory", "list", "--user", "ana", "--db", "broken.py"], 6, "error: broken.py: file is not a database"),
    ],
)
def test_an_error_is_one_line(desk: Path, arguments: list[str], code: int, message: str) -> None:
    Path("broken.py").write_text("nothing = 1 / 0\n")
    done = coterie(*arguments)
    assert done.returncode == code
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    with SqliteDb(tmp_path / "many.db") as db:
        edits = [Add(UserMemory(memory=f"Fact {number} " + "x" * 2000)) for number in range(100)]
        db.apply(Scope("ana"), edits, Change())
    command = [*COTERIE, "memory", "list", "--user", "ana", "--limit", "100", "--db", str(tmp_path / "many.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == ""


def test_ctrl_c_ends_quietly(desk: Path) -> None:
    slow = "import sys, time\nprint('loading', file=sys.stderr, flush=True)\ntime.sleep(60)\n"
    Path("slow.py").write_text(slow)
    with subprocess.Popen([*COTERIE, "graph", "slow.py"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
    assert process.returncode == 130


@pytest.mark.parametrize("encoding", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "utf-8:strict"}])
def test_utf8_is_read_in_any_locale(desk: Path, encoding: dict[str, str]) -> None:
    said = "I like café.".encode()
    command = [*COTERIE, "run", "desk.py:desk", "--session", "s", "--user", "josé"]
    subprocess.run(command, input=said, env={**os.environ, **encoding}, check=True, capture_output=True)
    subprocess.run([*command, "I like crème."], env={**os.environ, **encoding}, check=True, capture_output=True)
    with SqliteDb("desk.db") as db:
        kept = [memory.memory for memory in db.newest(Scope("josé", as_owner=True))]
    assert kept == ["I like crème.", "I like café."]


def test_a_terminal_without_box_characters_gets_ascii(desk: Path) -> None:
    desk.write_text(desk.read_text().replace('"orders"', '"注文"'))
    done = coterie("graph", "desk.py", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "`- * curator" in done.stdout


def test_so_are_the_lanes_of_a_run(desk: Path) -> None:
    coterie("run", "desk.py", "Where is my order?", "--trace-to", "run.jsonl")
    done = coterie("runs", "show", "run.jsonl", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "?" not in done.stdout
    assert coterie("runs", "show", "run.jsonl", PYTHONIOENCODING="utf-8").stdout.count("█") > 1


CLOSED = [("", "config"), ("", "memory"), ("", "--version"), ("-", "run desk.py -"), ("", "memory show x --user ana")]


@pytest.mark.parametrize(("reads", "command"), CLOSED)
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_a_stream_that_the_shell_closed_is_no_error_by_itself(
    desk: Path, reads: str, command: str, closed: str
) -> None:
    full = [*COTERIE, *command.split()]
    usual = subprocess.run(full, capture_output=True, text=True, input="" if reads else None, check=False)
    done = subprocess.run(
        ["sh", "-c", f"exec {shlex.join(full)} {closed}"], capture_output=True, text=True, input="", check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (usual.returncode, False)
    assert done.stdout == ("" if ">&-" in closed.split() else usual.stdout)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("command", ["config", "memory", "--version", "schema", "run desk.py Hello"])
def test_a_disk_that_is_full_is_one_line(desk: Path, command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*COTERIE, *command.split()], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (1, 2)
    assert done.stderr.splitlines()[-1] == "error: The output: No space left on device."
    assert "Traceback" not in done.stderr


def test_json_is_whole_where_the_terminal_lacks_letters(desk: Path) -> None:
    with SqliteDb("desk.db") as db:
        db.apply(Scope("ana"), [Add(UserMemory(memory="I like café."))], Change())
    done = coterie("memory", "list", "--user", "ana", "--db", "desk.db", "--json", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)[0]["memory"] == "I like café."
