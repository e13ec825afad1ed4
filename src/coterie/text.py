"""Text as a terminal or a drawing can show it."""


def showable(text: str) -> str:
    r"""A text without the control characters that would move the cursor or clear the screen; lines stay lines.

    >>> showable("a\n\tb\x1b[2J")
    'a\n\tb�[2J'
    """
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)


def one_line(text: str, limit: int | None = None) -> str:
    r"""A text on one line, without control characters, cut where it is longer than ``limit`` characters.

    >>> one_line("a\n b\x1b[31m"), one_line("a long name", 7)
    ('a b�[31m', 'a long…')
    """
    line = "".join(character if character.isprintable() else "�" for character in " ".join(text.split()))
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"
