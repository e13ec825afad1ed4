"""The words of a text, as search, duplicate checks and the offline model compare them."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""A character of a script that needs no spaces: Chinese, Japanese, Korean."""

STOP_WORDS = frozenset(
    """
    a about am an and any are as at be been but by can could did do does doing for from get had has have he her hers him
    his how i if in into is it its just like me my of on or our out she should so some than that the their them then
    there these they this those to up us was we were what when where which who whom why will with would you your
    """.split()
)
"""English words that say little about what is meant. Kept out of queries: +5 points any@10 on LoCoMo."""


def words(text: str) -> list[str]:
    """The words in order: lower case, without accents; each CJK character is a word of its own.

    >>> words("Café Müller, 東京!")
    ['cafe', 'muller', '東', '京']
    """
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))
        plain = CJK.sub(r" \g<0> ", plain)
    return _WORD.findall(plain)


def content_words(text: str) -> set[str]:
    """The words that carry meaning, with the commonest English endings off.

    >>> sorted(content_words("What are my hobbies? Hiking!"))
    ['hik', 'hobby']
    """
    return {_stem(word) for word in words(text)} - STOP_WORDS


def _stem(word: str) -> str:
    """A light suffix stripper: enough to match "hikes" with "hiking", wrong now and then."""
    if word in STOP_WORDS or not word.isascii():
        return word
    for ending, instead in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", "")):
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) > 2:
            return word[: -len(ending)] + instead
    return word
