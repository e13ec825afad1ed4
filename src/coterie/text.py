"""Text as a terminal or a drawing can show it, and how two texts differ."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

_JOINERS = "\u200c\u200d"
"""What joins and parts letters, and emoji: to see nothing of it is as it should be."""


def _shown(character: str) -> str:
    return character if character.isprintable() or character in _JOINERS else "�"


def showable(text: str) -> str:
    r"""A text without the control characters that would move the cursor or clear the screen; lines stay lines.

    >>> showable("a\n\tb\x1b[2J")
    'a\n\tb�[2J'
    """
    return "".join(c if c in "\n\t" else _shown(c) for c in text)


def one_line(text: str, limit: int | None = None) -> str:
    r"""A text on one line, without control characters, cut where it is longer than ``limit`` characters.

    >>> one_line("a\n b\x1b[31m"), one_line("a long name", 7), one_line("می\u200cروم") == "می\u200cروم"
    ('a b�[31m', 'a long…', True)
    """
    line = "".join(map(_shown, " ".join(text.split())))
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"


def several(number: int, one: str, many: str | None = None) -> str:
    """A number of things, as people say it.

    >>> several(1, "memory", "memories"), several(2000, "turn")
    ('1 memory', '2,000 turns')
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


Piece = tuple[Literal["same", "removed", "added"], str]
"""A piece of a text that was changed."""

_WORDS = re.compile(r"\s+|[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|[^\w\s]")
"""A word, a gap, a sign; in scripts without spaces, a character."""


def word_diff(before: str, after: str) -> list[Piece]:
    """How a text was changed, word by word: what stayed, what went, what came, in the order of reading.

    Where a word took another's place, what went stands before what came. Without what came, the pieces are ``before``;
    without what went, they are ``after``.

    >>> word_diff("I like tea", "I like green tea")
    [('same', 'I like '), ('added', 'green '), ('same', 'tea')]
    """
    pieces: list[Piece] = []
    for went, came in _parts(before, after):
        pieces += [("same", went)] if went == came else [("removed", went), ("added", came)]
    return [piece for piece in pieces if piece[1]]


_BRACKETS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}


def bracketed(piece: Piece) -> str:
    """A piece as ``git diff --word-diff`` shows it: ``[-gone-]``, ``{+new+}``."""
    kind, text = piece
    return _BRACKETS[kind].format(text)


def _parts(before: str, after: str) -> Iterator[tuple[str, str]]:
    """What went and what came, in turn with what stayed. A gap between two words that changed is part of the change."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    went = came = gap = ""
    for kind, start, stop, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        one, other = "".join(old[start:stop]), "".join(new[begin:end])
        if kind != "equal":
            went, came, gap = went + gap + one, came + gap + other, ""
        elif one.isspace() and (went or came):
            gap = one
        else:
            yield from ((went, came), (gap, gap), (one, one))
            went = came = gap = ""
    yield from ((went, came), (gap, gap))
