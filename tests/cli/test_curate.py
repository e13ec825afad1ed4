"""``coterie curate``: once, on and on, and how it stands."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coterie.memory.leases import MAX_ATTEMPTS
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Turn
from tests.cli.conftest import Cli
from tests.support.openai_server import Failure, Hang, OpenAIServer

COTERIE = [sys.executable, "-m", "coterie", "curate", "--db", "shop.db"]


def owed(number: int, user_id: str = "ana") -> Turn:
    said = (Message("user", f"I like tea {number}."),)
    return Turn(f"turn-{number}", "s", "run", said, datetime(2026, 11, 1, tzinfo=UTC), user_id)


def record(*turns: Turn) -> None:
    with SqliteDb("shop.db") as db:
        for turn in turns:
            db.record_turn(turn)


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.05)


def test_all_that_is_due_is_curated_or_so_many(cli: Cli) -> None:
    record(*(owed(number) for number in range(5)))
    assert cli("curate", "--db", "shop.db", "--verbatim", "--limit", "2").err == "2 of 2 turns curated.\n"
    assert cli("curate", "--db", "shop.db", "--verbatim").err == "3 of 3 turns curated.\n"


def test_how_it_stands_is_told(cli: Cli) -> None:
    record(owed(1), owed(2), owed(3, "ben"), owed(4, "eve"))
    with SqliteDb("shop.db") as db:
        for _ in range(MAX_ATTEMPTS):
            db.fail_turn(owed(1), "no \x1b[31m model\nat all")
        db.fail_turn(owed(3, "ben"), "no model")
        db.claim_turn("eve")
    ended = cli("curate", "--db", "shop.db", "--status")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "due      1\n"
        "in work  1\n"
        "waiting  1 to be tried again\n"
        "dead     1\n"
        "1 of those owed failed before; the oldest was said at 2026-11-01T00:00:00Z.\n"
        "dead: turn-1 of ana: no �[31m model at all\n"
    )
    told = json.loads(cli("curate", "--db", "shop.db", "--status", "--json").out)
    assert told["backlog"]["due"] == 1
    assert [(turn["turn_id"], turn["attempts"]) for turn in told["dead"]] == [("turn-1", MAX_ATTEMPTS)]
    assert json.loads(cli("curate", "--db", "shop.db", "--status", "--json", "--user", "ben").out)["dead"] == []


def test_what_failed_is_tried_again(cli: Cli) -> None:
    record(owed(1), owed(2))
    with SqliteDb("shop.db") as db:
        for turn in (owed(1), owed(2)):
            for _ in range(MAX_ATTEMPTS):
                db.fail_turn(turn, "no model")
    assert cli("curate", "--db", "shop.db", "--retry", "turn-1").err == "1 turn is due again.\n"
    missing = cli("curate", "--db", "shop.db", "--retry", "turn-1")
    assert (missing.code, missing.err.startswith("error: There is no turn 'turn-1' that failed")) == (4, True)
    assert cli("curate", "--db", "shop.db", "--retry").err == "1 turn is due again.\n"
    assert cli("curate", "--db", "shop.db", "--verbatim").err == "2 of 2 turns curated.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["turn-1"], "'turn-1' says which one to --retry"),
        (["--status", "--retry"], "--workers, --status and --retry are three things to do"),
        (["--workers", "2", "--limit", "3"], "--limit is for curating once"),
        (["--workers", "2", "--json"], "--json is for what ends"),
        (["--workers", "0"], "Invalid value for '--workers'"),
    ],
)
def test_options_that_do_not_go_together(cli: Cli, arguments: list[str], message: str) -> None:
    ended = cli("curate", "--verbatim", *arguments)
    assert ended.code == 2
    assert message in ended.err


def test_workers_go_on_until_a_signal(cli: Cli, tmp_path: Path) -> None:
    record(*(owed(number, f"user {number}") for number in range(4)))
    command = [*COTERIE, "--verbatim", "--workers", "2"]
    with SqliteDb("shop.db") as db, subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as work:
        until(lambda: db.backlog().owed == 0)
        db.record_turn(owed(9))
        until(lambda: db.backlog().owed == 0)
        work.send_signal(signal.SIGTERM)
        _, said = work.communicate(timeout=300)
    assert work.returncode == 0
    # The last one is curated a moment before it is out of hand; and how far it is, is said after some seconds.
    assert re.search(r"^Ending when [01] turns in hand are done; once more ends at once\.$", said, re.M)
    assert said.splitlines()[-1] == "5 turns curated, 0 failed; 0 owed."


def test_a_second_signal_ends_at_once_and_gives_back(cli: Cli, tmp_path: Path, openai_server: OpenAIServer) -> None:
    openai_server.otherwise = lambda body: Hang()
    record(owed(1))
    environment = {**os.environ, "OPENAI_BASE_URL": openai_server.url, "OPENAI_API_KEY": "sk-test"}
    command = [*COTERIE, "--workers", "1"]
    with (
        SqliteDb("shop.db") as db,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as work,
    ):
        assert work.stderr is not None
        until(lambda: openai_server.requests)
        work.send_signal(signal.SIGINT)
        assert work.stderr.readline() == "Ending when 1 turns in hand are done; once more ends at once.\n"
        work.send_signal(signal.SIGINT)
        assert work.stderr.read() == "0 turns curated, 0 failed; 1 owed.\n"
        assert work.wait(300) == 130
        assert (db.backlog().due, db.turn("ana", "turn-1").attempts) == (1, 0)


def test_a_failure_is_a_line(cli: Cli, tmp_path: Path, openai_server: OpenAIServer) -> None:
    openai_server.otherwise = lambda body: Failure(401)
    record(owed(1))
    environment = {**os.environ, "OPENAI_BASE_URL": openai_server.url, "OPENAI_API_KEY": "sk-test"}
    command = [*COTERIE, "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as work:
        assert work.stderr is not None
        assert work.stderr.readline().startswith("turn-1 failed: ")
        work.send_signal(signal.SIGTERM)
        _, said = work.communicate(timeout=300)
    assert said.endswith("0 turns curated, 1 failed; 1 owed.\n")
