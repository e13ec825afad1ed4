"""``coterie chat``, with what is said in a pipe."""

from pathlib import Path

from tests.cli.conftest import Cli


def test_a_conversation_in_one_session(cli: Cli, desk: Path) -> None:
    ended = cli("chat", "desk.py:desk", "--user", "ana", said="I like green tea.\n\nWhat tea do I like?\n")
    assert ended.code == 0
    assert ended.out.count("\n> ") + ended.out.startswith("> ") == 2
    assert "I remember: " in ended.out
    assert ended.err.count("To go on with this conversation: --session ") == 1
    assert ended.err.count("No model is configured") == 1


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
