"""Which indexes PostgreSQL takes for the store's verbs, behind its wall."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from coterie.memory.db import Db
from coterie.memory.edits import Change, Ref, Update
from coterie.memory.ids import new_id
from coterie.memory.items import ItemName
from coterie.memory.postgres import PostgresDb
from coterie.memory.postgres_wall import WalledConnection, _Cursor
from coterie.memory.values import Filters, Note, Scope, Turn
from tests.support.postgres_server import PostgresServer

USERS, EACH = 40, 500
# Every row holds "tea" and one word of its own; one in ten is of a team, one in five an item in one of four namespaces.
FILL = f"""
INSERT INTO memory (user_id, memory_id, memory, topics, team_id, visibility, kind, created_at, updated_at, version,
    content_hash, words, topic_words, trust, depends_on, namespace)
SELECT 'user' || n % {USERS}, 'id-' || n, 'Tea ' || n, '[]', 'desk', CASE n % 10 WHEN 0 THEN 'team' ELSE 'user' END,
    'fact', now() - n * interval '1 second', now(), 1, n::text::bytea, 'tea word' || n, '', 'user', '[]',
    CASE n % 5 WHEN 3 THEN 'memories.' || n % 4 || '.' END
FROM generate_series(1, {USERS * EACH}) AS n;
INSERT INTO turn (user_id, turn_id, session_id, run_id, messages, at, status, attempts, due_at, lease)
SELECT 'user' || n % {USERS}, 'turn-' || n, 's' || n % 7, 'r', '[]', now() - n * interval '1 second',
    CASE WHEN n % 2 = 0 THEN 'pending' ELSE 'none' END, 0,
    CASE WHEN n % 2 = 0 THEN now() - n * interval '1 second' END, CASE WHEN n % 400 = 0 THEN 'lapsed' END
FROM generate_series(1, {USERS * EACH}) AS n;
INSERT INTO note (user_id, note_id, run_id, team_id, text, at)
SELECT 'user' || n % {USERS}, 'ffff' || n, 'run' || n % 97, 'desk', 'Tea', now()
FROM generate_series(1, {USERS * EACH}) AS n;
INSERT INTO run (user_id, run_id, session_id, name, started_at, status, records)
SELECT 'user' || n % {USERS}, 'run-' || n, 's' || n % 7, 'desk', now() - n * interval '1 second', 'finished', 1
FROM generate_series(1, {USERS * EACH}) AS n;
INSERT INTO run_record (user_id, run_id, number, record)
SELECT 'user' || n % {USERS}, 'run-' || n, 1, '{{}}' FROM generate_series(1, {USERS * EACH}) AS n;
"""
FILLED = ("memory", "turn", "note", "run", "run_record")
ANALYZE = "; ".join(f"ANALYZE {table}" for table in (*FILLED, "memory_search"))

Plans = list[str]


def explaining(plans: Plans) -> type[_Cursor]:
    """A cursor that notes how each statement is planned, and then runs it."""

    class Explaining(_Cursor):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            held: Any = self.connection
            ahead = held._next
            if query.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                cursor = _Cursor(held).execute(f"EXPLAIN {query}", params, prepare=True)
                plans.append("\n".join(line for (line,) in cursor.fetchall()))
                held._next = () if held._each == () else ahead  # in a transaction what went ahead holds
            return super().execute(query, params, **options)

    return Explaining


@pytest.fixture(scope="module")
def full(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with many rows, its statistics not up to date."""
    name = postgres_server.create()
    with PostgresDb(postgres_server.url(name)) as db:
        db.count(Scope("ana"))
    for table in FILLED:
        postgres_server.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)", name)
    postgres_server.execute(FILL, name)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=[False, True], ids=["without statistics", "with statistics"], scope="module")
def statistics(request: pytest.FixtureRequest, full: str, postgres_server: PostgresServer) -> bool:
    if request.param:
        postgres_server.execute(ANALYZE, str(sa.make_url(full).database))
    return bool(request.param)


@pytest.fixture(params=["auto", "force_generic_plan"], scope="module")
def planned(request: pytest.FixtureRequest, full: str, statistics: bool) -> Iterator[tuple[Db, Plans]]:
    """A store, and the plans of the statements that it runs."""
    plans: Plans = []
    cursor = explaining(plans)

    def prepared(connection: WalledConnection, record: object) -> None:
        connection.execute(f"SET plan_cache_mode = {request.param}".encode())
        connection.cursor_factory = cursor

    with PostgresDb(full) as db:
        sa.event.listen(db._opened(), "connect", prepared)
        db._opened().dispose()
        yield db, plans


SCOPES = [Scope("user7"), Scope("user7", "desk", "scout"), Scope("user7", as_owner=True)]


def plan(planned: tuple[Db, Plans], verb: str, *arguments: Any, **options: Any) -> str:
    """How the last statement of a verb is run."""
    db, plans = planned
    plans.clear()
    getattr(db, verb)(*arguments, **options)
    return plans[-1]


