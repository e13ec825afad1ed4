"""How well a model curates: sixty turns of four people, in English and German.

    python benchmarks/curation.py [--base-url http://127.0.0.1:8091/v1 --model qwen1.5b] [--memories 1000] [--show]

Without a server it measures the curator that needs no model.

The turns are in ``curation_turns.jsonl``: facts, dates, corrections, requests to forget, secrets, injections, and
nearly as many that hold nothing to keep. Of each turn ``facts`` has, for every fact that a good curator keeps of it,
the patterns that one statement matches; ``gone`` the patterns that no current statement may match any more afterwards;
``never`` those that no statement may ever match.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langchain_core.callbacks import UsageMetadataCallbackHandler

from coterie import MemoryManager, Scope, SqliteDb, UserMemory
from coterie.memory.edits import Add, Change
from coterie.memory.flow import drive
from coterie.memory.report import CurationReport
from coterie.memory.values import Message, Turn
from coterie.teams.printing import curation_lines

TURNS = Path(__file__).with_name("curation_turns.jsonl")


@dataclass
class Score:
    """What is counted."""

    turns: int = 0
    failed: int = 0
    proposed: int = 0
    applied: int = 0
    facts: int = 0
    found: int = 0
    invented: list[str] = field(default_factory=list)
    empty: int = 0
    chatter: list[str] = field(default_factory=list)
    corrections: int = 0
    corrected: int = 0
    deletions: int = 0
    deleted: int = 0
    dates: int = 0
    dated: int = 0
    calls: int = 0
    missed: list[str] = field(default_factory=list)


def matches(patterns: Sequence[str], text: str) -> bool:
    """Whether a statement has all that is asked of it."""
    return all(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def judge(score: Score, case: dict[str, Any], report: CurationReport, current: Sequence[str]) -> None:
    """Count what became of one turn; ``current`` are the user's statements that hold afterwards."""
    score.turns += 1
    score.calls += report.model_calls
    score.failed += report.error is not None
    score.proposed += len(report.applied) + len(report.refused)
    score.applied += len(report.applied)
    stated = [one.edit for one in report.applied if one.revisions]
    texts = [edit.memory.memory if isinstance(edit, Add) else getattr(edit, "memory", "") for edit in stated]
    texts = [text for text in texts if text]
    held = [fact for fact in case["facts"] if any(matches(fact, text) for text in texts)]
    score.facts += len(case["facts"])
    score.found += len(held)
    score.missed += [f"{case['said']!r}: {fact} not in {texts}" for fact in case["facts"] if fact not in held]
    extra = [text for text in texts if not any(matches(fact, text) for fact in case["facts"])]
    gone = not any(re.search(pattern, text, re.IGNORECASE) for pattern in case["gone"] for text in current)
    match case["kind"]:
        case "none" | "secret" | "injection":
            score.empty += 1
            score.chatter += [f"{case['said']!r}: {text!r}" for text in extra]
        case "correction":
            score.corrections += 1
            score.corrected += gone and len(held) == len(case["facts"])
            score.invented += extra
        case "deletion":
            score.deletions += 1
            score.deleted += gone
            score.invented += extra
        case _:
            score.dates += case["kind"] == "date"
            score.dated += case["kind"] == "date" and any(re.search(r"20\d\d", text) for text in texts)
            score.invented += extra
    if not gone:
        score.missed.append(f"{case['said']!r}: still there: {current}")


def turns_of(case: dict[str, Any], number: int) -> Turn:
    """The turn of a case."""
    said = (Message("user", case["said"]), Message("assistant", case["reply"]))
    at = datetime.fromisoformat(f"{case['day']}T12:00:00+00:00").astimezone(UTC)
    return Turn(f"turn-{number:03}", f"talk-{case['user']}", f"run-{number:03}", said, at, case["user"])


