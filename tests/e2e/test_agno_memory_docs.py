"""The code of Agno's memory documentation runs here, with only its imports and the address of the database changed."""

from pathlib import Path
from typing import Any

import pytest

from coterie import MemoryManager, Scope, UserMemory
from tests.support.openai_server import Body, Reply

IMPORTS = {
    "from agno.memory import MemoryManager": "from coterie import MemoryManager",
    "from agno.db.postgres import PostgresDb": "from coterie import PostgresDb",
    "from agno.db.schemas import UserMemory": "from coterie import UserMemory",
    "from agno.agent import Agent": "from coterie import Agent",
    "from agno.memory.strategies.types import MemoryOptimizationStrategyType": (
        "from coterie import MemoryOptimizationStrategyType"
    ),
}
DATABASE = 'PostgresDb(db_url="postgresql+psycopg://ai:ai@localhost:5532/ai")'

MANAGER = """
from agno.memory import MemoryManager
from agno.db.postgres import PostgresDb

memory_manager = MemoryManager(
    db=PostgresDb(db_url="postgresql+psycopg://ai:ai@localhost:5532/ai")
)
"""

MEMORY = """
from agno.db.schemas import UserMemory

memory = UserMemory(
    memory="User's name is John Doe",
    topics=["name"],
    user_id="john_doe@example.com"
)
"""

AGENT = """
from agno.agent import Agent
from agno.db.postgres import PostgresDb

agent = Agent(
    db=PostgresDb(db_url="postgresql+psycopg://ai:ai@localhost:5532/ai"),
    update_memory_on_run=True,
)
"""

WORKFLOW = """
agent.print_response(
    "My name is John Doe and I like hiking in the mountains",
    user_id="john_doe@example.com"
)

# Agent will remember the user's name and hobbies
agent.print_response(
    "What are my hobbies?",
    user_id="john_doe@example.com"
)
"""

MULTI_USER = """
# User 1's memories
agent.print_response(
    "My name is Alice",
    user_id="alice@example.com"
)

# User 2's memories (completely separate)
agent.print_response(
    "My name is Bob",
    user_id="bob@example.com"
)
"""

OPTIMIZATION = """
from agno.memory.strategies.types import MemoryOptimizationStrategyType

memory_manager.optimize_memories(
    user_id="john_doe@example.com",
    strategy=MemoryOptimizationStrategyType.SUMMARIZE,
    apply=True
)
"""


class Docs:
    """The documentation's code, run piece by piece in one namespace."""

    def __init__(self, imports: dict[str, str], database: str) -> None:
        self.replace = {**imports, DATABASE: database}
        self.names: dict[str, Any] = {}

    def run(self, code: str) -> None:
        for theirs, ours in self.replace.items():
            code = code.replace(theirs, ours)
        assert "agno" not in code
        exec(code, self.names)


@pytest.fixture(params=["sqlite", "postgres"])
def docs(request: pytest.FixtureRequest, tmp_path: Path) -> Docs:
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        return Docs(IMPORTS, f"PostgresDb(db_url={url!r})")
    sqlite = {theirs: ours.replace("PostgresDb", "SqliteDb") for theirs, ours in IMPORTS.items()}
    return Docs(sqlite, f"SqliteDb({str(tmp_path / 'docs.db')!r})")


@pytest.fixture(params=["offline", "openai"])
def model(request: pytest.FixtureRequest) -> str:
    """Without a model, and with one behind a real HTTP server."""
    if request.param == "openai":
        request.getfixturevalue("openai_environment").otherwise = think
    return str(request.param)


def think(body: Body) -> Reply:
    """A model that knows names and hobbies when it sees them."""
    said = body["messages"][-1]["content"]
    if "response_format" not in body:
        remembered = body["messages"][0]["content"]
        return "You like hiking in the mountains." if "hiking" in remembered else "Nice to meet you."
    if body["response_format"]["json_schema"]["name"] == "Summary":
        return {"statements": ["The user is John Doe and likes hiking in the mountains."]}
    turn = said[said.rindex("<turn>") :]
    found = [name for name in ("John Doe", "Alice", "Bob") if f"My name is {name}" in turn]
    edits = [_add(f"My name is {name}", f"The user's name is {name}", "name") for name in found]
    if "hiking" in turn:
        edits.append(_add("I like hiking in the mountains", "John Doe likes hiking in the mountains", "hobbies"))
    return {"personal": bool(edits), "edits": edits}


def _add(quote: str, memory: str, topic: str) -> dict[str, Any]:
    return {"op": "add", "targets": [], "quote": quote, "memory": memory, "topics": [topic], "reason": "said"}


@pytest.mark.filterwarnings("default")
def test_the_documentation_runs(docs: Docs, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    docs.run(MANAGER)
    manager: MemoryManager = docs.names["memory_manager"]

    docs.run(MEMORY)
    memory: UserMemory = docs.names["memory"]
    assert (memory.topics, memory.user_id) == (["name"], "john_doe@example.com")

    docs.run(AGENT)
    docs.run(WORKFLOW)
    assert "hiking in the mountains" in capsys.readouterr().out.split("What are my hobbies?")[-1]
    johns = manager.get_user_memories(user_id="john_doe@example.com")
    assert any("hiking" in each.memory for each in johns)
    assert all(isinstance(each, UserMemory) and each.agent_id == "agent" and each.updated_at for each in johns)

    docs.run(MULTI_USER)
    for name, other in (("alice", "Bob"), ("bob", "Alice")):
        texts = [each.memory for each in manager.get_user_memories(user_id=f"{name}@example.com")]
        assert any(name.capitalize() in text for text in texts)
        assert not any(other in text or "John" in text for text in texts)

    docs.run(OPTIMIZATION)
    after = manager.get_user_memories(user_id="john_doe@example.com")
    assert len(after) == 1
    assert "hiking" in after[0].memory
    assert len(manager.get_user_memories(user_id="alice@example.com")) == 1

    found = manager.add_user_memory(memory)
    stored = manager.get_user_memory(found, user_id="john_doe@example.com")
    assert stored is not None
    assert stored.memory == "User's name is John Doe"
    assert manager.get_user_memory(found, user_id="alice@example.com") is None
    assert manager.db.count(Scope("bob@example.com")) == 1
    manager.db.close()
    docs.names["agent"].db.close()
