"""Texts from outside, read as UTF-8 whatever the locale says; and what the terminal can show."""

import sys
from collections.abc import Sequence
from typing import TypeVar

from coterie.errors import InputError
from coterie.text import one_line

Texts = TypeVar("Texts", str, Sequence[str], None)


def read_utf8_from_stdin() -> None:
    """Have stdin read as UTF-8. Bytes that are none come through as surrogates, for `utf8` to refuse."""
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")


def argument(value: Texts) -> Texts:
    """The callback of every argument and option that is a text: Python read it as the locale says.

    Raises:
        InputError: it is not UTF-8.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return utf8(value)
    return [utf8(one) for one in value]


def utf8(text: str) -> str:
    """A text in which the bytes that were not understood stand as surrogates, read as UTF-8.

    Raises:
        InputError: they are not UTF-8.
    """
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError) as error:
        shown = one_line(text, 40)
        raise InputError(f"{shown!r} is not UTF-8 ({error.reason}): convert it, with iconv say.") from None


def can_print(signs: str) -> bool:
    """Whether stdout has these characters in its encoding; others are shown as ``?``."""
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def columns(texts: Sequence[str]) -> list[str]:
    """The texts, all as wide as the widest is in a terminal, where a CJK character takes two columns."""
    from rich.cells import cell_len

    widths = [cell_len(text) for text in texts]
    return [text + " " * (max(widths) - width) for text, width in zip(texts, widths, strict=True)]
