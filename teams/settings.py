"""What agents and teams share: their settings, and how graphs' plain values are made of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coterie.errors import ConfigurationError
from coterie.graphs.memory_checks import checked_curate, checked_store, no_store
from coterie.graphs.spec import Conduct, Curate, Inherited, MemoryUse, slug
from coterie.memory.db import Db
from coterie.memory.manager import MemoryManager
from coterie.memory.models import chat_model
from coterie.teams.checks import listed, tool_names
from coterie.teams.talking import Talks
from coterie.teams.tracing import TraceSetting, trace_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.tools import BaseTool
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.types import RetryPolicy
    from pydantic import BaseModel

    from coterie.graphs.hooks import TextHook
    from coterie.graphs.tool_hooks import ToolHook
    from coterie.teams.tools import Tool

NOTHING = Inherited()


@dataclass(kw_only=True, eq=False, repr=False)
class Settings(Talks):
    """The settings that agents and teams share."""

    name: str = field(default="", kw_only=False)
    """How it is called, in prompts and pictures."""
    role: str = ""
    """What it is good at, in a few words; a team's leader delegates by it."""
    instructions: str | Sequence[str] = ""
    """What it is to do, a text or a list of them."""
    model: "BaseChatModel | str | None" = None
    """A LangChain chat model, or a name for ``ChatOpenAI``. None: a team's, else what the environment configures, else
    the offline model, which only quotes. A team's is its leader's."""
    tools: "Sequence[Tool]" = ()
    """Functions, LangChain tools or MCP servers (`McpServer`). A team's are its leader's."""
    db: Db | None = None
    """The shared store: `SqliteDb` or `PostgresDb`. None: a team's, or that of a member, or none at all."""
    memory_manager: MemoryManager | None = None
    """The manager to use, where the default one for ``db`` does not do."""
    update_memory_on_run: Curate = False
    """Have the curator go through every turn of a user and keep what deserves it. True: at the end of the run;
    "background": in a thread of this process, when the answer has gone out (``agent.memory.wait_until_settled()`` waits
    for it); "later": not by this process, a `Worker` or ``coterie curate`` does it. One member of a team that has it on
    turns it on for the team, the same way."""
    add_memories_to_context: bool | None = None
    """Put what is remembered into the prompt. None: wherever there is a store."""
    enable_agentic_memory: bool = False
    """Give it tools to search, add, update and forget memories of the user itself. In a team: its leader."""
    enable_session_summaries: bool = False
    """Have each session summed up after its runs, in the background, and put the summary into the next prompt."""
    num_history_runs: int = 5
    """How many earlier turns of the session the model sees."""
    history_tokens: int = 2000
    """The most that they may take of a prompt, in estimated tokens."""
    memory_tokens: int = 400
    """The most that memories may take of a prompt, in estimated tokens."""
    session_state: Mapping[str, Any] | None = None
    """What the session's state has where nobody has set a key yet. In a team the team's counts, not its members'."""
    session_reducers: "Mapping[str, Callable[[Any, Any], Any]] | None" = None
    """How a new value of a key of the session's state is joined with the one that is there:
    ``{"basket": operator.add}``. A key without one keeps the last value. In a team the team's count."""
    add_session_state_to_context: bool = False
    """Put the session's state, as it is when the run begins, into the prompt."""
    structured_calls: bool = False
    """Have functions and members called through structured output. A model that cannot call tools is asked so anyway;
    True is for a server that says it can, and fails."""
    output_schema: "type[BaseModel] | None" = None
    """The form of the answer, a Pydantic model: ``RunOutput.parsed`` is an instance of it."""
    retry_policy: "RetryPolicy | None" = None
    """LangGraph's ``RetryPolicy``: when a model call that failed is made again. Tools are not called again. None: no
    more often than the model's client does it by itself, which each attempt does as well (``max_retries``)."""
    timeout: float | None = None
    """Seconds that one model call, and one tool call, may take. A tool that takes longer has failed, and its model
    reads so; a model has, too, and may be asked again, a curator when the turn is due again. `run` cannot end what it
    no longer waits for, `arun` cancels it. None: as long as they like."""
    tool_call_limit: int | None = None
    """How many tools one run may call; a leader's calls of members count. The model then answers without tools. None:
    any number."""
    max_steps: int = 100
    """Steps of the graph that one run may take, members' steps not counted: more is a `RunError`."""
    pre_hooks: "Sequence[TextHook]" = ()
    """``hook(text, context) -> str | None``: called with what the user says and the `RunContext` before anything else.
    A text takes its place; what a hook raises refuses the run, of which nothing is kept. May be ``async``."""
    post_hooks: "Sequence[TextHook]" = ()
    """The same with the answer, before the turn is kept. Where one raises, the run fails. Streamed `Token`s are out."""
    tool_hooks: "Sequence[ToolHook]" = ()
    """``hook(request, call_next) -> call_next(request)``, around each tool call but those of members: see
    `coterie.graphs.tool_hooks.ToolHook`. May be ``async``."""
    confirm_tools: "Sequence[str | Callable[..., Any] | BaseTool]" = ()
    """Tools, or their names, that wait for a person's word before they are called: `run` stops with what waits in its
    output, `resume` goes on."""
    checkpointer: "BaseCheckpointSaver[Any] | None" = None
    """LangGraph's checkpointer, where a run that waits for somebody is kept. Needed by ``confirm_tools``. Members wait
    in their team's; a team without one has that of a member."""
    trace: TraceSetting = False
    """Record each run, for `coterie replay`, `coterie ui` and `read_trace`. True: in the store; a path: in a file of
    JSON lines, or in a folder a file for each run; or a `coterie.Trace`, by which texts are recorded too. Of a team its
    own counts, not its members'."""
    id: str | None = None
    """Names it in the store: the author of its memories. None: the name."""

    def __post_init__(self) -> None:
        checked_name(self.name)
        self.id = self.id or self.name
        self.tools = listed(self.name, "tools", self.tools)
        self.db = checked_store(self.name, self.db, self.memory_manager)
        checked_curate(self.name, self.update_memory_on_run)
        trace_of(self.name, self.trace)  # which refuses what it does not know

    def common(self, inherited: Inherited) -> dict[str, Any]:
        """The fields that the specs of agents and of teams share."""
        from coterie.teams.tools import usable_tools  # which loads LangChain

        model = usable_model(self.model, inherited)
        return {
            "name": self.name,
            "role": self.role,
            "instructions": text_of(self.instructions),
            "model": model,
            "tools": usable_tools(self.name, self.tools, ask=not inherited.drawn),
            "memory": memory_use(self, model, inherited),
            "conduct": self._conduct(),
        }

    def _conduct(self) -> Conduct:
        conduct = Conduct(
            retry=self.retry_policy,
            timeout=self.timeout,
            tool_call_limit=self.tool_call_limit,
            max_steps=self.max_steps,
            pre_hooks=listed(self.name, "pre_hooks", self.pre_hooks),
            post_hooks=listed(self.name, "post_hooks", self.post_hooks),
            tool_hooks=listed(self.name, "tool_hooks", self.tool_hooks),
            confirm=tool_names(self.name, listed(self.name, "confirm_tools", self.confirm_tools)),
            structured_calls=self.structured_calls,
            output_schema=self.output_schema,
            session_state=dict(self.session_state or {}),
            session_reducers=dict(self.session_reducers or {}),
            session_in_prompt=self.add_session_state_to_context,
        )
        from coterie.graphs.limits import checked_conduct

        return checked_conduct(self.name, conduct)


