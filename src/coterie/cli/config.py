"""``coterie config``: what the environment sets."""

import shutil
import sys
import textwrap
from dataclasses import dataclass

from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Json
from coterie.settings import OPENAI_URL, VARIABLES, Variable, settings, variable
from coterie.text import one_line

INDENT = 20
"""Where the second column begins."""


@dataclass(frozen=True)
class Setting:
    """A variable of the environment, as it stands."""

    name: str
    value: str | None
    """What holds: the variable's value, or the default; without its secrets. None: nothing does."""
    source: str
    """Where that comes from: ``environment`` or ``default``."""
    reader: str
    does: str


def config(json: Json = False) -> None:
    """Show every setting: its value, where that comes from, and what it does. Secrets are not shown."""
    found = [_setting(each) for each in VARIABLES]
    if json:
        print_json(found)
        return
    width = min(shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100, 100)
    for each in found:
        value = "not set" if each.value is None else f"{one_line(each.value)}  ({each.source})"
        print(f"{each.name:<{INDENT - 1}} {value}")
        whose = "" if each.reader == "coterie" else f" Read by {each.reader}."
        print(textwrap.fill(each.does + whose, width, initial_indent=" " * INDENT, subsequent_indent=" " * INDENT))


def _setting(of: Variable) -> Setting:
    value = variable(of.name)
    if value:
        return Setting(of.name, _shown(of, value), "environment", of.reader, of.does)
    return Setting(of.name, _default(of.name), "default", of.reader, of.does)


def _shown(of: Variable, value: str) -> str:
    from coterie.memory.secrets import without_login

    return "***" if of.secret else without_login(value)


def _default(name: str) -> str | None:
    """What holds where a variable is not set. None: nothing."""
    if name == "COTERIE_DB":
        return DEFAULT_DB
    if name == "OPENAI_BASE_URL" and settings().api_key and not variable("OPENAI_API_BASE"):
        return OPENAI_URL
    if name == "COTERIE_MODEL" and settings().has_model:
        from coterie.memory.models import DEFAULT_MODEL

        return DEFAULT_MODEL
    return "the built-in offline model" if name == "COTERIE_MODEL" else None
