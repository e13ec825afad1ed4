"""What becomes of a curator's proposals: applied, held for a person, or refused. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from coterie.memory.approval import kept, unsure
from coterie.memory.checks import concealed, placed, sorted_out, tidied
from coterie.memory.clearing import asks_to_forget_everything
from coterie.memory.edits import Clear, Edit, KeptProposal, ProposedOperation
from coterie.memory.evidence import CurationLimits, Evidence, Proposal, Refused
from coterie.memory.prompt import OPERATIONS

SWITCHES: dict[ProposedOperation, str] = {
    "add": "add_memories",
    "update": "update_memories",
    "merge": "update_memories",
    "delete": "delete_memories",
    "clear": "clear_memories",
}
"""The setting of a memory manager that allows an operation."""


@dataclass(frozen=True)
class Policy:
    """What may come of a turn."""

    limits: CurationLimits = field(default_factory=CurationLimits)
    operations: tuple[ProposedOperation, ...] = OPERATIONS
    """What may be done; anything else that is proposed is refused."""
    approval: Literal["ask"] | None = None
    """ "ask" holds what is unsure until somebody decides. None: what passes the checks is applied."""


@dataclass(frozen=True)
class Decided:
    """What becomes of the proposals of a turn."""

    edits: tuple[Edit, ...]
    held: tuple[KeptProposal, ...]
    refused: tuple[Refused, ...]

    def kept(self, evidence: Evidence) -> list[KeptProposal]:
        """What the store keeps of it beside the edits: what is held, and the first of what was refused."""
        first = self.refused[: max(evidence.limits.max_refused, 0)]
        return [*self.held, *(kept("refused", one.proposal, one.reason, evidence) for one in first)]


def decided(proposals: Sequence[Proposal], evidence: Evidence, policy: Policy) -> Decided:
    """Sort proposals into edits to apply, edits to hold, and refusals."""
    passed: list[tuple[Proposal, Edit]] = []
    refused: list[Refused] = []
    rest: list[Proposal] = []
    for proposal in (placed(one, evidence) for one in proposals):
        why = switched_off(proposal, policy.operations)
        if proposal.op == "clear":
            why = why or not_meant(evidence) or ("proposed twice" if passed else None)
            if not why:
                cleared = tidied(replace(proposal, memory="", targets=(), topics=()), evidence)
                passed.append((cleared, Clear(cleared.reason)))
        elif not why:
            rest.append(proposal)
        if why:
            refused.append(Refused(concealed(tidied(proposal, evidence)), why))
    # What is forgotten is not there any more to be corrected, or to be known already.
    after = replace(evidence, known=()) if passed and policy.approval is None else evidence
    more, wrong = sorted_out(rest, after)
    passed += more
    doubts = [unsure(edit) if policy.approval == "ask" else None for _, edit in passed]
    return Decided(
        tuple(edit for (_, edit), doubt in zip(passed, doubts, strict=True) if not doubt),
        tuple(
            kept("held", proposal, doubt, evidence)
            for (proposal, _), doubt in zip(passed, doubts, strict=True)
            if doubt
        ),
        (*refused, *wrong),
    )


def switched_off(proposal: Proposal, operations: Sequence[ProposedOperation]) -> str | None:
    """Refuse an operation that the memory manager does not allow. One that does not exist is left to the checks."""
    if proposal.op in operations or proposal.op not in SWITCHES:
        return None
    return f"{proposal.op} is switched off ({SWITCHES[proposal.op]}=False)"


def not_meant(evidence: Evidence) -> str | None:
    """Refuse to forget everything unless the user asks for just that."""
    return None if asks_to_forget_everything(evidence.said) else "the user did not ask to forget everything"
