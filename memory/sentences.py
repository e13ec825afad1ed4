"""The sentences of a text: which of them state something, and which only ask. Pure functions, for many languages."""

import re
from collections.abc import Iterator

from coterie.memory.words import words

_ENDS = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？｡؟।])|\n+")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Sra|Srta|Jr|No|Nr|vs|etc|e\.g|i\.e|z\.B|approx|Ave|Inc|Ltd|Co)\.$"
)
_MARKED = re.compile(r"(?:[?？؟⸮\u037e]|[\u0370-\u03ff].*;)[\"'”’)\]»」』!！]*$", re.DOTALL)  # Greek asks with ";"
# English questions are often written without a question mark, and then without a full stop: "what time is it". With one
# only the plainest ask: "What matters is the sea." states something.
_ASKED_BEFORE = r"^(?:and |so |but |ok,? |hey,? )*"
_AUXILIARY = "(?:is|are|was|were|do|does|did|have|has|can|could|should|will|would)"
_UNMARKED = re.compile(
    rf"{_ASKED_BEFORE}(?:(?:what|where|when|who|why|how|which|whose)(?:['’]s|\s+{_AUXILIARY})(?! (?:why|more|worse)\b)"
    r"|(?:do|did|does|am|is|are|was|were|has) (?:i|my|we|our|you)|have (?:i|we|you)|(?:is|are) there"
    r"|(?:can|could|would|will) you|(?:kannst|könntest|würdest) du)\b",
    re.I,
)
_UNMARKED_AND_OPEN = re.compile(
    rf"{_ASKED_BEFORE}(?:what|which|whose|how)\s+(?!(?:i|my|we|our|you|he|she|it|they|an?|the|this|that)\b)\w+\s+"
    rf"(?:\w+\s+)?(?:{_AUXILIARY}|(?:i|we|you))\b(?!.*[.!]$)",
    re.I,
)
# "Can you find a place for my dog Rex?" tells of a dog, "What should I cook for my wife?" of a wife; "Can you tell me
# where I live?" tells nothing.
_REQUEST = re.compile(
    r"\b(?:(?:can|could|would|will) you|(?:what|which|where|how)\b.{0,30}\b(?:should|can|could|shall) (?:i|we)"
    r"|(?:kannst|könntest|würdest) du|(?:können|könnten|würden) sie|podes|pode|poderias?|puedes?|podrías?"
    r"|peux-tu|pouvez-vous|pourrais-tu|pourriez-vous|puoi|potresti|kun je)\b",
    re.I,
)
_ABOUT_WHAT_IS_KNOWN = re.compile(
    r"\b(?:tell|remind|say|know|check|remember|sagen|dizer|decir|dire)\b.*"
    r"\b(?:if|whether|where|what|who|when|which|how|about|ob|wo|wie|was|wer|se|onde|si|dónde|où|dove)\b",
    re.I,
)
_CLAUSE = re.compile(r"\s*[,;:–—，；]\s*(?!\s*(?:or|oder|ou|o|oppure|of|или|还是)\b)|\s+-\s+")
_ASKING_CLAUSE = re.compile(
    r"^\W*(?:(?:and|so|but|hey|hi|ok|then|please)\W+)*(?:do|does|did|am|is|are|was|were|have|has|had|can|could|should"
    r"|would|will|shall|may|what|where|when|who|whom|whose|why|how|which|if|whether|wo|was|wer|wann|wie|warum|ob|qué"
    r"|dónde|cuándo|quién|cómo|onde|quando|quem|como|où|quand|qui|comment|dove|chi|waar|wat|wie)\b",
    re.I,
)
_ASSENT = frozenset(
    "yes yeah yep yup right exactly correct true indeed sure ja genau richtig stimmt si exacto correcto claro sim exato"
    " isso certo oui exact esatto certo giusto klopt tak evet да верно точно".split()
)
_ASSENT_IN_FULL = re.compile("^(?:是|对|對|はい|そう|ええ|네|맞)")


def sentences(text: str) -> list[str]:
    """Split a text into sentences: at . ! ? before white space, at 。！？؟ and the like anywhere, at line ends."""
    joined: list[str] = []
    for part in (part.strip() for part in _ENDS.split(text) if part and part.strip()):
        if joined and _ABBREVIATED.search(joined[-1]):
            joined[-1] += " " + part
        else:
            joined.append(part)
    return joined


def marked_as_question(sentence: str) -> bool:
    """Whether a sentence ends as questions are written."""
    return bool(_MARKED.search(sentence))


def asks(sentence: str) -> bool:
    """Whether a sentence is a question."""
    return bool(_MARKED.search(sentence) or _UNMARKED.match(sentence) or _UNMARKED_AND_OPEN.match(sentence))


def questions(text: str) -> str:
    """Return the questions of a text."""
    return " ".join(sentence for sentence in sentences(text) if marked_as_question(sentence))


def stated(text: str) -> str:
    """Return the text without what it only asks.

    >>> stated("Do I live in Lisbon? I have a dog.")
    'I have a dog.'
    >>> stated("I moved to Berlin, did I say so?"), stated("Can you find a place for my dog Rex?")
    ('I moved to Berlin', 'Can you find a place for my dog Rex?')
    """
    return "\n".join(part for sentence in sentences(text) for part in _stated(sentence))


def clauses(sentence: str) -> list[str]:
    """The parts of a sentence between its commas, colons and dashes."""
    return _CLAUSE.split(sentence)


def asks_indirectly(clause: str) -> bool:
    """Whether a clause begins as questions do, also indirect ones: "whether it rains"."""
    return bool(_ASKING_CLAUSE.match(clause))


def beside_asking(sentence: str) -> str:
    """What a question says beside what it asks: the clauses before the first that asks; after "can you", the others.

    >>> beside_asking("I'm vegan, by the way, where do I eat?"), beside_asking("Is it big, or small?")
    ("I'm vegan, by the way", '')
    >>> beside_asking("Can you find a doctor, my knee hurts?")
    'my knee hurts'
    """
    ends = list(_CLAUSE.finditer(sentence))
    if not ends:
        return ""
    first, after = sentence[: ends[0].start()], sentence[ends[0].end() :].rstrip("?？!. ")
    if _REQUEST.search(first):
        return "" if asks_indirectly(after) else after
    asking = next((end for end in ends if asks_indirectly(sentence[end.end() :])), ends[-1])
    return "" if asks_indirectly(first) else sentence[: asking.start()]


def answers(text: str) -> bool:
    """Whether a text begins with a "yes", in one of a dozen languages."""
    return bool(_ASSENT.intersection(words(text)[:2]) or _ASSENT_IN_FULL.match(text.strip()))


def _stated(sentence: str) -> Iterator[str]:
    """What a sentence states: all of it, or of a question the clauses before the one that asks."""
    requested = _REQUEST.search(sentence) and not _ABOUT_WHAT_IS_KNOWN.search(sentence)
    if not asks(sentence) or requested:
        yield sentence
    else:
        yield from (clause for clause in _CLAUSE.split(sentence)[:-1] if not _ASKING_CLAUSE.match(clause))
