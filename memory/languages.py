"""In which language a text is written, where that is plain to see. Pure functions, without a model.

First the script; for languages in Latin letters a vote of their small words and of the verbs that statements about
people are made with. Names, numbers and short texts are in no language. Libraries that guess the language of any text
(lingua, langdetect, fastText) need longer ones than "Ana vive em Lisboa", and megabytes.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence

from coterie.memory.words import CJK, words

# Without accents, as words() gives them. A word of two languages votes for both.
_VOTERS = {
    language: frozenset(each.split())
    for language, each in {
        "English": "the of and is was are were has have had does do did not no my me we our she he his her they"
        " their it in on at to for with from but who this that an will would can lives live likes like loves love"
        " works work wants want moved born called named prefers plays goes went since years never always dog cat",
        "German": "der die das den dem ein eine einen einem einer und ist war sind bin hat habe hatte nicht kein keine"
        " ich mein meine meinen wir sie er sein seine ihr ihre es in im am zu zum zur auf fur mit von aus bei aber"
        " wohnt wohne lebt lebe mag liebt liebe arbeitet arbeite will mochte heisst heisse isst esse geht spielt seit"
        " jahre schwester bruder sohn tochter hund katze",
        "Spanish": "el la los las un una unos es era son soy esta estoy ha he tiene tengo no mi mis su sus se lo le"
        " yo en con para por de del al que pero vive vivo gusta gustan me encanta trabaja trabajo quiere quiero llama"
        " llamo nacio come como anos desde nunca siempre hermana hijo hija perro gato muy hay",
        "Portuguese": "os as um uma eh era sao sou esta estou tem tenho nao meu minha meus minhas seu sua eu ele"
        " ela em no na nos nas com para por de do da dos das ao que mas vive vivo mora moro gosta gosto adora adoro"
        " trabalha trabalho quer quero chama chamo nasceu come anos desde nunca sempre irma filho filha cao gato"
        " muito ha",
        "French": "le la les un une des et est etait sont suis ai as qu ne pas mon ma mes son sa ses il"
        " elle je nous on en dans avec pour par de du au aux que mais vit habite aime adore travaille veut appelle"
        " mange ans depuis jamais toujours soeur fils fille chien chat tres",
        "Italian": "il lo la gli le un una uno era sono ha ho non mio mia miei suo sua io lui lei si in con per da"
        " di del della nel nella al alla che ma vive vivo abita abito piace piacciono mi lavora lavoro vuole voglio"
        " chiama chiamo mangia anni mai sempre sorella figlio figlia cane gatto molto",
        "Dutch": "de het een en is was zijn ben heeft heb had niet geen ik mijn we wij ze zij hij haar er in op aan te"
        " voor met van uit bij maar dat die woont woon houdt hou werkt werk wil heet eet gaat speelt sinds jaar nooit"
        " altijd hond kat naar",
        "Swedish": "och ar var har hade inte ingen jag min mitt mina vi hon han sin sitt det den en ett pa till for"
        " med fran av men som bor gillar alskar arbetar jobbar vill heter ater gar spelar sedan aldrig alltid hund"
        " katt",
        "Polish": "jest byl byla sa jestem ma mam nie moj moja moje jego jej on ona sie we na do ze od dla po ale"
        " ktory mieszka mieszkam lubi lubie kocha pracuje chce nazywa je lat nigdy zawsze pies psa kot kota to",
        "Turkish": "ve bir bu da de icin ile ben benim onun cok ama degil var yok oturuyor yasıyor yasıyorum seviyor"
        " seviyorum calısıyor calısıyorum istiyor adı adım yıl yasında kopek kedi",
    }.items()
}
_CLEAR_VOTES = 2
_UNSHARED_WORDS = 2
"""Fewer words than that which the user did not say show no language."""
_FOREIGN = 0.25
"""The most votes of another language in what was said, as a share of those of its own: neighbours share words."""
_HEARD = 0.2
"""The share of a script in what was said from which on it counts as spoken."""


def language(text: str) -> str | None:
    """Return the language of a text in Latin letters by its English name; None where the vote is not clear.

    >>> language("Eu moro em Lisboa"), language("Lisboa")
    ('Portuguese', None)
    """
    return _voted(words(text))


def other_language(text: str, said: str) -> str | None:
    """Say in which other language or script than the words said a text is; None if it is the same, or not clear.

    >>> other_language("Ana lives in Lisbon", "Eu moro em Lisboa")
    'English'
    """
    heard = words(said)
    known = set(heard)
    new = [word for word in words(text) if word not in known and not word.isdigit()]
    scripts, spoken = Counter(map(_script, new)), Counter(map(_script, heard))
    if len(new) < _UNSHARED_WORDS or not heard:
        return None
    script, number = scripts.most_common(1)[0]
    if script != "LATIN" and number * 2 > len(new) and spoken[script] < _HEARD * len(heard):
        return None if script == "CJK" and spoken["KANA"] else script.capitalize()
    if script == "LATIN" and number == len(new) and not spoken["LATIN"] and any(map(str.isalpha, said)):
        return _voted(words(text)) or "Latin letters"
    ours, theirs, votes = _voted(words(text)), _voted(heard), _votes(heard)
    return ours if ours and theirs and votes[ours] <= _FOREIGN * votes[theirs] else None


def _voted(found: Sequence[str]) -> str | None:
    (first, most), (_, second) = _votes(found).most_common(2)
    return first if most >= _CLEAR_VOTES and most >= 2 * second else None


def _votes(found: Sequence[str]) -> Counter[str]:
    return Counter({name: sum(word in voters for word in found) for name, voters in _VOTERS.items()})


def _script(word: str) -> str:
    """The script of a word by its first letter: the first word of the letter's Unicode name. Digits have none."""
    letter = next((character for character in word if character.isalpha()), "")
    name = unicodedata.name(letter, "").partition(" ")[0] if letter else ""
    if name in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"):
        return "KANA"
    return "CJK" if CJK.fullmatch(letter) and name != "HANGUL" else name
