"""Writing a trace by hand: its records, to the schema of docs/tracing.md."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Record = dict[str, Any]
START = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
CONTENTS = frozenset("message arguments query memory topics reason why task content text result".split())


@dataclass
class Tape:
    """Writes records. Times are in seconds from the start of the run."""

    records: list[Record] = field(default_factory=list)
    steps: int = 0

    def tell(self, at: float, kind: str, **values: Any) -> Record:
        record = {"kind": kind, "at": (START + timedelta(seconds=at)).isoformat(timespec="microseconds"), **values}
        self.records.append(record)
        return record

    def begin(self, at: float, place: str, parent: "Step | None" = None) -> "Step":
        """A step begins at a place: ``desk/scout/model`` is the node model of desk/scout."""
        path, _, node = place.rpartition("/")
        self.steps += 1
        step = Step(self, self.steps, path, node, at)
        self.tell(at, "step_started", **step.place, parent=parent.number if parent else None)
        return step

    def sorted(self) -> list[Record]:
        """The records in the order of their times."""
        return sorted(self.records, key=lambda record: str(record["at"]))


@dataclass
class Step:
    """A step that has begun."""

    tape: Tape
    number: int
    path: str
    node: str
    at: float
    calls: int = 0

    @property
    def place(self) -> Record:
        """What every record of it says."""
        return {"step": self.number, "path": self.path, "node": self.node, "source": self.path.rpartition("/")[2]}

    def tell(self, at: float, kind: str, **values: Any) -> None:
        """Something happens in it."""
        self.tape.tell(at, kind, **self.place, **values)

    def end(self, at: float, tokens: Sequence[tuple[int, int]] = (), error: str | None = None) -> None:
        """It has run; ``tokens`` of each model call."""
        calls = [
            {
                "model": "gpt-4.1-mini",
                "started": (START + timedelta(seconds=self.at)).isoformat(),
                "seconds": (at - self.at) / len(tokens),
                "input_tokens": into,
                "output_tokens": out,
            }
            for into, out in tokens
        ]
        self.tell(at, "step_finished", seconds=at - self.at, calls=calls, error=error)

    def tool(self, begin: float, end: float, name: str, arguments: Record, content: str, failed: bool = False) -> None:
        """A tool is called, and answers."""
        self.calls += 1
        call_id = f"call_{self.number}_{self.calls}"
        self.tell(begin, "tool_started", tool=name, call_id=call_id, arguments=arguments)
        self.tell(end, "tool_finished", tool=name, call_id=call_id, failed=failed, content=content)


def value(memory_id: str, memory: str, agent: str | None = "scout", version: int = 1, **more: Any) -> Record:
    """A memory as a trace has it."""
    return {
        "memory_id": memory_id,
        "memory": memory,
        "topics": ["work"],
        "visibility": "team",
        "agent_id": agent,
        "team_id": "desk",
        "version": version,
        "superseded_by": None,
        "valid_until": None,
        "created_at": START.isoformat(),
        **more,
    }


def change(op: str, before: Record | None, after: Record | None, reason: str, actor: str = "curator") -> Record:
    """A revision of a memory as a trace has it."""
    one = after or before
    assert one is not None
    return {
        "op": op,
        "memory_id": one["memory_id"],
        "number": one["version"],
        "reason": reason,
        "actor": actor,
        "agent_id": one["agent_id"],
        "team_id": "desk",
        "before": before,
        "after": after,
    }


def closed(before: Record, at: float, successor: str | None = None) -> Record:
    """The same memory, closed."""
    until = (START + timedelta(seconds=at)).isoformat()
    return {**before, "version": before["version"] + 1, "valid_until": until, "superseded_by": successor}


def hit(memory: Record, text: float, vector: float) -> Record:
    """A memory that was read, with what its score is made of."""
    names = ("memory_id", "memory", "topics", "agent_id", "team_id", "visibility", "version")
    return {name: memory[name] for name in names} | {
        "score": round(text + vector, 4),
        "parts": {"text": text, "vector": vector},
    }


def head(graph: Record | None, contents: bool) -> Record:
    """What the first record of a run says of it."""
    return {
        "schema": 1,
        "coterie": "0.1.0",
        "run_id": "01a9e2c4-7d10-7c55-9f3e-5d9a0b6f2c11",
        "session_id": "talk-42",
        "user_id": "ada",
        "team_id": "desk",
        "agent_id": None,
        "name": "desk",
        "contents": contents,
        "graph": graph,
    }


def bare(record: Record) -> Record:
    """The record as it is without contents: ids, times and figures."""
    kept = {name: _bare(worth) for name, worth in record.items() if name not in CONTENTS}
    if isinstance(kept.get("error"), str):
        kept["error"] = kept["error"].partition(":")[0]
    return kept


def _bare(worth: Any) -> Any:
    if isinstance(worth, dict):
        return worth if "root" in worth else bare(worth)
    return [bare(one) if isinstance(one, dict) else one for one in worth] if isinstance(worth, list) else worth


def timed(records: list[Record], begin: datetime) -> list[Record]:
    """The same run, begun at another time."""
    late = begin - datetime.fromisoformat(records[0]["at"])
    moved = [datetime.fromisoformat(one["at"]) + late for one in records]
    return [{**one, "at": at.isoformat(timespec="microseconds")} for one, at in zip(records, moved, strict=True)]
