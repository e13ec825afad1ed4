"""Who decides what is kept of a turn: the `Curator` protocol, and the curator that asks a model."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, Field

from coterie.memory.asking import Held
from coterie.memory.edits import ProposedOperation
from coterie.memory.evidence import DEFAULT_LIMITS, CurationLimits, Proposal
from coterie.memory.flow import Flow
from coterie.memory.prompt import DEFAULT_RULES, Rules, answer_form, introduction, question
from coterie.memory.values import Turn, UserMemory

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage


class Curator(Protocol):
    """Proposes edits. What it proposes is checked and applied by others: a curator never writes."""

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        """Return the edits to make because of a turn.

        Args:
            turn: what was said, and when.
            before: the turns before it in the session, oldest first: for understanding, they are curated already.
            known: the stored memories it may touch; a proposal's targets count them from 1.

        Raises:
            CurationError: there is no usable answer.
        """


class ProposedEdit(BaseModel):
    """One edit, as the model answers it."""

    op: ProposedOperation
    targets: list[int] = Field(default_factory=list)
    quote: str = ""
    memory: str = ""
    topics: list[str] = Field(default_factory=list)
    reason: str = ""


class MemoryEdits(BaseModel):
    """What the model answers. Whether there is anything at all comes first: it makes small models modest."""

    personal: bool
    edits: list[ProposedEdit] = Field(default_factory=list)


class ModelCurator:
    """Asks a chat model, once per turn.

    Args:
        model: any LangChain chat model.
        limits: how much it is shown and may answer.
        rules: what it is told, and which operations it is offered.
    """

    def __init__(
        self, model: "BaseChatModel", limits: CurationLimits = DEFAULT_LIMITS, rules: Rules = DEFAULT_RULES
    ) -> None:
        self.model = model
        self.limits = limits
        self.rules = rules

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        """Ask the model. See `Curator.propose`."""
        answer = yield from self._held.asking([*self._introduction, question(turn, before, known, self.limits)])
        return [_proposal(edit) for edit in answer.edits] if answer.personal else []

    @cached_property
    def _introduction(self) -> "list[BaseMessage]":
        """LangChain's messages of it, made once: they are most of the prompt."""
        from langchain_core.messages import convert_to_messages

        return convert_to_messages(introduction(self.rules))

    @cached_property
    def _held(self) -> Held[MemoryEdits]:
        return Held(self.model, MemoryEdits, answer_form(self.limits, self.rules.operations))


def _proposal(edit: ProposedEdit) -> Proposal:
    """Small models number the targets of an addition too: it has none."""
    return Proposal(
        op=edit.op,
        memory="" if edit.op in ("delete", "clear") else edit.memory,
        targets=() if edit.op in ("add", "clear") else tuple(edit.targets),
        topics=tuple(edit.topics),
        reason=edit.reason,
        quote=edit.quote,
    )
