"""What stays unloaded until it is needed, each seen in a Python of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

CLIENTS = {"langchain_openai", "openai", "psycopg", "numpy"}
HEAVY = CLIENTS | {"langgraph", "langchain", "langchain_core", "langsmith", "alembic", "rich"}
DEFINING = """
from coterie import Agent, CoterieError, McpServer, MemoryManager, Scope, SqliteDb, Team, UserMemory
from coterie.graphs.modes import Route


def tool(text: str) -> str:
    "A tool."


db = SqliteDb("team.db")
scout = Agent("scout", tools=[tool, McpServer(command="absent")], model="gpt-x")
members = [scout, Agent("writer", instructions=["Be brief."])]
team = Team("desk", members, mode=Route("scout"), db=db, update_memory_on_run=True)
managed = Agent("managed", memory_manager=MemoryManager(db=db))
"""


def loaded_by(code: str, folder: Path) -> set[str]:
    """The libraries that a new Python has loaded when the code has run."""
    told = "import sys; print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{told}"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_defining_a_team_loads_no_heavy_library(tmp_path: Path) -> None:
    assert not HEAVY & loaded_by(DEFINING, tmp_path)


def test_the_first_run_does(tmp_path: Path) -> None:
    loaded = loaded_by(f"{DEFINING}\nmanaged.run('Hello.', user_id='ana')", tmp_path)
    assert {"langgraph", "langchain_core", "alembic"} <= loaded
    assert not (CLIENTS | {"langchain"}) & loaded


def test_without_langchain_there_is_everything_but_its_middleware(tmp_path: Path) -> None:
    trying = """
import sys
sys.modules["langchain"] = None
from coterie import *
from coterie.errors import ConfigurationError
try:
    from coterie import MemoryMiddleware
except ConfigurationError as error:
    assert str(error).endswith('which is not installed: pip install "coterie[langchain]"'), error
else:
    raise AssertionError
"""
    loaded_by(trying, tmp_path)


@pytest.mark.parametrize("arguments", [["--help"], ["memory", "list", "--user", "ana", "--db", "team.db"]])
def test_commands_that_run_nothing_load_no_langgraph(tmp_path: Path, arguments: list[str]) -> None:
    loaded_by("from coterie import SqliteDb; SqliteDb('team.db').upgrade()", tmp_path)
    code = f"from coterie.cli import main\ntry: main({arguments})\nexcept SystemExit as end: assert not end.code"
    assert not (CLIENTS | {"langgraph", "langchain_core"}) & loaded_by(code, tmp_path)
