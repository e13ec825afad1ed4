"""``coterie memory stats``."""

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coterie.memory.edits import Add, Change
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Scope, Turn, UserMemory
from tests.cli.conftest import Cli
from tests.support.terminal import shown_in


@pytest.fixture
def shop(cli: Cli) -> Path:
    """A store with memories of two users."""
    with SqliteDb("shop.db") as db:
        for number in range(15):
            memory = UserMemory(memory=f"Fact {number:03}", topics=[f"topic {topic}" for topic in range(number + 1)])
            db.apply(Scope("ana", "desk", "scout" if number else None), [Add(memory)], Change())
        db.apply(Scope("ben"), [Add(UserMemory(memory="I ski\x1b[2J", topics=["a\nb"]))], Change())
        turn = Turn("t", "talk", "run", (Message("user", "hi"),), datetime(2026, 3, 1, tzinfo=UTC), "ana")
        db.record_turn(turn)
    return Path("shop.db").absolute()


def told(out: str) -> dict[str, str]:
    """What is told, by name."""
    return {line[:12].strip(): line[13:] for line in out.splitlines()}


def test_of_a_user(cli: Cli, shop: Path) -> None:
    ended = cli("memory", "stats", "--user", "ana", "--db", "shop.db")
    assert (ended.code, ended.err) == (0, "")
    lines = told(ended.out)
    with SqliteDb("shop.db") as db:
        newest, *_, oldest = (f"{memory.created_at:%Y-%m-%d}" for memory in db.newest(Scope("ana"), None))
    topics = ", ".join(f"topic {number} {15 - number}" for number in range(12))
    assert lines == {
        "user": "ana",
        "memories": "15 that hold now, 0 closed",
        "changes": "15, also to memories that were forgotten",
        "tokens": "about 30, of those that hold now",
        "stored": f"{oldest} the oldest, {newest} the newest",
        "topics": f"{topics}, and 3 more",
        "kinds": "fact 15",
        "may read": "every agent of the user 15",
        "written by": "scout of desk 14, team desk 1",
        "turns": "1: 1 pending",
        "sessions": "1",
        "runs": "0 recorded",
        "edits": "0 refused, 0 waiting for a decision",
    }


def test_of_the_database(cli: Cli, shop: Path) -> None:
    lines = told(cli("memory", "stats", "--db", "shop.db", "-n", "1").out)
    assert (lines["users"], lines["memories"], lines["turns"]) == ("2", "16 that hold now, 0 closed", "1: 1 pending")
    assert lines["topics"] == "topic 0 15, and 15 more"
    assert lines["written by"] == "scout of desk 14, …"
    assert not {"user", "sessions", "runs", "edits"} & set(lines)


def test_of_nothing_and_of_what_could_write_to_the_terminal(cli: Cli, shop: Path) -> None:
    lines = told(cli("memory", "stats", "--user", "eve", "--db", "shop.db").out)
    assert (lines["memories"], lines["turns"]) == ("0 that hold now, 0 closed", "0")
    assert "topics" not in lines
    assert told(cli("memory", "stats", "--user", "ben", "--db", "shop.db").out)["topics"] == "a b 1"
    assert cli("memory", "stats", "--db", "none.db").code == 4


def test_json_has_the_numbers(cli: Cli, shop: Path) -> None:
    found = json.loads(cli("memory", "stats", "--user", "ana", "--db", "shop.db", "--json").out)
    assert (found["memories"], found["tokens"], found["different_topics"]) == (15, 30, 15)
    assert found["writers"][0] == {"team_id": "desk", "agent_id": "scout", "memories": 14}
    assert json.loads(cli("memory", "stats", "--db", "shop.db", "--json").out)["sessions"] is None


def test_a_terminal_has_lines_as_long_as_it_is_wide(shop: Path) -> None:
    terminal, other = pty.openpty()
    command = [sys.executable, "-m", "coterie", "memory", "stats", "--user", "ana", "--db", str(shop)]
    subprocess.run(command, env={**os.environ, "COLUMNS": "60"}, stdout=other, check=True)
    os.close(other)
    written = shown_in(terminal)
    assert max(len(line) for line in written.splitlines()) <= 60
    assert written.count("\r\n             ") == written.count("\n" + " " * 13)
    assert "\n             " in written
