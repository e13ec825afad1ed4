"""How people say what they are called. A pure function over text, for a dozen languages."""

import re

from coterie.memory.words import words

_CALLED = (
    "my name is|(?:the )?user['’]s name is|i['’]m called|i am called|people call me|mein name ist|ich hei(?:ß|ss)e"
    "|me llamo|mi nombre es|me chamo|chamo-me|(?:o )?meu nome é|je m['’]appelle|mi chiamo|ik heet|mijn naam is"
    "|меня зовут"
)
# After "I'm" a name is known by its capital: "I'm Ana", not "I'm tired".
_AM = r"\b[Nn]ame is|\bI['’]m|\bI am|\b[Ss]oy|\b[Ss]ou (?:a|o)"
_CAPITALISED = r"[^\W\d_a-zß-ÿ][^\W\d_]+"
_NAME = re.compile(rf"(?:\b(?i:{_CALLED})|{_AM})\s+({_CAPITALISED}(?:\s+{_CAPITALISED})?)")
_DENSE_NAME = re.compile("(?:我叫|我是|私は)([\u3400-\u9fff\u30a0-\u30ff]{2,4})")


def introduced(text: str) -> frozenset[str]:
    """Return the words in the names that whoever speaks gives themself.

    >>> sorted(introduced("Hi, I'm Ana Silva. My dog is called Rex. I'm tired."))
    ['ana', 'silva']
    """
    return frozenset(words(" ".join([*_NAME.findall(text), *_DENSE_NAME.findall(text)])))
