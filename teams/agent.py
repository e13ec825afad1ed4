"""Agent: one model with a role, tools, and the shared memory."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from coterie.graphs.spec import AgentSpec, Curate, Inherited
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


class Agent(Runs):
    """An agent: a light object; its LangGraph graph is compiled when it first runs.

    Args:
        name: how it is called, in prompts and pictures. None: "agent".
        role: what it is good at, in a few words; a team's leader delegates by it.
        instructions: what it is to do, a text or a list of them.
        model: a LangChain chat model, or a name for ``ChatOpenAI``. None: what the environment configures, else the
            offline model, which only quotes.
        tools: functions or LangChain tools.
        db: the shared store: `SqliteDb` or `PostgresDb`. None: a team's, or none at all.
        memory_manager: the manager to use, where the default one for ``db`` does not do.
        update_memory_on_run: have the curator go through every turn of a user and keep what deserves it. True: at the
            end of the run; "background": in a thread of this process, when the answer has gone out
            (``agent.memory.wait_until_settled()`` waits for it).
        add_memories_to_context: put what is remembered into the prompt. None: wherever there is a store.
        enable_agentic_memory: give it tools to search, add, update and forget memories of the user itself.
        enable_session_summaries: have each session summed up after its runs, in the background, and put the summary
            into the prompt of the next.
        num_history_runs: how many earlier turns of the session the model sees.
        id: names it in the store: the author of its memories. None: the name.

    Raises:
        ConfigurationError: what is given cannot be used; on first use also memory without a store.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
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
        self.name = checked_name(name or "agent")
        self.id = id or self.name
        self.role = role
        self.instructions = instructions
        self.model = model
        self.tools = listed(self.name, "tools", tools)
        self.db = checked_store(self.name, db, memory_manager)
        self.memory_manager = memory_manager
        self.update_memory_on_run = checked_curate(self.name, update_memory_on_run)
        self.add_memories_to_context = add_memories_to_context
        self.enable_agentic_memory = enable_agentic_memory
        self.enable_session_summaries = enable_session_summaries
        self.num_history_runs = num_history_runs

    def spec(self, inherited: Inherited = NOTHING) -> AgentSpec:
        """What its graph is built from. ``inherited`` is what its team lends it."""
        model = usable_model(self.model, inherited)
        return AgentSpec(
            name=self.name,
            agent_id=self.id,
            role=self.role,
            instructions=text_of(self.instructions),
            model=model,
            tools=usable_tools(self.name, self.tools),
            memory=memory_use(self, model, inherited),
        )

    def __repr__(self) -> str:
        return f"Agent({self.name!r}, role={self.role!r})"
