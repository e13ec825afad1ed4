"""``coterie memory refused``: what the curator proposed, and was not kept."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, OneUser
from coterie.cli.stores import store
from coterie.text import one_line

if TYPE_CHECKING:
    from coterie.memory.edits import KeptProposal

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]


def refused(user: OneUser, db: Db = DEFAULT_DB, limit: Limit = 20, json: Json = False) -> None:
    """List the edits that were proposed for the memory and refused, with the reason, the newest first."""
    with store(db, must_exist=True) as opened:
        found = opened.proposals(user, "refused", limit)
    if json:
        print_json(found)
        return
    for one in found:
        print(f"{one.at:%Y-%m-%d}  {proposal_line(one)}  (refused: {one_line(one.why)})")
    if not found:
        print("Nothing.", file=sys.stderr)


def proposal_line(proposal: "KeptProposal") -> str:
    """What a proposal would do."""
    parts = [*map(one_line, proposal.before), *([one_line(proposal.memory)] if proposal.memory else [])]
    return f"{proposal.op:<6}  {' -> '.join(parts)}"
