"""Text for one line of a terminal or a drawing."""


def one_line(text: str, limit: int | None = None) -> str:
    r"""A text on one line, without control characters, cut where it is longer than ``limit`` characters.

    >>> one_line("a\n b\x1b[31m"), one_line("a long name", 7)
    ('a b�[31m', 'a long…')
    """
    line = "".join(character if character.isprintable() else "�" for character in " ".join(text.split()))
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"
