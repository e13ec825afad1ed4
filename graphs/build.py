"""From a spec to a graph that runs: compiled once for each shape, and shared."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from langchain_core.tools import BaseTool
from langgraph.graph.state import CompiledStateGraph

from coterie.errors import ConfigurationError
from coterie.graphs import agent, coordinate, swarm, tasks
from coterie.graphs.delegating import asked_models
from coterie.graphs.memory_tools import own_memory_tools
from coterie.graphs.modes import mode_name
from coterie.graphs.nodes import tool_runner
from coterie.graphs.shape import Shape, Wiring, shape_of
from coterie.graphs.spec import Built, Graph, Lent, Spec, TeamSpec, slug
from coterie.graphs.state import GraphState, inherited_context

AT_ONCE = 64
"""How many nodes of one graph run at once, at most: members and tools wait for servers, not for processors."""
SHAPES = 512
"""How many compiled graphs are kept for the next agent or team of the same shape."""


class Kind(NamedTuple):
    """What graphs of one mode differ in."""

    wire: Callable[[Wiring, Shape], None]
    """Adds the nodes and edges."""
    tools: Callable[[TeamSpec], Sequence[BaseTool]] = lambda team: ()
    """The tools by which a team's leader reaches the members."""
    guidance: Callable[[TeamSpec], str] = lambda team: ""
    """What the leader is told about leading."""
    lends: Callable[[TeamSpec], Mapping[str, Lent]] = lambda team: {}
    """What members are given, by the names of their nodes."""
    state: type[GraphState] = GraphState
    """What travels through the graph."""


KINDS = {
    "agent": Kind(agent.wire),
    "coordinate": Kind(coordinate.wire, coordinate.tools, coordinate.guidance),
    "swarm": Kind(swarm.wire, lends=swarm.lends),
    "tasks": Kind(tasks.wire, tasks.tools, tasks.guidance, state=tasks.TasksState),
}


class BoundGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """The compiled graph of a shape, as one agent or one team runs it.

    It is the shape's own graph but for this: every run is told whose it is.
    """

    def __init__(self, *, built: Built, **graph: Any) -> None:
        super().__init__(**graph)
        self.built = built

    def stream(self, input: Any, config: Any = None, *, context: Any = None, **options: Any) -> Any:
        """Stream a run, as LangGraph does."""
        return super().stream(input, config, context=inherited_context(context, self.built), **options)

    def astream(self, input: Any, config: Any = None, *, context: Any = None, **options: Any) -> Any:
        """The async twin of `stream`."""
        return super().astream(input, config, context=inherited_context(context, self.built), **options)


def build_graph(spec: Spec, path: str = "", lent: Lent = Lent()) -> BoundGraph:  # noqa: B008  # it is frozen
    """Make the graph of an agent or a team, and of all its members.

    Args:
        spec: the agent or team.
        path: where its team stands.
        lent: what its team gives it.

    Raises:
        ConfigurationError: a team has no members, or two that cannot be told apart, or two tools have one name.
    """
    path = f"{path}/{slug(spec.name)}".lstrip("/")
    members: dict[str, Graph] = {}
    guidance = [lent.guidance]
    tools = [*spec.tools, *own_memory_tools(spec), *lent.tools]
    if isinstance(spec, TeamSpec):
        check_members(spec)
        kind = KINDS[mode_name(spec.mode)]
        lends = kind.lends(spec)
        keys = {slug(member.name): member for member in spec.members}
        members = {key: build_graph(member, path, lends.get(key, Lent())) for key, member in keys.items()}
        tools += kind.tools(spec)
        guidance.append(kind.guidance(spec))
    model, plain = asked_models(spec.model, tools, spec.conduct.structured_calls)
    told = "\n\n".join(part for part in guidance if part)
    built = Built(spec, path, told, model, plain, tuple(tools), tool_runner(tools), members, lent.handoffs)
    config = {"recursion_limit": spec.conduct.max_steps, "max_concurrency": AT_ONCE}
    compiled = compiled_of(shape_of(spec, bool(tools)))
    return BoundGraph(built=built, **{**vars(compiled), "name": slug(spec.name), "config": config})


@lru_cache(SHAPES)
def compiled_of(shape: Shape) -> Graph:
    """Compile the graph of a shape, once."""
    kind = KINDS[shape.mode]
    wiring = Wiring(kind.state)
    kind.wire(wiring, shape)
    return wiring.graph.compile(name=shape.mode)


def check_members(spec: TeamSpec) -> None:
    """Refuse a team that cannot be led.

    Raises:
        ConfigurationError: no members, or two whose names are one when written as a node's name.
    """
    if not spec.members:
        raise ConfigurationError(f"team {spec.name!r} has no members: give it at least one agent or team.")
    if len({slug(member.name) for member in spec.members}) < len(spec.members):
        names = ", ".join(repr(member.name) for member in spec.members)
        raise ConfigurationError(f"team {spec.name!r} has members that cannot be told apart ({names}): rename one.")
