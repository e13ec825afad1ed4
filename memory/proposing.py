"""The store's verbs about proposals: what was refused, and what is held until somebody decides."""

from datetime import UTC, datetime

from coterie.errors import ConflictError, NotFoundError
from coterie.memory import inputs, proposals, reach, writing
from coterie.memory.approval import edit_of
from coterie.memory.connecting import Connected
from coterie.memory.draft import Draft
from coterie.memory.edits import Applied, Change, KeptProposal, ProposalStatus
from coterie.memory.flow import in_thread
from coterie.memory.values import Scope


class Proposing(Connected):
    """Lists the proposals that were not simply applied, and decides on those that are held."""

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

    def accept_proposal(self, user_id: str, proposal_id: str) -> Applied:
        """Apply a proposal that is held, in one transaction, against the versions that the curator read.

        A person decides, so the revisions have them as the actor; they name the turn that it was made of.

        Raises:
            NotFoundError: the user has no such proposal.
            ConflictError: it is not held, or a memory that it would change was changed or removed. It stays as it is.
            EmbeddingError: the embedding model failed. It stays held.
        """
        owner = inputs.key("user_id", user_id)
        with self._reading(reach.of_user(owner)) as connection:
            held = proposals.get(connection, owner, proposal_id)
        edit = edit_of(held)

        def work(draft: Draft) -> Applied:
            proposals.decide(draft.connection, owner, proposal_id, "accepted", draft.at)
            return writing.apply(draft, [edit])[0]

        scope = Scope(owner, held.team_id, held.agent_id)
        change = Change("person", held.agent_id, held.team_id, held.run_id, held.turn_id)
        try:
            return self._drafted(scope, change, work, [edit])
        except (ConflictError, NotFoundError) as error:
            raise ConflictError(
                f"The proposal {proposal_id!r} was not accepted, for something was changed since it was made. {error}"
            ) from error

    def reject_proposal(self, user_id: str, proposal_id: str) -> None:
        """Mark a proposal that is held as rejected: nothing of it is applied.

        Raises:
            NotFoundError: the user has no such proposal.
            ConflictError: it is not held.
        """
        owner = inputs.key("user_id", user_id)
        with self._writing(reach.of_user(owner)) as connection:
            proposals.get(connection, owner, proposal_id)
            proposals.decide(connection, owner, proposal_id, "rejected", datetime.now(UTC))

    aproposals = in_thread(proposals)
    aaccept_proposal = in_thread(accept_proposal)
    areject_proposal = in_thread(reject_proposal)
