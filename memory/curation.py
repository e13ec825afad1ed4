"""One turn curated: what is gathered for the curator, and what becomes of its proposals."""

import logging
from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any

from coterie.errors import ConflictError, CoterieError, CurationError, EmbeddingError, NotFoundError, StoreError
from coterie.memory.asking import shortened
from coterie.memory.curator import Curator
from coterie.memory.db import Db
from coterie.memory.edits import Applied, Change, Curated, Revision
from coterie.memory.evidence import CurationLimits, Evidence, Proposal
from coterie.memory.flow import Effect, Flow
from coterie.memory.policy import Decided, Policy, decided
from coterie.memory.prompt import excerpt
from coterie.memory.report import CurationReport
from coterie.memory.values import Scope, Turn, UserMemory

log = logging.getLogger("coterie")

_QUERY_CHARACTERS = 1_000
_NEWEST_KNOWN = 2
_TURNS_LOOKED_THROUGH = 50


class _Asked:
    """What a curator was asked: how often a model was, for each effect of a flow is one call, and with what."""

    def __init__(self) -> None:
        self.number = 0
        self.shown: tuple[str, ...] = ()

    def counted(self, flow: Flow[list[Proposal]]) -> Generator[Effect, Any, list[Proposal]]:
        answer, error = None, None
        while True:
            try:
                effect = flow.throw(error) if error is not None else flow.send(answer)
            except StopIteration as stop:
                return list(stop.value)
            self.number += 1
            answer, error = None, None
            try:
                answer = yield effect
            except Exception as raised:
                error = raised


def curate(db: Db, curator: Curator, turn: Turn, policy: Policy) -> Flow[CurationReport]:
    """Curate a turn under its lease, once in effect. What fails but the store is noted on the turn, and in the report.

    Raises:
        ConflictError: the turn is not pending, or its lease is somebody else's by now; nothing was written.
        StoreError: the database refused.
    """
    asked = _Asked()
    try:
        applied, rest = yield from _rounds(db, curator, turn, policy, asked)
    except StoreError:  # there is nothing to note, or no way to
        raise
    except Exception as error:
        failure = _failure(error, turn)
        db.fail_turn(turn, str(failure))
        return CurationReport(turn.turn_id, error=failure, model_calls=asked.number, shown=asked.shown)
    return CurationReport(
        turn.turn_id, tuple(applied), rest.refused, rest.held, model_calls=asked.number, shown=asked.shown
    )


def _failure(error: Exception, turn: Turn) -> CurationError | EmbeddingError:
    """What is noted of an error. A fault, of ours or of a curator's, is the turn's failure too, and nobody else's."""
    if isinstance(error, CurationError | EmbeddingError):
        return error
    if isinstance(error, CoterieError):
        return CurationError(str(error))
    log.error("Curating the turn %r failed", turn.turn_id, exc_info=error)
    return CurationError(f"Curating it failed with {type(error).__name__}: {shortened(str(error))}")


def _rounds(db: Db, curator: Curator, turn: Turn, policy: Policy, asked: _Asked) -> Flow[tuple[list[Applied], Decided]]:
    """Propose, check, apply; and once more on fresh rows when somebody changed one of them meanwhile."""
    change = Change("curator", turn.agent_id, turn.team_id, turn.run_id, turn.turn_id)
    lost: CoterieError | None = None
    for _ in range(2):
        evidence = gather(db, turn, policy.limits)
        asked.shown = tuple(str(memory.memory_id) for memory in evidence.known)
        proposals = yield from _proposals(curator, evidence, asked)
        what = decided(proposals, evidence, policy)
        curated = Curated(turn.turn_id, turn.lease, what.kept(evidence))
        try:
            return db.apply(turn.scope, what.edits, change, curated=curated), what
        except (ConflictError, NotFoundError) as error:
            db.extend_lease(turn)  # refused if it is the turn that others were quicker with
            lost = error
    raise CurationError(f"The memories kept changing while the turn was curated: {lost} Curate it again.") from lost


def _proposals(curator: Curator, evidence: Evidence, asked: _Asked) -> Flow[list[Proposal]]:
    try:
        proposed = curator.propose(evidence.turn, evidence.before, evidence.known)
        return (yield from asked.counted(proposed))
    except CoterieError:
        raise
    except (Exception, SystemExit) as error:  # some libraries call sys.exit
        came = f"{type(error).__name__}: {shortened(str(error))}"
        raise CurationError(
            f"{type(curator).__name__} failed with {came}. The turn is kept; curate it again."
        ) from error


def gather(db: Db, turn: Turn, limits: CurationLimits) -> Evidence:
    """Return what the curator is shown of the store: the memories like the turn and the newest, the turns before it.

    What it adds is for every agent that serves the user, so it sees only what those may read: no memory that an agent
    or a team keeps to itself.
    """
    evidence, number = Evidence(turn, limits=limits), limits.turns_before
    around = db.survey(
        Scope(turn.user_id),
        excerpt(evidence.said, _QUERY_CHARACTERS),
        turn.session_id,
        best=max(limits.max_known - _NEWEST_KNOWN, 0),
        newest=limits.max_known,
        turns=number + 1 if number > 0 else 0,
    )
    found = [*around.best, *around.newest]
    once = {str(memory.memory_id): memory for memory in found}
    known: list[UserMemory] = sorted(list(once.values())[: limits.max_known], key=lambda memory: str(memory.memory_id))
    before = _before(db, turn, around.turns, number) if number > 0 else []
    return Evidence(turn, before, known, limits, _learnt_later(db, turn, known))


def _learnt_later(db: Db, turn: Turn, known: Sequence[UserMemory]) -> frozenset[str]:
    """Which memories a later turn said, or somebody wrote after this one. Nothing is looked up for a turn on time."""
    found = set()
    for memory in known:
        if memory.updated_at is not None and memory.updated_at > turn.at:
            last = db.history(Scope(turn.user_id), str(memory.memory_id))[-1]
            if last.change.turn_id != turn.turn_id and _said_at(db, last) > turn.at:
                found.add(last.memory_id)
    return frozenset(found)


def _said_at(db: Db, revision: Revision) -> datetime:
    """When a change was learnt: at its turn, however late that was curated; without a turn, when it was made."""
    if revision.change.turn_id is None:
        return revision.at
    try:
        return db.turn(revision.user_id, revision.change.turn_id).at
    except NotFoundError:
        return revision.at


def _before(db: Db, turn: Turn, newest: Sequence[Turn], number: int) -> list[Turn]:
    """The turns before this one, of the newest. When it is curated late, others have come after it."""
    if newest and newest[-1].turn_id != turn.turn_id:
        newest = db.turns(turn.user_id, turn.session_id, limit=_TURNS_LOOKED_THROUGH)
    return [one for one in newest if (one.at, one.turn_id) < (turn.at, turn.turn_id)][-number:]
