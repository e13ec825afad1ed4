"""What is searched: the words a text is indexed by, and those of a query that say something.

The same words on every database: accents are off before it sees them; it takes off the endings. Of scripts without
spaces a text is indexed by each character and each pair of neighbours, and a query asks for the pairs.
"""

from collections.abc import Iterator
from itertools import pairwise

from coterie.memory.words import CJK, STOP_WORDS, words

MAX_WORDS = 64
MAX_WORD_CHARACTERS = 100


def index_words(text: str) -> str:
    """The words that a text is found by, as one text.

    >>> index_words("Zoë_1 likes 東京!")
    'zoe 1 likes 東 京 東京'
    """
    found = [word[:MAX_WORD_CHARACTERS] for word in words(text)]
    return " ".join([*found, *_pairs(found)])


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
    return list(dict.fromkeys([*wanted, *pairs]))[:MAX_WORDS]
