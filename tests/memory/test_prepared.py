"""Prepared statements give what SQLAlchemy gives, take part in its transactions, and refuse what they cannot do."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from coterie.errors import ConflictError, StoreError
from coterie.memory import postgres
from coterie.memory.columns import UtcDateTime
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change
from coterie.memory.postgres import PostgresDb
from coterie.memory.prepared import Prepared
from coterie.memory.reach import NOTHING
from coterie.memory.sqlite import SqliteDb
from coterie.memory.tables import MEMORY
from coterie.memory.values import Scope, UserMemory

NOW = datetime(2025, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
ANA = Scope("ana")

THING = sa.Table(
    "thing",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("data", sa.JSON(none_as_null=True)),
    sa.Column("at", UtcDateTime),
    sa.Column("hash", sa.LargeBinary),
    sa.Column("weight", sa.Float),
)
NAMES = [column.name for column in THING.c]
INSERT = Prepared(sa.insert(THING), NAMES)
EVERYTHING = sa.select(THING).order_by(THING.c.number)
ALL = Prepared(EVERYTHING)
RENAME = Prepared(sa.update(THING).where(THING.c.number == sa.bindparam("key")), ["name"])
COUNT = Prepared(sa.select(sa.func.count()).select_from(THING))


def thing(number: int, **values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(NAMES), "number": number, "name": f"Thing {number}", **values}


@pytest.fixture
def engine(db: Db) -> sa.Engine:
    """The store's own engine, with a table more."""
    engine = db._opened()
    with engine.begin() as connection:
        THING.create(connection)
    return engine


@pytest.fixture
def with_transactions(db: Db, engine: sa.Engine) -> Iterator[sa.Engine]:
    """An engine as SQLAlchemy makes it: the driver begins transactions by itself."""
    url = f"sqlite:///{db.name}" if engine.dialect.name == "sqlite" else engine.url
    made = sa.create_engine(url, paramstyle=engine.dialect.paramstyle)
    yield made
    made.dispose()


FULL = thing(
    1, name="100 % 'ü'", data={"a": [1, None, "ü"]}, at=NOW.astimezone(timezone(timedelta(hours=5))), hash=b"\0\xff"
)


def test_every_type_goes_in_and_comes_out_as_with_sqlalchemy(engine: sa.Engine) -> None:
    other = thing(3, weight=0.5, data=[])
    with engine.begin() as connection:
        assert INSERT.change(connection, FULL) == INSERT.change(connection, thing(2)) == 1
        connection.execute(sa.insert(THING), other)
    with engine.connect() as connection:
        found = ALL.rows(connection, {})
        assert found == [tuple(row) for row in connection.execute(EVERYTHING)]
        assert [type(row) for row in found] == [tuple] * 3
        assert ALL.mappings(connection, {}) == [{**FULL, "at": NOW}, thing(2), other]
    assert found[0][3].tzinfo is UTC


