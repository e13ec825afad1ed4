"""What is kept of the proposals that are not simply applied: those that were refused. Pure functions."""

from collections.abc import Sequence

from coterie.memory.checks import Evidence, Proposal, Refused, storable
from coterie.memory.compare import quoted
from coterie.memory.edits import KeptProposal, ProposalStatus, Ref
from coterie.memory.ids import new_id
from coterie.memory.secrets import masked


def refusals(refused: Sequence[Refused], evidence: Evidence) -> list[KeptProposal]:
    """Return what the store keeps of a turn's refusals: the first of them."""
    first = refused[: max(evidence.limits.max_refused, 0)]
    return [kept("refused", one.proposal, one.reason, evidence) for one in first]


def kept(status: ProposalStatus, proposal: Proposal, why: str, evidence: Evidence) -> KeptProposal:
    """Return a proposal as the store keeps it: the memories that it means by their ids, secrets masked."""
    turn = evidence.turn
    meant = [evidence.known[number - 1] for number in proposal.targets if 1 <= number <= len(evidence.known)]
    return KeptProposal(
        proposal_id=new_id(),
        user_id=str(turn.user_id),
        turn_id=turn.turn_id,
        run_id=turn.run_id,
        team_id=turn.team_id,
        agent_id=turn.agent_id,
        status=status,
        op=storable(str(proposal.op))[:40],
        memory=proposal.memory,
        topics=proposal.topics,
        targets=tuple(Ref(str(memory.memory_id), memory.version) for memory in meant),
        before=tuple(memory.memory for memory in meant),
        quote=masked(proposal.quote),
        trust="user" if quoted(proposal.quote, evidence.said_fronts) else "agent",
        reason=proposal.reason,
        why=storable(why),
        at=turn.at,
    )
