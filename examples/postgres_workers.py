"""One PostgreSQL, many processes: runs answer, workers curate, and one that is killed loses nothing.

    coterie examples run postgres_workers --db postgresql://user:password@host/database
    coterie examples run postgres_workers            # the same on a SQLite file, to see what it does

An agent with `update_memory_on_run="later"` stores each turn with its curation owed, and is done. Workers, processes on
as many machines as you like, take up what is owed: each turn under a lease, a user's turns in their order. The first
worker here is killed while it curates. Its lease runs out, and another one does the turn, once in effect.

Your own workers are one command: `coterie curate --db URL --workers 4` (`--verbatim` without a model).
"""

import argparse
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from coterie import Agent, MemoryManager, UserMemory, Worker
from coterie.memory.db import Db
from coterie.memory.evidence import Proposal
from coterie.memory.flow import Flow
from coterie.memory.models import chat_model
from coterie.memory.opening import store_at
from coterie.memory.report import CurationReport
from coterie.memory.values import Turn
from coterie.memory.verbatim import VerbatimCurator

SERVER = "docker run -e POSTGRES_PASSWORD=pw -p 5432:5432 postgres"
LEASE_SECONDS = 3.0
"""After so long others take up what a killed worker had; 60 unless told otherwise."""


def guide(db: Db) -> Agent:
    """Answers, and leaves what is to be remembered to workers."""
    return Agent("guide", role="advises hikers", db=db, update_memory_on_run="later")


agent = guide(store_at(":memory:"))

SAID = {
    "ana": ["I live in Porto.", "I walk 20 km a day."],
    "ben": ["I am afraid of heights.", "I have a dog."],
    "chi": ["我住在成都。", "我喜欢下雨天。"],
}


class Slow(VerbatimCurator):
    """Keeps what is stated, and takes as long as a model would; or its process is killed before it is done."""

    def __init__(self, killed: bool) -> None:
        super().__init__()
        self.killed = killed

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        """What to keep of a turn."""
        time.sleep(0.5)
        if self.killed:
            os.kill(os.getpid(), signal.SIGKILL)
        return (yield from super().propose(turn, before, known))


def work(address: str, name: str, killed: bool = False) -> None:
    """A worker process: it curates what is owed until it is told to end, or the process that began it is gone."""

    def told(report: CurationReport) -> None:
        print(f"  {name}: {', '.join(report.lines())}", flush=True)

    manager = MemoryManager(store_at(address), curator=None if chat_model() and not killed else Slow(killed))
    worker = Worker(manager, told=told, lease_seconds=LEASE_SECONDS)
    signal.signal(signal.SIGTERM, lambda number, frame: worker.stop())
    threading.Thread(target=stop_with_parent, args=[worker], daemon=True).start()
    worker.run()


def stop_with_parent(worker: Worker) -> None:
    """Let a worker finish what it has in hand when the process that began it has ended, whatever it died of."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        worker.stop()


def serve(db: Db) -> None:
    """Answer six messages, and leave their curation to others."""
    own = guide(db)
    for user, messages in SAID.items():
        for message in messages:
            own.run(message, user_id=user, session_id=f"{user}-today")
    print(f"{db.backlog().owed} turns are answered, and owed their curation.")


def curate(db: Db, address: str) -> None:
    """Have one worker killed, and two others curate, until nothing is owed any more."""
    spawn = multiprocessing.get_context("spawn").Process
    first = spawn(target=work, args=(address, "worker 1", True), daemon=True)
    first.start()
    first.join()
    print(f"Worker 1 was killed over one (exit code {first.exitcode}), which is still under its lease.")
    others = [spawn(target=work, args=(address, f"worker {number}"), daemon=True) for number in (2, 3)]
    for other in others:
        other.start()
    while ((left := db.backlog()).due or left.in_work) and any(other.is_alive() for other in others):
        time.sleep(0.2)
    for other in others:
        other.terminate()  # SIGTERM: it ends when what it has in hand is done
        other.join()
    if left.owed:
        print(f"{left.owed} are owed still, and tried again later: `coterie curate --status --db {db.name}`")


def show(db: Db) -> None:
    """What is remembered of each user."""
    for user in SAID:
        remembered = MemoryManager(db).get_user_memories(user)
        print(f"{user}: {' '.join(memory.memory for memory in reversed(remembered))}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", help="a postgresql:// URL (default: a temporary SQLite file)")
    address = parser.parse_args(arguments).db
    with TemporaryDirectory() as folder:
        if address is None:
            print(
                f"This is a SQLite file. For a server: {SERVER}, and --db postgresql://postgres:pw@localhost/postgres"
            )
            address = str(Path(folder, "hikers.db"))
        db = store_at(address)
        serve(db)
        curate(db, address)
        show(db)


if __name__ == "__main__":
    main()
