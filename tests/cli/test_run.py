"""``coterie run``."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.openai_server import OpenAIServer


def test_json_is_all_that_stdout_has(cli: Cli, desk: Path) -> None:
    ended = cli("run", "desk.py", "I like tea. Where is my order?", "--user", "ana", "--session", "s", "--json")
    told = json.loads(ended.out)
    assert ended.code == 0
    assert (told["user_id"], told["session_id"]) == ("ana", "s")
    assert told["members"][0]["member"] == "orders"
    (revision,) = told["memories_changed"][0]["revisions"]
    assert revision["op"] == "add"
    assert revision["after"]["memory"].startswith("I like tea")
    assert told["curations"][0]["applied"] == told["memories_changed"]
    assert told["notices"]
    again = json.loads(cli("run", "desk.py", "I like tea. Where is my order?", "--user", "ana", "--json").out)
    assert {"content", "run_id", "members", "notices", "errors"} < set(again)
    assert "messages" not in again
    assert [refused["reason"][:13] for refused in again["curations"][0]["refused"]] == ["known already"]
    assert again["recalled"]["memories"][0]["memory"].startswith("I like tea")


def test_the_second_run_remembers(cli: Cli, desk: Path) -> None:
    cli("run", "desk.py", "I like green tea.", "--user", "ana")
    assert "green tea" in cli("run", "desk.py", "-", "--user", "ana", said="What tea do I like?\n").out


def test_a_message_may_come_from_stdin(cli: Cli, desk: Path) -> None:
    assert "> my order" in cli("run", "desk.py", said="my order\n").out


@pytest.mark.parametrize("arguments", [(), ("\udcff\udcfe bad",), ("hi", "--user", "\udcff\udcfe bad")])
def test_what_is_not_utf8_is_one_line(cli: Cli, desk: Path, arguments: tuple[str, ...]) -> None:
    ended = cli("run", "desk.py", *arguments, said=b"\xff\xfe bad\n")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: '�� bad' is not UTF-8 (invalid start byte): convert it, with iconv say.\n"


def test_an_empty_message_is_wrong_usage(cli: Cli, desk: Path) -> None:
    ended = cli("run", "desk.py", "", "--user", "ana")
    assert (ended.code, ended.out, ended.err) == (2, "", "error: The message is '': say something.\n")


def test_it_says_that_nothing_is_remembered_without_a_user(cli: Cli, desk: Path) -> None:
    assert "say who speaks, with user_id= or --user." in cli("run", "desk.py", "hello").err


def test_another_database(cli: Cli, desk: Path) -> None:
    assert cli("run", "desk.py", "I like tea.", "--user", "ana", "--db", "other.db").code == 0
    assert "I like tea" in cli("memory", "list", "--user", "ana", "--db", "other.db").out
    assert not Path("desk.db").exists()


def test_the_database_of_the_environment(cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTERIE_DB", "other.db")
    cli("run", "desk.py", "I like tea.", "--user", "ana")
    assert "I like tea" in cli("memory", "list", "--user", "ana").out


def test_a_model_without_a_server_is_one_line(cli: Cli, desk: Path) -> None:
    ended = cli("run", "desk.py", "hello", "--user", "ana", "--model", "gpt-x")
    assert ended.code == 5
    assert ended.err.startswith("error: No server is known for the model 'gpt-x'")
    assert ended.err.count("\n") == 1


def test_a_model_that_fails_is_one_line(cli: Cli, desk: Path, openai_environment: OpenAIServer) -> None:
    ended = cli("run", "desk.py:billing", "hello")
    assert ended.code == 1
    assert ended.err.startswith("error: billing: its model failed")
    assert ended.err.count("\n") == 1
