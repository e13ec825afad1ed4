"""Rewriting statements: dividing them for a model, and what an answer must keep. Pure functions."""

import re
from collections.abc import Sequence

from coterie.errors import CurationError
from coterie.memory.asking import shortened
from coterie.memory.compare import fronts, shared, telling
from coterie.memory.likeness import alike
from coterie.memory.secrets import find_secret

NAMES_KEPT = 0.7
"""The share of the names and numbers that a summary must keep."""
WORDS_KEPT = 0.3
"""The share of all telling words that it must keep: what holds no name is not lost either."""
BATCH_CHARACTERS = 8_000
"""How much is rewritten in one model call, so that it fits into a small model's context."""
STATEMENT_CHARACTERS = 2_000
"""The longest statement that is written."""


def distinct(texts: Sequence[str]) -> list[str]:
    """Return each statement once, in the newest of its wordings, in order."""
    kept: list[str] = []
    for text in texts:
        kept = [one for one in kept if not alike(one, text)]
        kept.append(text)
    return kept


def batches(texts: Sequence[str], characters: int = BATCH_CHARACTERS) -> list[list[str]]:
    """Divide the texts, in order, so that each batch has at most so many characters, or a single text."""
    divided: list[list[str]] = [[]]
    room = characters
    for text in texts:
        if divided[-1] and len(text) >= room:
            divided.append([])
            room = characters
        divided[-1].append(text)
        room -= len(text) + 1
    return divided


def checked(
    statements: Sequence[str],
    originals: Sequence[str],
    names_kept: float = NAMES_KEPT,
    words_kept: float = WORDS_KEPT,
) -> list[str]:
    """Refuse a summary that is empty, refuses, or loses what it stands for.

    Args:
        statements: the summary.
        originals: what it stands for.
        names_kept: the share of the names and numbers that it must keep.
        words_kept: the share of all telling words.

    Raises:
        CurationError: says what is missing.
    """
    kept = [text for text in statements if text]
    came = shortened(" ".join(kept))
    if not kept:
        raise CurationError("The summary is empty: nothing was changed. Try again, or use another model.")
    if len(kept) > len(originals) or any(find_secret(text) for text in kept if not find_secret(" ".join(originals))):
        raise CurationError(f"The summary holds what it was not given: {came!r}. Nothing was changed.")
    before, after = "\n".join(originals), "\n".join(kept)
    names = names_and_numbers(before)
    lost = sorted(name for name in names if name not in after.casefold())
    if len(lost) > (1 - names_kept) * len(names):
        raise CurationError(f"The summary {came!r} loses {', '.join(lost[:10])}: nothing was changed. Try again.")
    words = sorted(set(telling(before)))
    if len(shared(words, fronts(telling(after)))) < words_kept * len(words):
        raise CurationError(f"The summary {came!r} loses most of what it stands for: nothing was changed. Try again.")
    return kept


def names_and_numbers(text: str) -> set[str]:
    """Return the numbers in a text, and the words with a capital letter that do not merely begin a sentence."""
    numbers = re.findall(r"\d+(?:[.,:/-]\d+)*", text)
    words = [
        match for match in re.finditer(r"[^\W\d_]+", text) if match.group()[0].isupper() and len(match.group()) > 1
    ]
    names = [match.group() for match in words if not re.search(r"(?:^|[.!?:;\n]\s*)$", text[: match.start()])]
    return {name.casefold() for name in numbers + names}
