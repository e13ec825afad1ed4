"""``coterie memory update``, ``narrow``, ``undo``, ``as-of``, ``diff`` and ``erase``."""

import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coterie.memory.edits import Add, Change, Ref, Update
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Scope, Turn, UserMemory
from tests.cli.conftest import Cli

ANA = ("--user", "ana", "--db", "shop.db")
SCOUT = Scope("ana", "desk", "scout")


@pytest.fixture
def tea(cli: Cli) -> str:
    """The id of a memory that was put in place of another."""
    first = cli("memory", "add", "I like tea.", "-t", "drinks", *ANA).out.strip()
    return cli("memory", "update", first, "I like coffee.", *ANA).out.strip()


def listed(cli: Cli) -> list[str]:
    return [line.split("  ", 2)[2] for line in cli("memory", "list", *ANA).out.splitlines()]


def test_update_puts_a_new_statement_in_the_old_one_s_place(cli: Cli, tea: str) -> None:
    assert listed(cli) == ["I like coffee.  [drinks]"]
    assert cli("memory", "show", tea, *ANA).out.startswith("memory          I like coffee.\n")
    told = json.loads(cli("memory", "update", tea[:30], "I like water.", "-t", "tap", *ANA, "--json").out)
    assert (told["memory"], told["topics"]) == ("I like water.", ["tap"])
    same = cli("memory", "update", told["memory_id"], "I like water.", *ANA)
    assert (same.out.strip(), same.err) == (told["memory_id"], "It says so already.\n")
    closed = cli("memory", "update", tea, "I like juice.", *ANA)
    assert closed.code == 1
    assert "was superseded by" in closed.err


def test_history_says_what_was_replaced_and_has_the_ids_of_changes(cli: Cli, tea: str) -> None:
    happened = [line.split()[2] for line in cli("memory", "history", tea, *ANA).out.splitlines()]
    assert happened == ["add", "replaced", "update"]
    told = json.loads(cli("memory", "history", tea, *ANA, "--json").out)
    assert told[0]["change_id"] != told[1]["change_id"] == told[2]["change_id"]


def test_undo_takes_the_last_change_back_and_that_too(cli: Cli, tea: str) -> None:
    undone = cli("memory", "undo", tea, *ANA)
    assert listed(cli) == ["I like tea.  [drinks]"]
    assert sorted(line.split()[2] for line in undone.out.splitlines()) == ["removed", "restore"]
    change = undone.err.split("--change ")[1].split(",")[0]
    told = json.loads(cli("memory", "undo", "--change", change, *ANA, "--json").out)
    assert [one["op"] for one in told["revisions"]] == ["restore", "restore"]
    assert listed(cli) == ["I like coffee.  [drinks]"]


def test_history_says_for_people_what_was_undone(cli: Cli, tea: str) -> None:
    cli("memory", "undo", tea, *ANA)
    lines = cli("memory", "history", tea, *ANA).out.splitlines()
    assert re.search(r"\(undid the change of \d{4}-\d\d-\d\d \d\d:\d\d\)$", lines[-1]), lines
    with SqliteDb("shop.db") as db:
        change = Change("curator", run_id="run of mine", turn_id="turn")
        (one,) = db.apply(Scope("ana"), [Add(UserMemory(memory="I ski."))], change)
    cli("memory", "undo", "--run", "run of mine", *ANA)
    told = cli("memory", "history", one.memory_id, *ANA).out
    assert told.endswith("I ski.  (undid what was changed in the run run of mine)\n")


def test_undo_of_a_run_and_of_a_turn(cli: Cli) -> None:
    with SqliteDb("shop.db") as db:
        db.record_turn(Turn("turn-1", "s", "run-1", (Message("user", "hi"),), datetime.now(UTC), user_id="ana"))
        for number in range(4):
            change = Change(
                "curator", run_id="run-1" if number < 2 else None, turn_id="turn-2" if number == 2 else None
            )
            db.apply(Scope("ana"), [Add(UserMemory(memory=f"Fact {number}"))], change)
    assert cli("memory", "undo", "--run", "run-1", *ANA).out.count("removed") == 2
    assert cli("memory", "undo", "--turn", "turn-2", *ANA).out.count("removed") == 1
    assert listed(cli) == ["Fact 3"]
    assert cli("memory", "undo", "--run", "run-1", *ANA).code == 1


@pytest.mark.parametrize("given", [[], ["1", "--run", "r"], ["--run", "r", "--turn", "t"]])
def test_undo_takes_one_thing(cli: Cli, tea: str, given: list[str]) -> None:
    ended = cli("memory", "undo", *given, *ANA)
    assert ended.code == 2
    assert ended.err.startswith("error: What is to be undone? Give one of:")


def test_undo_of_what_is_not_there(cli: Cli, tea: str) -> None:
    assert "There is no memory 'nope' of user 'ana'" in cli("memory", "undo", "nope", *ANA).err
    assert "There is no change 'nope' of user 'ana'" in cli("memory", "undo", "--change", "nope", *ANA).err


