"""What `coterie doctor` finds, as lines for people."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "missing", "broken"]
"""``note``: good to know. ``missing``: it can be had, and is not needed. ``broken``: something will not work."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    state: State
    about: str
    found: str
    advice: str | None = None
    """A command that mends or gets it, or a sentence. None: there is nothing to do."""


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """What was found, as wide as the terminal; in a pipe nothing is wrapped, so that a finding is a line."""
    columns = min(shutil.get_terminal_size((100, 24)).columns, 110) if sys.stdout.isatty() else 100_000
    for each in findings:
        begin = f"{each.state:<8} {each.about:<11} "
        advice = f" {each.advice}" if each.advice else ""
        text = each.found + advice
        wrapped = textwrap.wrap(text, columns, initial_indent=begin, subsequent_indent=" " * len(begin))
        yield from wrapped if columns < 100_000 else [begin + text]
