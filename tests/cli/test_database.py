"""``coterie db``."""

import json
import sqlite3
from pathlib import Path

import pytest

from coterie.memory.schema import HEAD, VERSION_TABLE
from tests.cli.conftest import Cli
from tests.support.old_store import make_old_store

DB = ("--db", "shop.db")


def execute(statement: str) -> None:
    connection = sqlite3.connect("shop.db", isolation_level=None)
    connection.execute(statement)
    connection.close()


@pytest.fixture
def shop(cli: Cli) -> str:
    return cli("memory", "add", "I like tea.", "--user", "ana", *DB).out.strip()


def test_the_version_and_that_all_is_well(cli: Cli, shop: str) -> None:
    current, check = cli("db", "current", *DB), cli("db", "check", *DB)
    assert (current.code, current.out, current.err) == (0, f"{HEAD}\n", "")
    assert (check.code, check.out, check.err) == (0, "", "All is well.\n")
    assert cli("db", "upgrade", *DB).out == f"It is at the newest version, {HEAD}.\n"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_old_store_is_upgraded(cli: Cli, kind: str, request: pytest.FixtureRequest) -> None:
    url = "sqlite:///shop.db" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    make_old_store(url)
    current = cli("db", "current", "--db", url)
    assert (current.out, current.err.split(":")[0]) == ("0001\n", f"The newest is {HEAD}")
    check = cli("db", "check", "--db", url)
    assert check.code == 1
    assert check.out.endswith("run `coterie db upgrade`.\n")
    assert cli("db", "upgrade", "--db", url).out == f"Upgraded from 0001 to {HEAD}.\n"
    assert cli("db", "check", "--db", url).code == 0
    assert "Likes coffee" in cli("memory", "search", "coffee", "--user", "ana", "--db", url).out
    undone = cli("memory", "undo", "tea", "--user", "ana", "--db", url)
    assert (undone.code, undone.out.count("restore")) == (0, 1)


def test_upgrade_makes_what_is_missing(cli: Cli, postgres_url: str) -> None:
    assert cli("db", "current", "--db", postgres_url).out == "none\n"
    for where in (postgres_url, "new.db"):
        assert cli("db", "upgrade", "--db", where).out == f"Made, at version {HEAD}.\n"
    for command in ("current", "check"):
        assert cli("db", command, "--db", "absent.db").code == 4
    assert not Path("absent.db").exists()


def test_what_is_wrong_is_said_in_a_line_each(cli: Cli, shop: str) -> None:
    execute("UPDATE memory SET trust = 'tool'")
    execute("INSERT INTO memory_source VALUES ('ana', 'x', 'y')")
    ended = cli("db", "check", *DB)
    assert (ended.code, ended.err) == (1, "")
    history, source = ended.out.splitlines()
    assert history.startswith(f"Memories are not as their last revision left them: 1, the first is '{shop}' of 'ana'.")
    assert source.startswith("Memories are linked with what they were not made from: 1, ")
    assert json.loads(cli("db", "check", *DB, "--json").out) == [history, source]


@pytest.mark.parametrize("command", ["current", "upgrade", "check"])
def test_a_newer_schema_is_refused(cli: Cli, shop: str, command: str) -> None:
    execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    ended = cli("db", command, *DB)
    assert (ended.code, ended.out) == (6, "")
    assert ended.err == (
        f"error: shop.db has schema version '9999', this coterie knows up to '{HEAD}': use the coterie that made it, or"
        " a newer one.\n"
    )


def test_a_file_of_something_else(cli: Cli) -> None:
    Path("shop.db").write_text("nothing of ours, but long enough to be looked at" * 20)
    for command in ("current", "upgrade", "check"):
        assert "not a database" in cli("db", command, *DB).err


EMBEDDER = """
class Lengths:
    model = "lengths"

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        return [float(len(text)), 1.0]

embedder = Lengths()
"""


def test_vectors_are_made_of_an_embedding_model_that_a_file_defines(cli: Cli, shop: str) -> None:
    Path("embedding.py").write_text(EMBEDDER)
    assert cli("db", "reembed", "embedding.py:embedder", *DB).out == "Memories embedded: 1.\n"
    assert cli("db", "reembed", "embedding.py:embedder", *DB).out == "Memories embedded: 0.\n"
    connection = sqlite3.connect("shop.db")
    assert connection.execute("SELECT memory_id, model FROM memory_vector").fetchall() == [(shop, "lengths")]
    connection.close()


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("embedding.py:nothing", 2, "has no 'nothing'"),
        ("nowhere.py:embedder", 2, "does not exist"),
        ("text-embedding-3-small", 5, "OPENAI_API_KEY"),
        ("embedding.py:EMBEDDER", 1, "embedder"),
    ],
)
def test_an_embedding_model_that_is_none_is_one_line(cli: Cli, shop: str, model: str, code: int, said: str) -> None:
    Path("embedding.py").write_text("EMBEDDER = 3\n")
    ended = cli("db", "reembed", model, *DB)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1
