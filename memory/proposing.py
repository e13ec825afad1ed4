"""The store's verbs about proposals: what was refused, and what is held until somebody decides."""

from coterie.memory import inputs, proposals, reach
from coterie.memory.connecting import Connected
from coterie.memory.edits import KeptProposal, ProposalStatus
from coterie.memory.flow import in_thread


class Proposing(Connected):
    """Lists the proposals that were not simply applied."""

    def proposals(self, user_id: str, status: ProposalStatus, limit: int | None = 20) -> list[KeptProposal]:
        """A user's proposals of one status, the newest first.

        Args:
            user_id: Whose.
            status: "refused" by a check, "held" until somebody decides, "accepted" or "rejected" by then.
            limit: How many at most; None for all.
        """
        owner = inputs.key("user_id", user_id)
        with self._reading(reach.of_user(owner)) as connection:
            return proposals.newest(connection, owner, status, limit)

    aproposals = in_thread(proposals)
