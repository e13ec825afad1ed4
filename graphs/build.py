"""From a spec to a graph that runs: compiled once for each shape, and shared."""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing
from functools import lru_cache
from typing import Any, NamedTuple

from langchain_core.tools import BaseTool
from langgraph.errors import GraphRecursionError
from langgraph.graph.state import CompiledStateGraph

from coterie.errors import ConfigurationError, RunError
from coterie.graphs import agent, broadcast, coordinate, route, sequence, swarm, tasks
from coterie.graphs.answers import refuse_tool_settings, refuse_tools
from coterie.graphs.calling import tool_runner
from coterie.graphs.confirming import check_confirmed
from coterie.graphs.delegating import asked_models
from coterie.graphs.drawable import Drawable
from coterie.graphs.hooks import heard
from coterie.graphs.memory_tools import own_memory_tools
from coterie.graphs.modes import mode_name
from coterie.graphs.nodes import failed_at
from coterie.graphs.notes import note_tools, someone_reads, teams_around_members
from coterie.graphs.shape import Shape, Wiring, shape_of
from coterie.graphs.spec import Built, Graph, Lent, Spec, TeamSpec, slug
from coterie.graphs.state import GraphState, inherited_context
from coterie.memory.flow import adrive, drive

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
    lends: Callable[[TeamSpec], Mapping[str, Lent]] = lambda team: {}
    """What members are given, by the names of their nodes."""
    state: type[GraphState] = GraphState
    """What travels through the graph."""


KINDS = {
    "agent": Kind(agent.wire),
    "coordinate": Kind(coordinate.wire, coordinate.tools, coordinate.guidance),
    "route": Kind(route.wire, route.tools, route.guidance, route.check),
    "broadcast": Kind(broadcast.wire, guidance=broadcast.guidance, check=refuse_tools),
    "sequence": Kind(sequence.wire, check=refuse_tools),
    "swarm": Kind(swarm.wire, check=refuse_tool_settings, lends=swarm.lends),
    "tasks": Kind(tasks.wire, tasks.tools, tasks.guidance, state=tasks.TasksState),
}


class BoundGraph(Drawable, CompiledStateGraph[Any, Any, Any, Any]):
    """The compiled graph of a shape, as one agent or one team runs it.

    It is the shape's own graph but for this: every run is told whose it is, begins with the pre_hooks (where it is
    nested, in its first step), and says who went round in circles; and it is drawn with what reads and writes the
    memory.
    """

    def __init__(self, *, built: Built, **graph: Any) -> None:
        super().__init__(**graph)
        self.built = built

    def stream(
        self, input: Any, config: Any = None, *, context: Any = None, **options: Any
    ) -> Generator[Any, None, None]:
        """Stream a run, as LangGraph does."""
        asking = inherited_context(context, self.built, config)
        if not asking.nested:
            input = drive(heard(input, self.built, asking))
        try:
            yield from super().stream(input, config, context=asking, **options)
        except GraphRecursionError as error:
            raise self._endless(config) from error

    async def astream(
        self, input: Any, config: Any = None, *, context: Any = None, **options: Any
    ) -> AsyncGenerator[Any, None]:
        """The async twin of `stream`."""
        asking = inherited_context(context, self.built, config)
        if not asking.nested:
            input = await adrive(heard(input, self.built, asking))
        try:
            stream: Any = super().astream(input, config, context=asking, **options)  # an async generator
            async with aclosing(stream) as chunks:
                async for chunk in chunks:
                    yield chunk
        except GraphRecursionError as error:
            raise self._endless(config) from error

    def _spec_to_draw(self) -> Spec:
        return self.built.spec

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """What a notebook shows. LangGraph's own would send the graph to a web service for it."""
        return {"text/plain": repr(self), "image/svg+xml": self._repr_svg_()}

    def _endless(self, config: Any) -> RunError:
        steps = (config or {}).get("recursion_limit", self.built.spec.conduct.max_steps)
        return failed_at(self.built, f"stopped after {steps} steps without an answer. Does a tool loop?")


def build_graph(
    spec: Spec,
    path: str = "",
    around: tuple[TeamSpec, ...] = (),
    lent: Lent = Lent(),  # noqa: B008  # it is frozen
) -> BoundGraph:
    """Make the graph of an agent or a team, and of all its members.

    Args:
        spec: the agent or team.
        path: where its team stands.
        around: the teams whose notes it reads.
        lent: what its team gives it.

    Raises:
        ConfigurationError: a team has no members, or two that cannot be told apart, or two tools have one name,
            or a tool that is to be confirmed is not there.
    """
    is_member, path = bool(path), f"{path}/{slug(spec.name)}".lstrip("/")
    members: dict[str, BoundGraph] = {}
    told: tuple[TeamSpec, ...] = ()
    guidance = [lent.guidance]
    tools = [*spec.tools, *own_memory_tools(spec), *lent.tools]
    check_confirmed(spec, tools)
    if isinstance(spec, TeamSpec):
        check_members(spec)
        kind = KINDS[mode_name(spec.mode)]
        kind.check(spec)
        shared, lends = teams_around_members(spec, around), kind.lends(spec)
        keys = {slug(member.name): member for member in spec.members}
        members = {key: build_graph(member, path, shared, lends.get(key, Lent())) for key, member in keys.items()}
        told = shared if someone_reads(spec, [graph.built for graph in members.values()]) else ()
        tools += kind.tools(spec)
        guidance.append(kind.guidance(spec))
    tools += note_tools(spec, around, tools)
    check_tools(spec, tools)
    model, plain = asked_models(spec.model, tools, spec.conduct.structured_calls)
    built = Built(
        spec=spec,
        path=path,
        guidance="\n\n".join(part for part in guidance if part),
        model=model,
        plain_model=plain,
        tools=tuple(tools),
        runner=tool_runner(tools, spec.conduct),
        members=members,
        around=around,
        told=told,
        handoffs=lent.handoffs,
        confirm=spec.conduct.confirm | lent.confirm,
    )
    config = {"recursion_limit": spec.conduct.max_steps, "max_concurrency": AT_ONCE}
    compiled = compiled_of(shape_of(spec, bool(tools), is_member))
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


def check_tools(spec: Spec, tools: Sequence[BaseTool]) -> None:
    """Refuse tools of which the model could not call each.

    Raises:
        ConfigurationError: two have one name.
    """
    names = [tool.name for tool in tools]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"{spec.name} has two tools that are called {name!r}: rename one.")
