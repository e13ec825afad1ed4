"""The parts of a trace's records that stand for memories, changes to them, proposals and tasks, as JSON has them.

What is content is in them only if it is asked for.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from coterie.graphs.events import ModelCall
from coterie.graphs.prompts import storable
from coterie.graphs.task_list import Task
from coterie.memory.edits import Applied, KeptProposal, Revision
from coterie.memory.evidence import Refused
from coterie.memory.records import plain
from coterie.memory.values import UserMemory

Fields = dict[str, Any]


def when(time: datetime | None) -> str | None:
    """A time in UTC, to the microsecond: ``2026-11-26T04:10:00.000000+00:00``."""
    return None if time is None else time.astimezone(UTC).isoformat(timespec="microseconds")


class Contents:
    """Lets contents into records, or keeps them out."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def only(self, **fields: Any) -> Fields:
        """These fields, if contents are asked for; else none."""
        return {name: plain(value) for name, value in fields.items()} if self.on else {}

    def error(self, said: str | None, kind: str) -> str | None:
        """What failed, in full or by its type. None: nothing did."""
        return None if said is None else storable(said) if self.on else kind or "Exception"

    def raised(self, error: BaseException | None) -> str | None:
        """The same, of the error itself."""
        return None if error is None else self.error(f"{type(error).__name__}: {error}", type(error).__name__)

    def value(self, memory: UserMemory | None) -> Fields | None:
        """A memory, before or after a change."""
        if memory is None:
            return None
        return {
            **self._statement(memory),
            "superseded_by": memory.superseded_by,
            "valid_until": when(memory.valid_until),
            "created_at": when(memory.created_at),
        }

    def _statement(self, memory: UserMemory) -> Fields:
        return {
            "memory_id": memory.memory_id,
            **self.only(memory=memory.memory, topics=memory.topics),
            "visibility": memory.visibility,
            "agent_id": memory.agent_id,
            "team_id": memory.team_id,
            "version": memory.version,
        }

    def hit(self, memory: UserMemory, score: float | None, parts: Mapping[str, float]) -> Fields:
        """A memory that was recalled. Without a score it was not chosen: everything was taken."""
        told = {name: float(part) for name, part in parts.items()}  # numpy's numbers are none of JSON's
        return {**self._statement(memory), "score": None if score is None else float(score), "parts": told}

    def changes(self, *applied: Applied) -> list[Fields]:
        """Every change of some edits, in order."""
        return [self._change(revision) for each in applied for revision in each.revisions]

    def _change(self, revision: Revision) -> Fields:
        return {
            "op": revision.op,
            "memory_id": revision.memory_id,
            "number": revision.number,
            **self.only(reason=revision.reason),
            "actor": revision.change.actor,
            "agent_id": revision.change.agent_id,
            "team_id": revision.change.team_id,
            "before": self.value(revision.before),
            "after": self.value(revision.after),
        }

    def refused(self, refused: Refused) -> Fields:
        """A proposal that was refused, and why."""
        proposal = refused.proposal
        told = self.only(reason=refused.reason, memory=proposal.memory, topics=proposal.topics, quote=proposal.quote)
        return {"op": proposal.op, **told}

    def held(self, held: KeptProposal) -> Fields:
        """A proposal that waits for somebody to decide."""
        told = self.only(why=held.why, memory=held.memory, topics=held.topics, before=held.before)
        return {"proposal_id": held.proposal_id, "op": held.op, **told}

    def task(self, task: Task) -> Fields:
        """A task of a team's list."""
        told = self.only(task=task.task, result=task.result)
        rest = {"owner": task.owner, "status": task.status, "depends_on": list(task.depends_on)}
        return {"id": task.id, **rest, **told}


def call(asked: ModelCall) -> Fields:
    """A model's answer: what it cost."""
    return {
        "model": asked.model,
        "started": when(asked.started),
        "seconds": round(asked.seconds, 6),
        "input_tokens": asked.input_tokens,
        "output_tokens": asked.output_tokens,
    }


def lines(records: list[Fields]) -> Iterator[str]:
    """Records as JSON lines."""
    for record in records:
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
