"""How well turns are found: LoCoMo's questions, each answered by the turns it has as evidence.

    python benchmarks/retrieval.py --data locomo10.json
    python benchmarks/retrieval.py --data locomo10.json --postgres postgresql://user:password@host/empty_database
    python benchmarks/retrieval.py --data locomo10.json --embedder my_module:make_embeddings

The embedder's module is looked for in the working directory too; its own time is not in the CPU milliseconds.

Every utterance is one turn of a session, with its speaker and its day; a conversation is one user. A hit is an evidence
turn. R@k: the mean share of a question's evidence among the best k. any@10: at least one. MRR: of the first. The data
is data/locomo10.json of snap-research/locomo (CC BY-NC 4.0), which is not part of this project.
"""

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from coterie.memory.db import Db
from coterie.memory.embedding import Embedder
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Scope, Turn

LOOKED_AT = 50
"""How many hits are asked for: evidence after them counts as not found."""
ADVERSARIAL = 5
"""The category of questions about what the other speaker did."""


@dataclass(frozen=True)
class Found:
    """One question: its category, and at which places its evidence was found, from 1."""

    category: int
    evidence: int
    places: tuple[int, ...]
    seconds: float


class Timed:
    """An embedder that knows what it took.

    Args:
        embedder: The one that is asked.
        name: What the store knows its vectors by.
    """

    def __init__(self, embedder: Embedder, name: str) -> None:
        self.model = name
        self.seconds = 0.0
        """CPU time of all calls, of every thread."""
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector for each text to be found."""
        began = time.process_time()
        vectors = self._embedder.embed_documents(texts)
        self.seconds += time.process_time() - began
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a query."""
        began = time.process_time()
        vector = self._embedder.embed_query(text)
        self.seconds += time.process_time() - began
        return vector


def turns(conversation: dict[str, Any], user_id: str) -> Iterator[Turn]:
    """The conversation's turns, in their order."""
    number = 1
    while f"session_{number}_date_time" in conversation:
        at = datetime.strptime(conversation[f"session_{number}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        for said in conversation.get(f"session_{number}", []):
            message = Message("user", said["text"], said["speaker"])
            yield Turn(said["dia_id"], f"session {number}", "locomo", (message,), at, user_id, status="none")
        number += 1


def asked(db: Db, sample: dict[str, Any], user_id: str, embedder: Timed | None) -> Iterator[Found]:
    """Ask every question that has evidence."""
    known = {turn.turn_id for turn in turns(sample["conversation"], user_id)}
    for question in sample["qa"]:
        evidence = {one for each in question["evidence"] for one in each.replace(";", " ").split()} & known
        if not evidence:
            continue
        began, of_model = time.process_time(), embedder.seconds if embedder else 0.0
        hits = db.search_turns(Scope(user_id), question["question"], LOOKED_AT)
        seconds = time.process_time() - began - (embedder.seconds - of_model if embedder else 0.0)
        places = tuple(place for place, hit in enumerate(hits, 1) if hit.turn.turn_id in evidence)
        yield Found(question["category"], len(evidence), places, seconds)


def figures(found: Sequence[Found]) -> list[str]:
    """R@5, R@10, any@10, MRR, CPU milliseconds a question."""

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values)

    def recall(most: int) -> float:
        return mean([sum(place <= most for place in one.places) / one.evidence for one in found])

    first = [1 / one.places[0] if one.places else 0.0 for one in found]
    shares = [recall(5), recall(10), mean([bool(one.places and one.places[0] <= 10) for one in found]), mean(first)]
    return [*(f"{100 * share:.1f}" for share in shares), f"{1000 * mean([one.seconds for one in found]):.2f}"]


def measure(db: Db, samples: Sequence[dict[str, Any]], embedder: Timed | None) -> dict[str, list[Found]]:
    """The questions of each conversation."""
    results = {}
    for sample in samples:
        user_id = sample["sample_id"]
        for turn in turns(sample["conversation"], user_id):
            db.record_turn(turn)
        db.search_turns(Scope(user_id), "nothing in particular")  # gives the turns their vectors
        results[user_id] = list(asked(db, sample, user_id, embedder))
    return results


def print_table(title: str, results: dict[str, list[Found]]) -> None:
    table = Table("", "questions", "R@5", "R@10", "any@10", "MRR", "CPU ms", title=title)
    every = [one for found in results.values() for one in found]
    groups = {**results, "together": every}
    for name, found in groups.items():
        stated = [one for one in found if one.category != ADVERSARIAL]
        table.add_row(f"{name}, categories 1 to 4", str(len(stated)), *figures(stated))
    table.add_row("together, all", str(len(every)), *figures(every))
    Console().print(table)


def made(name: str) -> Timed:
    """The embedder that a function makes."""
    module, _, factory = name.partition(":")
    sys.path.insert(0, "")
    return Timed(getattr(importlib.import_module(module), factory)(), name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's JSON file")
    parser.add_argument("--postgres", metavar="URL", help="measure PostgreSQL too, in this database")
    parser.add_argument("--embedder", metavar="MODULE:FACTORY", help="a function that makes a LangChain Embeddings")
    options = parser.parse_args()
    samples, embedder = json.loads(options.data.read_text()), made(options.embedder) if options.embedder else None
    with tempfile.TemporaryDirectory() as folder:
        stores: dict[str, Db] = {"SQLite": SqliteDb(Path(folder) / "retrieval.db", embedder=embedder)}
        if options.postgres:
            stores["PostgreSQL"] = PostgresDb(options.postgres, embedder=embedder)
        for name, db in stores.items():
            with db:
                print_table(name, measure(db, samples, embedder))
    if embedder:
        Console().print(f"{embedder.model} took {embedder.seconds:.1f} s of CPU beside.")


if __name__ == "__main__":
    main()
