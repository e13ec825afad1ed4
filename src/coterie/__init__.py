"""Teams of LLM agents that share one memory, on LangGraph and SQLModel.

The names below are loaded when they are first used. LangGraph is not loaded by them, but by the first run: it costs a
second.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from coterie.errors import CoterieError as CoterieError
    from coterie.graphs.middleware import MemoryMiddleware as MemoryMiddleware
    from coterie.graphs.offline import OfflineModel as OfflineModel
    from coterie.graphs.pausing import Decision as Decision
    from coterie.graphs.store import CoterieStore as CoterieStore
    from coterie.memory.manager import MemoryManager as MemoryManager
    from coterie.memory.postgres import PostgresDb as PostgresDb
    from coterie.memory.sqlite import SqliteDb as SqliteDb
    from coterie.memory.strategies import MemoryOptimizationStrategyType as MemoryOptimizationStrategyType
    from coterie.memory.values import Scope as Scope
    from coterie.memory.values import UserMemory as UserMemory
    from coterie.memory.worker import Worker as Worker
    from coterie.teams.agent import Agent as Agent
    from coterie.teams.files import load as load
    from coterie.teams.mcp import McpServer as McpServer
    from coterie.teams.output import RunOutput as RunOutput
    from coterie.teams.team import Team as Team
    from coterie.teams.tracing import Trace as Trace
    from coterie.teams.tracing import read_trace as read_trace

_HOME = {
    "Agent": "coterie.teams.agent",
    "CoterieError": "coterie.errors",
    "CoterieStore": "coterie.graphs.store",
    "Decision": "coterie.graphs.pausing",
    "McpServer": "coterie.teams.mcp",
    "MemoryManager": "coterie.memory.manager",
    "MemoryMiddleware": "coterie.graphs.middleware",
    "MemoryOptimizationStrategyType": "coterie.memory.strategies",
    "OfflineModel": "coterie.graphs.offline",
    "PostgresDb": "coterie.memory.postgres",
    "RunOutput": "coterie.teams.output",
    "Scope": "coterie.memory.values",
    "SqliteDb": "coterie.memory.sqlite",
    "Team": "coterie.teams.team",
    "Trace": "coterie.teams.tracing",
    "UserMemory": "coterie.memory.values",
    "Worker": "coterie.memory.worker",
    "load": "coterie.teams.files",
    "read_trace": "coterie.teams.tracing",
}

# MemoryMiddleware is not among them: it needs an extra, and "from coterie import *" does not.
__all__ = [  # noqa: RUF022  # the order of importance
    "Agent",
    "Team",
    "load",
    "RunOutput",
    "Decision",
    "MemoryManager",
    "UserMemory",
    "Scope",
    "SqliteDb",
    "PostgresDb",
    "CoterieStore",
    "McpServer",
    "MemoryOptimizationStrategyType",
    "Worker",
    "OfflineModel",
    "Trace",
    "read_trace",
    "CoterieError",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("coterie")
    if name not in _HOME:
        raise AttributeError(f"module 'coterie' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
