"""The schema: made and upgraded on first use, the same as Python's tables, refused when it is not ours."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from coterie.errors import SchemaError
from coterie.memory import schema
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Merge, Ref, Update
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.tables import AUDIENCE_SQL, METADATA
from coterie.memory.values import Scope, UserMemory

ANA = Scope("ana")
ONLY_IN_ONE_DATABASE = {"seq", "text_index"}

START = """
import sys
from coterie.memory.postgres import PostgresDb
from coterie.memory.sqlite import SqliteDb
from coterie.memory.edits import Add, Change
from coterie.memory.values import Scope, UserMemory

kind, where, number = sys.argv[1:]
db = {"sqlite": SqliteDb, "postgres": PostgresDb}[kind](where)
sys.stdin.readline()  # so that all begin at once
db.apply(Scope("ana"), [Add(UserMemory(memory=f"Fact {number}")), Add(UserMemory(memory="The same"))], Change())
"""


def add(db: Db, text: str = "Likes tea") -> None:
    db.apply(ANA, [Add(UserMemory(memory=text))], Change())


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return str(request.getfixturevalue("postgres_url"))


def opened(url: str) -> Db:
    return SqliteDb(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else PostgresDb(url)


def ours(item: Any, name: str | None, kind: str, reflected: bool, compared_to: Any) -> bool:
    if kind == "table":
        return name in METADATA.tables
    if kind == "unique_constraint":  # on SQLite the key, beside the row number
        return False
    return name not in ONLY_IN_ONE_DATABASE and not str(name).endswith("_words")


def test_the_migrations_make_the_tables_that_python_knows(url: str) -> None:
    with opened(url) as db:
        add(db)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        options = {"include_object": ours, "compare_type": True, "compare_server_default": False}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
        for name, table in METADATA.tables.items():
            columns = {column["name"]: column for column in sa.inspect(connection).get_columns(name)}
            assert set(columns) - ONLY_IN_ONE_DATABASE == set(table.columns.keys())
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, column
    engine.dispose()


def test_the_text_index_of_sqlite_is_whole_after_edits(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    scope = Scope("ana", "desk", "scout")
    with SqliteDb(path) as db:
        added = db.apply(
            scope,
            [Add(UserMemory(memory=f"Fact {number}", topics=["é"] * (number % 3))) for number in range(30)],
            Change(),
        )
        private = db.apply(scope, [Add(UserMemory(memory="Secret", visibility="agent"))], Change())
        one, two, three, four = (Ref(applied.memory_id) for applied in [*added[:3], *private])
        db.apply(scope, [Update(one, "Other", ["new", "[]"]), Delete(two), Merge([three, four], "Both")], Change())
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("VACUUM")
    connection.execute("INSERT INTO memory_text(memory_text, rank) VALUES ('integrity-check', 1)")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_the_newest_version_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == schema.HEAD
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(schema.VERSIONS)


def make_first_version(url: str) -> None:
    """A store as the first version made it, with a memory in it."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        time = "now()" if engine.dialect.name == "postgresql" else "1700000000000000"
        connection.exec_driver_sql(
            "INSERT INTO memory (user_id, memory_id, memory, topics, visibility, kind, created_at, updated_at, "
            "version, content_hash) VALUES "
            f"('ana', 'm', 'Likes tea', '[\"drinks\"]', 'user', 'fact', {time}, {time}, 1, 'x')"
        )
    engine.dispose()


def test_a_store_of_the_first_version_is_upgraded_with_what_is_in_it(url: str) -> None:
    make_first_version(url)
    with opened(url) as db:
        (memory,) = db.newest(ANA)
        assert [hit.memory for word in ("tea", "drinks") for hit in db.search(ANA, word)] == [memory, memory]
        assert (memory.memory, memory.topics, memory.depends_on) == ("Likes tea", ["drinks"], [])
        assert db.newest(Scope("ben")) == []
        db.apply(ANA, [Update(Ref("m"), "Likes coffee")], Change())
        assert db.search(ANA, "tea") == []


def test_the_first_migration_computes_the_audience_as_the_tables_say(url: str) -> None:
    source = Path(schema.__file__).with_name("migrations") / "versions" / "0001_first.py"
    assert AUDIENCE_SQL in source.read_text()


def test_an_application_s_own_tables_stay_beside_ours(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('theirs')"))
    with opened(url) as db:
        add(db)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "theirs"
    engine.dispose()


def test_somebody_else_s_table_of_our_name_is_refused_and_left_alone(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE memory (id INTEGER, words TEXT)"))
        connection.execute(sa.text("INSERT INTO memory VALUES (1, 'theirs')"))
    db = opened(url)
    for _ in range(2):
        with pytest.raises(SchemaError, match=r"not one of coterie's.* memory"):
            add(db)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["memory"]
        assert connection.execute(sa.text("SELECT words FROM memory")).scalar() == "theirs"
    engine.dispose()
    db.close()


def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    with opened(url) as db:
        add(db)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    with opened(url) as db, pytest.raises(SchemaError, match=rf"9999.*{schema.HEAD}"):
        db.newest(ANA)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{schema.HEAD}'"))
    with opened(url) as db:
        assert db.count(ANA) == 1
    engine.dispose()


def test_a_start_that_fails_leaves_nothing_and_the_next_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE turn (x)")
    db = SqliteDb(path)
    with pytest.raises(SchemaError):
        add(db)
    other.execute("DROP TABLE turn")
    other.close()
    add(db)
    assert db.count(ANA) == 1
    db.close()


def test_eight_processes_start_at_once_on_an_empty_database(url: str) -> None:
    kind, where = ("sqlite", url.removeprefix("sqlite:///")) if url.startswith("sqlite") else ("postgres", url)
    command = [sys.executable, "-W", "error", "-c", START, kind, where]
    pipe = subprocess.PIPE
    started = [subprocess.Popen([*command, str(n)], stdin=pipe, stderr=pipe, text=True) for n in range(8)]
    errors = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        _, said = process.communicate(timeout=300)
        errors.append(said)
        assert process.returncode == 0, errors
    with opened(where if kind == "postgres" else url) as db:
        assert sorted(m.memory for m in db.newest(ANA, None)) == [*(f"Fact {n}" for n in range(8)), "The same"]


def test_threads_start_at_once_on_databases_of_their_own(tmp_path: Path) -> None:
    stores = [SqliteDb(tmp_path / f"{number}.db") for number in range(6)]
    threads = [threading.Thread(target=add, args=(db,)) for db in [*stores, *stores]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [db.count(ANA) for db in stores] == [1] * 6
    for db in stores:
        db.close()


def test_opening_an_up_to_date_database_needs_no_alembic(tmp_path: Path) -> None:
    with SqliteDb(tmp_path / "store.db") as db:
        add(db)
    code = (
        "import sys; from coterie.memory.sqlite import SqliteDb; from coterie.memory.values import Scope\n"
        f"assert SqliteDb({str(tmp_path / 'store.db')!r}).count(Scope('ana')) == 1\n"
        "assert not [name for name in sys.modules if name.startswith('alembic')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
