"""What is searched: the words a text is indexed by, and those of a query that say something.

The same words on every database: accents and English endings are off before it sees them. Of scripts without spaces a
text is indexed by each character and each pair of neighbours, and a query asks for the pairs.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from snowballstemmer import stemmer  # type: ignore[import-untyped]  # it has no types

from coterie.memory.words import CJK, STOP_WORDS, words

MAX_WORDS = 64
MAX_WORD_CHARACTERS = 100

_stem_english = lru_cache(50_000)(stemmer("english").stemWord)


def index_words(text: str) -> str:
    """The words that a text is found by, as one text.

    >>> index_words("Zoë_1 likes 東京!")
    'zoe 1 like 東 京 東京'
    """
    found = [word[:MAX_WORD_CHARACTERS] for word in words(text)]
    return " ".join([*map(_stem, found), *_pairs(found)])


def _stem(word: str) -> str:
    """The word without its ending. What is no English word has none."""
    return str(_stem_english(word)) if word.isascii() and word.isalpha() else word


def telling_words(text: str) -> list[str]:
    """The words of a text that say something, as they are."""
    return [word for word in words(text) if word not in STOP_WORDS]


def _pairs(found: list[str]) -> Iterator[str]:
    return (one + two for one, two in pairwise(found) if CJK.fullmatch(one) and CJK.fullmatch(two))


def query_words(query: str) -> list[str]:
    """The words that a query is searched by, in order, each once: at most `MAX_WORDS`. Any string is a query.

    >>> query_words("What does Zoë eat in 東京? 'Zoë'")
    ['zoe', 'eat', '東京']
    """
    found = [word[:MAX_WORD_CHARACTERS] for word in words(query)]
    pairs = list(_pairs(found))
    paired = set("".join(pairs))
    wanted = (word for word in found if word not in STOP_WORDS and word not in paired)
    return list(dict.fromkeys([*map(_stem, wanted), *pairs]))[:MAX_WORDS]
