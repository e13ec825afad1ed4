"""Worker processes curate what runs left owed, and one that is killed loses nothing: on both databases."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import pytest

from coterie import Scope
from coterie.errors import StoreError
from coterie.examples import postgres_workers
from coterie.memory.opening import store_at

SAID = postgres_workers.SAID


def check_lost_nothing(out: str) -> None:
    """Each statement was curated once, and not by the worker that was killed."""
    assert "6 turns are answered, and owed their curation.\nWorker 1 was killed over one (exit code -9)" in out
    curated = [line.partition(": ")[2] for line in out.splitlines() if line.startswith("  worker ")]
    assert sorted(curated) == sorted(f"+ {statement}" for said in SAID.values() for statement in said)
    assert "worker 1:" not in out
    for user, said in SAID.items():
        assert f"{user}: {' '.join(said)}\n" in out


def test_on_postgres(capfd: pytest.CaptureFixture[str], postgres_url: str) -> None:
    postgres_workers.main(["--db", postgres_url])
    check_lost_nothing(capfd.readouterr().out)
    with store_at(postgres_url) as db:
        assert db.backlog().owed == 0
        for user, said in SAID.items():
            assert [memory.memory for memory in db.oldest(Scope(user, as_owner=True))] == said


def test_without_a_server_it_says_how_to_get_one_and_uses_a_file(capfd: pytest.CaptureFixture[str]) -> None:
    postgres_workers.main([])
    out = capfd.readouterr().out
    assert out.startswith("This is a SQLite file. For a server: docker run ")
    check_lost_nothing(out)


def leases(file: Path) -> set[str]:
    """The marks of the turns that somebody has in hand, or had when it was killed."""
    with closing(sqlite3.connect(file)) as connection:
        return {lease for (lease,) in connection.execute("SELECT lease FROM turn WHERE lease IS NOT NULL")}


def read_until(said: str, out: IO[str]) -> None:
    """Read lines as far as one that has this in it."""
    assert any(said in line for line in out), f"it ended before it said {said!r}"


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_process_that_began_them(tmp_path: Path, ending: signal.Signals) -> None:
    db = tmp_path / "hikers.db"
    command = [sys.executable, "-m", "coterie.examples.postgres_workers", "--db", str(db)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            read_until("Worker 1 was killed", process.stdout)
            left = leases(db)
            read_until("  worker ", process.stdout)  # from here on one at least is at work
            process.send_signal(ending)
            process.communicate(timeout=120)  # which ends with the last of those who write there
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert leases(db) <= left, "what they had in hand is done; of worker 1 there may be a lease that has not run out"


def test_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1"):
        postgres_workers.main(["--db", "postgresql://nobody@127.0.0.1:1/none"])
