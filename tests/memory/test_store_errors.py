"""A database that is not one, is read-only, full, locked or unreachable: one clear error, and nothing lost."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from coterie.errors import SchemaError, StoreError
from coterie.memory import sqlite
from coterie.memory.db import Db
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Add, Change, Scope, UserMemory

ANA = Scope("ana")
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def add(db: Db, text: str = "Likes tea") -> None:
    db.apply(ANA, [Add(UserMemory(memory=text))], Change())


def add_much(db: Db) -> None:
    for number in range(100):
        add(db, f"Fact {number} " + "x" * 9000)


@contextmanager
def pragma(text: str) -> Iterator[None]:
    """Every SQLite connection made meanwhile starts with this pragma."""

    def run(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"PRAGMA {text}")

    sa.event.listen(sa.Engine, "connect", run)
    yield
    sa.event.remove(sa.Engine, "connect", run)


@pytest.mark.parametrize("content", [b"Dear diary, this is a text.\n" * 100, bytes(range(256)) * 40])
def test_a_file_that_is_not_a_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.txt"
    path.write_bytes(content)
    with SqliteDb(path) as db, pytest.raises(SchemaError, match=r"diary\.txt.*not a database.*another path"):
        add(db)
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    with SqliteDb(path) as db:
        add(db)
        assert db.count(ANA) == 1


@pytest.mark.parametrize("name", [".", "missing/store.db"])
def test_a_path_that_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with SqliteDb(tmp_path / name) as db, pytest.raises(StoreError, match=r"unable to open.*folder that exists"):
        db.newest(ANA)
    assert list(tmp_path.iterdir()) == []


def test_a_path_becomes_usable(tmp_path: Path) -> None:
    with SqliteDb(tmp_path / "later" / "store.db") as db:
        with pytest.raises(StoreError):
            add(db)
        (tmp_path / "later").mkdir()
        add(db)
        assert db.count(ANA) == 1


def test_a_database_that_is_read_only(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteDb(path) as db:
        add(db)
    with pragma("query_only = ON"), SqliteDb(path) as db:
        assert db.count(ANA) == 1
        with pytest.raises(StoreError, match=r"store\.db.*readonly.*writable"):
            add(db, "Likes milk")
        assert [memory.memory for memory in db.newest(ANA)] == ["Likes tea"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_or_folder_without_the_right_to_write(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteDb(path) as db:
        add(db)
    for place, mode in ((path, 0o400), (tmp_path, 0o500)):
        place.chmod(mode)
        with SqliteDb(path) as db, pytest.raises(StoreError, match=r"writable"):
            add(db, "Likes milk")
    tmp_path.chmod(0o700)
    path.chmod(0o600)
    with SqliteDb(path) as db:
        assert db.count(ANA) == 1


def test_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteDb(path) as db:
        add(db)
    with pragma("max_page_count = 60"), SqliteDb(path) as db:
        with pytest.raises(StoreError, match=r"full.*make room"):
            add_much(db)
        kept = db.newest(ANA, None)
        assert db.count(ANA) == len(kept) > 1
        assert all(len(db.history(ANA, str(memory.memory_id))) == 1 for memory in kept)
    with SqliteDb(path) as db:
        add(db, "Likes milk")
        assert db.count(ANA) == len(kept) + 1


def test_a_database_that_stays_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.1)
    path = tmp_path / "store.db"
    with SqliteDb(path) as db:
        add(db)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked.*try again"):
            add(db, "Likes milk")
        assert db.count(ANA) == 1
        other.rollback()
        other.close()
        add(db, "Likes milk")
        assert db.count(ANA) == 2


def test_closing_in_between(db: Db) -> None:
    add(db)
    db.close()
    db.close()
    assert db.count(ANA) == 1


def test_a_store_in_memory_is_its_own() -> None:
    with SqliteDb() as one, SqliteDb(":memory:") as two:
        add(one)
        assert (one.count(ANA), two.count(ANA)) == (1, 0)


def test_making_a_store_touches_nothing(tmp_path: Path) -> None:
    SqliteDb(tmp_path / "store.db")
    PostgresDb("postgresql://nobody@nowhere.invalid/none")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["", "store.db", "sqlite:///store.db", "mysql://a@b/c", "postgresql://a@b:port/c"])
def test_a_url_that_is_not_postgresql_s(url: str) -> None:
    with pytest.raises(StoreError, match="give postgresql://user:password@host:port/database"):
        PostgresDb(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_schemes_that_mean_postgresql(scheme: str, postgres_url: str) -> None:
    with PostgresDb(scheme + "://" + postgres_url.partition("://")[2]) as db:
        add(db)
        assert db.count(ANA) == 1


def test_a_server_that_cannot_be_reached() -> None:
    with PostgresDb("postgresql://ana:secret@127.0.0.1:9/store") as db:
        with pytest.raises(StoreError, match=r"127\.0\.0\.1:9.*refused.*host, port") as raised:
            db.newest(ANA)
        assert "secret" not in str(raised.value) + repr(db)


def test_a_host_that_does_not_exist() -> None:
    with (
        PostgresDb("postgresql://nobody@nowhere.invalid/none") as db,
        pytest.raises(StoreError, match=r"nowhere\.invalid"),
    ):
        add(db)


def test_a_database_that_does_not_exist(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(database="missing").render_as_string(hide_password=False)
    with PostgresDb(url) as db, pytest.raises(StoreError, match=r'"missing" does not exist.*'):
        add(db)


def test_a_user_that_may_not_write(postgres_url: str) -> None:
    with PostgresDb(postgres_url) as db:
        add(db)
    name = sa.make_url(postgres_url).database
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    engine.dispose()
    with PostgresDb(postgres_url) as db:
        assert db.count(ANA) == 1
        with pytest.raises(StoreError, match=r"read-only.*primary"):
            add(db, "Likes milk")


def test_a_connection_that_breaks_is_replaced(postgres_url: str) -> None:
    with PostgresDb(postgres_url) as db:
        add(db)
        engine = sa.create_engine(postgres_url)
        with engine.connect() as connection:
            connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {OTHERS}"))
        engine.dispose()
        with pytest.raises(StoreError, match="try again"):
            add(db, "Likes milk")
        add(db, "Likes milk")
        assert db.count(ANA) == 2
