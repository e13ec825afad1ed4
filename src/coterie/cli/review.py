"""``coterie memory refused`` and ``review``: what the curator proposed and was not simply applied."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.ids import whole
from coterie.cli.jsons import print_json
from coterie.cli.memories import print_revisions
from coterie.cli.options import DEFAULT_DB, Db, Json, OneUser
from coterie.cli.stores import store
from coterie.cli.texts import argument
from coterie.errors import ConflictError
from coterie.text import one_line

if TYPE_CHECKING:
    from coterie.memory import db as stores
    from coterie.memory.edits import KeptProposal

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="ID", callback=argument, help="Apply this one; may be repeated."),
]
Reject = Annotated[
    list[str] | None,
    typer.Option("--reject", metavar="ID", callback=argument, help="Drop this one; may be repeated."),
]


def refused(user: OneUser, db: Db = DEFAULT_DB, limit: Limit = 20, json: Json = False) -> None:
    """List the edits that were proposed for the memory and refused, with the reason, the newest first."""
    with store(db, must_exist=True) as opened:
        found = opened.proposals(user, "refused", limit)
    if json:
        print_json(found)
        return
    for one in found:
        print(f"{_line(one)}  (refused: {one_line(one.why)})")
    if not found:
        print("Nothing.", file=sys.stderr)


def review(
    user: OneUser,
    accept: Accept = None,
    reject: Reject = None,
    db: Db = DEFAULT_DB,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Decide on the edits that are held (MemoryManager with approval="ask"), the oldest first.

    On a terminal each is asked about. Otherwise they are listed with their ids, for --accept and --reject.
    """
    with store(db, must_exist=True) as opened:
        if accept or reject:
            _decide(opened, user, accept or [], reject or [], json)
            return
        found = opened.proposals(user, "held", limit)[::-1]
        if json:
            print_json(found)
        elif found and sys.stdin.isatty():
            _ask(opened, user, found)
        else:
            for one in found:
                print(f"{one.proposal_id}  {_line(one)}  ({_why(one)})")
            print("Decide with --accept ID or --reject ID." if found else "Nothing.", file=sys.stderr)


def _decide(db: "stores.Db", user: str, accept: list[str], reject: list[str], json: bool) -> None:
    """Stops at the first that cannot be decided on; those before it are."""
    accept, reject = ([whole(db, "proposal", user, one) for one in given] for given in (accept, reject))
    applied = [db.accept_proposal(user, one) for one in accept]
    for one in reject:
        db.reject_proposal(user, one)
    if json:
        print_json({"accepted": applied, "rejected": reject})
        return
    print_revisions(revision for one in applied for revision in one.revisions)
    print(f"{len(accept)} accepted, {len(reject)} rejected.", file=sys.stderr)


def _ask(db: "stores.Db", user: str, found: "list[KeptProposal]") -> None:
    for one in found:
        print(f"{_line(one)}\n  {_why(one)}")
        match _answer():
            case "a":
                try:
                    print_revisions(db.accept_proposal(user, one.proposal_id).revisions)
                except ConflictError as error:  # it stays held, and the next one may be decided on
                    print(f"error: {one_line(str(error))}", file=sys.stderr)
            case "r":
                db.reject_proposal(user, one.proposal_id)
            case "q":
                return


def _answer() -> str:
    while True:
        said = str(typer.prompt("  [a]ccept, [r]eject, [s]kip or [q]uit", "s", err=True)).strip().lower()[:1]
        if said in ("a", "r", "s", "q"):
            return said


def _line(proposal: "KeptProposal") -> str:
    """When it was said, and what the proposal would do."""
    parts = [*map(one_line, proposal.before), *([one_line(proposal.memory)] if proposal.memory else [])]
    return f"{proposal.at:%Y-%m-%d}  {proposal.op:<6}  {' -> '.join(parts)}"


def _why(proposal: "KeptProposal") -> str:
    said = f", because of: {one_line(proposal.quote)}" if proposal.quote else ""
    return f"{one_line(proposal.why)}{said}"
