"""``coterie doctor``."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from coterie.cli import checkups
from coterie.cli.checkups import BUILDS_ON, EXTRAS
from coterie.memory.edits import Add, Change
from coterie.memory.schema import HEAD, VERSION_TABLE
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, UserMemory
from tests.cli.conftest import Cli, Ended
from tests.support.old_store import make_old_store
from tests.support.openai_server import OpenAIServer
from tests.support.postgres_server import PostgresServer

ROOT = Path(__file__).parent.parent.parent
DB = ("--db", "shop.db")


def said(ended: Ended, about: str) -> str:
    """The one line about something."""
    (line,) = [line for line in ended.out.splitlines() if line.split()[1] == about]
    return " ".join(line.split())


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own server answers: when it does, the machine says."""
    monkeypatch.setattr(checkups, "SECONDS", 300)


@pytest.fixture
def shop(cli: Cli) -> None:
    cli("memory", "add", "I like tea.", "--user", "ana", *DB)


def test_a_place_where_nothing_is_yet(cli: Cli) -> None:
    ended = cli("doctor")
    assert (ended.code, ended.err) == (0, "Nothing is broken.\n")
    assert said(ended, "python").startswith(f"ok python {sys.version.split()[0]} at ")
    assert "sqlmodel " in said(ended, "packages")
    assert said(ended, "model").startswith("note model None is configured: the built-in offline model answers")
    assert said(ended, "database").startswith("note database coterie.db is not there yet (SQLite 3.")
    assert not Path("coterie.db").exists()
    assert {line.split()[0] for line in ended.out.splitlines()} <= {"ok", "note", "missing"}


def test_what_coterie_needs_is_what_its_package_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def names(requirements: list[str]) -> tuple[str, ...]:
        return tuple(each.partition(">")[0].partition("[")[0] for each in requirements)

    assert names(project["dependencies"]) == BUILDS_ON
    extras = {name: names(packages) for name, packages in project["optional-dependencies"].items()}
    assert extras.keys() - {"dev", "docs"} == EXTRAS.keys()
    assert all(packages == extras[name] for name, (_, packages) in EXTRAS.items())


def test_an_extra_that_is_not_there(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "png", ("Draws PNG files", ("resvg-py", "no-such-package")))
    ended = cli("doctor")
    assert ended.code == 0
    assert said(ended, "png") == (
        'missing png Draws PNG files. Not installed: no-such-package. pip install "coterie[png]"'
    )


@pytest.fixture
def models(openai_environment: OpenAIServer) -> OpenAIServer:
    """A server that has two models."""
    openai_environment.models = (200, json.dumps({"data": [{"id": "gpt-4.1-mini"}, {"id": "gpt-x"}]}))
    return openai_environment


def test_a_model_that_is_there(cli: Cli, models: OpenAIServer) -> None:
    ended = cli("doctor")
    assert (ended.code, said(ended, "model")) == (0, f"ok model {models.url} answers, and has gpt-4.1-mini.")
    assert models.bodies == []  # nobody was made to answer


