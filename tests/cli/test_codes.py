"""Exit codes: what a script can tell apart."""

import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coterie.cli.codes import Code, code_of
from coterie.errors import CurationError, RunError, StoreError
from coterie.memory import sqlite_opening
from coterie.memory.schema import VERSION_TABLE
from tests.cli.conftest import Cli
from tests.support.openai_server import Failure, OpenAIServer

SHOP = ("--user", "ana", "--db", "shop.db")


@pytest.fixture
def shop(cli: Cli) -> str:
    """A memory in ``shop.db``: its id."""
    return cli("memory", "add", "I like tea.", *SHOP).out.strip()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, openai_server: OpenAIServer) -> None:
    """A model is configured, on a port where nobody listens any more."""
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.url)
    openai_server.close()


def test_done(cli: Cli, shop: str) -> None:
    assert cli("memory", "list", *SHOP).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("memory", "show", "nothing", *SHOP),
        ("memory", "undo", "--change", "nothing", *SHOP),
        ("session", "show", "nothing", *SHOP),
        ("runs", "show", "nothing", *SHOP),
        ("replay", "nothing", "-o", "-", *SHOP),
        ("curate", "nothing", "--retry", *SHOP),
        ("memory", "list", "--user", "ana", "--db", "absent.db"),
        ("ui", "--db", "absent.db"),
    ],
)
def test_not_found(cli: Cli, shop: str, arguments: tuple[str, ...]) -> None:
    ended = cli(*arguments)
    assert (ended.code, ended.out) == (Code.NOT_FOUND, "")
    assert ended.err.startswith("error: ")
    assert not Path("absent.db").exists()


def test_a_database_that_the_server_does_not_have(cli: Cli, postgres_url: str) -> None:
    ended = cli("memory", "list", "--user", "ana", "--db", postgres_url.replace("?", "_absent?"))
    assert (ended.code, ended.out) == (Code.NOT_FOUND, "")
    assert "Create the database, or correct the URL." in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("curate", "--db", "shop.db"),
        ("curate", "--model", "gpt-x", "--db", "shop.db"),
        ("memory", "optimize", "--model", "gpt-x", *SHOP),
        ("run", "desk.py", "hello", "--model", "gpt-x"),
        ("db", "reembed", "text-embedding-x", "--db", "shop.db"),
    ],
)
def test_no_model_is_configured(cli: Cli, desk: Path, shop: str, arguments: tuple[str, ...]) -> None:
    ended = cli(*arguments)
    assert (ended.code, ended.out) == (Code.NO_MODEL, "")
    assert "OPENAI_API_KEY" in ended.err


@pytest.mark.usefixtures("nowhere")
def test_a_model_that_cannot_be_reached(cli: Cli, desk: Path, shop: str) -> None:
    assert cli("run", "desk.py:billing", "hello").code == Code.NO_MODEL
    cli("memory", "add", "Tea is what I like.", *SHOP)
    assert cli("memory", "optimize", *SHOP).code == Code.NO_MODEL
    assert cli("db", "reembed", "text-embedding-x", "--db", "shop.db").code == Code.NO_MODEL
    cli("run", "desk.py", "I like tea.", "--user", "ana")
    assert cli("curate", "--db", "desk.db").code == Code.NO_MODEL


@pytest.mark.parametrize(("status", "code"), [(401, 5), (403, 5), (404, 5), (400, 1), (500, 1)])
def test_a_server_that_refuses_the_model_and_one_that_fails(
    cli: Cli, desk: Path, openai_environment: OpenAIServer, status: int, code: int
) -> None:
    openai_environment.otherwise = Failure(status, headers={"x-should-retry": "false"})
    assert cli("run", "desk.py:billing", "hello").code == code


def test_turns_that_no_model_was_there_to_curate(cli: Cli, desk: Path, openai_environment: OpenAIServer) -> None:
    openai_environment.script("It arrives on Monday.")
    openai_environment.otherwise = Failure(401)
    assert cli("run", "desk.py", "I like tea.", "--user", "ana").code == Code.DONE
    cli("curate", "--retry", "--db", "desk.db")
    ended = cli("curate", "--db", "desk.db")
    assert (ended.code, ended.err) == (Code.NO_MODEL, "0 of 1 turns curated.\n")


def test_only_what_a_model_caused_is_about_a_model() -> None:
    def caused(error: Exception) -> Exception:
        error.__cause__ = ConnectionRefusedError()
        return error

    assert code_of(caused(RunError("a model"))) == code_of(caused(CurationError("a model"))) == Code.NO_MODEL
    assert code_of(caused(StoreError("a database"))) == Code.FAILED


@pytest.fixture
def locked(shop: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody else is writing to ``shop.db``, and does not come to an end."""
    monkeypatch.setattr(sqlite_opening, "BUSY_SECONDS", 0.1)
    other = sqlite3.connect("shop.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


@pytest.mark.usefixtures("locked")
def test_a_locked_database(cli: Cli, shop: str) -> None:
    ended = cli("memory", "forget", shop, *SHOP)
    assert (ended.code, ended.out) == (Code.DATABASE, "")
    assert "database is locked" in ended.err


@pytest.mark.parametrize("command", ["memory list --user ana", "memory add x --user ana", "db current", "curate"])
def test_a_folder_is_no_database(cli: Cli, command: str) -> None:
    Path("folder").mkdir()
    ended = cli(*command.split(), "--db", "folder", *(["--verbatim"] if command == "curate" else []))
    assert (ended.code, ended.out) == (Code.USAGE, "")
    assert ended.err == "error: --db is 'folder', which is a folder: give the path of a file.\n"


def test_a_database_of_a_newer_coterie(cli: Cli, shop: str) -> None:
    connection = sqlite3.connect("shop.db", isolation_level=None)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    assert cli("memory", "list", *SHOP).code == Code.DATABASE


@pytest.mark.parametrize(("said", "code"), [(b"n\n", Code.DECLINED), (b"\x04", Code.DECLINED), (b"y\n", Code.DONE)])
def test_a_person_is_asked(cli: Cli, shop: str, said: bytes, code: Code) -> None:
    person, terminal = pty.openpty()
    os.write(person, said)
    erase = [sys.executable, "-m", "coterie", "memory", "erase", *SHOP]
    done = subprocess.run(erase, stdin=terminal, capture_output=True, text=True, check=False)
    os.close(terminal)
    os.close(person)
    assert done.returncode == code
    assert "Remove everything about user 'ana'" in done.stderr
    assert "Traceback" not in done.stderr
    assert bool(cli("memory", "list", *SHOP).out) == (code == Code.DECLINED)


def test_nobody_can_be_asked(cli: Cli, shop: str) -> None:
    assert cli("memory", "erase", *SHOP).code == Code.USAGE
