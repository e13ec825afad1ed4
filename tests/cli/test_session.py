"""``coterie session``."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Turn
from tests.cli.conftest import Cli

ANA = ("--user", "ana", "--db", "shop.db")


@pytest.fixture
def _talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SqliteDb("shop.db") as db:
        said = (Message("user", "Where is my order?"), Message("assistant", "On its way."))
        at = datetime(2026, 3, 2, 12, tzinfo=UTC)
        db.record_turn(Turn("t1", "talk", "run", said, at, "ana", "desk", status="none"))
        db.update_session_state("ana", "talk", {"order": "4711"})
        db.keep_summary(db.session("ana", "talk"), "The user asked for\ntheir order.", db.turn("ana", "t1"))
        db.update_session_state("ana", "later", {"basket": []})
        db.update_session_state(None, "open", {})


@pytest.mark.usefixtures("_talk")
def test_list_begins_with_the_last_used(cli: Cli) -> None:
    lines = cli("session", "list", *ANA).out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["later", "talk"]
    assert lines[0].endswith("basket")
    assert "asked for" in lines[1]
    assert [one["session_id"] for one in json.loads(cli("session", "list", *ANA, "--json").out)] == ["later", "talk"]
    assert cli("session", "list", "--db", "shop.db").out.split()[0] == "open"


@pytest.mark.usefixtures("_talk")
def test_the_columns_of_the_list_stand_below_each_other(cli: Cli) -> None:
    with SqliteDb("shop.db") as db:
        db.update_session_state("ana", "会議", {})
    lines = cli("session", "list", *ANA).out.splitlines()
    assert {cell_len(line[: line.index("  20")]) for line in lines} == {5}


@pytest.mark.usefixtures("_talk")
def test_show_tells_what_is_known(cli: Cli) -> None:
    shown = cli("session", "show", "talk", *ANA).out
    assert "team_id      desk" in shown
    assert "state        order = 4711" in shown
    assert "summary      The user asked for\nsummary      their order." in shown
    assert shown.endswith("2026-03-02  user: Where is my order?\n2026-03-02  assistant: On its way.\n")
    told = json.loads(cli("session", "show", "talk", *ANA, "--json").out)
    assert (told["session"]["state"], told["turns"][0]["turn_id"]) == ({"order": "4711"}, "t1")


@pytest.mark.usefixtures("_talk")
def test_what_is_not_there_is_said_in_one_line(cli: Cli) -> None:
    for options in (("--user", "ben", "--db", "shop.db"), ("--db", "shop.db")):
        ended = cli("session", "show", "talk", *options)
        assert ended.code == 4
        assert "There is no session 'talk'" in ended.err
        assert "session list" in ended.err
    nothing = cli("session", "list", "--user", "ben", "--db", "shop.db")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "Nothing.\n")
