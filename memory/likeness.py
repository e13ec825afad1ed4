"""Whether two statements about one person say the same. Pure functions.

Both are brought to one form: small words, plurals and the subject off, numbers in digits, "x and y" in one order; then
the forms are compared. There is no measure of closeness: one differing word may be the "not", the name, the number or
the "was" that is the news.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from coterie.memory.compare import normalised
from coterie.memory.daywords import number
from coterie.memory.words import CJK, words

# Without accents, as words() gives them. Neither "not" and its like, nor what tells the past, are among them.
_SMALL = frozenset(
    "a an the user users i my me mine we our he his him she her they their them its it s m re ve is are am be do does"
    " also very really just own that there"
    " der die das den dem ein eine einen einem einer ich mein meine meinen er sein seine sie ihr ihre ist sind bin"
    " el la los las lo un una uno yo mi mis su sus es son soy o os as um uma eu meu minha ele ela seu sua sou"
    " le les du des une je mon ma mes il elle son sa ses est suis l d j gli i lo io mio mia suo ho"
    " het een ik mijn hij zij haar heb hebt of do da usuario usuaria utilisateur utente nutzer gebruiker".split()
)
_SUBJECTS = frozenset("user i he she they".split())
_AND = frozenset("and und et y e og och en и и".split())
_PLACES = frozenset(
    "from to with without in at on by since until before after during about against between for von nach aus mit ohne"
    " bei seit bis fur de del para con sin desde hasta em com sem ate avec sans pour depuis dans au aux di senza"
    " per dal van naar met zonder voor sinds".split()
)
_SAME_PLACE = {"at": "in", "on": "in"}
_NEGATED = re.compile(r"n['’]t\b", re.I)
_CJK_SUBJECT = re.compile(
    r"^\s*(?:我们?|用户|使用者|私は|わたしは|僕は|俺は|ユーザーは|나는|저는|사용자는)(?:是(?=\s*$))?"
)
_COMMA = re.compile(r"[,;、，]")


def alike(first: str, second: str, names: Collection[str] = frozenset()) -> bool:
    """Whether two statements say the same.

    Args:
        first: A statement.
        second: Another one, about the same person.
        names: The words in the person's own names: "Ana lives in Lisbon" is then "I live in Lisbon".

    >>> alike("Ana lives in Lisbon", "I live in Lisbon", {"ana"}), alike("Likes tea", "Does not like tea")
    (True, False)
    """
    one, other = form(first, names), form(second, names)
    return one == other if one and other else normalised(first) == normalised(second)


def form(text: str, names: Collection[str] = frozenset()) -> tuple[tuple[str, ...], ...]:
    """Return what a statement says, in a form that is the same for all that say it: its phrases in one order."""
    found = [*_told(text)]
    while found and (found[0] in names or found[0] in _SUBJECTS):
        del found[0]
    phrases = [phrase for phrase in _phrases(found) if phrase]
    return (*phrases[:1], *sorted(phrases[1:]))


@lru_cache(1024)
def _told(text: str) -> tuple[str, ...]:
    """The words of a statement that tell something. Kept for a while: one is compared with many."""
    return tuple(_tokens(_CJK_SUBJECT.sub("", text)))


def _tokens(text: str) -> Iterator[str]:
    plain = _COMMA.sub(" and ", _NEGATED.sub(" not", text))
    for word in words(plain):
        if word in _AND:
            yield "and"
        elif word in _PLACES:
            yield _SAME_PLACE.get(word, word)
        elif CJK.fullmatch(word):
            yield word
        elif word not in _SMALL or word in _SUBJECTS:
            counted = number(word)
            yield str(counted) if counted is not None else _base(word)


def _phrases(found: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The words up to each preposition, and those after it."""
    phrase: list[str] = []
    for word in found:
        if word in _PLACES:
            yield _listed(phrase)
            phrase = []
        if word not in _SUBJECTS:
            phrase.append(word)
    yield _listed(phrase)


def _listed(phrase: Sequence[str]) -> tuple[str, ...]:
    """The words, those joined by "and" in one order."""
    if "and" not in phrase:
        return tuple(phrase)
    start = max(phrase.index("and") - 1, 0)
    return (*phrase[:start], *sorted(word for word in phrase[start:] if word != "and"))


def _base(word: str) -> str:
    """An English or Romance word without the commonest ending of plurals and of "she likes"."""
    if word in _BASES:
        return _BASES[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


_BASES = {
    **dict.fromkeys(["has", "have", "having"], "have"),
    **dict.fromkeys(["goes", "go"], "go"),
    **dict.fromkeys(["wohne", "wohnt"], "wohn"),
    **dict.fromkeys(["habe", "hat"], "hab"),
    **dict.fromkeys(["heisse", "heisst"], "heiss"),
    **dict.fromkeys(["esse", "isst"], "ess"),
    **dict.fromkeys(["mag", "mogen"], "mag"),
    **dict.fromkeys(["liebe", "liebt"], "lieb"),
    **dict.fromkeys(["arbeite", "arbeitet"], "arbeit"),
    **dict.fromkeys(["vivo", "vive"], "viv"),
    **dict.fromkeys(["tengo", "tiene"], "ten"),
    **dict.fromkeys(["trabajo", "trabaja"], "trabaj"),
    **dict.fromkeys(["moro", "mora"], "mor"),
    **dict.fromkeys(["tenho", "tem"], "tem"),
    **dict.fromkeys(["gosto", "gosta"], "gost"),
    **dict.fromkeys(["trabalho", "trabalha"], "trabalh"),
    **dict.fromkeys(["abito", "abita"], "abit"),
    **dict.fromkeys(["lavoro", "lavora"], "lavor"),
    **dict.fromkeys(["woon", "woont"], "woon"),
}
"""What the first and the third person share of the commonest verbs of statements."""