def test_a_model_that_the_server_does_not_have(cli: Cli, models: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTERIE_MODEL", "gpt-y")
    ended = cli("doctor")
    assert ended.code == 1
    assert "has no model 'gpt-y'. It has: gpt-4.1-mini, gpt-x. Choose with COTERIE_MODEL." in said(ended, "model")


@pytest.mark.parametrize(
    ("status", "answer", "found"),
    [
        (401, "{}", "broken model {} refuses the key (HTTP 401). Correct OPENAI_API_KEY."),
        (404, "{}", "note model {} answers, and does not say which models it has (HTTP 404)."),
        (503, "{}", "broken model {} answers with an error (HTTP 503). Try again later."),
        (200, "<html>It works!</html>", "broken model {} does not speak OpenAI's API."),
        (200, "[1]", "broken model {} does not speak OpenAI's API."),
    ],
)
def test_a_server_that_is_not_as_it_should_be(
    cli: Cli, openai_environment: OpenAIServer, status: int, answer: str, found: str
) -> None:
    openai_environment.models = (status, answer)
    ended = cli("doctor")
    assert said(ended, "model").startswith(found.format(openai_environment.url))
    assert ended.code == int(found.startswith("broken"))


def test_a_server_that_nobody_finds_and_no_secret_is_shown(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://ana:geheim@127.0.0.1:9/v1?api_key=geheim-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    ended = cli("doctor")
    assert ended.code == 1
    assert ended.err == "1 thing is broken.\n"
    assert said(ended, "model").startswith("broken model http://***@127.0.0.1:9/v1/?[password] does not answer.")
    assert "geheim" not in ended.out
    assert "sk-secret" not in ended.out


def test_a_database_that_is_well(cli: Cli, shop: None) -> None:
    assert said(cli("doctor", *DB), "database").startswith(f"ok database shop.db has schema {HEAD}, the newest (SQLite")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_old_database_stays_old(cli: Cli, kind: str, request: pytest.FixtureRequest) -> None:
    url = "sqlite:///shop.db" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    make_old_store(url)
    ended = cli("doctor", "--db", url)
    assert f"has schema 0001, the newest is {HEAD}" in said(ended, "database")
    assert said(ended, "database").endswith("coterie db upgrade")
    assert cli("db", "current", "--db", url).out == "0001\n"


def test_a_database_of_a_newer_coterie_and_a_file_of_something_else(cli: Cli, shop: None) -> None:
    connection = sqlite3.connect("shop.db", isolation_level=None)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    Path("text.db").write_text("nothing of ours, but long enough to be looked at" * 20)
    for file, why in (("shop.db", "use the coterie that made it"), ("text.db", "not a database"), (".", "is a folder")):
        ended = cli("doctor", "--db", file)
        assert ended.code == 1
        assert said(ended, "database").startswith("broken ")
        assert why in said(ended, "database")


@pytest.fixture
def writing(shop: None) -> Iterator[sqlite3.Connection]:
    """Somebody has the database open, with something in its log, and is writing."""
    other = sqlite3.connect("shop.db", isolation_level=None)
    other.execute("CREATE TABLE own (it)")
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_database_that_is_locked(cli: Cli, writing: sqlite3.Connection) -> None:
    ended = cli("doctor", *DB)
    assert (ended.code, said(ended, "lock").split(".db")[1]) == (
        1,
        " is locked: somebody is writing to it. Wait for the process that writes to it, or end it.",
    )
    writing.execute("COMMIT")
    assert cli("doctor", *DB).code == 0


def test_a_lock_is_seen_through_a_link(cli: Cli, writing: sqlite3.Connection) -> None:
    Path("folder").mkdir()
    link = Path("folder", "link.db")
    link.symlink_to(Path("shop.db").resolve())
    ended = cli("doctor", "--db", str(link))
    assert (ended.code, said(ended, "lock").split(".db")[1].split(":")[0]) == (1, " is locked")


def files() -> dict[str, str]:
    """What lies here, but for the shared memory of SQLite's processes."""
    found = [file for file in Path().iterdir() if not file.name.endswith("-shm")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


def crashed() -> None:
    """Leave a database with a log that nobody has taken into it."""
    code = "import os, sqlite3; c = sqlite3.connect('shop.db'); c.execute('CREATE TABLE late (it)'); os._exit(0)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert os.path.getsize("shop.db-wal")


@pytest.mark.parametrize("state", ["at rest", "in use", "crashed", "somebody else's", "not there"])
def test_it_changes_nothing(cli: Cli, shop: None, state: str, request: pytest.FixtureRequest) -> None:
    match state:
        case "in use":
            request.getfixturevalue("writing")
        case "crashed":
            crashed()
        case "somebody else's":
            Path("shop.db").unlink()
            connection = sqlite3.connect("shop.db")
            connection.execute("CREATE TABLE own (it)")
            connection.close()
        case "not there":
            Path("shop.db").unlink()
    before = files()
    cli("doctor", *DB)
    assert files() == before


def test_postgresql(cli: Cli, postgres_url: str, postgres_server: PostgresServer) -> None:
    empty = cli("doctor", "--db", postgres_url)
    assert "has none of coterie's tables yet (PostgreSQL " in said(empty, "database")
    assert cli("db", "current", "--db", postgres_url).out == "none\n"
    cli("db", "upgrade", "--db", postgres_url)
    plain = cli("doctor", "--db", postgres_url)
    assert said(plain, "database").startswith("ok database ")
    assert said(plain, "wall").startswith("ok wall The database keeps users apart for the role ")
    assert said(plain, "pgvector").startswith("ok pgvector Not needed (")
    admin = cli("doctor", "--db", postgres_server.url(postgres_url.split("@/")[1].split("?")[0], "postgres"))
    assert (admin.code, said(admin, "wall").split(" (")[0]) == (
        0,
        "note wall For the role postgres no wall stands between users",
    )


def test_a_server_of_databases_that_is_not_there(cli: Cli) -> None:
    ended = cli("doctor", "--db", "postgresql://ana:geheim@127.0.0.1:9/shop")
    assert ended.code == 1
    assert said(ended, "database").startswith("broken database postgresql+psycopg://ana:***@127.0.0.1:9/shop: ")
    assert "geheim" not in ended.out


def test_json(cli: Cli) -> None:
    ended = cli("doctor", "--json")
    found = json.loads(ended.out)
    assert found[0].keys() == {"state", "about", "found", "advice"}
    assert [each["about"] for each in found][:4] == ["python", "coterie", "packages", "checkpoint"]


def test_a_terminal_without_letters(cli: Cli, tmp_path: Path) -> None:
    with SqliteDb(tmp_path / "café.db") as db:
        db.apply(Scope("ana"), [Add(UserMemory(memory="I like tea."))], Change())
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "coterie", "doctor", "--db", str(tmp_path / "café.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    assert "note     terminal    ascii: drawings are plain" in done.stdout
    assert "caf?.db has schema" in done.stdout
