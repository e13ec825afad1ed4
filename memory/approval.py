"""Proposals that are not simply applied: which a person is to decide on, and what is kept of them. Pure functions.

Only what adds to the memory, in the user's own words, is sure. What changes or removes something that is known can do
harm if the curator is mistaken, and what the user has not said may be invented.
"""

from coterie.memory.checks import happened, storable
from coterie.memory.compare import quoted
from coterie.memory.edits import (
    Add,
    Clear,
    Delete,
    Edit,
    KeptProposal,
    Merge,
    Narrow,
    ProposalStatus,
    Ref,
    Update,
)
from coterie.memory.evidence import Evidence, Proposal
from coterie.memory.ids import new_id
from coterie.memory.learning import learner
from coterie.memory.secrets import masked
from coterie.memory.values import UserMemory


def unsure(edit: Edit) -> str | None:
    """Say why a person should decide on an edit that a curator would make; None if it may be applied."""
    match edit:
        case Add() if edit.memory.trust == "user":
            return None
        case Add():
            return "it is not in the user's own words"
        case Update() | Merge():
            return "it changes what is known"
        case Narrow() | Delete():
            return "it removes what is known"
        case Clear():
            return "it removes everything"


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
        agent_id=turn.agent_id or learner(proposal.quote, turn.messages),
        status=status,
        op=storable(str(proposal.op))[:40],
        memory=proposal.memory,
        topics=proposal.topics,
        targets=tuple(Ref(str(memory.memory_id), memory.version) for memory in meant),
        before=tuple(memory.memory for memory in meant),
        quote=masked(proposal.quote),
        trust="user" if quoted(proposal.quote, evidence.stated_fronts) else "agent",
        reason=proposal.reason,
        why=storable(why),
        at=turn.at,
    )


def edit_of(proposal: KeptProposal) -> Edit:
    """Return the edit that a proposal is: what would have been applied when it was made."""
    said = proposal.quote if proposal.trust == "user" else None
    topics = proposal.topics or None
    match proposal.op:
        case "update":
            (target,) = proposal.targets
            at = happened(proposal.memory, proposal.at)
            return Update(target, proposal.memory, topics, proposal.reason, at, said)
        case "merge":
            return Merge(proposal.targets, proposal.memory, topics, proposal.reason)
        case "delete":
            return Delete(proposal.targets[0], proposal.reason, dependants=True)
        case "clear":
            return Clear(proposal.reason)
    memory = UserMemory(
        memory=proposal.memory,
        topics=list(proposal.topics),
        user_id=proposal.user_id,
        team_id=proposal.team_id,
        agent_id=proposal.agent_id,
        input=said,
        trust=proposal.trust,
        source_turn_id=proposal.turn_id,
        event_at=happened(proposal.memory, proposal.at),
    )
    return Add(memory, proposal.reason)
