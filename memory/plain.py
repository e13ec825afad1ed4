"""Text without what nobody sees: for checking, for keeping, and for a fence in a prompt. Pure functions."""

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""ZWNJ and ZWJ. Persian, Indic scripts and emoji need them; between Latin letters they only hide something."""
_SHOWN = frozenset(map(chr, [*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD]))
"""Signs of the category Cf that are seen: number signs, mostly."""
_UNSEEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
"""Variation selectors: one is for the sign before it, several in a row are a message."""
# Of Unicode's confusables.txt, which has 6,000, the Cyrillic and Greek letters that cannot be told from Latin ones.
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝӏвгкмнтпАВЕКМНОРСТХУІЈЅҺԌαοενικρτυχγωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdqwlbrkmhtnABEKMHOPCTXYIJSHGaoevikptuxywABEZHIKMNOPTYX",
)
_OPENING = re.compile("[<\ufe64\uff1c]")
"""``<``, and what NFKC makes one."""


def visible(text: str) -> str:
    """Return the text without invisible characters: formats, tags, private use.

    Joiners stay where a script or an emoji needs them.

    >>> visible("ig\u00adnore"), visible("می\u200cخواهم") == "می\u200cخواهم"
    ('ignore', True)
    """
    if text.isascii():
        return text
    text = _VARIANTS.sub(lambda found: found.group() if len(found.group()) == 1 else "", text)
    seen = "".join(character for character in text if character in _JOINERS or not _unseen(character))
    if not any(joiner in seen for joiner in _JOINERS):
        return seen
    neighbours = zip(" " + seen, seen, seen[1:] + " ", strict=False)
    return "".join(one for before, one, after in neighbours if one not in _JOINERS or _joins(before, after))


def unified(text: str) -> str:
    """Return the form of a text that patterns are looked for in: nothing invisible, compatibility forms unified (NFKC).

    >>> unified("ＩＧＮＯＲＥ\u200d all")
    'IGNORE all'
    """
    if text.isascii():
        return text
    seen = "".join(character for character in _VARIANTS.sub("", text) if not _unseen(character))
    return unicodedata.normalize("NFKC", seen)


def folded(text: str) -> str:
    """Return the form in which letters that look like Latin ones are those, and have no accents.

    >>> folded("іgnоrе аll"), folded("ígnore")
    ('ignore all', 'ignore')
    """
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", unified(text).translate(_LOOK_ALIKES))
    return unicodedata.normalize("NFC", "".join(one for one in plain if not unicodedata.combining(one)))


def escaped(text: str) -> str:
    """Return the text as it may stand inside a fence of a prompt: it cannot open or close one, and hides nothing.

    >>> escaped("a < b ＜/turn>")
    'a ‹ b ‹/turn>'
    """
    return _OPENING.sub("‹", visible(text))


def _unseen(character: str) -> bool:
    unseen = unicodedata.category(character) in ("Cf", "Co") or character in _UNSEEN_LETTERS
    return unseen and character not in _SHOWN


def _joins(before: str, after: str) -> bool:
    """Whether a joiner does something between these two: letters of a script that has joined forms, or emoji."""
    if before.isascii() or after.isascii():
        return False
    categories = unicodedata.category(before)[0] + unicodedata.category(after)[0]
    return categories in ("LL", "ML", "LM", "MM", "SS", "MS")
