"""What an agent or a team is made of: the plain values that graphs and pictures are built from.

Whoever defines an agent imports this, so LangChain and LangGraph are named here, and not loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from coterie.graphs.modes import Coordinate, Mode, Swarm, leads
from coterie.memory.manager import MemoryManager

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.types import RetryPolicy

    Graph = CompiledStateGraph[Any, Any, Any, Any]

Curate = bool | Literal["background", "later"]
MemberContext = Literal["task", "notes", "conversation"]
"""What a member is given: its task alone, also what other members found in this run, or also the whole conversation."""
OnError = Literal["report", "stop"]


@dataclass(frozen=True)
class MemoryUse:
    """How a graph uses the shared memory."""

    manager: MemoryManager
    recall: bool = True
    """Put what is remembered into the prompt."""
    curate: Curate = True
    """Let the curator go through each turn: at the end of the run, in the background when the answer is out, or later,
    when a `Worker` does it."""
    agentic: bool = False
    """Give the agent tools to search and change the memory itself."""
    summaries: bool = False
    """Have the session summed up, and put the summary into the prompt."""
    history_runs: int = 5
    """How many earlier turns of the session the model sees. 0: none."""
    history_tokens: int = 2000
    """The most that they may take of a prompt, in estimated tokens. The oldest are left out first."""
    token_budget: int = 400
    """The most that memories may take of a prompt, in estimated tokens."""


@dataclass(frozen=True)
class Conduct:
    """How one agent, or a team's leader, is run."""

    retry: RetryPolicy | None = None
    """When a model call that failed is made again. None: no more often than the model's own client does it."""
    timeout: float | None = None
    """Seconds that one model call, and one tool call, may take. None: as long as they like."""
    tool_call_limit: int | None = None
    """How many tool calls one run may make, those of members counted. None: any number."""
    max_steps: int = 100
    """Graph steps in one run, members' steps not counted: far more than a sound run takes, far less than a loop."""
    pre_hooks: tuple[Callable[..., Any], ...] = ()
    """Called with what the user says, before anything else: `coterie.graphs.hooks`."""
    post_hooks: tuple[Callable[..., Any], ...] = ()
    """Called with the answer, before it is kept."""
    tool_hooks: tuple[Callable[..., Any], ...] = ()
    """Called around each tool call: `coterie.graphs.tool_hooks`."""
    confirm: frozenset[str] = frozenset()
    """The tools that wait for a person's word before they are called."""
    structured_calls: bool = False
    """Have the model call functions through structured output though it could call them by itself."""
    output_schema: type[BaseModel] | None = None
    """The form of the answer."""
    session_state: Mapping[str, Any] = field(default_factory=dict)
    """What the session's state has where nobody has set a key yet. In a team the root's counts."""
    session_reducers: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    """How a new value of a key is joined with the one that is there. A key without one: the last value stays."""
    session_in_prompt: bool = False
    """Put the session's state into the prompt."""


@dataclass(frozen=True, kw_only=True)
class _Anyone:
    """What agents and teams have in common."""

    name: str
    role: str = ""
    instructions: str = ""
    model: BaseChatModel
    tools: tuple[BaseTool, ...] = ()
    memory: MemoryUse | None = None
    conduct: Conduct = Conduct()


@dataclass(frozen=True, kw_only=True)
class AgentSpec(_Anyone):
    """One agent."""

    agent_id: str


@dataclass(frozen=True, kw_only=True)
class TeamSpec(_Anyone):
    """A team: a leader's model and instructions, its members, and how they work together."""

    team_id: str
    members: tuple[AgentSpec | TeamSpec, ...]
    mode: Mode = Coordinate()  # noqa: RUF009  # it is frozen
    share_notes: bool = True
    """Let members tell each other, while they work, what they found: `coterie.graphs.notes`."""
    member_context: MemberContext = "notes"
    """What a member is given."""
    notes_tokens: int = 1000
    """The most that notes may take of a member's prompt, in estimated tokens."""
    on_member_error: OnError = "report"
    """Whether a member's failure is reported to the others, who go on, or ends the run."""


Spec = AgentSpec | TeamSpec