def test_a_time_before_1970_and_the_last_one(engine: sa.Engine) -> None:
    times = [datetime(1, 1, 2, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
    times.append(datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC))
    with engine.begin() as connection:
        INSERT.change(connection, *(thing(number, at=at) for number, at in enumerate(times)))
        assert [row[3] for row in ALL.rows(connection, {})] == times


def test_rows_one_at_a_time_and_in_parts(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert ALL.first(connection, {}) is None
        assert list(ALL.parts(connection, {}, 2)) == []
        assert INSERT.change(connection, *(thing(number) for number in range(5))) == 5
        assert [[row[0] for row in part] for part in ALL.parts(connection, {}, 2)] == [[0, 1], [2, 3], [4]]
        parts = ALL.parts(connection, {}, 2)
        assert [row[0] for row in next(parts)] == [0, 1]
        parts.close()
        first = ALL.first(connection, {})
    assert first is not None
    assert first[:2] == (0, "Thing 0")


def test_limits_repeated_and_built_in_parameters(engine: sa.Engine) -> None:
    least, limit = sa.bindparam("least", type_=sa.Integer), sa.bindparam("limit", type_=sa.BigInteger)
    part = sa.select(THING.c.number).where(THING.c.number >= least, THING.c.name != "Thing 3")
    second = part.order_by(THING.c.number).limit(1).offset(1).subquery()
    union = sa.union_all(part.where(least > 0), sa.select(second)).subquery()
    statement = Prepared(sa.select(union).order_by(union.c.number).limit(limit))
    with engine.begin() as connection:
        INSERT.change(connection, *(thing(number) for number in range(6)))
        assert statement.rows(connection, {"least": 2, "limit": 3}) == [(2,), (4,), (4,)]
        assert statement.rows(connection, {"limit": 9, "least": 4}) == [(4,), (5,), (5,)]
        with pytest.raises(KeyError, match="least"):
            statement.rows(connection, {"limit": 3})


def test_changes_count_their_rows(engine: sa.Engine) -> None:
    delete = Prepared(sa.delete(THING).where(THING.c.number >= sa.bindparam("key")))
    with engine.begin() as connection:
        INSERT.change(connection, *(thing(number) for number in range(5)))
        assert RENAME.change(connection, {"key": 3, "name": "New"}) == 1
        assert RENAME.change(connection, {"key": 7, "name": "None"}) == 0
        assert RENAME.change(connection, *({"key": key, "name": f"New {key}"} for key in (0, 1, 9))) == 2
        assert RENAME.change(connection) == 0
        assert delete.change(connection, {"key": 2}) == 3
        assert [row[1] for row in ALL.rows(connection, {})] == ["New 0", "New 1"]


def test_a_change_that_returns_rows(engine: sa.Engine) -> None:
    statement = sa.update(THING).where(THING.c.number > sa.bindparam("key")).returning(THING.c.name, THING.c.at)
    with engine.connect() as connection:
        INSERT.change(connection, thing(1), thing(2, at=NOW))
        connection.commit()
        assert Prepared(statement, ["weight"]).rows(connection, {"key": 1, "weight": 2.5}) == [("Thing 2", NOW)]
        assert connection.in_transaction()


def insert_and_fail(transaction: AbstractContextManager[sa.Connection]) -> None:
    with transaction as connection:
        INSERT.change(connection, thing(8))
        connection.execute(sa.insert(THING), thing(9))
        raise ZeroDivisionError


def test_a_transaction_is_committed_or_rolled_back_whole(engine: sa.Engine, with_transactions: sa.Engine) -> None:
    """What SQLAlchemy runs and what is prepared are one transaction."""
    with with_transactions.begin() as connection:
        INSERT.change(connection, thing(1))
        connection.execute(sa.insert(THING), thing(2))
        INSERT.change(connection, thing(3))
    with pytest.raises(ZeroDivisionError):
        insert_and_fail(with_transactions.begin())
    with engine.connect() as connection:
        assert [row[0] for row in ALL.rows(connection, {})] == [1, 2, 3]


def test_a_change_begins_a_transaction_that_commit_ends(engine: sa.Engine, with_transactions: sa.Engine) -> None:
    with with_transactions.connect() as connection, engine.connect() as other:
        INSERT.change(connection, thing(1))
        assert connection.in_transaction()
        assert COUNT.rows(other, {}) == [(0,)]
        connection.commit()
        assert COUNT.rows(other, {}) == [(1,)]
        INSERT.change(connection, thing(2))
    with engine.connect() as other:
        assert COUNT.rows(other, {}) == [(1,)]


def test_the_stores_transactions(db: Db, engine: sa.Engine) -> None:
    """They hold before they commit, roll back when something is raised, and are ended where a connection is kept."""
    with db._writing(NOTHING) as connection:
        INSERT.change(connection, thing(1))
        with db._reading(NOTHING) as other:
            assert COUNT.rows(other, {}) == [(0,)]
    with pytest.raises(ZeroDivisionError):
        insert_and_fail(db._writing(NOTHING))
    with db._reading(NOTHING) as connection:
        assert [row[0] for row in ALL.rows(connection, {})] == [1]
        held: Any = connection.connection.driver_connection
        open_now = held.in_transaction if isinstance(held, sqlite3.Connection) else held.info.transaction_status.value
        assert not open_now


def test_savepoints(db: Db, engine: sa.Engine) -> None:
    with db._writing(NOTHING) as connection:
        INSERT.change(connection, thing(1))
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)), connection.begin_nested():
            INSERT.change(connection, thing(2), thing(1))
        INSERT.change(connection, thing(3))
    with db._reading(NOTHING) as connection:
        assert [row[0] for row in ALL.rows(connection, {})] == [1, 3]


