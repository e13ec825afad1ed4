"""A database that is not one, is read-only, full, locked or unreachable: one clear error, and nothing lost."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa

from coterie.errors import SchemaError, StoreError
from coterie.memory import sqlite_opening
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, UserMemory

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


READ_ONLY = """
import os, sys
from coterie.errors import StoreError
from coterie.memory.sqlite import SqliteDb
from coterie.memory.edits import Add, Change
from coterie.memory.values import Scope, UserMemory

if os.geteuid() == 0:  # who may write everywhere
    os.setuid(65534)
ana = Scope("ana")
with SqliteDb(sys.argv[1]) as db:
    def seen():
        (one,) = db.history(ana, str(db.newest(ana)[-1].memory_id))
        assert db.get(ana, one.memory_id) == db.search(ana, "tea")[0].memory == one.after
        return sorted(memory.memory for memory in db.newest(ana))

    print(seen(), flush=True)
    sys.stdin.readline()
    print(seen(), flush=True)
    try:
        db.apply(ana, [Add(UserMemory(memory="Likes milk"))], Change())
    except StoreError as error:
        print(error)
"""


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


def rights(path: Path, file: int, folder: int) -> None:
    for one in path.parent.iterdir():
        one.chmod(file)
    path.parent.chmod(folder)


def reader(path: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-c", READ_ONLY, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("file", "folder"), [(0o444, 0o555), (0o444, 0o777), (0o666, 0o555)])
def test_what_may_not_be_written_can_be_read(public_folder: Path, file: int, folder: int) -> None:
    path = public_folder / "store.db"
    with SqliteDb(path) as db:
        add(db)
    rights(path, file, folder)
    with reader(path) as reading:
        said, _ = reading.communicate("go on\n", timeout=300)
    rights(path, 0o644, 0o755)
    assert reading.returncode == 0
    *read, refused = said.splitlines()
    assert read == ["['Likes tea']", "['Likes tea']"]
    assert refused.startswith(str(path))
    assert "writable" in refused


@pytest.mark.parametrize("folder", [0o555, 0o777])
@pytest.mark.parametrize("in_use", [False, True])
def test_who_may_only_read_sees_what_others_write(public_folder: Path, folder: int, in_use: bool) -> None:
    path = public_folder / "store.db"
    with SqliteDb(path) as db:
        add(db)
        if not in_use:
            db.close()
        rights(path, 0o444, folder)
        with reader(path) as reading:
            assert reading.stdout is not None
            assert reading.stdout.readline() == "['Likes tea']\n"
            rights(path, 0o644, 0o755)
            add(db, "Likes more tea")
            rights(path, 0o444, folder)
            said, _ = reading.communicate("go on\n", timeout=300)
        rights(path, 0o644, 0o755)
    assert reading.returncode == 0
    now, refused = said.splitlines()
    assert now == "['Likes more tea', 'Likes tea']"
    assert "writable" in refused


def test_a_log_that_cannot_be_read_is_not_passed_over(public_folder: Path) -> None:
    """A copy of a store in use: what is newest is in its log alone."""
    path, copy = public_folder / "store.db", public_folder / "copy"
    copy.mkdir()
    with SqliteDb(path) as db:
        add(db)
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", copy)
    rights(copy / "store.db", 0o444, 0o555)
    with reader(copy / "store.db") as reading:
        said, _ = reading.communicate("go on\n", timeout=300)
    copy.chmod(0o755)
    assert (reading.returncode, said) == (1, "")


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


def test_a_new_file_that_another_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # before the file has a write-ahead log, SQLite lets nobody wait for this
    done = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    done.start()
    with SqliteDb(path) as db:
        add(db)
        assert [memory.memory for memory in db.newest(ANA)] == ["Likes tea"]
    done.join()
    other.close()


def test_a_database_that_stays_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite_opening, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(sqlite_opening, "SECONDS_AT_A_TIME", 0.05)
    caplog.set_level("INFO", "coterie")
    path = tmp_path / "store.db"
    with SqliteDb(path) as db:
        add(db)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked.*try again"):
            add(db, "Likes milk")
        assert caplog.messages
        assert {record.levelname for record in caplog.records} == {"INFO"}  # nothing that is shown unless asked for
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


@pytest.mark.parametrize(
    "url", ["postgresql://postgres:p@ss@localhost/store", "postgresql://ana:p@s/s@localhost/store"]
)
def test_an_at_sign_in_a_password(url: str) -> None:
    with pytest.raises(StoreError, match=r"'postgresql://\*\*\*@localhost/store'.*%40"):
        PostgresDb(url)
    assert (
        repr(PostgresDb("postgresql://ana:p%40ss@localhost/s"))
        == "PostgresDb('postgresql+psycopg://ana:***@localhost/s')"
    )


@pytest.mark.parametrize("url", ["", "store.db", "sqlite:///store.db", "mysql://a@b/c", "postgresql://a@b:port/c"])
def test_a_url_that_is_not_postgresql_s(url: str) -> None:
    with pytest.raises(StoreError, match="give postgresql://user:password@host:port/database"):
        PostgresDb(url)


def test_a_host_that_cannot_be_one() -> None:
    with pytest.raises(StoreError, match=r"host 'a\.\.b'"):
        PostgresDb("postgresql://a..b/x")


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
            connection.execute(sa.text(f"SELECT pg_terminate_backend(pid, 60000) {OTHERS}"))
        engine.dispose()
        add(db, "Likes milk")
        assert db.count(ANA) == 2
