"""The part of a `MemoryManager` where a person looks at what the curator proposed, and decides."""

from coterie.memory.edits import Applied, KeptProposal
from coterie.memory.flow import in_thread
from coterie.memory.inputs import key
from coterie.memory.managed import Managed


class Deciding(Managed):
    """Lists what was refused and what is held, and decides on the latter."""

    def refused(self, user_id: str | None, limit: int | None = 20) -> list[KeptProposal]:
        """Return what was proposed about a user and refused by a check (``why``), the newest first."""
        return self.db.proposals(key("user_id", user_id), "refused", limit)

    def held(self, user_id: str | None, limit: int | None = 20) -> list[KeptProposal]:
        """Return what waits for a decision: with ``approval="ask"`` whatever is unsure. The newest first."""
        return self.db.proposals(key("user_id", user_id), "held", limit)

    def accept(self, proposal_id: str, user_id: str | None = None) -> Applied:
        """Apply a proposal that is held, in one transaction.

        Raises:
            NotFoundError: the user has no such proposal.
            ConflictError: it was decided on already; or a memory that it would change was changed since, then it stays
                held.
        """
        return self.db.accept_proposal(key("user_id", user_id), proposal_id)

    def reject(self, proposal_id: str, user_id: str | None = None) -> None:
        """Drop a proposal that is held: nothing of it is applied.

        Raises:
            NotFoundError: the user has no such proposal.
            ConflictError: it was decided on already.
        """
        self.db.reject_proposal(key("user_id", user_id), proposal_id)

    arefused = in_thread(refused)
    aheld = in_thread(held)
    aaccept = in_thread(accept)
    areject = in_thread(reject)
