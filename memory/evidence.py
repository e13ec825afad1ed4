"""What a curator proposes, and what that is judged by: the turn, what was before it, and what is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from coterie.memory.compare import asks_to_forget, fronts, telling
from coterie.memory.edits import ProposedOperation
from coterie.memory.introductions import introduced
from coterie.memory.plain import visible
from coterie.memory.sentences import answers, asks, questions, sentences, stated
from coterie.memory.values import Message, Turn, UserMemory
from coterie.memory.words import words


@dataclass(frozen=True)
class CurationLimits:
    """How much one turn may do, and how much of it the curator is shown. Lengths are in characters."""

    max_edits: int = 10
    """Edits made from one turn; what is proposed beyond is refused. A model that loops cannot flood the store."""
    max_characters: int = 400
    """The longest statement that is kept."""
    max_topics: int = 3
    """Topics of a statement; more are left out."""
    max_turn_characters: int = 6_000
    """How much of a turn the curator sees; of a longer message, its head and its tail. The store keeps all of it."""
    turns_before: int = 2
    """How many turns before it in the session are shown, for understanding only. 0: none."""
    max_before_characters: int = 1_000
    """How much of each of those."""
    max_refused: int = 10
    """How many refused proposals of a turn the store keeps, with their reasons. The report has all."""
    max_known: int = 6
    """How many stored memories are shown: the ones most like the turn, then the newest. 0: none."""


DEFAULT_LIMITS = CurationLimits()


@dataclass(frozen=True)
class Proposal:
    """An edit that a curator would make. ``targets`` are positions in the list of memories it was shown, from 1."""

    op: ProposedOperation
    memory: str = ""
    targets: tuple[int, ...] = ()
    topics: tuple[str, ...] = ()
    reason: str = ""
    quote: str = ""
    """The words of the turn that support it."""


@dataclass(frozen=True)
class Refused:
    """A proposal that was not carried out, and why. A secret in it is masked."""

    proposal: Proposal
    reason: str


_ANSWER_WORDS = 4
"""A turn with no more telling words than these may be an answer that says nothing by itself."""


@dataclass(frozen=True)
class Evidence:
    """What a proposal is judged by.

    ``known`` are the memories the curator was shown, in that order; ``before`` the turns before this one; ``later`` the
    ids of the memories among those known that were learnt after the turn.
    """

    turn: Turn
    before: Sequence[Turn] = ()
    known: Sequence[UserMemory] = ()
    limits: CurationLimits = DEFAULT_LIMITS
    later: frozenset[str] = frozenset()

    @cached_property
    def said(self) -> str:
        """What the user said in the turn."""
        return visible("\n".join(message.content for message in self.turn.messages if message.role == "user"))

    @cached_property
    def stated(self) -> str:
        """What the user said, without what they only asked: "Do I live in Lisbon?" states nothing."""
        return stated(self.said)

    @cached_property
    def stated_fronts(self) -> frozenset[str]:
        """The fronts of all words that the user stated: what a quote must be made of."""
        return fronts(words(self.stated))

    @cached_property
    def wished_fronts(self) -> frozenset[str]:
        """The same, and the questions that ask to forget: "Would you forget my address?"."""
        wishes = (sentence for sentence in sentences(self.said) if asks(sentence) and asks_to_forget(sentence))
        return self.stated_fronts | fronts(words(" ".join(wishes)))

    @cached_property
    def grounds(self) -> frozenset[str]:
        """The fronts of the telling words that a statement may draw on.

        After a bare "Yes, exactly!" the words may come from what it answers.
        """
        told = telling(self.stated)
        may_answer = words(self.stated) and len(told) <= _ANSWER_WORDS
        return fronts(told + telling(self.answered)) if may_answer else fronts(told)

    @cached_property
    def answered(self) -> str:
        """What the user answers: the questions they were asked last; without any, what a "yes" agrees to."""
        last = next((one.content for one in reversed(self.heard) if one.role == "assistant"), "")
        return questions(visible(last)) or (visible(last) if answers(self.stated) else "")

    @cached_property
    def heard(self) -> list[Message]:
        """The messages of the turns before, and of this one up to the user's last words."""
        return [*(one for turn in self.before for one in turn.messages), *self.turn.up_to_reply]

    @cached_property
    def around(self) -> frozenset[str]:
        """The fronts of the telling words of what was heard, whoever said them."""
        said = (one.content for one in self.heard if one.role in ("user", "assistant"))
        return fronts(telling(visible("\n".join(said))))

    @cached_property
    def others_words(self) -> list[frozenset[str]]:
        """The fronts of the telling words of each thing that was read, and is no news: memories, answers, tools."""
        texts = [memory.memory for memory in self.known]
        texts += [one.content for one in self.heard if one.role != "user"]
        return [fronts(telling(visible(text))) for text in texts]

    @cached_property
    def speakers(self) -> frozenset[str]:
        """The words in the names of those who speak."""
        names = (message.name for message in self.turn.messages if message.name and message.role == "user")
        return frozenset(words(" ".join(names)))

    @cached_property
    def names(self) -> frozenset[str]:
        """The words in the user's own names: the speaker's, else those that they and the memories introduce them by."""
        if self.speakers:
            return self.speakers
        return introduced("\n".join([self.stated, *(memory.memory for memory in self.known)]))