@pytest.mark.parametrize(
    ("verb", "arguments", "index"),
    [
        ("items", [[ItemName(("memories", "3"), "k")]], "memory_content"),
        ("namespaces", [], "memory_namespace"),
        ("newest", [10, Filters(namespace=("memories", "3"))], "memory_namespace"),
        ("newest", [10, Filters(namespace=())], "memory_namespace"),
    ],
)
def test_reading_items_by_index(
    planned: tuple[Db, Plans], statistics: bool, verb: str, arguments: list[Any], index: str
) -> None:
    found = plan(planned, verb, SCOPES[0], *arguments)
    assert index in found, found
    assert "Sort" not in found, found


@pytest.mark.parametrize("scope", SCOPES)
def test_reading_by_index(planned: tuple[Db, Plans], statistics: bool, scope: Scope) -> None:
    readers = "memory_owner" if scope.as_owner else "memory_readers"
    verbs: dict[str, tuple[str, list[Any]]] = {
        "get": ("memory_pkey", [scope, "id-7"]),
        "newest": (readers, [scope]),
        "turns": ("turn_place", ["user7", "s0"]),
        "pending_turns": ("turn_pending", ["user7"]),
        "notes": ("note_run", ["user7", "run7"]),
    }
    for verb, (index, arguments) in verbs.items():
        found = plan(planned, verb, *arguments)
        assert "Seq Scan" not in found
        assert index in found or not statistics  # without them another one may do


def test_claiming_by_index(planned: tuple[Db, Plans], statistics: bool) -> None:
    db, plans = planned
    plans.clear()
    held = db.claim_turn()
    assert held is not None
    candidates, *_, taking = plans
    assert "Seq Scan" not in candidates + taking
    assert "turn_leased" in taking
    if statistics:
        assert "Index Scan using turn_due" in candidates
        assert "turn_leased" in candidates
        assert "Sort" not in candidates + taking
    db.fail_turn(held, "")
    assert "Seq Scan" not in plans[-1]


def test_removing_notes_by_index(planned: tuple[Db, Plans], statistics: bool) -> None:
    db, plans = planned
    found = plan(planned, "add_note", Note("Tea", new_id(), "user9"))
    assert "Delete on note" in found
    assert "Seq Scan" not in found
    assert "note_pkey" in found or not statistics
    db.record_turn(Turn(new_id(), "s", "run9", (), datetime.now(UTC), "late", status="none"))
    (found,) = [one for one in plans if "run_id" in one]
    assert "Delete on note" in found
    assert "Seq Scan" not in found
    assert "note_run" in found or not statistics


def test_runs_by_index(planned: tuple[Db, Plans], statistics: bool) -> None:
    db, plans = planned
    found = {
        "run_newest": plan(planned, "runs", "user7"),
        "run_session": plan(planned, "runs", "user7", session_id="s0"),
        "run_pkey": plan(planned, "run", "user7", "run-4007"),
        "run_record_pkey": plan(planned, "records", "user7", "run-4007"),
    }
    db.add_records("user7", "run-4007", [{}])
    db.remove_runs("user7", datetime(2020, 1, 1, tzinfo=UTC))
    assert "Seq Scan" not in "".join([*found.values(), *plans])
    assert [index for index, how in found.items() if index not in how] == [] or not statistics
    assert "Sort" not in found["run_newest"] + found["run_session"] + found["run_record_pkey"] or not statistics


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("query", ["word7", "tea", "tea word7 word47"])
def test_searching_by_index(planned: tuple[Db, Plans], statistics: bool, scope: Scope, query: str) -> None:
    db, _ = planned
    assert {hit.memory.user_id for hit in db.search(scope, query)} == {"user7"}
    found = plan(planned, "search", scope, query)
    assert "Bitmap Index Scan on memory_words" in found
    assert "memory_pkey" in found
    assert "Seq Scan on memory " not in found


def test_changing_by_index(planned: tuple[Db, Plans], statistics: bool) -> None:
    db, plans = planned
    plans.clear()
    for _ in range(2):
        db.apply(Scope("user9"), [Update(Ref("id-9"), new_id())], Change())
    scans = [line for found in plans for line in found.splitlines() if "Seq Scan on" in line]
    assert [line for line in scans if "memory_source" not in line and "memory_revision" not in line] == []
    walks = [found for found in plans if "CTE line" in found]
    assert ["superseded_by = line" in found for found in walks] == [True, True]  # by index from each to the one before


def test_a_superuser_searches_by_index_too(full: str, postgres_server: PostgresServer) -> None:
    plans: Plans = []
    with PostgresDb(postgres_server.url(str(sa.make_url(full).database), "postgres")) as db:
        before = db.search(Scope("user7"), "word7")
        sa.event.listen(db._opened(), "connect", lambda held, _: setattr(held, "cursor_factory", explaining(plans)))
        db._opened().dispose()
        assert db.search(Scope("user7"), "word7") == before != []
    assert "Bitmap Index Scan on memory_words" in plans[-1]
    assert "coterie.user" not in plans[-1]
