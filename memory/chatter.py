"""Telling what is said to state something from chatter, questions and requests. Pure functions, for many languages."""

import re
from collections.abc import Iterator

from coterie.memory.compare import telling
from coterie.memory.requests import is_bare_request, of_oneself
from coterie.memory.sentences import answers, asks, asks_indirectly, beside_asking, clauses
from coterie.memory.words import words

# Greetings, thanks and assent. Without accents, as words() gives them.
_CHATTER = frozenset(
    "hi hello hey hiya howdy yo morning afternoon evening night good day bye goodbye later soon see ya cheers"
    " thanks thank thx ty much lot many welcome please sorry ok okay okey yes yeah yep yup no nope nah sure"
    " right exactly indeed great nice cool awesome perfect wonderful amazing fantastic lovely excellent"
    " brilliant super fine wow oh ah hmm haha lol well got understood absolutely definitely certainly agreed"
    " true really so very all again everything everyone there that s it thats helpful helps help sounds looks"
    " interesting makes sense congrats congratulations take care have too ola oi bom boa dia tarde noite"
    " obrigado obrigada muito sim nao tchau adeus ate logo hola buenos buenas dias tardes noches gracias muchas"
    " si vale adios hasta luego hallo servus moin guten morgen tag abend danke vielen dank bitte ja nein genau"
    " tschuss schon gut alles klar hilft geholfen sehr lieb nett spater kind sweet dank je wel"
    " bonjour salut bonsoir merci beaucoup oui non d accord revoir bien ciao"
    " buongiorno buonasera grazie mille привет здравствуите спасибо большое да нет пока хорошо добрыи день"
    " вечер утро مرحبا شكرا نعم لا السلام عليكم".split()
)
_CHATTER_IN_FULL = re.compile(
    r"(?:你好|您好|谢谢你?|謝謝你?|多谢|再见|好的|好|是的|对|嗯|こんにちは|こんばんは|おはよう(?:ございます)?|ありがとう(?:ございます|ございました)?"
    r"|はい|いいえ|さようなら|안녕하세요|감사합니다|고마워요?|네|아니요)[。！!.,、~〜\s]*"
)
_CHATTER_PHRASE = re.compile(
    r"\W*(?:(?:good|best of) luck|(?:good|great|nice) job|well done|no worries|talk (?:to you )?(?:soon|later)"
    r"|excuse me|(?:see you|bis|hasta|até|à|a|tot)(?= (?:tomorrow|morgen|bald|mañana|amanhã|bientôt|domani|ziens))"
    r"|same here|keep it up|you(?:['’]re| are) welcome|viel glück|buena suerte|boa sorte|bonne chance|buona fortuna)\b"
    r"\W*(\w+\W*)?",
    re.IGNORECASE,
)
_EXCLAMATION = re.compile(r"\W*what an?\b", re.IGNORECASE)
# "Thanks, Mel!", but not "Yes, Lisbon.", and not "A good day in Lisbon!"
_VOCATIVE = re.compile(r"(?<! in)(?<! at)(?<! to)(?<! of),?\s+[A-ZÀ-Þ]\w+\W*$")

# "Forget about the boat, please." and "Remember that!" are for a curator that can do it.
_TO_FORGET = re.compile(
    r"\W*(?:(?:please|just|ok(?:ay)?|bitte|por favor|per favore|s['’]il te pla[iî]t)\W+)*"
    r"(?:forget|delete|remove|erase|vergiss|l[öo]sch\w*|olvida\w*|borra\w*|esque(?:ce|ça)\w*|apaga\w*|oublie\w*|efface\w*"
    r"|dimentica\w*|cancella\w*|vergeet|verwijder|забудь\w*|удали\w*)\b",
    re.IGNORECASE,
)
_TO_REMEMBER = re.compile(
    r"\W*(?:please\W+)?(?:remember|note|merk dir|merke dir|recuerda|lembra|souviens-toi|ricorda)\b\W*"
    r"(?:(?:it|this|that|das|es|esto|isso|lo)\b\W*)?(?:please\W*|bitte\W*)?",
    re.IGNORECASE,
)


def statements(sentence: str) -> Iterator[str]:
    """What a sentence states: all of it or nothing; of a question, what is said of oneself beside it.

    >>> list(statements("I'm vegetarian, where should I eat?")), list(statements("Plan me two days in Lisbon."))
    (["I'm vegetarian"], [])
    """
    if is_statement(sentence):
        yield sentence
    elif asks(sentence) and of_oneself(told := beside_asking(sentence)) and is_statement(told):
        yield told


def is_statement(sentence: str) -> bool:
    """Whether a sentence states something: no question, no bare request, no greeting, thanks or mere assent."""
    if asks(sentence) or not _tells(sentence):
        return False
    parts = clauses(sentence)
    asking = [is_bare_request(part) for part in parts]
    return not any(asking) or any(_adds(part) for part, asked in zip(parts, asking, strict=True) if not asked)


def _adds(clause: str) -> bool:
    """Whether a clause beside a request states something. "Ada" and "please" do not, nor what is asked indirectly."""
    return _tells(clause) and not asks_indirectly(clause)


def _tells(text: str) -> bool:
    if _CHATTER_IN_FULL.fullmatch(text.strip()) or len(words(text)) < 2 or _CHATTER_PHRASE.fullmatch(text):
        return False
    if _TO_FORGET.match(text) or _TO_REMEMBER.fullmatch(text):
        return False
    addressed = _VOCATIVE.sub("", text)
    greeting = telling(addressed)
    if addressed != text and greeting and not answers(text) and all(word in _CHATTER for word in greeting):
        return False
    if _EXCLAMATION.match(text):
        return of_oneself(text)
    return any(word not in _CHATTER for word in telling(text))
