"""From a spec to its picture: which steps an agent or a team has, and what reads and writes the memory."""

from collections.abc import Iterator
from dataclasses import dataclass

from coterie.graphs.functions import shown_name
from coterie.graphs.memory_tools import own_memory_tools
from coterie.graphs.modes import Broadcast, Route, Sequence, Swarm, Tasks, leads, mode_name
from coterie.graphs.notes import SHARE, shares_by_tool, teams_around_members
from coterie.graphs.picture import Cluster, Edge, Node, NodeKind, Picture
from coterie.graphs.spec import AgentSpec, Spec, TeamSpec, asks_model, memory_of_prompts, model_name, slug
from coterie.graphs.ways import handoffs, steps_of


@dataclass(frozen=True)
class _Place:
    """Where an agent or a team stands."""

    path: str
    team: TeamSpec | None = None
    """Of which it is a member. None: it is run by itself."""
    around: tuple[TeamSpec, ...] = ()
    """The teams whose notes it reads."""


def picture(spec: Spec) -> Picture:
    """The picture of an agent or a team that is run by itself."""
    start, end = Node("/start", "start", "start"), Node("/end", "end", "end")
    root = _cluster(spec, _Place(slug(spec.name)))
    edges = list(steps_of(spec, root, start.id, end.id))
    if spec.memory is None:
        return Picture(root, start, end, None, tuple(edges))
    file = spec.memory.manager.db.name.rpartition("/")[2]
    store = Node("/memory", "memory", "shared memory", (file,))
    edges += _memory_edges(root, store, spec.memory.curate not in (False, "later"))
    for path in _hands(spec, root):
        edges += [Edge(store.id, path, "read"), Edge(path, store.id, "write")]
    return Picture(root, start, end, store, tuple(edges))


def _members(spec: Spec) -> tuple[Spec, ...]:
    return spec.members if isinstance(spec, TeamSpec) else ()


def _cluster(spec: Spec, place: _Place) -> Cluster:
    return Cluster(
        id=place.path,
        kind="agent" if isinstance(spec, AgentSpec) else "team",
        name=spec.name,
        role=spec.role,
        nodes=tuple(_nodes(spec, place)),
        members=tuple(_cluster(member, _inside(spec, place, member)) for member in _members(spec)),
        mode=mode_name(spec.mode) if isinstance(spec, TeamSpec) else "",
        notes=tuple(_notes(place.team, spec)) if place.team else (),
    )


def _inside(team: Spec, place: _Place, member: Spec) -> _Place:
    assert isinstance(team, TeamSpec)
    return _Place(f"{place.path}/{slug(member.name)}", team, teams_around_members(team, place.around))


def _notes(spec: TeamSpec, member: Spec) -> Iterator[str]:
    """What a team says of one of its members."""
    match spec.mode:
        case Route(fallback=name) if name == member.name:
            yield "fallback"
        case Sequence(stop_when=stop) if stop and member is not spec.members[-1]:
            yield f"stops here when {shown_name(stop, 'stop_when')}"
        case Swarm(first=first):
            if member.name == (first or spec.members[0].name):
                yield "first"
            if names := handoffs(spec.mode, spec)[member.name]:
                yield f"hands over to {', '.join(names)}"


def _nodes(spec: Spec, place: _Place) -> Iterator[Node]:
    """The steps of one agent or team, in the order of a run."""
    path, memory, schema = place.path, spec.memory, spec.conduct.output_schema
    if read := tuple(_read(spec, place)):
        yield Node(f"{path}/recall", "recall", "recall", read)
    tools = tuple(_tools(spec, place))
    if kind := _asking(spec, bool(tools)):
        yield Node(f"{path}/{kind}", kind, kind, (model_name(spec.model), *_does(spec)))
    if tools:
        yield Node(f"{path}/tools", "tools", "tools", tools)
    if isinstance(spec, TeamSpec) and isinstance(spec.mode, Tasks):
        yield Node(f"{path}/plan", "plan", "plan", ("hands out what is ready",))
    if isinstance(spec, TeamSpec) and isinstance(spec.mode, Broadcast):
        by = shown_name(spec.mode.join, "a function") if spec.mode.join else model_name(spec.model)
        yield Node(f"{path}/join", "join", "join", (by,))
    if schema is not None:
        yield Node(f"{path}/form", "form", "form", (schema.__name__,))
    if memory is not None and not place.team:
        does = {False: (), "later": ("leaves it to workers",)}.get(memory.curate, ("curates the memory",))
        yield Node(f"{path}/curate", "curator", "curator", ("keeps the turn", *does))


def _asking(spec: Spec, tools: bool) -> NodeKind | None:
    """The step in which a model chooses what comes next, if there is one."""
    if isinstance(spec, AgentSpec):  # one that only puts its answer into a form asks for it there
        return "model" if tools or spec.conduct.output_schema is None else None
    if isinstance(spec.mode, Broadcast) or not leads(spec.mode, len(spec.members)):
        return None
    return "router" if isinstance(spec.mode, Route) else "leader"


def _tools(spec: Spec, place: _Place) -> Iterator[str]:
    """What the model calls beside members. A swarm's are its members', and theirs to call."""
    if isinstance(spec, TeamSpec) and isinstance(spec.mode, Swarm):
        return
    if isinstance(spec, TeamSpec) and isinstance(spec.mode, Tasks):
        yield "the list of tasks"
    names = [tool.name for tool in [*spec.tools, *own_memory_tools(spec)]]
    yield from names
    if shares_by_tool(spec, place.around, bool(names) or _hands_over(spec, place)):
        yield SHARE


def _hands_over(spec: Spec, place: _Place) -> bool:
    """Whether it is in a swarm, and has somebody to hand over to."""
    team = place.team
    return team is not None and isinstance(team.mode, Swarm) and bool(handoffs(team.mode, team)[spec.name])


def _does(spec: Spec) -> tuple[str, ...]:
    """What a team's leader does, where it is not delegating."""
    return ("picks one",) if isinstance(spec, TeamSpec) and isinstance(spec.mode, Route) else ()


def _read(spec: Spec, place: _Place) -> Iterator[str]:
    """What of the store is read before the model is asked. A member has no history of its own."""
    if (memory := memory_of_prompts(spec)) is None:
        return
    if memory.history_runs and not place.team:
        yield f"{memory.history_runs} earlier turns" if memory.history_runs > 1 else "1 earlier turn"
    if memory.summaries and not place.team:
        yield "the session's summary"
    if memory.recall:
        yield "memories"
    if place.around and asks_model(spec):
        yield "notes"


def _hands(spec: Spec, cluster: Cluster) -> Iterator[str]:
    """The tools by which agents change the memory themselves."""
    if (tools := cluster.node("tools")) and spec.memory is not None and spec.memory.agentic:
        yield tools.id
    for member, drawn in zip(_members(spec), cluster.members, strict=True):
        yield from _hands(member, drawn)


def _memory_edges(cluster: Cluster, store: Node, curate: bool) -> Iterator[Edge]:
    """What reads and writes the store; a curator that does not ``curate`` only keeps the turn."""
    if recall := cluster.node("recall"):
        yield Edge(store.id, recall.id, "read")
    if curator := cluster.node("curator"):
        if curate:
            yield Edge(store.id, curator.id, "read")
        yield Edge(curator.id, store.id, "write")
    for member in cluster.members:
        yield from _memory_edges(member, store, curate)
