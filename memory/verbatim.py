"""The curator that needs no model: it keeps what the user states, as it was said."""

import re
import textwrap
from collections.abc import Iterator, Sequence

from coterie.memory.chatter import statements
from coterie.memory.compare import telling
from coterie.memory.evidence import DEFAULT_LIMITS, CurationLimits, Proposal
from coterie.memory.flow import Flow
from coterie.memory.prompt import excerpt
from coterie.memory.requests import is_off_the_record
from coterie.memory.sentences import questions, sentences
from coterie.memory.values import Message, Turn, UserMemory

_TELLING_LENGTH = 3
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


class VerbatimCurator:
    """Keeps the user's statements, word for word, each with its speaker's name in front where there is one.

    Questions, bare requests, greetings, thanks, chatter and code are left out, so that of "I'm vegan, where can I eat?"
    the first half is kept. Of a message that says it is not to be remembered ("off the record"), nothing is. Nothing is
    corrected or forgotten. The topics of a statement are the most telling words of the question it answers: "The long
    ones" is found by "trails".
    """

    def __init__(self, limits: CurationLimits = DEFAULT_LIMITS) -> None:
        self.limits = limits

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        """Return the turn's statements. See `Curator.propose`; what is known already is left to the checks."""
        yield from ()
        last = before[-1].messages if before else ()
        return list(dict.fromkeys(self._proposals([*last, *turn.messages], len(last))))

    def _proposals(self, messages: Sequence[Message], first: int) -> Iterator[Proposal]:
        for place, message in enumerate(messages[first:], first):
            if message.role == "user" and not is_off_the_record(message.content):
                topics = self._topics(messages[place - 1].content) if place else ()
                name = f"{message.name}: " if message.name else ""
                for statement in self._statements(message):
                    yield Proposal("add", name + statement, (), topics, "said by the user", statement)

    def _topics(self, said: str) -> tuple[str, ...]:
        """The longest words of the questions in what was said just before: rare words are long."""
        asked = telling(questions(excerpt(said, self.limits.max_turn_characters)))
        longest = sorted(dict.fromkeys(word for word in asked if len(word) > _TELLING_LENGTH), key=len, reverse=True)
        return tuple(longest[: self.limits.max_topics])

    def _statements(self, message: Message) -> Iterator[str]:
        room = self.limits.max_characters - len(message.name or "") - len(": ")
        told = _CODE.sub("\n", excerpt(message.content, self.limits.max_turn_characters))
        for sentence in sentences(told):
            for statement in statements(sentence):
                yield from textwrap.wrap(statement, max(room, 20))
