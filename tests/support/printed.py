"""What is printed, without what is different each time: dates, times, ids, durations."""

import doctest
import re

_DATE = re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?")
_TOOK = re.compile(r"\b\d+(?:\.\d+)? (m?s)\b")
ID = re.compile(r"\b01[0-9a-f]{6}(?:-[0-9a-f]{1,12})*\b")
"""An id that coterie made, or the beginning of one: a UUIDv7 of our time."""


def steady(text: str) -> str:
    """The text with DATE, ID and N in their places; the lines that had some have single spaces between columns."""
    return "\n".join(_steady(line.rstrip()) for line in text.strip("\n").splitlines())


def _steady(line: str) -> str:
    found = _TOOK.sub(r"N \1", ID.sub("ID", _DATE.sub("DATE", line)))
    return line if found == line else re.sub(r" {2,}", "  ", found)


def same(said: str, printed: str) -> bool:
    """Whether they are the same but for what is different each time; ``...`` in what is said stands for anything."""
    return doctest.OutputChecker().check_output(f"{steady(said)}\n", f"{steady(printed)}\n", doctest.ELLIPSIS)
