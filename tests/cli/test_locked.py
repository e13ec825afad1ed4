"""A database that somebody else is writing to is waited for, and that is said."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope
from tests.cli.conftest import Cli

FOREVER = "from coterie.memory import sqlite_opening; sqlite_opening.BUSY_SECONDS = 100_000"
ADD = ["memory", "add", "I like milk.", "--user", "ana", "--db", "shop.db"]


@pytest.fixture
def other(cli: Cli, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who is writing to ``shop.db``."""
    cli("memory", "add", "I like tea.", "--user", "ana", "--db", "shop.db")
    connection = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def started(*before: str) -> "subprocess.Popen[str]":
    code = "; ".join([*before, f"from coterie.cli import main; main({ADD})"])
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_is_said_once_that_it_is_waited_for(other: sqlite3.Connection) -> None:
    with started() as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said == "shop.db is locked by another process: waiting for it, for up to 30 seconds.\n"
        other.rollback()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    with SqliteDb("shop.db") as db:
        assert db.count(Scope("ana")) == 2


def test_control_c_ends_the_wait(other: sqlite3.Connection) -> None:
    with started(FOREVER) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
    assert process.returncode == 130


def test_what_was_said_to_a_locked_database_is_not_kept_and_that_is_said(
    cli: Cli, desk: Path, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coterie.memory.sqlite_opening.BUSY_SECONDS", 1)
    run = cli("run", "desk.py", "I like milk.", "--user", "ana", "--db", "shop.db")
    assert run.code == 6
    assert run.err.splitlines()[-1].startswith("What was said is not kept: ")
    talk = cli("chat", "desk.py", "--user", "ana", "--db", "shop.db", said="I like milk.\n")
    assert "\nWhat was said is not kept: " in talk.err
    other.rollback()
    with SqliteDb("shop.db") as db:
        assert [memory.memory for memory in db.newest(Scope("ana"))] == ["I like tea."]
