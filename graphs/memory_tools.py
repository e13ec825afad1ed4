"""Agentic memory: the tools by which an agent looks into the shared memory and changes it, within its own scope."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AnyMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.prebuilt import ToolRuntime

from coterie.errors import ConfigurationError
from coterie.graphs.events import MemoryChanged, MemorySearched
from coterie.graphs.prompts import memory_line
from coterie.graphs.spec import MemoryUse, Spec, TeamSpec
from coterie.graphs.state import KEPT, GraphState, RunContext, asking, tell, this_turn
from coterie.memory.edits import Add, Applied, Change, Delete, Edit, Ref, Update
from coterie.memory.values import Scope, UserMemory
from coterie.memory.wording import wrong_words

HITS = 8
"""How many memories one search shows."""
SHOWN_ID_CHARACTERS = 6
"""A memory is shown with the end of its id: the part that chance made."""

Runtime = ToolRuntime[RunContext, GraphState]


def memory_tools(
    memory: MemoryUse, *, name: str = "agent", agent_id: str | None = None, team_id: str | None = None
) -> list[StructuredTool]:
    """The tools ``search_memories``, ``add_memory``, ``update_memory`` and ``forget_memory``.

    They read and change what this agent or team may read of the run's user. A statement passes the checks of the
    curator's, and only a memory that a search of the same turn has shown can be changed. Every change has a revision
    that names the agent, the run and the turn.

    Args:
        memory: the memory in use.
        name: the source of the events.
        agent_id: who looks and writes.
        team_id: the team that does, where it is a team's leader.
    """
    hands = _Hands(memory, name, agent_id, team_id)
    search = StructuredTool.from_function(hands.search_memories, response_format="content_and_artifact")
    changes = (hands.add_memory, hands.update_memory, hands.forget_memory)
    return [search, *(StructuredTool.from_function(change) for change in changes)]


def own_memory_tools(spec: Spec) -> Sequence[BaseTool]:
    """The memory tools of an agent or a team's leader; none if it is not to have them.

    Raises:
        ConfigurationError: it has a tool of its own by one of their names.
    """
    if spec.memory is None or not spec.memory.agentic:
        return []
    if isinstance(spec, TeamSpec):
        tools = memory_tools(spec.memory, name=spec.name, team_id=spec.team_id)
    else:
        tools = memory_tools(spec.memory, name=spec.name, agent_id=spec.agent_id)
    if taken := {tool.name for tool in tools} & {tool.name for tool in spec.tools}:
        raise ConfigurationError(
            f"{spec.name} has a tool named {min(taken)!r}, as one of the memory tools is: rename it, or leave out"
            " enable_agentic_memory."
        )
    return tools


class _Hands:
    """What the tools do. The docstrings are what the model reads."""

    def __init__(self, memory: MemoryUse, name: str, agent_id: str | None, team_id: str | None) -> None:
        self.memory = memory
        self.name = name
        self.agent_id = agent_id
        self.team_id = team_id

    def search_memories(self, query: str, runtime: Runtime) -> tuple[str, list[tuple[str, int]]]:
        """Search what is remembered about the user. Each result begins with its id."""
        hits = self.memory.manager.db.search(self._scope(runtime), query, HITS)
        tell(runtime, MemorySearched(self.name, query, tuple(hits)))
        found = [hit.memory for hit in hits]
        lines = [f"{_shown(str(memory.memory_id))}: {memory_line(memory)}" for memory in found]
        return "\n".join(lines) or "Nothing.", [(str(memory.memory_id), memory.version) for memory in found]

    def add_memory(self, statement: str, runtime: Runtime, topics: list[str] | None = None) -> str:
        """Remember a short statement about the user for later conversations."""
        done = self._apply(runtime, Add(UserMemory(memory=self._checked(statement), topics=topics or [])))
        return "Remembered." if done.revisions else "That is known already."

    def update_memory(self, memory_id: str, statement: str, runtime: Runtime) -> str:
        """Put a statement in place of a memory that is no longer right. Search first: memory_id is a result's id."""
        target = _target(memory_id, runtime.state["messages"])
        self._apply(runtime, Update(target, self._checked(statement)))
        return "Updated."

    def forget_memory(self, memory_id: str, runtime: Runtime) -> str:
        """Forget a memory, and what was made from it, as the user asks. Search first: memory_id is a result's id."""
        self._apply(runtime, Delete(_target(memory_id, runtime.state["messages"]), dependants=True))
        return "Forgotten."

    def _scope(self, runtime: Runtime) -> Scope:
        context = asking(runtime)
        if (kept := runtime.state.get(KEPT)) is not None:  # whose the turn is, whoever resumes it
            context = replace(context, user_id=kept["user_id"])  # type: ignore[index]  # the key of another's state
        if context.user_id is None:
            raise ToolException("It is not known who the user is, so nothing is remembered about them.")
        return context.scope(self.agent_id, self.team_id)

    def _checked(self, statement: str) -> str:
        text = " ".join(statement.split())
        if reason := wrong_words(text, self.memory.manager.limits.max_characters):
            raise ToolException(f"It was not remembered: {reason}.")
        return text

    def _apply(self, runtime: Runtime, edit: Edit) -> Applied:
        scope, state = self._scope(runtime), _of_turn(runtime)
        change = Change("agent", self.agent_id, scope.team_id, state.get("run_id"), state.get("turn_id"))
        (done,) = self.memory.manager.db.apply(scope, [edit], change)
        tell(runtime, MemoryChanged(self.name, done))
        return done


def _of_turn(runtime: Runtime) -> Mapping[str, Any]:
    """What the state has of the turn: of an agent of LangChain's under a key of its own."""
    return runtime.state.get(KEPT) or runtime.state  # type: ignore[return-value]  # the key of another's state


def _shown(memory_id: str) -> str:
    return memory_id[-SHOWN_ID_CHARACTERS:]


def _target(shown: str, messages: Sequence[AnyMessage]) -> Ref:
    """The memory that a search of this turn showed under this id.

    Raises:
        ToolException: none was, or several.
    """
    found = {memory_id: version for memory_id, version in _searched(messages) if _shown(memory_id) == shown.strip()}
    if len(found) != 1:
        raise ToolException(
            f"memory_id is {shown!r}: call search_memories, and give the id that stands before one of its results."
        )
    return Ref(*found.popitem())


def _searched(messages: Sequence[AnyMessage]) -> Iterator[tuple[str, int]]:
    for message in this_turn(list(messages)):
        if isinstance(message, ToolMessage) and message.name == "search_memories":
            yield from ((memory_id, version) for memory_id, version in message.artifact or ())
