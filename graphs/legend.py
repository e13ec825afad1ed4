"""What the lines and marks of a drawing mean, as one row under it."""

from collections.abc import Iterator
from dataclasses import dataclass

from coterie.graphs.boxes import line_at
from coterie.graphs.geometry import Line
from coterie.graphs.picture import Picture

SAMPLE = 30.0
"""Pixels of a sample of a line."""
_BETWEEN, _HEIGHT = 20.0, 20.0
_WORDS = {
    "always": "next step",
    "choice": "if it is chosen",
    "read": "reads the memory",
    "write": "writes the memory",
}


@dataclass(frozen=True)
class Entry:
    """One kind of line, with its sample to the left of its text."""

    kind: str
    line: Line
    """A sample begins `SAMPLE` and 6 pixels left of it."""


def legend(picture: Picture, left: float, top: float, width: float) -> tuple[tuple[Entry, ...], float]:
    """The entries for the kinds of edges that a picture has, in rows of this width; and the y where they end."""
    x, y, entries = left, top, []
    for kind in _kinds(picture):
        line = line_at(_WORDS[kind], x + SAMPLE + 6.0, y, "legend")
        if line.box.right > left + width and x > left:
            x, y = left, y + _HEIGHT
            line = line_at(_WORDS[kind], x + SAMPLE + 6.0, y, "legend")
        entries.append(Entry(kind, line))
        x = line.box.right + _BETWEEN
    return tuple(entries), y + _HEIGHT


def _kinds(picture: Picture) -> Iterator[str]:
    there = {edge.kind for edge in picture.edges}
    yield from (kind for kind in _WORDS if kind in there)
