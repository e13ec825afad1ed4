"""Lines of a shell as pages show them, compared with the commands and options that ``coterie`` has."""

import re
import shlex
from collections.abc import Iterator

from typer.main import get_command

from coterie.cli.app import app

_ASSIGNMENT = re.compile(r"\w+=")
_PREFIX = "$ "


def commands(source: str) -> list[str]:
    """The commands of a ```sh block, or those after ``$`` of a ```console block; continued lines are joined."""
    lines = re.sub(r"\\\n\s*", "", source).splitlines()
    entered = [line.removeprefix(_PREFIX) for line in lines if line.startswith(_PREFIX)]
    return entered or [line for line in lines if line]


def mistakes(source: str) -> list[str]:
    """What is wrong with the block's ``coterie`` commands: one sentence each."""
    return [f"{line}: {wrong}" for line in commands(source) for words in _simple(line) if (wrong := _mistake(words))]


def _simple(line: str) -> Iterator[list[str]]:
    """The arguments of each ``coterie`` in a line of a shell."""
    words: list[str] = []
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;()"):
            while words and _ASSIGNMENT.match(words[0]):
                del words[0]
            if words and words[0] == "coterie":
                yield words[1:]
            words = []
        elif set(word) <= set("<>"):
            words.append(">")
        else:
            words.append(word)


def _mistake(words: list[str]) -> str:
    """What is wrong with the arguments, or nothing. Parses as typer does, but calls nothing and looks for no file."""
    rest = words[: words.index(">")] if ">" in words else words
    command = get_command(app)
    while True:
        context = command.context_class(command, info_name=command.name, **command.context_settings)
        try:
            given, rest, _ = command.make_parser(context).parse_args(list(rest))
        except Exception as error:
            if not hasattr(error, "format_message"):  # what typer raises for wrong usage
                raise
            return str(error.format_message())
        commands = getattr(command, "commands", None)
        if commands is None or (not rest and given):
            break
        if not rest or rest[0] not in commands:
            return f"{rest[0]!r} is no command" if rest else "a command is missing"
        command, rest = commands[rest[0]], rest[1:]
    missing = [parameter.name for parameter in command.params if parameter.required and not given.get(parameter.name)]
    if missing and "help" not in given:
        return f"{missing[0]} is missing"
    return f"nothing takes {' '.join(rest)!r}" if rest else ""
