"""Comparing statements: do they say the same, does one draw on the other. Pure functions, for many languages."""

import re
import unicodedata
from collections.abc import Iterable, Set
from itertools import pairwise

from coterie.memory.words import CJK, STOP_WORDS, words

# "not" and its like are never among them: they are the news. Without accents, as words() gives them.
_LITTLE = STOP_WORDS | set(
    "being user here now really then too very also s m re ve ll"
    " um uma o os da das dos em na nos nas ao aos que e ou mas eu meu minha ele ela seu sua foi sao esta com por"
    " para una el la los las de del y en yo mi su se lo es fue son soy con estoy tengo"
    " der die das ein eine einen einem einer und oder ist war sind bin ich mein meine er sie sein ihr im zu von mit auf"
    " le les des du et je mon ma mes il elle sa est sont suis au aux dans pour avec".split()
)
_CONFIRMS_AT = 0.6


def normalised(text: str) -> str:
    """Return the text with compatibility forms unified, case folded and white space single."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def telling(text: str) -> list[str]:
    """Return the words that say something, in order; of scripts without spaces, the pairs of neighbours."""
    found = words(text)
    pairs = [one + two for one, two in pairwise(found) if CJK.fullmatch(one) and CJK.fullmatch(two)]
    return [word for word in found if word not in _LITTLE and not CJK.fullmatch(word)] + pairs


def front(word: str) -> str:
    """Return the front of a word: enough to see that "travelling" and "travelled" are one. Numbers stay whole."""
    return word if word[:1].isdigit() else word[: max(3, min(5, len(word) - 2))]


def fronts(words: Iterable[str]) -> frozenset[str]:
    """Return the fronts of the words."""
    return frozenset(front(word) for word in words)


def shared(words: Iterable[str], known: Set[str]) -> list[str]:
    """Return the words whose fronts are among those known: the same words, whatever their endings."""
    return [word for word in words if front(word) in known]


def quoted(quote: str, said: Set[str]) -> bool:
    """Whether most words of the quote are in what was said, by their fronts, so that a slip of the pen does no harm.

    One of them must say something: "the" is in what everybody says.
    """
    found = words(quote)
    confirmed = shared(found, said)
    return len(confirmed) >= _CONFIRMS_AT * len(found) and bool(telling(" ".join(confirmed)))


def asks_to_forget(text: str) -> bool:
    """Whether a text has a word for forgetting, in one of a dozen languages."""
    return bool(_FORGET_IN_CHARACTERS.search(text) or shared(words(text), _FORGET))


_FORGET_IN_CHARACTERS = re.compile("忘|删|刪|消し|削除|잊|지워|삭제")
# Without accents, as words() gives them.
_FORGET = fronts(
    "forget forgetting delete deleting remove removing erase erasing drop scratch discard unlearn"
    " vergiss vergessen losche loschen streich streiche entferne vergeet verwijder glom"
    " olvida olvidalo olvide borra borralo elimina esquece esqueca esqueces apaga apague remova"
    " oublie oubliez efface effacez supprime supprimez dimentica dimenticalo cancella cancellalo rimuovi"
    " забудь забудьте удали удалите сотри unut sil zapomnij usun انس احذف".split()
)
