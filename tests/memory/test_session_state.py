"""A session's state that is changed by what it is: whoever else changes it meanwhile, nothing is lost."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from coterie.errors import InputError, NotFoundError, StoreError
from coterie.memory.db import Db
from coterie.memory.sqlite import SqliteDb
from tests.support.rows import rows_of

USERS = ("ana", "ben", None)
TIMES = 25

COUNT_UP = """
import sys
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb

kind, where, name, times = sys.argv[1:]
db = {"sqlite": SqliteDb, "postgres": PostgresDb}[kind](where)
sys.stdin.readline()  # so that all begin at once
for number in range(int(times)):
    db.change_session_state(
        "ana",
        "s",
        lambda state: {
            "count": state.get("count", 0) + 1,
            "list": [*state.get("list", []), f"{name} {number}"],
        },
    )
db.close()
"""


def another(name: str, number: int) -> Any:
    def change(state: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"count": state.get("count", 0) + 1, "list": [*state.get("list", []), f"{name} {number}"]}

    return change


def in_threads(db: Db, users: tuple[str | None, ...], threads: int = 6) -> None:
    """Have threads count up a user's session each, those of all users at once."""
    barrier = threading.Barrier(threads * len(users))

    def work(user: str | None, name: str) -> None:
        barrier.wait()
        for number in range(TIMES):
            db.change_session_state(user, "s", another(name, number))

    with ThreadPoolExecutor(threads * len(users)) as pool:
        for done in [pool.submit(work, user, f"thread {n}") for user in users for n in range(threads)]:
            done.result()


def version(db: Db, user: str) -> int:
    ((*_, number),) = rows_of(db, user, "session")["session"]
    return int(number)


def holds_all(state: Mapping[str, Any], names: list[str]) -> None:
    assert state["count"] == len(names) * TIMES
    assert sorted(state["list"]) == sorted(f"{name} {number}" for name in names for number in range(TIMES))
    for name in names:  # each one's in the order it wrote them
        assert [one for one in state["list"] if one.startswith(f"{name} ")] == [f"{name} {n}" for n in range(TIMES)]


def test_threads_and_processes_lose_nothing_from_the_session_s_beginning_on(
    request: pytest.FixtureRequest, db: Db
) -> None:
    where = db.name if isinstance(db, SqliteDb) else str(request.getfixturevalue("postgres_url"))
    kind = "sqlite" if isinstance(db, SqliteDb) else "postgres"
    db.upgrade()
    names = [f"process {number}" for number in range(3)]
    command = [sys.executable, "-W", "error", "-c", COUNT_UP, kind, where]
    processes = [subprocess.Popen([*command, name, str(TIMES)], stdin=subprocess.PIPE, text=True) for name in names]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    in_threads(db, ("ana",))
    for process in processes:
        process.communicate(timeout=300)
    assert [process.returncode for process in processes] == [0, 0, 0]
    names += [f"thread {number}" for number in range(6)]
    holds_all(db.session("ana", "s").state, names)
    assert version(db, "ana") == 1 + len(names) * TIMES


def test_the_same_session_id_of_others_is_another_session(db: Db) -> None:
    in_threads(db, USERS, 3)
    for user in USERS:
        holds_all(db.session(user, "s").state, [f"thread {number}" for number in range(3)])
    db.change_session_state("ana", "s", lambda _: {"count": 0})
    assert [db.session(user, "s").state["count"] for user in USERS] == [0, 3 * TIMES, 3 * TIMES]
    assert db.change_session_state("eve", "s", lambda state: {"seen": dict(state)}).state == {"seen": {}}


def test_it_is_merged_by_key_and_returned(db: Db) -> None:
    db.update_session_state("ana", "s", {"cart": ["milk"], "step": 1})
    before = db.session("ana", "s")
    session = db.change_session_state("ana", "s", lambda state: {"step": state["step"] + 1, "at": (1, 2)})
    assert session.state == {"cart": ["milk"], "step": 2, "at": [1, 2]}
    assert session == db.session("ana", "s")
    assert session.updated_at > before.updated_at
    assert session.created_at == before.created_at
    assert version(db, "ana") == 3


def test_what_is_done_to_the_argument_is_not_kept(db: Db) -> None:
    db.update_session_state("ana", "s", {"cart": ["milk"]})

    def change(state: Mapping[str, Any]) -> dict[str, Any]:
        state["cart"].append("tea")
        return {"step": 1}

    assert db.change_session_state("ana", "s", change).state == {"cart": ["milk"], "step": 1}
    assert db.session("ana", "s").state == {"cart": ["milk"], "step": 1}
    assert db.change_session_state("ana", "s", lambda state: change(state) and {}).state["cart"] == ["milk"]


def test_to_return_nothing_leaves_it_as_it_is(db: Db) -> None:
    db.update_session_state("ana", "s", {"a": 1})
    before = rows_of(db, "ana")
    assert db.change_session_state("ana", "s", lambda _: {}).state == {"a": 1}
    assert db.update_session_state("ana", "s", {}).state == {"a": 1}
    assert rows_of(db, "ana") == before
    assert db.change_session_state("ana", "new", lambda _: {}) == db.session("ana", "new")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("missing"),
        sqlite3.IntegrityError("another database's"),
        psycopg.errors.UniqueViolation("another database's"),
        StoreError("mine"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_passes_and_nothing_is_written(db: Db, error: BaseException) -> None:
    def fail(state: Mapping[str, Any]) -> dict[str, Any]:
        raise error

    db.update_session_state("ana", "s", {"a": 1})
    before = rows_of(db, None)
    for session_id in ("s", "new"):
        with pytest.raises(type(error)) as raised:
            db.change_session_state("ana", session_id, fail)
        assert raised.value is error
        assert (error.__cause__, error.__context__) == (None, None)
        assert rows_of(db, None) == before
    assert db.change_session_state("ana", "s", lambda state: {"a": state["a"] + 1}).state == {"a": 2}


@pytest.mark.parametrize("value", [{"x": float("nan")}, {"x": object()}, {"x": {1, 2}}, None, 7])
def test_what_is_not_plain_json_is_refused(db: Db, value: Any) -> None:
    db.update_session_state("ana", "s", {"a": 1})
    before = rows_of(db, None)
    for session_id in ("s", "new"):
        with pytest.raises(InputError, match="JSON"):
            db.change_session_state("ana", session_id, lambda _: value)
    assert rows_of(db, None) == before
    with pytest.raises(NotFoundError):
        db.session("ana", "new")


def test_many_at_once_in_one_event_loop(db: Db) -> None:
    async def count_up() -> None:
        await asyncio.gather(*(db.achange_session_state("ana", "s", another("task", number)) for number in range(20)))

    asyncio.run(count_up())
    assert db.session("ana", "s").state["count"] == 20
