"""What the store's verbs cost, by how much is stored: CPU of this process and time by the clock, medians.

    python benchmarks/store.py --rows 1000 100000
    python benchmarks/store.py --postgres postgresql://user:password@host/empty_database
    python benchmarks/store.py --rows 10000 500000 --vectors 384

A tenth of the rows are one user's, who is asked; the others are of users with 100 rows each.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Ref, Update
from coterie.memory.ids import new_id
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Filters, Message, Scope, Turn, UserMemory

WORDS = [f"{first}{last}" for first in ("ba", "co", "di", "fu", "ge", "ha", "ki", "lo") for last in "bcdfghklmnprstvz"]
BATCH = 1000
USER_ROWS = 100
CHANGE = Change("curator")

Measure = tuple[float, float]
"""Milliseconds of CPU, milliseconds by the clock."""


class RandomEmbeddings:
    """Vectors of so many numbers, as fast as they can be had: what is measured is the store."""

    model = "random"

    def __init__(self, size: int) -> None:
        self._size = size
        self._random = random.Random(0)
        self._pool = [self._random.gauss(0, 1) for _ in range(100_000)]

    def embed_query(self, text: str) -> list[float]:
        """Any vector."""
        start = self._random.randrange(len(self._pool) - self._size)
        return self._pool[start : start + self._size]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """As many vectors as texts."""
        return [self.embed_query(text) for text in texts]


def sentence(random: random.Random, number: int) -> str:
    return f"{' '.join(random.choices(WORDS, k=8))} {number}"


def fill(db: Db, user_id: str, rows: int) -> None:
    """Store that many memories: a tenth for the user, the rest for others."""
    generator, mine = random.Random(0), rows // 10
    for owner, first, last in [
        (user_id, 0, mine),
        *((f"{user_id}-{n}", n, n + USER_ROWS) for n in range(mine, rows, USER_ROWS)),
    ]:
        for start in range(first, last, BATCH):
            numbers = range(start, min(start + BATCH, last))
            db.apply(
                Scope(owner), [Add(UserMemory(memory=sentence(generator, n), topics=["t"])) for n in numbers], CHANGE
            )


def measured(work: Callable[[], object], times: int) -> Measure:
    for _ in range(10):
        work()
    cpu, clock = [], []
    for _ in range(times):
        begin, began = time.process_time_ns(), time.perf_counter_ns()
        work()
        cpu.append(time.process_time_ns() - begin)
        clock.append(time.perf_counter_ns() - began)
    return median(cpu) / 1e6, median(clock) / 1e6


def verbs(db: Db, user_id: str) -> dict[str, Callable[[], object]]:
    scope, generator, number = Scope(user_id), random.Random(1), count(1_000_000)
    memory_id = str(db.newest(scope, 50)[-1].memory_id)

    def words() -> str:
        return " ".join(generator.choices(WORDS, k=3))

    def add() -> object:
        return db.apply(scope, [Add(UserMemory(memory=sentence(generator, next(number)), topics=["t"]))], CHANGE)

    def update() -> object:
        return db.apply(scope, [Update(Ref(memory_id), sentence(generator, next(number)))], CHANGE)

    def record() -> None:
        messages = (Message("user", "What is new?"), Message("assistant", "Nothing much."))
        db.record_turn(Turn(new_id(), "session", "run", messages, datetime.now(UTC), user_id))

    return {
        "get": lambda: db.get(scope, memory_id),
        "newest(20)": lambda: db.newest(scope, 20),
        "newest(20), team and agent": lambda: db.newest(Scope(user_id, "team", "agent"), 20),
        "search(3 words)": lambda: db.search(scope, words()),
        "search(3 words), topic": lambda: db.search(scope, words(), filters=Filters(topics=["t"])),
        "recall(1000 tokens)": lambda: db.recall(scope, words()),
        "apply(one Add)": add,
        "apply(one Update)": update,
        "record_turn": record,
        "turns(20)": lambda: db.turns(user_id, "session"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 100_000], help="how many memories are stored")
    parser.add_argument("--times", type=int, default=300, help="how often each verb is measured")
    parser.add_argument("--postgres", metavar="URL", help="measure PostgreSQL too, in this database")
    parser.add_argument("--vectors", type=int, metavar="SIZE", help="give the memories vectors of so many numbers")
    options = parser.parse_args()
    embedder = RandomEmbeddings(options.vectors) if options.vectors else None
    table = Table("database", "verb", *(f"{rows:,} rows" for rows in options.rows), title="CPU ms (clock ms)")
    with tempfile.TemporaryDirectory() as folder:
        stores: dict[str, Callable[[int], Db]] = {
            "SQLite": lambda rows: SqliteDb(Path(folder) / f"{rows}.db", embedder=embedder)
        }
        if options.postgres:
            stores["PostgreSQL"] = lambda rows: PostgresDb(options.postgres, embedder=embedder)
        for name, make in stores.items():
            results = [measure_store(make(rows), rows, options.times) for rows in options.rows]
            for verb in results[0]:
                table.add_row(name, verb, *(f"{result[verb][0]:.3f} ({result[verb][1]:.3f})" for result in results))
    Console().print(table)


def measure_store(db: Db, rows: int, times: int) -> dict[str, Measure]:
    with db:
        user_id = f"user-{rows}-{new_id()}"  # a PostgreSQL database may hold the rows of an earlier run
        fill(db, user_id, rows)
        return {name: measured(verb, times) for name, verb in verbs(db, user_id).items()}


if __name__ == "__main__":
    main()