def checked_name(name: str) -> str:
    """Refuse a name of which no node's name can be made."""
    if not isinstance(name, str) or not slug(name):
        raise ConfigurationError(f"The name is {name!r}: give a text with letters or digits.")
    return name


def usable_model(model: "BaseChatModel | str | None", inherited: Inherited) -> "BaseChatModel":
    """The chat model that is meant: its own, the team's, the environment's; without any, the offline model."""
    from coterie.graphs.offline import OfflineModel

    return chat_model(model if model is not None else inherited.model) or OfflineModel()


def text_of(instructions: str | Sequence[str]) -> str:
    """Instructions as one text; a list becomes a list."""
    return instructions if isinstance(instructions, str) else "\n".join(f"- {each}" for each in instructions)


def memory_use(owner: Settings, model: "BaseChatModel", inherited: Inherited) -> MemoryUse | None:
    """How the owner's graph uses memory; None where there is no store.

    Raises:
        ConfigurationError: memory is asked for, but there is no store; or a member has another store than its team.
    """
    if inherited.memory is not None:
        manager: MemoryManager | None = inherited.memory.manager
        if owner.db is not None and owner.db is not inherited.memory.manager.db:
            raise ConfigurationError(
                f"{owner.name} has the store {owner.db!r}, its team {inherited.memory.manager.db!r}: a team shares one "
                "memory, so give both the same store, or the member none."
            )
    elif owner.db is None:
        manager = None
    else:
        manager = (owner.memory_manager or MemoryManager()).completed(owner.db, model)
    if manager is None:
        if (
            owner.update_memory_on_run
            or owner.add_memories_to_context
            or owner.enable_agentic_memory
            or owner.enable_session_summaries
            or owner.session_state
            or owner.session_reducers
            or owner.add_session_state_to_context
        ):
            raise no_store(owner.name)
        return None
    if owner.update_memory_on_run:
        _ = manager.curator  # so that a curator that cannot work is told of now, not after the first answer
    recall = owner.add_memories_to_context
    return MemoryUse(
        manager=manager,
        recall=True if recall is None else recall,
        curate=owner.update_memory_on_run,
        agentic=owner.enable_agentic_memory,
        summaries=owner.enable_session_summaries,
        history_runs=owner.num_history_runs,
        history_tokens=owner.history_tokens,
        token_budget=owner.memory_tokens,
    )
