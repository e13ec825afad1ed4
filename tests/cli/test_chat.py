"""``coterie chat``, with what is said in a pipe."""

import json
from pathlib import Path

from tests.cli.conftest import Cli


def test_a_conversation_in_one_session(cli: Cli, desk: Path) -> None:
    ended = cli("chat", "desk.py:desk", "--user", "ana", said="I like green tea.\n\nWhat tea do I like?\n")
    assert ended.code == 0
    assert ended.out.count("\n> ") + ended.out.startswith("> ") == 2
    assert "I remember: " in ended.out
    assert ended.err.count("To go on with this conversation: --session ") == 1
    assert ended.err.count("No model is configured") == 1


SAID = ("--user", "ana", "--db", "desk.db")


def sessions(cli: Cli) -> dict[str, int]:
    """The sessions of ana, with the number of their turns."""
    ids = [session["session_id"] for session in json.loads(cli("session", "list", *SAID, "--json").out)]
    return {one: len(json.loads(cli("session", "show", one, *SAID, "--json").out)["turns"]) for one in ids}


def test_the_last_conversation_goes_on(cli: Cli, desk: Path) -> None:
    none = cli("chat", "desk.py", *SAID, "--continue", said="Hello\n")
    assert (none.code, none.out) == (4, "")
    assert none.err == "error: There is no conversation of user 'ana' with desk yet: leave out --continue.\n"
    cli("run", "desk.py", "I like tea.", *SAID, "--session", "first")
    cli("run", "desk.py", "I like milk.", *SAID, "--session", "second")
    desk.write_text(desk.read_text().replace('refund")', 'refund", db=SqliteDb("desk.db"))'))
    cli("run", "desk.py:billing", "My invoice?", *SAID, "--session", "with another")
    cli("run", "desk.py", "I like beer.", "--user", "ben", "--db", "desk.db")
    assert cli("run", "desk.py", "And now?", *SAID, "--continue").code == 0
    assert cli("chat", "desk.py", *SAID, "-c", said="Hello\nBye\n").err.endswith("--session second\n")
    assert cli("run", "desk.py:billing", "When?", *SAID, "-c").code == 0
    assert sessions(cli) == {"with another": 2, "second": 4, "first": 1}


def test_of_those_who_say_not_who_they_are_too(cli: Cli, desk: Path) -> None:
    cli("run", "desk.py", "Hello", "--session", "of somebody")
    assert cli("chat", "desk.py", "-c", said="Bye\n").err.endswith("--session 'of somebody'\n")


def test_two_conversations_to_go_on_with_are_refused(cli: Cli, desk: Path) -> None:
    for command in (("run", "desk.py", "Hello"), ("chat", "desk.py")):
        ended = cli(*command, "--continue", "--session", "s")
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == "error: --continue means the last conversation, and --session s: give one of them.\n"
    assert cli("run", "desk.py:billing", "Hello", "--continue").err.startswith("error: billing has no store")


def test_memory_shows_what_is_remembered(cli: Cli, desk: Path) -> None:
    ended = cli("chat", "desk.py", "--user", "ana", said="/memory\nI like green tea.\n/memory\n")
    assert ended.err.startswith("Nothing.\n")
    assert "I like green tea" in ended.out.splitlines()[-1]


def test_exit_ends_it(cli: Cli, desk: Path) -> None:
    ended = cli("chat", "desk.py", "--user", "ana", said="/what\n/exit\nI like green tea.\n")
    assert ended.out == ""
    assert ended.err.startswith("There is no /what. /memory shows")


def test_a_line_that_is_not_utf8_does_not_end_it(cli: Cli, desk: Path) -> None:
    ended = cli("chat", "desk.py:billing", said="caf\xe9\n".encode("latin-1") + "Grüezi\n".encode())
    assert ended.code == 1
    assert "error: 'caf�' is not UTF-8" in ended.err
    assert "Traceback" not in ended.err
    assert "> Grüezi" in ended.out


def test_a_turn_that_fails_does_not_end_it(cli: Cli, desk: Path) -> None:
    ended = cli("chat", "desk.py:billing", said="NUL \0 here\n/memory\nhello\n")
    assert ended.code == 1
    assert "holds a NUL character: remove it." in ended.err
    assert "error: billing has no store" in ended.err
    assert "> hello" in ended.out
