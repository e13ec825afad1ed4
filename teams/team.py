"""Team: a leader and its members, agents or teams, on one shared memory."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from coterie.errors import ConfigurationError
from coterie.graphs.spec import Curate, Inherited, TeamSpec
from coterie.teams.agent import Agent
from coterie.teams.runs import Runs
from coterie.teams.settings import (
    NOTHING,
    checked_curate,
    checked_name,
    checked_store,
    listed,
    memory_use,
    text_of,
    usable_model,
    usable_tools,
)

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.tools import BaseTool

    from coterie.memory.db import Db
    from coterie.memory.manager import MemoryManager

Mode = Literal["coordinate"]


def members_of(name: str, members: "Sequence[Agent | Team]") -> "tuple[Agent | Team, ...]":
    """The members, checked to be agents and teams."""
    found = listed(name, "members", members)
    wrong = [member for member in found if not isinstance(member, Agent | Team)]
    if wrong:
        raise ConfigurationError(f"{name}: {wrong[0]!r} is no member: give agents and teams.")
    return tuple(found)


class Team(Runs):
    """A team: a light object; its graph, with its members' graphs inside, is compiled when it first runs.

    In mode ``coordinate`` the leader delegates tasks to members, several at once where they are independent, and
    answers from what they found. One curator, at the end of the team's graph, goes through the turn: members at work
    keep and curate nothing of their own.

    Args:
        name: how it is called, in prompts and pictures. None: "team".
        members: agents and teams, one at least, with names that differ.
        mode: how they work together.
        role: what the team is good at, where it is itself a member.
        instructions: what the leader is to do.
        model: the leader's, as in `Agent`. Members without one of their own use it too.
        tools: the leader's own tools.
        db: the store that the team and all its members share. None: the one that members have.
        memory_manager: as in `Agent`.
        update_memory_on_run: as in `Agent`; one member that has it on turns it on for the team, the same way.
        add_memories_to_context: as in `Agent`.
        enable_agentic_memory: as in `Agent`, for the leader.
        enable_session_summaries: as in `Agent`.
        num_history_runs: as in `Agent`.
        id: as in `Agent`.

    Raises:
        ConfigurationError: an unknown mode; on first use also no members, or two that cannot be told apart.
    """

    def __init__(
        self,
        name: str | None = None,
        members: "Sequence[Agent | Team]" = (),
        *,
        mode: Mode = "coordinate",
        role: str = "",
        instructions: str | Sequence[str] = "",
        model: "BaseChatModel | str | None" = None,
        tools: "Sequence[Callable[..., Any] | BaseTool]" = (),
        db: "Db | None" = None,
        memory_manager: "MemoryManager | None" = None,
        update_memory_on_run: Curate = False,
        add_memories_to_context: bool | None = None,
        enable_agentic_memory: bool = False,
        enable_session_summaries: bool = False,
        num_history_runs: int = 5,
        id: str | None = None,
    ) -> None:
        if mode != "coordinate":
            raise ConfigurationError(f"mode={mode!r} is not known: the mode there is is 'coordinate'.")
        self.name = checked_name(name or "team")
        self.id = id or self.name
        self.members = members_of(self.name, members)
        self.mode = mode
        self.role = role
        self.instructions = instructions
        self.model = model
        self.tools = listed(self.name, "tools", tools)
        self.db: Db | None = checked_store(self.name, db, memory_manager)
        self.memory_manager = memory_manager
        on = [each.update_memory_on_run for each in self.members if each.update_memory_on_run]
        self.update_memory_on_run: Curate = checked_curate(self.name, update_memory_on_run) or next(iter(on), False)
        self.add_memories_to_context = add_memories_to_context
        self.enable_agentic_memory = enable_agentic_memory
        self.enable_session_summaries = enable_session_summaries
        self.num_history_runs = num_history_runs

    def spec(self, inherited: Inherited = NOTHING) -> TeamSpec:
        """What its graph is built from. ``inherited`` is what a team that it is a member of lends it."""
        if inherited.memory is None:
            self.db = self.db or next((member.db for member in self.members if member.db), None)
        model = usable_model(self.model, inherited)
        memory = memory_use(self, model, inherited)
        return TeamSpec(
            name=self.name,
            team_id=self.id,
            role=self.role,
            instructions=text_of(self.instructions),
            model=model,
            tools=usable_tools(self.name, self.tools),
            members=tuple(member.spec(Inherited(model, memory)) for member in self.members),
            memory=memory,
        )

    def __repr__(self) -> str:
        return f"Team({self.name!r}, members={[member.name for member in self.members]!r})"
