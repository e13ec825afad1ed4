"""The curator that needs no model: it keeps what the user states, as it was said."""

import re
import textwrap
from collections.abc import Iterator, Sequence

from coterie.memory.checks import DEFAULT_LIMITS, CurationLimits, Proposal
from coterie.memory.compare import telling
from coterie.memory.flow import Flow
from coterie.memory.prompt import excerpt
from coterie.memory.sentences import marked_as_question, sentences
from coterie.memory.values import Message, Turn, UserMemory
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
    " tschuss schon gut alles klar bonjour salut bonsoir merci beaucoup oui non d accord revoir bien ciao"
    " buongiorno buonasera grazie mille привет здравствуите спасибо большое да нет пока хорошо добрыи день"
    " вечер утро مرحبا شكرا نعم لا السلام عليكم".split()
)
_CHATTER_IN_FULL = re.compile(
    r"(?:你好|您好|谢谢|謝謝|多谢|再见|好的|好|是的|对|嗯|こんにちは|こんばんは|おはよう(?:ございます)?|ありがとう(?:ございます|ございました)?"
    r"|はい|いいえ|さようなら|안녕하세요|감사합니다|고마워요?|네|아니요)[。！!.,、~〜\s]*"
)
# English asks and requests are often written without a question mark.
_ASKED = re.compile(
    r"^(?:and |so |but |ok,? |hey,? |please,? )*(?:what|what's|who|whom|whose|where|when|why|how|which|can you|"
    r"could you|would you|will you|do you|did you|are you|is there|are there|tell me|show me|give me|explain|please)\b",
    re.IGNORECASE,
)


class VerbatimCurator:
    """Keeps the user's statements, word for word, each with its speaker's name in front where there is one.

    Questions, greetings, thanks and chatter are left out; nothing is corrected or forgotten.
    """

    def __init__(self, limits: CurationLimits = DEFAULT_LIMITS) -> None:
        self.limits = limits

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        """Return the turn's statements. See `Curator.propose`; what is known already is left to the checks."""
        yield from ()
        return list(dict.fromkeys(self._proposals(turn)))

    def _proposals(self, turn: Turn) -> Iterator[Proposal]:
        for message in turn.messages:
            if message.role == "user":
                for statement in self._statements(message):
                    name = f"{message.name}: " if message.name else ""
                    yield Proposal("add", name + statement, reason="said by the user", quote=statement)

    def _statements(self, message: Message) -> Iterator[str]:
        room = self.limits.max_characters - len(message.name or "") - len(": ")
        for sentence in sentences(excerpt(message.content, self.limits.max_turn_characters)):
            if is_statement(sentence):
                yield from textwrap.wrap(sentence, max(room, 20))


def is_statement(sentence: str) -> bool:
    """Whether a sentence states something: no question, no request put as one, no greeting, thanks or mere assent."""
    if marked_as_question(sentence) or _ASKED.match(sentence) or _CHATTER_IN_FULL.fullmatch(sentence.strip()):
        return False
    if len(words(sentence)) < 2:
        return False
    return any(word not in _CHATTER for word in telling(sentence))
