"""``--dry-run`` changes nothing, ``--yes`` asks nothing, and without a terminal nothing is done that was not meant."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coterie.memory.edits import Add, Change
from coterie.memory.leases import MAX_ATTEMPTS
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Scope, StoredRun, Turn, UserMemory
from tests.cli.conftest import Cli
from tests.support.old_store import make_old_store
from tests.support.rows import Rows, rows_of

ANA = ("--user", "ana", "--db", "shop.db")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def memory_id(cli: Cli) -> str:
    """A store with something of everything; the id of a memory in it."""
    with SqliteDb("shop.db") as db:
        tea = UserMemory(memory="I like tea")
        (one, _) = db.apply(Scope("ana"), [Add(tea), Add(UserMemory(memory="I like tea!"))], Change(run_id="run-1"))
        turn = Turn("turn-1", "talk", "run-1", (Message("user", "hi"),), NOW, "ana")
        db.record_turn(turn)
        for _ in range(MAX_ATTEMPTS):
            db.fail_turn(turn, "no model")
        db.add_run(StoredRun("run-1", "ana", "talk", None, "scout", "scout", NOW))
        db.add_records("ana", "run-1", [{"kind": "run_started", "at": "2026-03-01T00:00:00Z"}])
    return one.memory_id


def stored() -> Rows:
    with SqliteDb("shop.db") as db:
        return rows_of(db, None)


COMMANDS: dict[str, tuple[list[str], str]] = {
    "forget": (["memory", "forget", "ID", *ANA], "by person: I like tea"),
    "undo": (["memory", "undo", "--run", "run-", *ANA], "removed"),
    "erase": (["memory", "erase", *ANA], "Would be erased of ana: 2 memories, 2 revisions, 1 turn, 1 session"),
    "optimize": (["memory", "optimize", "-s", "deduplicate", *ANA], "2 memories of 6 tokens, then 1 of 3"),
    "remove a run": (["runs", "remove", "run-", *ANA], "Would be removed: the run run-1"),
    "remove runs": (["runs", "remove", "--before", "9999-01-01", *ANA], "Would be removed: 1 run of user 'ana'"),
    "upgrade": (["db", "upgrade", "--db", "shop.db"], "It is at the newest version"),
    "retry": (["curate", "--retry", "--db", "shop.db"], "1 turn would be due again."),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_dry_run_says_what_would_be_done_and_changes_nothing(cli: Cli, memory_id: str, name: str) -> None:
    command, said = COMMANDS[name]
    before = stored()
    ended = cli(*(memory_id if word == "ID" else word for word in command), "--dry-run")
    assert (ended.code, "nothing was changed" in ended.err.lower()) == (0, True), ended
    assert said in ended.out + ended.err
    assert stored() == before
    json.loads(cli(*(memory_id if word == "ID" else word for word in command), "--dry-run", "--json").out)
    assert stored() == before


def test_an_import_is_tried(cli: Cli, memory_id: str) -> None:
    exported = cli("memory", "export", "--everybody", "--db", "shop.db").out
    ended = cli("memory", "import", "-", "--db", "new.db", "--dry-run", said=exported)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("2 memories would be imported, 0 unchanged, 0 refused.\n")
    assert not Path("new.db").exists()
    before = stored()
    again = cli("memory", "import", "-", "--db", "shop.db", "--dry-run", "--json", said=exported)
    assert json.loads(again.out) == {"imported": 0, "unchanged": 2, "refused": []}
    bad = cli("memory", "import", "-", "--db", "shop.db", "--dry-run", said=exported + "{}\n")
    assert (bad.code, bad.err.startswith("error: Line 4: ")) == (1, True)
    assert "The import would stop there" in bad.err
    assert stored() == before


def dumped() -> list[str]:
    """Every table and row of a file."""
    with closing(sqlite3.connect("shop.db")) as connection:
        return list(connection.iterdump())


def test_an_upgrade_is_tried(cli: Cli) -> None:
    make_old_store("sqlite:///shop.db")
    before = dumped()
    ended = cli("db", "upgrade", "--db", "shop.db", "--dry-run")
    assert ended.out.startswith("It would be upgraded from 0001 to ")
    assert json.loads(cli("db", "upgrade", "--db", "shop.db", "--dry-run", "--json").out)["before"] == "0001"
    assert dumped() == before
    assert cli("db", "upgrade", "--db", "new.db", "--dry-run").out.startswith("It would be made")
    assert not Path("new.db").exists()


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "upgrade"] + ["import"])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_older_store_is_not_upgraded(cli: Cli, name: str, kind: str, request: pytest.FixtureRequest) -> None:
    url = "sqlite:///shop.db" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    make_old_store(url)
    command = COMMANDS[name][0] if name in COMMANDS else ["memory", "import", "-", "--db", "shop.db"]
    ended = cli(*(url if word == "shop.db" else word for word in command), "--dry-run")
    assert (ended.code, ended.out, ended.err.count("\n")) == (6, "", 1)
    assert ended.err.endswith("`coterie db upgrade` does, and so would this command without --dry-run.\n")
    assert cli("db", "current", "--db", url).out == "0001\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_without_tables_gets_none(cli: Cli, name: str) -> None:
    Path("shop.db").touch()
    ended = cli(*COMMANDS[name][0], "--dry-run")
    assert ended.code == (4 if name in ("forget", "undo", "remove a run") else 0)
    assert cli("db", "current", "--db", "shop.db").out == "none\n"
    assert Path("shop.db").read_bytes() == b""
    assert [each.name for each in Path().iterdir()] == ["shop.db"]


def test_an_import_into_an_empty_postgres_is_tried(cli: Cli, memory_id: str, postgres_url: str) -> None:
    exported = cli("memory", "export", "--everybody", "--db", "shop.db").out
    ended = cli("memory", "import", "-", "--db", postgres_url, "--dry-run", said=exported)
    assert ended.err.startswith("2 memories would be imported")
    assert cli("db", "current", "--db", postgres_url).out == "none\n"


FOR_GOOD = (
    ["memory", "erase", *ANA],
    ["runs", "remove", "run-1", *ANA],
    ["runs", "remove", "--before", "9999-01-01", *ANA],
)


@pytest.mark.parametrize("command", FOR_GOOD)
def test_without_a_terminal_it_must_be_said_that_it_is_meant(cli: Cli, memory_id: str, command: list[str]) -> None:
    before = stored()
    refused = cli(*command)
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert refused.err.endswith("nobody can be asked here: say --yes if that is meant.\n")
    assert stored() == before
    assert cli(*command, "--yes").code == 0
    assert stored() != before


@pytest.mark.parametrize("command", FOR_GOOD)
@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 3), ("", 3)])
def test_on_a_terminal_somebody_is_asked(cli: Cli, memory_id: str, command: list[str], answer: str, code: int) -> None:
    before = stored()
    terminal, stdin = pty.openpty()
    os.write(terminal, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "coterie", *command], stdin=stdin, capture_output=True, text=True, check=False
    )
    os.close(stdin)
    os.close(terminal)
    assert "? It cannot be undone. [y/N]" in done.stderr
    assert (done.returncode, stored() == before) == (code, code == 3)
    assert done.stderr.endswith("Nothing was changed.\n") == (code == 3)


def test_what_does_not_go_together(cli: Cli, memory_id: str) -> None:
    assert cli("memory", "optimize", "--apply", "--dry-run", *ANA).code == 2
    assert cli("curate", "--verbatim", "--dry-run", "--db", "shop.db").code == 2
    for given in ([], ["run", "--before", "9999-01-01"]):
        assert cli("runs", "remove", *given, *ANA).err.startswith("error: What is to be removed?")


def test_runs_are_removed_with_their_records(cli: Cli, memory_id: str) -> None:
    assert cli("runs", "remove", "--before", "2026-01-01", "--yes", *ANA).out == "Removed: 0 runs of user 'ana'\n"
    assert cli("runs", "remove", "run-1", "--user", "ben", "--db", "shop.db", "--yes").code == 4
    assert json.loads(cli("runs", "remove", "run-", "--yes", "--json", *ANA).out) == {"runs": 1}
    assert (stored()["run"], stored()["run_record"]) == ([], [])
    assert stored()["memory"]
