"""The shape of a graph: what its nodes and edges depend on. Agents and teams of one shape share one compiled graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from langgraph.graph import StateGraph

from coterie.graphs.modes import Route, mode_name
from coterie.graphs.nodes import FlowNode, Steps
from coterie.graphs.spec import Spec, TeamSpec, slug
from coterie.graphs.state import GraphState, RunContext


@dataclass(frozen=True)
class Shape:
    """What a graph is compiled from."""

    mode: str
    """``agent``, or a team's mode."""
    tools: bool
    """Whether the model has tools to call."""
    form: bool = False
    """Whether the answer is put into a schema's form."""
    members: tuple[str, ...] = ()
    """The nodes of a team's members."""
    fallback: str = ""
    """In mode route: the node of the member that answers for one that failed. Empty: there is none."""
    keeps: bool = True
    """Of an agent: whether there is something to do with its answer. A member's is kept by its team."""


def shape_of(spec: Spec, tools: bool, member: bool) -> Shape:
    """The shape of the graph of an agent or a team, be it a member or by itself."""
    form = spec.conduct.output_schema is not None
    if isinstance(spec, TeamSpec):
        members = tuple(slug(member.name) for member in spec.members)
        fallback = slug(spec.mode.fallback or "") if isinstance(spec.mode, Route) else ""
        return Shape(mode_name(spec.mode), tools, form, members, fallback)
    return Shape("agent", tools, form, keeps=not member or bool(spec.conduct.post_hooks))


class Wiring:
    """A graph that is being made."""

    def __init__(self, state: type[GraphState] = GraphState) -> None:
        self.graph = StateGraph(state, context_schema=RunContext)

    def step(self, name: str, steps: Steps, *, takes: type[Any] | None = None) -> None:
        """Add a node that takes these steps. ``takes``: its input, where that is not the graph's state."""
        self.graph.add_node(name, FlowNode(name, steps), input_schema=takes)

    def path(self, *names: str) -> None:
        """Let nodes follow each other, always."""
        for start, end in pairwise(names):
            self.graph.add_edge(start, end)

    def choice(self, name: str, choose: Callable[..., Any], ends: Sequence[str]) -> None:
        """Let a function choose what follows a node: names, or LangGraph's ``Send``, of these nodes."""
        self.graph.add_conditional_edges(name, choose, list(ends))
