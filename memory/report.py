"""What became of one turn, as a value and in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from coterie.errors import CoterieError, CurationError, EmbeddingError
from coterie.memory.edits import Applied, KeptProposal
from coterie.memory.evidence import Refused
from coterie.memory.optimizing import Optimized
from coterie.text import one_line

_MARKS = {"add": "+", "update": "~", "merge": "~", "delete": "-"}


@dataclass(frozen=True)
class CurationReport:
    """What became of one turn: the edits that were applied, held or refused and why, or the error."""

    turn_id: str
    applied: tuple[Applied, ...] = ()
    refused: tuple[Refused, ...] = ()
    held: tuple[KeptProposal, ...] = ()
    """What waits for somebody to decide: `MemoryManager.accept`, `MemoryManager.reject`."""
    error: CurationError | EmbeddingError | None = None
    """Why the turn is not curated. None: it is."""
    model_calls: int = 0
    """How often a model was asked to curate it."""
    shown: tuple[str, ...] = ()
    """The ids of the memories that the curator was shown, to change or to leave: the last time, if it was twice."""
    optimized: Optimized | None = None
    """What putting the user's memories into fewer words did, if they had grown too large."""
    optimizing_error: CoterieError | None = None
    """Why that failed. Nothing was changed by it."""

    def __str__(self) -> str:
        return "\n".join(self.lines()) or "nothing to keep"

    def lines(self) -> Iterator[str]:
        """A line for each change, refusal and failure. What is known already (=) is no failure."""
        for applied in self.applied:
            yield from change_lines(applied)
        for held in self.held:
            yield f"? {proposal_text(held)} ({held.why}: accept or reject it)"
        for refused in self.refused:
            known = refused.reason.startswith("known already: ")
            yield f"= {refused.reason}" if known else f"refused: {refused.reason}"
        if self.error is not None:
            yield f"not curated yet, the turn is kept: {self.error}"
        if self.optimized is not None and self.optimized.swaps:
            yield f"optimized: {self.optimized.summary}"
        if self.optimizing_error is not None:
            yield f"not optimized: {self.optimizing_error}"


def change_lines(applied: Applied) -> Iterator[str]:
    """A line for each memory that an edit added (+), changed (~) or removed (-)."""
    for revision in applied.revisions:
        value = revision.after or revision.before
        yield f"{_MARKS.get(revision.op, '~')} {value.memory if value else revision.memory_id}"


def proposal_text(proposal: KeptProposal) -> str:
    """What a proposal would do, in a line.

    An update or merge as "before -> after", a removal as "delete before".
    """
    before, after = "; ".join(map(one_line, proposal.before)), one_line(proposal.memory)
    if not after:
        return f"{proposal.op} {before}".rstrip()
    return f"{before} -> {after}" if before else after
