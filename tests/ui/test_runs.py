"""Runs over HTTP: past ones, and those that happen meanwhile, in whichever process."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from coterie.graphs.picture import as_json
from coterie.memory.db import Db
from coterie.memory.postgres import PostgresDb
from coterie.memory.values import StoredRun
from coterie.ui.serving import Server
from tests.support.recorded import picture, team_run
from tests.ui.conftest import Ask, remember

NOW = datetime.now(UTC)
ELSEWHERE = """
import sys
from datetime import UTC, datetime
from coterie.memory.opening import store_at
from coterie.memory.values import StoredRun

with store_at(sys.argv[1]) as db:
    db.add_run(StoredRun("run-elsewhere", "ana", None, None, None, "desk", datetime.now(UTC)))
    for line in sys.stdin:
        db.add_records("ana", "run-elsewhere", [{"kind": "told", "text": line}])
    db.end_run("ana", "run-elsewhere", "finished", datetime.now(UTC))
"""
Event = tuple[str, Any, int | None]


def run(db: Db, run_id: str, user_id: str | None = "ana", *, records: int = 0, ended: bool = True) -> None:
    """Keep a run with some records."""
    db.add_run(StoredRun(run_id, user_id, "s1", "desk", None, "desk", NOW))
    db.add_records(user_id, run_id, [{"kind": "told", "number": number} for number in range(1, records + 1)])
    if ended:
        db.end_run(user_id, run_id, "finished", NOW + timedelta(seconds=3))


def test_runs_are_listed_and_opened(db: Db, ask: Ask) -> None:
    remember(db, "ana", "Likes tea")
    db.add_run(StoredRun("run-1", "ana", "s1", "desk", None, "desk", datetime.now(UTC)))
    remember(db, "ana", "Likes gin")
    (listed,) = ask("runs", limit=1)
    assert (listed["run_id"], listed["status"], listed["name"]) == ("run-1", "running", "desk")
    one = ask("runs/run-1")
    assert (one["run"], one["title"], one["records"], one["picture"], one["svg"]) == (listed, "desk", [], None, "")
    graph = as_json(picture())
    db.add_records("ana", "run-1", team_run(graph))
    one = ask("runs/run-1")
    assert (one["title"], one["picture"], len(one["records"])) == ("desk", graph, len(team_run(graph)))
    assert one["svg"].startswith("<svg")
    assert [memory["memory"] for memory in one["memories"]] == ["Likes tea"]


def test_without_contents_no_memories_are_told(db: Db, ask: Ask) -> None:
    remember(db, "ana", "Likes tea")
    db.add_run(StoredRun("run-1", "ana", "s1", "desk", None, "desk", datetime.now(UTC)))
    db.add_records("ana", "run-1", team_run(contents=False))
    assert (ask("runs/run-1")["memories"], ask("runs/run-1")["svg"]) == (None, "")


def test_a_run_that_a_newer_coterie_wrote_is_refused_in_a_sentence(db: Db, client: httpx.Client) -> None:
    db.add_run(StoredRun("run-1", "ana", "s1", "desk", None, "desk", datetime.now(UTC)))
    db.add_records("ana", "run-1", [{"kind": "run_started", "schema": 99, "coterie": "9.0"}])
    answer = client.get("/api/runs/run-1?user=ana")
    assert (answer.status_code, "update coterie" in answer.json()["error"]) == (400, True)


def test_runs_without_a_user_are_nobodys(db: Db, ask: Ask) -> None:
    run(db, "run-ana", "ana")
    run(db, "run-nobody", None)
    assert [one["run_id"] for one in ask("runs", user="")] == ["run-nobody"]
    assert ask("runs/run-nobody", user="")["memories"] is None
    assert [one["run_id"] for one in ask("runs")] == ["run-ana"]


def test_nobody_sees_anothers_run(db: Db, client: httpx.Client) -> None:
    run(db, "run-ben", "ben", records=1)
    for path in ("runs/run-ben", "runs/run-ben/follow"):
        for user in ("ana", ""):
            answer = client.get(f"/api/{path}", params={"user": user})
            assert answer.status_code == 404
            assert "told" not in answer.text
    assert client.get("/api/runs?user=ana").json() == []


@contextmanager
def following(client: httpx.Client, path: str, **words: Any) -> Iterator[Iterator[Event]]:
    """The events of a stream: their kinds, values and numbers."""
    with client.stream("GET", f"/api/{path}", params={"user": "ana", **words}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[Event]:
    said: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            said[name] = value
        elif "event" in said:
            yield said["event"], json.loads(said["data"]), int(said["id"]) if "id" in said else None
            said = {}


def test_an_ended_run_is_told_to_its_end(db: Db, client: httpx.Client) -> None:
    run(db, "run-1", records=1203)
    with following(client, "runs/run-1/follow") as events:
        *records, last = events
    assert [number for _, _, number in records] == list(range(1, 1204))
    assert all(kind == "record" and value["number"] == number for kind, value, number in records)
    assert (last[0], last[1]["status"], last[1]["records"]) == ("ended", "finished", 1203)


def test_it_goes_on_from_what_is_known(db: Db, client: httpx.Client) -> None:
    run(db, "run-1", records=5)
    with following(client, "runs/run-1/follow", after=3) as events:
        assert [number for _, _, number in events] == [4, 5, None]
    assert client.get("/api/runs/run-1/follow?user=ana&after=-1").status_code == 400


def test_a_run_of_another_process_is_followed(db: Db, client: httpx.Client, postgres_or_path: str) -> None:
    command, strange = [sys.executable, "-c", ELSEWHERE, postgres_or_path], "one\u2028two: \\n"
    with following(client, "runs/follow") as runs:
        assert next(runs) == ("runs", [], None)
        with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            _, (begun,), _ = next(runs)
            assert (begun["run_id"], begun["status"]) == ("run-elsewhere", "running")
            with following(client, "runs/run-elsewhere/follow") as events:
                for number, text in enumerate([strange, "three"], 1):
                    process.stdin.write(text + "\n")
                    process.stdin.flush()
                    assert next(events) == ("record", {"kind": "told", "text": text + "\n"}, number)
                process.stdin.close()
                kind, ended, _ = next(events)
                assert (kind, ended["status"], ended["records"]) == ("ended", "finished", 2)
                assert next(events, None) is None
            listed = next(now for _, (now,), _ in runs if now["status"] == "finished")
            assert listed["records"] == 2


@pytest.fixture
def postgres_or_path(db: Db, request: pytest.FixtureRequest) -> str:
    """Where the store is."""
    return str(request.getfixturevalue("postgres_url")) if isinstance(db, PostgresDb) else db.name


def test_a_run_that_is_removed_ends_the_stream_with_the_reason(db: Db, client: httpx.Client) -> None:
    run(db, "run-1", records=1, ended=False)
    with following(client, "runs/run-1/follow") as events:
        assert next(events)[0] == "record"
        db.erase("ana")
        kind, value, _ = next(events)
        assert (kind, "run-1" in value["error"]) == ("failed", True)
        assert next(events, None) is None


def test_the_server_ends_though_somebody_follows(db: Db, server: Server, client: httpx.Client) -> None:
    run(db, "run-1", records=1, ended=False)
    with following(client, "runs/run-1/follow") as events, following(client, "runs/follow") as runs:
        assert (next(events)[0], next(runs)[0]) == ("record", "runs")
        server.stop()
        assert [*events] == []
        assert [kind for kind, _, _ in runs] == []


def test_many_follow_at_once(db: Db, client: httpx.Client) -> None:
    run(db, "run-1", ended=False)
    told: list[list[int | None]] = []

    def follow() -> None:
        with following(client, "runs/run-1/follow") as events:
            told.append([number for _, _, number in events])

    threads = [threading.Thread(target=follow) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(20):
        db.add_records("ana", "run-1", [{"number": number}])
    db.end_run("ana", "run-1", "failed", datetime.now(UTC))
    for thread in threads:
        thread.join()
    assert told == [[*range(1, 21), None]] * 8