def as_told(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def test_as_of_and_diff(cli: Cli) -> None:
    with SqliteDb("shop.db") as db:
        (one,) = db.apply(SCOUT, [Add(UserMemory(memory="I like tea."))], Change())
        (two,) = db.apply(SCOUT, [Add(UserMemory(memory="I ski."))], Change())
        between = two.revisions[0].at
        db.apply(SCOUT, [Update(Ref(one.memory_id), "I like coffee."), Add(UserMemory(memory="I sing."))], Change())
    cli("memory", "forget", two.memory_id, *ANA)
    then = cli("memory", "as-of", as_told(between), *ANA)
    assert [line.split("  ")[-1] for line in then.out.splitlines()] == ["I ski.", "I like tea."]
    assert then.err == f"Believed at {as_told(between).replace('+00:00', 'Z')}:\n"
    ids = [line.split()[0] for line in then.out.splitlines()]
    assert all(cli("memory", "history", short, *ANA).code == 0 for short in ids)
    changes = cli("memory", "diff", as_told(between), *ANA).out.splitlines()
    assert [line[:2] + line[14:] for line in changes] == [
        "~ I like tea.",
        "  I like coffee.",
        "- I ski.",
        "+ I sing.",
    ]
    told = json.loads(cli("memory", "diff", as_told(between), "2999-01-01", *ANA, "--json").out)
    assert [one["memory"] for one in told["added"]] == ["I sing."]
    assert json.loads(cli("memory", "as-of", "2020-01-01", *ANA, "--json").out) == []
    assert cli("memory", "diff", "2020-01-01", "2021-01-01", *ANA).err.endswith("Nothing.\n")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-11-25", "2026-11-25T00:00:00Z"),
        ("2026-11-25T14:30", "2026-11-25T14:30:00Z"),
        ("2026-11-25 14:30:05.5", "2026-11-25T14:30:05.500000Z"),
        ("2026-11-25T14:30+01:00", "2026-11-25T13:30:00Z"),
        ("2026-11-25T14:30Z", "2026-11-25T14:30:00Z"),
    ],
)
def test_times_are_in_utc_unless_they_say_otherwise(cli: Cli, tea: str, given: str, meant: str) -> None:
    assert cli("memory", "as-of", given, *ANA).err.startswith(f"Believed at {meant}:\n")


@pytest.mark.parametrize("given", ["yesterday", "25.11.2026", "", "2026-13-01", "\udcff"])
def test_what_is_no_time(cli: Cli, tea: str, given: str) -> None:
    ended = cli("memory", "as-of", given, *ANA)
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1


def test_narrow_lets_fewer_read(cli: Cli) -> None:
    with SqliteDb("shop.db") as db:
        (one,) = db.apply(SCOUT, [Add(UserMemory(memory="I like tea."))], Change())
    done = cli("memory", "narrow", one.memory_id, "--to", "agent", *ANA)
    assert done.out == "For its agent alone: I like tea.\n"
    assert cli("memory", "narrow", one.memory_id, "--to", "agent", *ANA).err == "It is so already.\n"
    refused = cli("memory", "narrow", one.memory_id, "--to", "team", *ANA)
    assert (refused.code, refused.out) == (2, "")
    assert cli("memory", "narrow", one.memory_id, "--to", "all", *ANA).code == 2
    assert "visibility      agent\n" in cli("memory", "show", one.memory_id, *ANA).out


def test_lines_say_what_one_should_know_before_believing(cli: Cli, tea: str) -> None:
    with SqliteDb("shop.db") as db:
        made = UserMemory(memory="I like cafés.", depends_on=[tea])
        (one,) = db.apply(SCOUT, [Add(made)], Change("tool"))
        db.apply(Scope("ana"), [Update(Ref(tea), "I like water.")], Change())
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert f"I like cafés.  (from a tool)  (stale since {today})" in listed(cli)
    shown = cli("memory", "show", one.memory_id, *ANA).out
    assert "trust           tool\n" in shown
    assert f"depends_on      {tea}\n" in shown
    assert "stale_since     " in shown
    assert [line.split()[2] for line in cli("memory", "history", one.memory_id, *ANA).out.splitlines()] == [
        "add",
        "stale",
    ]


def test_erase_must_be_meant(cli: Cli, tea: str) -> None:
    refused = cli("memory", "erase", *ANA)
    assert refused.code == 2
    assert refused.err.endswith("say --yes if that is meant.\n")
    assert listed(cli) == ["I like coffee.  [drinks]"]
    done = cli("memory", "erase", *ANA, "--yes")
    assert (
        done.out
        == "Erased of ana: 2 memories, 3 revisions, 0 turns, 0 sessions, 0 vectors, 0 proposals, 0 notes, 0 runs\n"
    )
    assert cli("memory", "history", tea, *ANA).code == 4
    assert json.loads(cli("memory", "erase", *ANA, "-y", "--json").out)["memories"] == 0


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 3), ("", 3)])
def test_erase_asks_on_a_terminal(cli: Cli, tea: str, answer: str, code: int) -> None:
    terminal, stdin = pty.openpty()
    command: Any = [sys.executable, "-m", "coterie", "memory", "erase", *ANA]
    os.write(terminal, f"{answer}\n".encode())
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)
    os.close(stdin)
    os.close(terminal)
    assert "Remove everything about user 'ana' from shop.db (2 memories, 3 revisions, " in done.stderr
    assert "0 runs)? It cannot be undone. [y/N]" in done.stderr
    assert done.returncode == code
    assert bool(listed(cli)) == bool(code)


@pytest.mark.parametrize("command", [["update", "1", "x"], ["undo", "1"], ["as-of", "2026-01-01"], ["erase", "--yes"]])
def test_none_of_them_makes_a_database(cli: Cli, command: list[str]) -> None:
    ended = cli("memory", *command, *ANA)
    assert ended.code == 4
    assert ended.err.startswith("error: There is no database 'shop.db'")


def test_diff_of_a_day(cli: Cli, tea: str) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert "+ " in cli("memory", "diff", "2020-01-01", f"{tomorrow:%Y-%m-%d}", *ANA).out
