"""Telling what is said to state something from chatter, questions and requests. Pure functions, for many languages."""

import re

from coterie.memory.compare import telling
from coterie.memory.sentences import answers, marked_as_question
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
    " tschuss schon gut alles klar hilft geholfen sehr lieb nett spater kind sweet"
    " bonjour salut bonsoir merci beaucoup oui non d accord revoir bien ciao"
    " buongiorno buonasera grazie mille привет здравствуите спасибо большое да нет пока хорошо добрыи день"
    " вечер утро مرحبا شكرا نعم لا السلام عليكم".split()
)
_CHATTER_IN_FULL = re.compile(
    r"(?:你好|您好|谢谢|謝謝|多谢|再见|好的|好|是的|对|嗯|こんにちは|こんばんは|おはよう(?:ございます)?|ありがとう(?:ございます|ございました)?"
    r"|はい|いいえ|さようなら|안녕하세요|감사합니다|고마워요?|네|아니요)[。！!.,、~〜\s]*"
)
_CHATTER_PHRASE = re.compile(
    r"\W*(?:(?:good|best of) luck|(?:good|great|nice) job|well done|no worries|talk (?:to you )?(?:soon|later)"
    r"|same here|keep it up|you(?:['’]re| are) welcome|viel glück|buena suerte|boa sorte|bonne chance|buona fortuna)\b"
    r"\W*(\w+\W*)?",
    re.IGNORECASE,
)
# "Thanks, Mel!", but not "Yes, Lisbon."
_VOCATIVE = re.compile(r",?\s+[A-ZÀ-Þ]\w+\W*$")
# English asks and requests are often written without a question mark.
_ASKED = re.compile(
    r"^(?:and |so |but |ok,? |hey,? |please,? )*(?:what|what's|who|whom|whose|where|when|why|how|which|can you|"
    r"could you|would you|will you|do you|did you|are you|is there|are there|tell me|show me|give me|explain|please)\b",
    re.IGNORECASE,
)

# "Forget about the boat, please." and "Remember that!" are for a curator that can do it.
_TO_FORGET = re.compile(
    r"\W*(?:(?:please|just|ok(?:ay)?|bitte|por favor|per favore|s['’]il te pla[iî]t)\W+)*"
    r"(?:forget|delete|remove|erase|vergiss|l[öo]sch\w*|olvida\w*|borra\w*|esque[cç]\w*|apaga\w*|oublie\w*|efface\w*"
    r"|dimentica\w*|cancella\w*|vergeet|verwijder|забудь\w*|удали\w*)\b",
    re.IGNORECASE,
)
_TO_REMEMBER = re.compile(
    r"\W*(?:please\W+)?(?:remember|note|merk dir|merke dir|recuerda|lembra|souviens-toi|ricorda)\b\W*"
    r"(?:(?:it|this|that|das|es|esto|isso|lo)\b\W*)?(?:please\W*|bitte\W*)?",
    re.IGNORECASE,
)

_ONESELF = re.compile(
    r"\b(?:i|my|mine|we|our|ours|us|ich|mein\w*|wir|unser\w*|yo|soy|mis?|nuestr\w+|eu|sou|meus?|minhas?|noss[oa]s?|je|mon"
    r"|mes|nous|notre|io|mio|mia|miei|nostr\w+|ik|mijn|wij|ons|onze|я|мо[йяёеи]\w*|мы|наш\w*)\b",
    re.IGNORECASE,
)


def of_oneself(sentence: str) -> bool:
    """Whether somebody speaks of themselves in it, in one of a dozen languages. "Tell me" is no such thing."""
    return bool(_ONESELF.search(sentence))


def is_statement(sentence: str) -> bool:
    """Whether a sentence states something: no question, no request, no greeting, thanks or mere assent."""
    if marked_as_question(sentence) or _ASKED.match(sentence) or _CHATTER_IN_FULL.fullmatch(sentence.strip()):
        return False
    if len(words(sentence)) < 2 or _CHATTER_PHRASE.fullmatch(sentence):
        return False
    if _TO_FORGET.match(sentence) or _TO_REMEMBER.fullmatch(sentence):
        return False
    addressed = _VOCATIVE.sub("", sentence)
    greeting = telling(addressed)
    if addressed != sentence and greeting and not answers(sentence) and all(word in _CHATTER for word in greeting):
        return False
    return any(word not in _CHATTER for word in telling(sentence))
