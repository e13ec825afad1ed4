"""What an agent or a team is made of: the plain values that graphs and pictures are built from."""

import re
from dataclasses import dataclass
from typing import Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool

from coterie.memory.manager import MemoryManager

Curate = bool | Literal["background"]


@dataclass(frozen=True)
class MemoryUse:
    """How a graph uses the shared memory."""

    manager: MemoryManager
    recall: bool = True
    """Put what is remembered into the prompt."""
    curate: Curate = True
    """Let the curator go through each turn: at the end of the run, or in the background when the answer is out."""
    agentic: bool = False
    """Give the agent tools to search and change the memory itself."""
    summaries: bool = False
    """Have the session summed up, and put the summary into the prompt."""
    history_runs: int = 5
    """How many earlier turns of the session the model sees. 0: none."""
    history_tokens: int = 2000
    """The most that they may take of a prompt, in estimated tokens. The oldest are left out first."""
    token_budget: int = 1000
    """The most that memories may take of a prompt, in estimated tokens."""


@dataclass(frozen=True)
class AgentSpec:
    """One agent."""

    name: str
    agent_id: str
    role: str
    instructions: str
    model: BaseChatModel
    tools: tuple[BaseTool, ...]
    memory: MemoryUse | None


@dataclass(frozen=True)
class TeamSpec:
    """A team: a leader's model and instructions, and its members."""

    name: str
    team_id: str
    role: str
    instructions: str
    model: BaseChatModel
    tools: tuple[BaseTool, ...]
    members: "tuple[AgentSpec | TeamSpec, ...]"
    memory: MemoryUse | None


Spec = AgentSpec | TeamSpec


@dataclass(frozen=True)
class Inherited:
    """What a team lends to members that bring none of their own."""

    model: BaseChatModel | None = None
    memory: MemoryUse | None = None


RESERVED = frozenset({"recall", "model", "leader", "tools", "curate"})
"""The names of our own nodes."""


def slug(name: str) -> str:
    r"""A name that LangGraph takes as a node and OpenAI as a speaker: no spaces, no ``. : | < > / \`` in it.

    >>> slug("Research desk: EU"), slug("調査"), slug("curate")
    ('Research_desk_EU', '調査', 'curate_')
    """
    plain = re.sub(r"[\s.:|<>/\\]+", "_", name).strip("_")
    return f"{plain}_" if plain in RESERVED else plain


def member_tools(team: TeamSpec) -> dict[str, Spec]:
    """The members by the names of the functions that the leader calls them by: ASCII, as OpenAI wants them."""
    found: dict[str, Spec] = {}
    for place, member in enumerate(team.members, start=1):
        key = slug(member.name)
        found[f"ask_{key}" if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", key) else f"ask_member_{place}"] = member
    return found


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
