"""Proposals as a curator leaves them in the store."""

from datetime import UTC, datetime
from typing import Any

from coterie.memory.edits import KeptProposal
from coterie.memory.ids import new_id

AT = datetime(2024, 5, 16, 12, tzinfo=UTC)


def proposal(user_id: str, turn_id: str, memory: str, **values: Any) -> KeptProposal:
    """A refused addition, or what the values make of it."""
    usual: dict[str, Any] = {
        "proposal_id": new_id(),
        "user_id": user_id,
        "turn_id": turn_id,
        "run_id": "run",
        "team_id": None,
        "agent_id": None,
        "status": "refused",
        "op": "add",
        "memory": memory,
        "topics": (),
        "targets": (),
        "before": (),
        "quote": "",
        "trust": "user",
        "reason": "new",
        "why": "nothing of it was said in the turn",
        "at": AT,
    }
    return KeptProposal(**{**usual, **values})
