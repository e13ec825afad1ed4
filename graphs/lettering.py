"""How wide a text is drawn, and how it is made to fit: cut with an ellipsis, or wrapped at its spaces.

Widths are those of the font that is shipped in ``graphs/fonts``: Inter, without kerning. A letter with an accent is as
wide as the letter; what the font does not have is taken to be wide enough for any other font: one em for CJK
characters and emoji.
"""

import unicodedata
from functools import cache

from coterie.graphs.glyphs import BOLD, REGULAR

_UNKNOWN = 700
"""Thousandths of the font size, for a character that is neither in the table nor wide."""


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a line of text in pixels, at a font size in pixels.

    >>> text_width("model", 10.0) < text_width("model", 10.0, bold=True) < text_width("調査調", 10.0) + 10
    True
    """
    return sum(_advance(character, bold) for character in text) * size / 1000


def cut(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as fits into a width in pixels, and an ellipsis.

    >>> cut("a very long name", 60.0, 10.0)
    'a very lon…'
    """
    if text_width(text, size, bold=bold) <= width:
        return text
    room = width - text_width("…", size, bold=bold)
    return text[: _fitting(text, room, size, bold)].rstrip() + "…"


def wrapped(text: str, width: float, size: float, lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """The text in at most so many lines that fit into a width in pixels; what is left over is cut.

    >>> wrapped("answers questions on refunds", 80.0, 10.0, 2)
    ('answers', 'questions on r…')
    """
    done: list[str] = []
    while text and len(done) < lines - 1 and text_width(text, size, bold=bold) > width:
        end = max(_fitting(text, width, size, bold), 1)
        space = text.rfind(" ", 0, end + 1)
        end = space if space > 0 else end
        done.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return (*done, cut(text, width, size, bold=bold)) if text else tuple(done)


def _fitting(text: str, width: float, size: float, bold: bool) -> int:
    """How many of the first characters fit."""
    room = width * 1000 / size
    for place, character in enumerate(text):
        room -= _advance(character, bold)
        if room < 0:
            return place
    return len(text)


@cache
def _widths(bold: bool) -> dict[str, int]:
    table = BOLD if bold else REGULAR
    return {character: width for width, characters in table.items() for character in characters}


@cache
def _advance(character: str, bold: bool) -> int:
    """Thousandths of the font size."""
    widths = _widths(bold)
    if (known := widths.get(character)) is not None:
        return known
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF" or ord(character) >= 0x1F000:
        return 1000
    return widths.get(unicodedata.normalize("NFD", character)[0], _UNKNOWN)