def test_the_drivers_errors_become_ours(db: Db, engine: sa.Engine) -> None:
    with db._writing(NOTHING) as connection:
        INSERT.change(connection, thing(1))
    for changed in (thing(1), thing(2, name="Thing 1"), thing(2, name=None)):
        with (
            pytest.raises(ConflictError, match="somebody else wrote the same first"),
            db._writing(NOTHING) as connection,
        ):
            INSERT.change(connection, thing(7), changed)
    missing = Prepared(sa.select(sa.table("missing", sa.column("id"))))
    with pytest.raises(StoreError, match="missing"), db._reading(NOTHING) as connection:
        missing.rows(connection, {})
    with db._reading(NOTHING) as connection:
        assert COUNT.rows(connection, {}) == [(1,)]


def test_errors_of_the_callers_stay_what_they_are(db: Db) -> None:
    with pytest.raises(ZeroDivisionError), db._reading(NOTHING):
        raise ZeroDivisionError


def test_what_is_compiled_anew_for_each_run_is_refused(engine: sa.Engine) -> None:
    several = [THING.c.number.in_([1, 2]), THING.c.number.in_(sa.bindparam("numbers", expanding=True))]
    table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer, default=1))
    with engine.connect() as connection:
        for wanted in several:
            with pytest.raises(ValueError, match=r"parameters .* use execute"):
                Prepared(sa.select(THING).where(wanted)).rows(connection, {"numbers": [1]})
        with pytest.raises(ValueError, match=r"columns \['b'\] have defaults"):
            Prepared(sa.insert(table), ["a"]).change(connection, {"a": 1})


def test_threads_that_compile_the_same_statement_at_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        INSERT.change(connection, FULL)
    start = Barrier(8)
    for _ in range(20):
        statement = Prepared(sa.select(THING).where(THING.c.at >= sa.bindparam("at")))

        def read(index: int, statement: Prepared = statement) -> list[Any]:
            start.wait(300)
            with engine.connect() as connection:
                return statement.rows(connection, {"at": NOW})

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(read, range(8)))
        assert [row for (row,) in found] == [(*FULL.values(),)] * 8


def test_one_statement_serves_both_databases(tmp_path: Path, postgres_url: str) -> None:
    statement = Prepared(sa.select(sa.literal("%s", sa.Text), sa.bindparam("at", type_=UtcDateTime)))
    with SqliteDb(tmp_path / "store.db") as one, PostgresDb(postgres_url) as two:
        for db in (one, two, one, two):
            with db._reading(NOTHING) as connection:
                assert statement.rows(connection, {"at": NOW}) == [("%s", NOW)]


def test_a_statement_is_compiled_once(engine: sa.Engine) -> None:
    calls = []

    class Counted(sa.types.TypeDecorator[int]):
        impl = sa.Integer
        cache_ok = True

        def bind_processor(self, dialect: sa.Dialect) -> Any:
            calls.append(dialect)
            return None

    statement = Prepared(sa.select(sa.bindparam("a", type_=Counted)))
    with engine.connect() as connection:
        assert [statement.rows(connection, {"a": number}) for number in (1, 2)] == [[(1,)], [(2,)]]
    assert len(calls) == 1


def kill_others(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def delete_all_after_a_kill(connection: sa.Connection, url: str) -> None:
    Prepared(sa.select(MEMORY.c.memory_id)).rows(connection, {})
    kill_others(url)
    Prepared(sa.delete(MEMORY)).change(connection, {})


def test_a_connection_that_breaks_in_use_is_an_error_once(postgres_url: str) -> None:
    with PostgresDb(postgres_url) as db:
        db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
        with pytest.raises(StoreError, match="terminating"), db._reading(NOTHING) as connection:
            delete_all_after_a_kill(connection, postgres_url)
        assert db.count(ANA) == 1
        with pytest.raises(StoreError, match="terminating"), db._writing(NOTHING) as connection:
            delete_all_after_a_kill(connection, postgres_url)
        assert db.count(ANA) == 1


@pytest.mark.parametrize("trusted_seconds", [0, postgres.TRUSTED_SECONDS])
def test_many_connections_that_the_server_closed_are_replaced_unnoticed(
    postgres_url: str, trusted_seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "TRUSTED_SECONDS", trusted_seconds)
    with PostgresDb(postgres_url) as db:
        db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
        together = Barrier(6)

        def read(index: int) -> int:
            with db._reading(NOTHING) as connection:
                together.wait(300)
                return connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr,no-any-return]

        with ThreadPoolExecutor(6) as pool:
            first = set(pool.map(read, range(6)))
            kill_others(postgres_url)
            second = set(pool.map(read, range(6)))
            assert (len(first), len(second), first & second) == (6, 6, set())
            assert set(pool.map(read, range(6))) == second
        assert db.count(ANA) == 1
