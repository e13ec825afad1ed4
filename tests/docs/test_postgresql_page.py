"""What docs/postgresql.md has administrators type is typed here: its roles, its wall, its backup."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from coterie import PostgresDb, Scope, UserMemory
from coterie.errors import StoreError
from coterie.memory.edits import Add, Change
from tests.support.postgres_server import PostgresServer, find_programs

PAGE = Path(__file__).parents[2] / "docs/postgresql.md"
ROLES = ("backup", "app", "team")
ANA = Scope("ana")


def typed() -> list[list[str]]:
    """The statements of each block of SQL."""
    blocks = re.findall(r"^```sql\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [[one.strip() for one in re.sub(r"--.*", "", block).split(";") if one.strip()] for block in blocks]


@pytest.fixture
def server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server after the page's first block: it has the role and the database ``team``."""
    for statement in typed()[0]:
        postgres_server.execute(statement)
    yield postgres_server
    for database in ("team", "team2"):
        postgres_server.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    for role in ROLES:
        postgres_server.execute(f"DROP ROLE IF EXISTS {role}")


def kept(db: PostgresDb) -> list[str]:
    return [memory.memory for memory in db.newest(ANA)]


def test_the_second_role_uses_the_tables_and_cannot_change_them(server: PostgresServer) -> None:
    with PostgresDb(server.url("team", "team")) as db:
        db.upgrade()
        assert db.walled()
    make, *grants = typed()[1]
    server.execute(make)
    engine = sa.create_engine(server.url("team", "team"))
    with engine.begin() as connection:
        for grant in grants:
            connection.exec_driver_sql(grant)
    engine.dispose()
    with PostgresDb(server.url("team", "app")) as db:
        db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
        assert kept(db) == ["Likes tea"]
        assert db.walled()
        assert db.check() == []
    with PostgresDb(server.url("postgres", "app")) as db, pytest.raises(StoreError, match="lacks a right"):
        db.upgrade()


def test_the_owner_cannot_dump_and_the_role_for_backups_can(server: PostgresServer, tmp_path: Path) -> None:
    with PostgresDb(server.url("team", "team")) as db:
        db.apply(ANA, [Add(UserMemory(memory="Likes tea"))], Change())
    for statement in typed()[2]:
        server.execute(statement)
    dump = tmp_path / "team.dump"
    refused = run(server, "pg_dump", "-U", "team", "-Fc", "team", "-f", str(dump))
    assert "row-level security" in refused.stderr
    assert run(server, "pg_dump", "-U", "backup", "-Fc", "team", "-f", str(dump)).returncode == 0
    server.execute("CREATE DATABASE team2 OWNER team")
    assert run(server, "pg_restore", "-U", "postgres", "-d", "team2", str(dump)).returncode == 0
    with PostgresDb(server.url("team2", "team")) as db:
        assert kept(db) == ["Likes tea"]
        assert db.check() == []


def run(server: PostgresServer, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of PostgreSQL's programs."""
    programs = find_programs()
    assert programs is not None
    return subprocess.run([programs / program, "-h", server.folder, *arguments], capture_output=True, text=True)
