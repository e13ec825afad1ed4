"""From a spec to a graph that runs: compiled once for each shape, and shared."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from langchain_core.tools import BaseTool
from langgraph.graph.state import CompiledStateGraph

from coterie.errors import ConfigurationError
from coterie.graphs import agent, broadcast, coordinate, route, sequence
from coterie.graphs.answers import refuse_tools
from coterie.graphs.memory_tools import own_memory_tools
from coterie.graphs.modes import mode_name
from coterie.graphs.nodes import tool_runner
from coterie.graphs.notes import note_tools, teams_around_members
from coterie.graphs.shape import Shape, Wiring, shape_of
from coterie.graphs.spec import Built, Graph, Spec, TeamSpec, slug
from coterie.graphs.state import inherited_context

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
    check: Callable[[TeamSpec], None] = lambda team: None
    """Refuses, by a ConfigurationError, settings that do not go with the mode."""


KINDS = {
    "agent": Kind(agent.wire),
    "coordinate": Kind(coordinate.wire, coordinate.tools, coordinate.guidance),
    "route": Kind(route.wire, route.tools, route.guidance, route.check),
    "broadcast": Kind(broadcast.wire, guidance=broadcast.guidance, check=refuse_tools),
    "sequence": Kind(sequence.wire, check=refuse_tools),
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


def build_graph(spec: Spec, path: str = "", around: tuple[TeamSpec, ...] = ()) -> BoundGraph:
    """Make the graph of an agent or a team, and of all its members.

    Args:
        spec: the agent or team.
        path: where its team stands.
        around: the teams whose notes it reads.

    Raises:
        ConfigurationError: a team has no members, or two that cannot be told apart, or two tools have one name.
    """
    path = f"{path}/{slug(spec.name)}".lstrip("/")
    members: dict[str, Graph] = {}
    guidance = ""
    tools = [*spec.tools, *own_memory_tools(spec)]
    if isinstance(spec, TeamSpec):
        check_members(spec)
        shared = teams_around_members(spec, around)
        members = {slug(member.name): build_graph(member, path, shared) for member in spec.members}
        kind = KINDS[mode_name(spec.mode)]
        kind.check(spec)
        tools += kind.tools(spec)
        guidance = kind.guidance(spec)
    tools += note_tools(spec, around, tools)
    model = spec.model.bind_tools(tools) if tools else spec.model
    built = Built(spec, path, guidance, model, tuple(tools), tool_runner(tools), members, around)
    config = {"recursion_limit": spec.conduct.max_steps, "max_concurrency": AT_ONCE}
    compiled = compiled_of(shape_of(spec, bool(tools)))
    return BoundGraph(built=built, **{**vars(compiled), "name": slug(spec.name), "config": config})


@lru_cache(SHAPES)
def compiled_of(shape: Shape) -> Graph:
    """Compile the graph of a shape, once."""
    wiring = Wiring()
    KINDS[shape.mode].wire(wiring, shape)
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
