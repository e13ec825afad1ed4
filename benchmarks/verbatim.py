"""What is left of a conversation when its user's statements are kept word for word, without a model.

    python -m benchmarks.verbatim --data locomo10.json

Every utterance of LoCoMo is a turn of its speaker's, curated by the verbatim curator; then its questions are asked of
the memories, and a hit is the turn that a memory came from. Beside it stands the same for the turns themselves. "Kept"
is the share of the evidence turns that left a memory at all. "Recalled" is of how many questions the memories that go
into a prompt of so many tokens have any of the evidence. Data and figures as in retrieval.py.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.retrieval import ADVERSARIAL, LOOKED_AT, Found, asked, figures, turns
from rich.console import Console
from rich.table import Table

from coterie.memory.evidence import CurationLimits
from coterie.memory.flow import drive
from coterie.memory.manager import MemoryManager
from coterie.memory.sqlite import SqliteDb
from coterie.memory.tokens import estimate_tokens
from coterie.memory.values import Scope

BUDGETS = (200, 400, 500, 600, 1000)
"""Tokens that memories may take of a prompt."""


@dataclass(frozen=True)
class Kept:
    """A conversation after it was curated: its size in turns and memories, and where its evidence was found."""

    turns: int
    memories: int
    turn_tokens: int
    memory_tokens: int
    evidence: int
    kept: int
    seconds: float
    by_memories: list[Found]
    by_turns: list[Found]
    recalled: list[list[bool]]
    """Of each question, whether its evidence is among the memories recalled, for each of the budgets."""


def evidence_of(question: dict[str, Any], known: set[str]) -> set[str]:
    """The turns that answer a question."""
    return {one for each in question["evidence"] for one in each.replace(";", " ").split()} & known


def asked_of_memories(db: SqliteDb, sample: dict[str, Any], user_id: str, known: set[str]) -> Iterator[Found]:
    """Ask every question of the memories. Several of one turn are one hit."""
    for question in sample["qa"]:
        evidence = evidence_of(question, known)
        if not evidence:
            continue
        began = time.process_time()
        hits = db.search(Scope(user_id), question["question"], LOOKED_AT)
        seconds = time.process_time() - began
        found = list(dict.fromkeys(hit.memory.source_turn_id for hit in hits))
        places = tuple(place for place, turn_id in enumerate(found, 1) if turn_id in evidence)
        yield Found(question["category"], len(evidence), places, seconds)


def recalled(db: SqliteDb, question: dict[str, Any], user_id: str, evidence: set[str]) -> list[bool]:
    """Whether any of the evidence is among the memories recalled, for each of the budgets."""
    found = (db.recall(Scope(user_id), question["question"], budget).memories for budget in BUDGETS)
    return [any(memory.source_turn_id in evidence for memory in memories) for memories in found]


def measure(db: SqliteDb, sample: dict[str, Any]) -> Kept:
    """Curate one conversation, and ask its questions."""
    user_id = sample["sample_id"]
    said = [replace(turn, status="pending") for turn in turns(sample["conversation"], user_id)]
    manager = MemoryManager(db, curator="verbatim", limits=CurationLimits(max_edits=50))
    began = time.process_time()
    for turn in said:
        db.record_turn(turn)
        report = drive(manager.curating(turn))
        if report.error:
            raise report.error
    seconds = time.process_time() - began
    memories = db.newest(Scope(user_id), limit=None)
    known, sources = {turn.turn_id for turn in said}, {memory.source_turn_id for memory in memories}
    stated = [question for question in sample["qa"] if question["category"] != ADVERSARIAL]
    evidences = [evidence_of(question, known) for question in stated]
    evidence = set().union(*evidences)
    return Kept(
        turns=len(said),
        memories=len(memories),
        turn_tokens=sum(estimate_tokens(message.content) for turn in said for message in turn.messages),
        memory_tokens=sum(estimate_tokens(memory.memory) for memory in memories),
        evidence=len(evidence),
        kept=len(evidence & sources),
        seconds=seconds,
        by_memories=list(asked_of_memories(db, sample, user_id, known)),
        by_turns=list(asked(db, sample, user_id, None)),
        recalled=[recalled(db, one, user_id, wanted) for one, wanted in zip(stated, evidences, strict=True) if wanted],
    )


def stated_only(found: Sequence[Found]) -> list[Found]:
    return [one for one in found if one.category != ADVERSARIAL]


def print_table(results: dict[str, Kept]) -> None:
    columns = ["questions", "memories R@5", "R@10", "any@10", "MRR", "turns R@5", "R@10", "any@10", "MRR"]
    table = Table("", *columns, title="Categories 1 to 4")
    size = Table("", "turns", "memories", "tokens of turns", "of memories", "evidence kept", "CPU ms a turn")
    prompt = Table("", *map(str, BUDGETS), title="Questions with any evidence recalled, of 100, by tokens")
    groups = {name: [kept] for name, kept in results.items()} | {"together": list(results.values())}
    for name, kept in groups.items():
        memories = stated_only([one for each in kept for one in each.by_memories])
        by_turns = stated_only([one for each in kept for one in each.by_turns])
        table.add_row(name, str(len(memories)), *figures(memories)[:4], *figures(by_turns)[:4])
        evidence, left = sum(each.evidence for each in kept), sum(each.kept for each in kept)
        number = sum(each.turns for each in kept)
        sizes = [number, *(sum(values) for values in zip(*map(sizes_of, kept), strict=True))]
        ms = 1000 * sum(each.seconds for each in kept) / number
        size.add_row(name, *map(str, sizes), f"{left} of {evidence} ({100 * left / evidence:.1f} %)", f"{ms:.1f}")
        budgets = zip(*(one for each in kept for one in each.recalled), strict=True)
        prompt.add_row(name, *(f"{100 * mean(values):.1f}" for values in budgets))
    Console().print(table, size, prompt)


def sizes_of(kept: Kept) -> tuple[int, int, int]:
    return kept.memories, kept.turn_tokens, kept.memory_tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's JSON file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, SqliteDb(Path(folder) / "verbatim.db") as db:
        print_table({one["sample_id"]: measure(db, one) for one in json.loads(options.data.read_text())})


if __name__ == "__main__":
    main()
