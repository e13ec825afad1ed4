"""Proposals that were not simply applied: kept with the turn's curation, listed, decided on."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

import sqlalchemy as sa

from coterie.errors import ConflictError, InputError, NotFoundError
from coterie.memory import inputs, rows
from coterie.memory.edits import KeptProposal, ProposalStatus
from coterie.memory.prepared import Prepared
from coterie.memory.tables import PROPOSAL

_of_user = sa.select(*rows.PROPOSAL_COLUMNS).where(PROPOSAL.c.user_id == sa.bindparam("owner"))
_one = Prepared(_of_user.where(PROPOSAL.c.proposal_id == sa.bindparam("proposal")))
_newest = Prepared(
    _of_user.where(PROPOSAL.c.status == sa.bindparam("wanted"))
    .order_by(PROPOSAL.c.proposal_id.desc())
    .limit(sa.bindparam("limit", type_=sa.BigInteger))
)
_keep = Prepared(sa.insert(PROPOSAL), [column.name for column in PROPOSAL.c])
_decide = Prepared(
    sa.update(PROPOSAL).where(
        PROPOSAL.c.user_id == sa.bindparam("owner"),
        PROPOSAL.c.proposal_id == sa.bindparam("proposal"),
        PROPOSAL.c.status == "held",
    ),
    ["status", "decided_at"],
)


def keep(connection: sa.Connection, user_id: str | None, kept: Sequence[KeptProposal]) -> None:
    """Keep proposals of a user's turn.

    Raises:
        InputError: one is about somebody else.
    """
    for one in kept:
        if inputs.expected("kept", one, KeptProposal).user_id != user_id:
            raise InputError(f"The proposal is about user {one.user_id!r}, the turn is of {user_id!r}: give its own.")
    _keep.change(connection, *map(rows.proposal_columns, kept))


def newest(connection: sa.Connection, user_id: str, status: ProposalStatus, limit: int | None) -> list[KeptProposal]:
    """A user's proposals of one status, the newest first."""
    if status not in get_args(ProposalStatus):
        raise InputError(f"status is {status!r}: give one of {', '.join(get_args(ProposalStatus))}.")
    values = {"owner": user_id, "wanted": status, "limit": inputs.checked_limit(limit)}
    return [rows.proposal_value(row) for row in _newest.mappings(connection, values)]


def get(connection: sa.Connection, user_id: str, proposal_id: str) -> KeptProposal:
    """A proposal that is held.

    Raises:
        NotFoundError: the user has no such proposal.
        ConflictError: it is not held: it was refused, or decided on.
    """
    values = {"owner": user_id, "proposal": inputs.key("proposal_id", proposal_id)}
    found = _one.mappings(connection, values)
    if not found:
        raise NotFoundError(f"There is no proposal {proposal_id!r} of user {user_id!r}: list those that are held.")
    if found[0]["status"] != "held":
        raise _settled(proposal_id, f"it is {found[0]['status']} already")
    return rows.proposal_value(found[0])


def decide(
    connection: sa.Connection, user_id: str, proposal_id: str, status: ProposalStatus, decided_at: datetime
) -> None:
    """Mark a proposal that is held.

    Raises:
        ConflictError: it is not held (any more).
    """
    key = {"owner": user_id, "proposal": proposal_id}
    if _decide.change(connection, {**key, "status": status, "decided_at": decided_at}) != 1:
        raise _settled(proposal_id, "somebody decided on it meanwhile")


def _settled(proposal_id: str, why: str) -> ConflictError:
    return ConflictError(f"There is nothing to decide about the proposal {proposal_id!r}: {why}.")
