"""Worker processes curate what runs left owed, and one that is killed loses nothing: on both databases."""

import pytest

from coterie import Scope
from coterie.examples import postgres_workers
from coterie.memory.opening import store_at


def test_a_killed_worker_loses_nothing_and_nothing_is_done_twice(
    capfd: pytest.CaptureFixture[str], address: str
) -> None:
    postgres_workers.main(["--db", address])
    out = capfd.readouterr().out
    assert out.startswith("6 turns are answered, and owed their curation.\nWorker 1 was killed over one (exit code -9)")
    curated = [line.partition(": ")[2] for line in out.splitlines() if line.startswith("  worker ")]
    statements = [statement for said in postgres_workers.SAID.values() for statement in said]
    assert sorted(curated) == sorted(f"+ {statement}" for statement in statements), "each once, whoever was killed"
    assert "worker 1:" not in out
    with store_at(address) as db:
        assert db.backlog().owed == 0
        for user, said in postgres_workers.SAID.items():
            assert [memory.memory for memory in db.oldest(Scope(user, as_owner=True))] == said
            assert f"{user}: {' '.join(said)}\n" in out


def test_without_a_server_it_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        postgres_workers.main(["--help"])
    assert "postgresql://" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"^error: "):
        postgres_workers.main(["--db", "postgresql://nobody@127.0.0.1:1/none"])
