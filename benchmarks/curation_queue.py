"""Turns recorded and curated by several processes, some killed or stalled: each must be curated once.

    python benchmarks/curation_queue.py [--turns 10000] [--kill-every 1.0]
    python benchmarks/curation_queue.py --postgres postgresql://user@host/empty_database

Producers record turns, every tenth of them twice; workers curate them, two at a time each. At random moments a worker
is killed with -9 and replaced, or stopped for longer than its lease and let go on. Each time a turn is curated it
leaves a statement of its own, so that one curated twice would show. Lost and duplicate must be 0, and each user's
statements in order. Not called ``queue.py``: Python would take it for its own ``queue``.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import inf
from pathlib import Path

from coterie import MemoryManager, PostgresDb, Scope, SqliteDb, Worker
from coterie.memory.db import Db
from coterie.memory.evidence import Proposal
from coterie.memory.flow import Flow
from coterie.memory.values import Message, Turn, UserMemory

PRODUCERS, USERS = 2, 20
"""Users of each producer."""
SYLLABLES = "ba co di fu ge ha ki lo mu ne".split()


class Noting:
    """A curator that thinks for a few milliseconds, and keeps the turn's number with words of its own."""

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        """One statement, never the same twice."""
        yield from ()
        time.sleep(random.uniform(0, 0.01))
        words = ("".join(random.choices(SYLLABLES, k=4)) for _ in range(2))
        return [Proposal("add", f"Number {turn.messages[0].content} {' '.join(words)}")]


@dataclass(frozen=True)
class Outcome:
    """What became of it."""

    turns: int
    seconds: float
    cpu_ms: float
    """Of the workers, for each turn; with what the killed ones did in vain, and what starting new ones took."""
    recorded_per_second: float
    kills: int
    stalls: int
    lost: int
    duplicates: int
    out_of_order: int
    dead: int


class Child:
    """A process that does one thing."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.cpu = 0.0
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                random.seed()
                work()
                code = 0
            finally:
                os._exit(code)

    def end(self, number: signal.Signals) -> None:
        """Send a signal, and wait."""
        os.kill(self.pid, number)
        self.wait()

    def wait(self) -> int:
        """Wait for it, and return its exit code; -9 if it was killed."""
        _, status, used = os.wait4(self.pid, 0)
        self.cpu = used.ru_utime + used.ru_stime
        return os.waitstatus_to_exitcode(status)


def said(producer: int, number: int) -> Turn:
    user, name = f"p{producer}-u{number % USERS}", f"{producer}-{number}"
    return Turn(name, "s", "run", (Message("user", str(number)),), datetime.now(UTC), user, None, "scout")


def produce(opened: Callable[[], Db], producer: int, turns: int) -> None:
    with opened() as db:
        for number in range(turns):
            db.record_turn(turn := said(producer, number))
            if number % 10 == 0:
                db.record_turn(turn)  # a client that did not hear that it was recorded


def serve(opened: Callable[[], Db], lease_seconds: float) -> None:
    with opened() as db:
        worker = Worker(MemoryManager(db, curator=Noting()), 2, lease_seconds=lease_seconds)
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        worker.run()


def load(
    opened: Callable[[], Db], turns: int, workers: int, kill_every: float, lease_seconds: float, most: float
) -> Outcome:
    """Record, curate, kill or stop at most so many times; then look at what is there."""
    with opened() as db:
        db.backlog()  # makes the tables
    began, cpu, kills, stalls = time.monotonic(), 0.0, 0, 0
    producers = [
        Child(lambda producer=producer: produce(opened, producer, turns // PRODUCERS))  # type: ignore[misc]
        for producer in range(PRODUCERS)
    ]

    def new() -> Child:
        return Child(lambda: serve(opened, lease_seconds))

    at_work = [new() for _ in range(workers)]
    recorded, next_kill = 0.0, began + kill_every * random.uniform(0.5, 1.5)
    stalled: tuple[Child, float] | None = None
    db = opened()
    while True:
        time.sleep(0.02)
        now = time.monotonic()
        if not recorded and all(
            os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) for one in producers
        ):
            assert [one.wait() for one in producers] == [0] * PRODUCERS
            recorded = now - began
        if stalled is not None and now > stalled[1]:
            os.kill(stalled[0].pid, signal.SIGCONT)
            stalled = None
        if recorded and not stalled and db.backlog().owed == 0:
            break
        if now > next_kill and kills + stalls < most:
            next_kill = now + kill_every * random.uniform(0.5, 1.5)
            victim = random.choice(at_work)
            if stalled is None and (kills + stalls) % 4 == 3:
                os.kill(victim.pid, signal.SIGSTOP)
                stalled, stalls = (victim, now + 1.5 * lease_seconds), stalls + 1
            elif stalled is None or victim is not stalled[0]:
                victim.end(signal.SIGKILL)
                cpu, kills = cpu + victim.cpu, kills + 1
                at_work[at_work.index(victim)] = new()
    seconds = time.monotonic() - began
    for one in at_work:
        one.end(signal.SIGTERM)
        cpu += one.cpu
    found = [order(db, producer, user) for producer in range(PRODUCERS) for user in range(USERS)]
    dead = db.backlog().dead
    db.close()
    total, distinct = sum(map(len, found)), sum(len(set(one)) for one in found)
    falls = sum(later < one for each in found for one, later in pairwise(each))
    rest = (turns / recorded, kills, stalls, turns - distinct, total - distinct, falls, dead)
    return Outcome(turns, seconds, 1000 * cpu / turns, *rest)


def order(db: Db, producer: int, user: int) -> list[int]:
    """The numbers of a user's turns, in the order in which they were curated."""
    kept = db.newest(Scope(f"p{producer}-u{user}"), None, oldest_first=True)
    return [int(memory.memory.split()[1]) for memory in kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=3, help="processes, of two threads each")
    parser.add_argument("--kill-every", type=float, default=1.0, help="seconds, on average")
    parser.add_argument("--kills", type=int, help="at most so many are killed or stopped; without it there is no end")
    parser.add_argument("--lease-seconds", type=float, default=2.0)
    parser.add_argument("--postgres", help="an empty database, instead of a SQLite file")
    parser.add_argument("--sqlite", type=Path, help="a file that does not exist; without it one that is removed")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.sqlite or Path(folder) / "queue.db"

        def opened() -> Db:
            return PostgresDb(given.postgres) if given.postgres else SqliteDb(path)

        outcome = load(opened, given.turns, given.workers, given.kill_every, given.lease_seconds, given.kills or inf)
    if given.json:
        print(json.dumps(asdict(outcome)))
    else:
        print(
            f"{outcome.turns:,} turns in {outcome.seconds:.0f} s: {outcome.turns / outcome.seconds:.0f} a second"
            f" curated, {outcome.recorded_per_second:.0f} a second recorded; {outcome.cpu_ms:.1f} ms CPU of the workers"
            f" a turn\n"
            f"killed {outcome.kills}, stalled {outcome.stalls}: lost {outcome.lost}, duplicates {outcome.duplicates},"
            f" out of order {outcome.out_of_order}, dead {outcome.dead}"
        )
    sys.exit(bool(outcome.lost or outcome.duplicates))


if __name__ == "__main__":
    main()
