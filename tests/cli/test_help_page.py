"""docs/cli.md is about the commands that there are."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from coterie.cli.codes import Code
from coterie.settings import VARIABLES
from tests.cli.test_help import COMMANDS

PAGE = (Path(__file__).parent.parent.parent / "docs" / "cli.md").read_text(encoding="utf-8")
ENDS = ("|", "||", "&&", ">", "<", ";")
"""What ends a command in a shell."""
TABLE = re.findall(r"^\| `(coterie .*?)` \|", PAGE, flags=re.M)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.M | re.S)


def calls() -> Iterator[list[str]]:
    """What follows ``coterie`` in each command of the page's shell blocks and of its table."""
    shell = [line for block in blocks("sh") for line in block.splitlines()]
    typed = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    for line in (*shell, *typed, *TABLE):
        words = shlex.split(line, comments=True)
        if "coterie" in words:
            rest = words[words.index("coterie") + 1 :]
            yield rest[: next((at for at, word in enumerate(rest) if word in ENDS), len(rest))]


def named(call: list[str]) -> tuple[str, ...]:
    """The command that is called."""
    path: tuple[str, ...] = ()
    for word in call:
        if (*path, word) not in COMMANDS:
            break
        path = (*path, word)
    return path


def test_every_command_on_the_page_exists_with_its_options() -> None:
    found = list(calls())
    assert len(found) > 80
    for call in found:
        path = named(call)
        assert path or call[0].startswith("-"), call
        assert not getattr(COMMANDS[path], "commands", None) or not path, call  # a group is no command
        has = {option for param in COMMANDS[path].params for option in param.opts} | {"--help", "-h"}
        given = {word.partition("=")[0] for word in call if word.startswith("-") and word != "-"}
        assert given <= has, call


def test_every_command_is_on_the_page() -> None:
    table = {named(call.split()[1:]) for call in TABLE}
    there = {path for path, command in COMMANDS.items() if not getattr(command, "commands", None)}
    assert not there - table


def test_the_exit_codes_are_those_that_there_are() -> None:
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, flags=re.M)]
    assert told == [*Code, 130]


def test_the_variables_are_those_that_coterie_reads() -> None:
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, flags=re.M))
    assert {each.name for each in VARIABLES if each.reader == "coterie" and "DISPLAY" not in each.name} <= told
    assert told <= {each.name for each in VARIABLES}