def asks_model(spec: Spec) -> bool:
    """Whether the model of an agent or a team is asked itself: members of some teams work without a leader."""
    if isinstance(spec, AgentSpec) or spec.conduct.output_schema is not None:
        return True
    return leads(spec.mode, len(spec.members))


def memory_of_prompts(spec: Spec) -> MemoryUse | None:
    """What of the memory an agent or a team reads: for a prompt of its own, or because members are given it."""
    memory = spec.memory
    if memory is None or asks_model(spec) or (isinstance(spec, TeamSpec) and isinstance(spec.mode, Swarm)):
        return memory
    history = memory.history_runs if isinstance(spec, TeamSpec) and spec.member_context == "conversation" else 0
    return replace(memory, recall=False, summaries=False, history_runs=history)


@dataclass(frozen=True)
class Inherited:
    """What a team lends to members that bring none of their own."""

    model: BaseChatModel | None = None
    memory: MemoryUse | None = None
    drawn: bool = False
    """It is for a drawing: nothing is asked over a network."""


@dataclass(frozen=True)
class Lent:
    """What a team gives to one of its members, beside the work."""

    guidance: str = ""
    """What the member is told about working in the team."""
    tools: tuple[BaseTool, ...] = ()
    """Functions that the member has for it, beside its own tools."""
    handoffs: Mapping[str, str] = field(default_factory=dict)
    """Those of them that hand over: see `Built`."""
    confirm: frozenset[str] = frozenset()
    """Those of them that wait for a person's word."""


RESERVED = frozenset({"recall", "model", "leader", "router", "tools", "join", "plan", "form", "curate"})
"""The names of our own nodes."""


def slug(name: str) -> str:
    r"""A name that LangGraph takes as a node and OpenAI as a speaker: no spaces, no ``. : | < > / \`` in it.

    >>> slug("Research desk: EU"), slug("調査"), slug("curate")
    ('Research_desk_EU', '調査', 'curate_')
    """
    plain = re.sub(r"[\s.:|<>/\\]+", "_", name).strip("_")
    return f"{plain}_" if plain in RESERVED else plain


def described(model: BaseChatModel) -> str:
    """Which model is meant, and on which server, for messages."""
    server = getattr(model, "openai_api_base", None)
    return model_name(model) + (f" at {server}" if isinstance(server, str) else "")


def model_name(model: BaseChatModel) -> str:
    """What a model is called: ``gpt-4.1-mini``, say; for those without a name, the kind of model."""
    for attribute in ("model_name", "model", "model_id"):
        if isinstance(name := getattr(model, attribute, None), str) and name:
            return name
    return model._llm_type


@dataclass(frozen=True)
class Built:
    """A spec with what is made of it once, when it first runs: what the nodes of its graph work with.

    The graph itself is the same for all of one shape; it finds this in the run's context.
    """

    spec: Spec
    path: str
    """Where it stands: ``desk/scout`` is the member scout of the team desk."""
    guidance: str
    """What a team's leader is told about leading it."""
    model: Runnable[Any, Any]
    """Its model, which knows the tools."""
    plain_model: Runnable[Any, Any]
    """The same, without any tools: for when it is to call nothing more."""
    tools: tuple[BaseTool, ...]
    """Its own tools, those of its memory, and those by which it reaches members."""
    runner: Runnable[Any, Any]
    """Runs the tools that a message calls."""
    members: Mapping[str, Graph]
    """The graphs of a team's members, by the names of their nodes."""
    around: tuple[TeamSpec, ...] = ()
    """The teams around it whose notes it reads, the outermost first. Its own go to the last."""
    told: tuple[TeamSpec, ...] = ()
    """Of a team: the teams whose notes its members read, where somebody may yet read what one of them answered."""
    handoffs: Mapping[str, str] = field(default_factory=dict)
    """The functions by which it hands the conversation over in its team, with the nodes of the members to have it."""
    confirm: frozenset[str] = frozenset()
    """The tools that wait for a person's word, its team's among them."""


def __getattr__(name: str) -> Any:
    """``Graph``, the type, for those who import it to run graphs."""
    if name != "Graph":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from langgraph.graph.state import CompiledStateGraph

    return CompiledStateGraph[Any, Any, Any, Any]
