"""What a query is searched by: its words, without those that say nothing."""

import re

from coterie.memory.words import STOP_WORDS

MAX_WORDS = 64
MAX_WORD_CHARACTERS = 100
_WORD = re.compile(r"\w+")


def query_words(query: str) -> list[str]:
    """The words that a query is searched by, in order, each once: at most `MAX_WORDS`. Any string is a query.

    Accents and endings stay as they are: the database's own text search knows how it keeps them.

    >>> query_words("What does Zoë eat? 'Zoë'")
    ['zoë', 'eat']
    """
    words = (word for word in _WORD.findall(query.casefold()) if word not in STOP_WORDS)
    return list(dict.fromkeys(word for word in words if len(word) <= MAX_WORD_CHARACTERS))[:MAX_WORDS]