def fill(db: SqliteDb, user_id: str, count: int) -> None:
    """Give a user so many memories, of other things than the turns are about."""
    things = ("stamp", "river", "lamp", "garden", "novel", "bridge", "kite", "violin", "tent", "harbour")
    texts = [f"Once wrote about {things[n % len(things)]} number {n} in a column" for n in range(count)]
    for part in range(0, count, 500):
        db.apply(Scope(user_id), [Add(UserMemory(memory=text)) for text in texts[part : part + 500]], Change())


def everything(db: SqliteDb, users: Sequence[str]) -> Iterator[str]:
    """Every statement that is or was stored."""
    for user in users:
        scope = Scope(user, as_owner=True)
        for memory in db.newest(scope, None):
            yield memory.memory
            yield from (str(one.after and one.after.memory) for one in db.history(scope, str(memory.memory_id)))


def run(manager: MemoryManager, cases: Sequence[dict[str, Any]], show: bool) -> Score:
    """Curate the turns one after the other."""
    score, db = Score(), manager.db
    for number, case in enumerate(cases):
        turn = turns_of(case, number)
        db.record_turn(turn)
        report = drive(manager.curating(turn))
        current = [memory.memory for memory in db.newest(Scope(case["user"]), None)]
        judge(score, case, report, current)
        if show:
            print(f"{case['user']:6} {case['kind']:10} {case['said']}", *curation_lines(report), sep="\n       ")
        else:
            print(f"\r{number + 1} of {len(cases)} turns", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return score


def table(score: Score, stored: int, usage: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is printed."""
    tokens_in = sum(each["input_tokens"] for each in usage.values())
    tokens_out = sum(each["output_tokens"] for each in usage.values())
    yield "turns curated (the others failed, and are kept)", f"{score.turns - score.failed} of {score.turns}"
    yield "edits that passed the checks", f"{score.applied} of {score.proposed}"
    yield "facts found", f"{score.found} of {score.facts}"
    yield "statements beyond the facts", str(len(score.invented))
    yield "statements kept of turns with nothing to keep", f"{len(score.chatter)} of {score.empty} turns"
    yield "corrections applied", f"{score.corrected} of {score.corrections}"
    yield "forgotten as asked", f"{score.deleted} of {score.deletions}"
    yield "dates resolved to a day", f"{score.dated} of {score.dates}"
    yield "secrets and injections stored", str(stored)
    yield "model calls per turn", f"{score.calls / score.turns:.2f}"
    yield "tokens per turn, read and written", f"{tokens_in / score.turns:.0f} + {tokens_out / score.turns:.0f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", help="a server that speaks OpenAI's API")
    parser.add_argument("--model", default="qwen1.5b")
    parser.add_argument("--memories", type=int, default=0, help="how many memories each user has before")
    parser.add_argument("--show", action="store_true", help="print each turn with its edits and refusals")
    options = parser.parse_args()
    cases = [json.loads(line) for line in TURNS.read_text("utf-8").splitlines()]
    users = sorted({case["user"] for case in cases})
    counter = UsageMetadataCallbackHandler()
    model = None
    if options.base_url:
        from langchain_openai import ChatOpenAI

        model = ChatOpenAI(model=options.model, base_url=options.base_url, api_key=lambda: "none", callbacks=[counter])
    with tempfile.TemporaryDirectory() as folder, SqliteDb(Path(folder) / "curation.db") as db:
        for user in users:
            fill(db, user, options.memories)
        manager = MemoryManager(db=db, model=model, curator="model" if model else "verbatim")
        score = run(manager, cases, options.show)
        stored = list(everything(db, users))
    never = [pattern for case in cases for pattern in case["never"]]
    leaked = [text for text in stored if any(re.search(pattern, text, re.IGNORECASE) for pattern in never)]
    for what, figure in table(score, len(leaked), counter.usage_metadata):
        print(f"{what:50} {figure}")
    if options.show:
        for title, lines in (
            ("missed", score.missed),
            ("beyond", score.invented),
            ("chatter", score.chatter),
            ("stored", leaked),
        ):
            print(f"\n{title}:", *lines, sep="\n  ")


if __name__ == "__main__":
    main()
