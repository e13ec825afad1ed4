"""What the store's verbs cost, by how much is stored: CPU of this process and time by the clock, medians.

    python benchmarks/store.py --rows 10000 1000000
    python benchmarks/store.py --rows 10000 1000000 --vectors 384
    python benchmarks/store.py --postgres postgresql://user:password@host/empty_database

Two users are asked: a light one with 1,000 memories, and a heavy one with 50,000 where there are that many rows; all
others have 950. Words are drawn by Zipf's law from 5,000. "Raw" is the driver alone: the statements that the verb ran,
run again on a plain connection, their rows fetched and thrown away.
"""

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.progress import track
from rich.table import Table

from coterie.memory import prepared
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Ref, Update
from coterie.memory.ids import new_id
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Message, Scope, Turn, UserMemory

LIGHT, HEAVY, OTHERS = 1_000, 50_000, 950
BULK = 10_000
BATCH = 5_000
SYLLABLES = ("ba", "co", "di", "fu", "ge", "ha", "ki", "lo", "mu", "ne")
WORDS = [f"{a}{b}{c}" for a in SYLLABLES for b in SYLLABLES for c in (*SYLLABLES[:5], *"bcdfghklmnprstvwxz")][:5_000]
WEIGHTS = [1 / place for place in range(1, len(WORDS) + 1)]
CHANGE = Change("curator")


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


@dataclass(frozen=True)
class Cost:
    """Milliseconds of one call."""

    cpu: float
    clock: float
    raw: float | None = None
    """CPU of the driver alone."""

    def __str__(self) -> str:
        raw = "" if self.raw is None else f", raw {self.raw:.3f}: {self.cpu / self.raw:.1f} x"
        return f"{self.cpu:.3f} ({self.clock:.3f}){raw}"


