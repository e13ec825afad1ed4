"""The help of every command, found by walking through the app."""

import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from coterie.cli.app import app
from tests.cli.conftest import Cli

COLUMN = 400
"""So wide that nothing is wrapped."""
NAMED = """
    run chat graph new curate ui replay doctor config
    runs list, runs show, session list, session show
    memory list, memory search, memory show, memory add, memory forget, memory history, memory diff, memory undo
    memory refused, memory review, memory export, memory import, memory optimize, memory stats, memory erase
    db current, db upgrade, db check, db reembed, examples list, examples run
"""
"""The commands that there must be; a comma separates those of two words."""


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A command, and all below it."""
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from walk(each, (*path, name))


COMMANDS = dict(walk(typer.main.get_command(app)))
PATHS = pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "coterie")


def words(text: str) -> list[str]:
    """The words of a text, without colours, boxes and the backticks that a terminal shows as a colour."""
    return re.findall(r"[^\s│]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|`", "", text))


def test_the_commands_that_must_be() -> None:
    wanted = {path for part in NAMED.split("\n") for path in paths(part)}
    assert not wanted - COMMANDS.keys()


def paths(part: str) -> list[tuple[str, ...]]:
    """The commands on one line of `NAMED`."""
    if "," not in part:
        return [(word,) for word in part.split()]
    return [tuple(each.split()) for each in part.split(",")]


@PATHS
def test_everything_has_a_help_text(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help.strip().endswith("."), "a command's help is sentences"
    for param in command.params:
        assert (param.help or "").rstrip("`").endswith("."), f"{param.name} has no sentence for its help"


@PATHS
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_help_says_it_all(cli: Cli, path: tuple[str, ...], terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMN))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    ended = cli(*path, "--help")
    assert (ended.code, ended.err) == (0, "")
    said, command = set(words(ended.out)), COMMANDS[path]
    for text in (command.help, *(param.help for param in command.params)):
        assert not set(words(text)) - said
    assert "[[" not in ended.out
    assert not re.search(r"\[/|\[(bold|dim|red|green|blue|cyan|yellow)\b", ended.out)


@PATHS
@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_help_fits(
    cli: Cli, path: tuple[str, ...], columns: int, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    ended = cli(*path, "-h")
    assert (ended.code, ended.err) == (0, "")
    assert not [sign for sign in ended.out if unicodedata.category(sign) == "So" and not "─" <= sign <= "╿"]
    if not terminal:
        assert ended.out.isascii()
        assert "\x1b" not in ended.out


def test_no_color_is_no_colour(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = re.compile(r"\x1b\[[0-9;]*3[0-7]")
    assert coloured.search(cli("run", "--help").out)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured.search(cli("run", "--help").out)


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_what_is_shown_without_a_command(cli: Cli, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    ended = cli()
    assert (ended.code, ended.err) == (2, "")
    assert "Teams of LLM agents that share one memory." in ended.out
    assert "Exit codes: 0 done" in ended.out
    ended = cli("memory")
    assert (ended.code, ended.err) == (2, "")
    assert "Forget a memory." in ended.out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("memory", "lst"), "error: No such command 'lst'. Did you mean 'list'? `coterie memory --help` says"),
        (("memory", "show", "--user", "ana"), "error: Missing argument 'ID'. `coterie memory show --help` says"),
    ],
)
def test_wrong_usage_is_one_sentence_and_where_to_look(cli: Cli, arguments: tuple[str, ...], error: str) -> None:
    ended = cli(*arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", f"{error} what there is.\n")