class Sentences:
    """Statements of eight words, each with a number of its own."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._numbers = count(seed * 100_000_000)

    def __call__(self, words: int = 8) -> str:
        """One statement."""
        return f"{self.query(words)} {next(self._numbers)}"

    def query(self, words: int) -> str:
        """So many words alone."""
        return " ".join(self._random.choices(WORDS, WEIGHTS, k=words))


def added(sentences: Sentences, number: int) -> list[Add]:
    return [Add(UserMemory(memory=sentences(), topics=["t"])) for _ in range(number)]


def fill(db: Db, plain: Db, rows: int, mark: str) -> dict[str, str]:
    """Store that many memories, and return whom to ask. Others' memories need no vectors: they are never looked at."""
    sentences = Sentences(1)
    users = {"light": f"light {mark}"} | ({"heavy": f"heavy {mark}"} if rows >= 2 * HEAVY else {})
    for name, user in users.items():
        for _ in range(0, LIGHT if name == "light" else HEAVY, LIGHT):
            db.apply(Scope(user), added(sentences, LIGHT), CHANGE)
    left = rows - LIGHT - (HEAVY if "heavy" in users else 0)
    for number in track(range(max(left, 0) // OTHERS), f"storing {rows:,} memories", console=Console(stderr=True)):
        plain.apply(Scope(f"user {number} {mark}"), added(sentences, OTHERS), CHANGE)
    return users


def measured(work: Callable[[], object], times: int) -> Cost:
    for _ in range(10):
        work()
    cpu, clock = [], []
    for _ in range(times):
        begin, began = time.process_time_ns(), time.perf_counter_ns()
        work()
        cpu.append(time.process_time_ns() - begin)
        clock.append(time.perf_counter_ns() - began)
    return Cost(median(cpu) / 1e6, median(clock) / 1e6)


def verbs(db: Db, user_id: str) -> dict[str, Callable[[], object]]:
    scope, sentences = Scope(user_id), Sentences(2)
    memory_id = str(db.newest(scope, 50)[-1].memory_id)
    current = [memory_id]

    def add() -> object:
        return db.apply(scope, added(sentences, 1), CHANGE)

    def update() -> object:
        (done,) = db.apply(scope, [Update(Ref(current[0]), sentences())], CHANGE)
        current[0] = done.memory_id
        return done

    def record() -> None:
        messages = (Message("user", sentences()), Message("assistant", sentences()))
        db.record_turn(Turn(new_id(), "session", "run", messages, datetime.now(UTC), user_id))

    return {
        "get": lambda: db.get(scope, memory_id),
        "newest(20)": lambda: db.newest(scope, 20),
        "newest(20), team and agent": lambda: db.newest(Scope(user_id, "team", "agent"), 20),
        "search(3 words)": lambda: db.search(scope, sentences.query(3)),
        "recall(1000 tokens)": lambda: db.recall(scope, sentences.query(3)),
        "apply(one Add)": add,
        "apply(one Update)": update,
        "record_turn": record,
        "turns(20)": lambda: db.turns(user_id, "session"),
        "search_turns(3 words)": lambda: db.search_turns(scope, sentences.query(3)),
    }


@contextmanager
def noted() -> Iterator[list[tuple[str, Any]]]:
    """What the store gives the driver meanwhile."""
    found: list[tuple[str, Any]] = []
    run = prepared.run

    def noting(
        connection: sa.Connection, sql: str, parameters: Any = (), *, many: bool = False, binary: bool = False
    ) -> Any:
        found.append((sql, parameters))
        return run(connection, sql, parameters, many=many, binary=binary)

    prepared.run = noting
    try:
        yield found
    finally:
        prepared.run = run


def raw(path: Path, verb: Callable[[], object], times: int) -> float:
    """CPU milliseconds of a reading verb's statements on the driver alone, in a SQLite file."""
    with noted() as statements:
        verb()
    connection = sqlite3.connect(path, isolation_level=None)

    def again() -> None:
        for sql, parameters in statements:
            connection.execute(sql, parameters).fetchall()

    cost = measured(again, times)
    connection.close()
    return cost.cpu


def bulk(db: Db, user_id: str) -> Cost:
    """10,000 additions at once, a thousandth of it: milliseconds of ten."""
    edits = added(Sentences(3), BULK)
    begin, began = time.process_time(), time.perf_counter()
    db.apply(Scope(user_id), edits, CHANGE)
    return Cost((time.process_time() - begin) / BULK * 1e3, (time.perf_counter() - began) / BULK * 1e3)


def raw_bulk(path: Path, user_id: str) -> float:
    """The same rows into another file of the same schema, by the driver alone: milliseconds of one."""
    rows = {}
    with sqlite3.connect(path) as source:
        for table, order in (("memory", "seq"), ("memory_revision", "rowid")):
            names = [name for _, name, *_ in source.execute(f"PRAGMA table_info({table})") if name != "seq"]
            quoted = ", ".join(f'"{name}"' for name in names)
            wanted = f"SELECT {quoted} FROM {table} WHERE user_id = ? ORDER BY {order}"
            rows[table] = names, source.execute(wanted, [user_id]).fetchall()
    source.close()
    other = path.with_name("raw.db")
    with SqliteDb(other) as db:
        db.count(Scope(user_id))
    connection = sqlite3.connect(other, isolation_level=None)
    begin = time.process_time()
    connection.execute("BEGIN IMMEDIATE")
    for table, (names, values) in rows.items():
        group = f"({', '.join('?' * len(names))})"
        quoted = ", ".join(f'"{name}"' for name in names)
        for start in range(0, len(values), 500):
            part = values[start : start + 500]
            sql = f"INSERT INTO {table} ({quoted}) VALUES {', '.join([group] * len(part))}"
            connection.execute(sql, [value for row in part for value in row])
    connection.execute("COMMIT")
    spent = (time.process_time() - begin) / BULK * 1e3
    connection.close()
    return spent


def measure_store(db: Db, plain: Db, rows: int, times: int, path: Path | None) -> dict[tuple[str, str], Cost]:
    """What each verb costs, for each user."""
    found = {}
    with db, plain:
        users = fill(db, plain, rows, new_id())  # a PostgreSQL database may hold the rows of an earlier run
        for name, user_id in users.items():
            for verb, work in verbs(db, user_id).items():
                cost = measured(work, times)
                reads = not verb.startswith(("apply", "record"))
                if path is not None and reads:
                    cost = Cost(cost.cpu, cost.clock, raw(path, work, times))
                found[name, verb] = cost
        cost = bulk(plain, f"bulk {users['light']}")
        raw_cost = None if path is None else raw_bulk(path, f"bulk {users['light']}")
        found["bulk", "apply(10,000 Adds), each"] = Cost(cost.cpu, cost.clock, raw_cost)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 200_000], help="how many memories are stored")
    parser.add_argument("--times", type=int, default=200, help="how often each verb is measured")
    parser.add_argument("--postgres", metavar="URL", help="measure PostgreSQL too, in this database")
    parser.add_argument("--vectors", type=int, metavar="SIZE", help="give the two users' memories vectors of that size")
    options = parser.parse_args()
    embedder = RandomEmbeddings(options.vectors) if options.vectors else None
    table = Table("database", "user", "verb", *(f"{rows:,} rows" for rows in options.rows), title="CPU ms (clock ms)")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("SQLite", *(["PostgreSQL"] if options.postgres else [])):
            results = []
            for rows in options.rows:
                path = Path(folder) / f"{rows}.db" if name == "SQLite" else None
                db: Db = SqliteDb(path, embedder=embedder) if path else PostgresDb(options.postgres, embedder=embedder)
                plain: Db = SqliteDb(path) if path else PostgresDb(options.postgres)
                results.append(measure_store(db, plain, rows, options.times, path))
            for key in dict.fromkeys(key for result in results for key in result):
                costs = (str(result[key]) if key in result else "" for result in results)
                table.add_row(name, *key, *costs)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
