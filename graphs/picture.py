"""What a drawing shows: nodes, edges and nested clusters, made of the plain values that graphs are built from.

The picture is of what happens in a run. Nodes of the compiled graph that would do nothing are left out: recalling
without memory, and the curator of a member, whose team keeps the turn. `coterie.graphs.mermaid` and
`coterie.graphs.terminal` write it down. LangGraph's own drawing is not used: it refuses two teams with a member of the
same name, and knows nothing of memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from coterie.graphs.memory_tools import own_memory_tools
from coterie.graphs.spec import AgentSpec, MemoryUse, Spec, TeamSpec, model_name, slug

NodeKind = Literal["start", "end", "recall", "model", "leader", "tools", "curator", "memory"]
EdgeKind = Literal["always", "choice", "read", "write", "both"]
"""The next step; a step that the model may choose; the shared memory is read, written, or both by one step."""


@dataclass(frozen=True)
class Node:
    """One step, or a store. ``id`` is its path, and unique: ``desk/scout/recall``; outside the root ``/start``, say."""

    id: str
    kind: NodeKind
    label: str
    details: tuple[str, ...] = ()
    """What is worth knowing: the model's name, the names of tools, what is read or kept."""


@dataclass(frozen=True)
class Edge:
    """From one node or cluster to another, by their ids."""

    source: str
    target: str
    kind: EdgeKind
    label: str = ""


@dataclass(frozen=True)
class Cluster:
    """An agent or a team: its own steps, and its members. ``id`` is the path to it: ``desk/scout``."""

    id: str
    kind: Literal["agent", "team"]
    name: str
    role: str
    nodes: tuple[Node, ...]
    members: "tuple[Cluster, ...]"

    def node(self, *kinds: NodeKind) -> Node | None:
        """Its own step of the first of these kinds that it has."""
        return next((node for kind in kinds for node in self.nodes if node.kind == kind), None)


@dataclass(frozen=True)
class Picture:
    """Everything there is to draw."""

    root: Cluster
    start: Node
    end: Node
    store: Node | None
    """The shared memory: a team and its members have one, or none."""
    edges: tuple[Edge, ...]

    def clusters(self) -> Iterator[Cluster]:
        """Every agent and team, teams before their members."""
        waiting = [self.root]
        while waiting:
            cluster = waiting.pop(0)
            yield cluster
            waiting[:0] = cluster.members

    def nodes(self) -> Iterator[Node]:
        """Every node: the start, the steps, the end, the store."""
        yield self.start
        for cluster in self.clusters():
            yield from cluster.nodes
        yield self.end
        if self.store:
            yield self.store


def picture(spec: Spec) -> Picture:
    """The picture of an agent or a team that is run by itself."""
    start, end = Node("/start", "start", "start"), Node("/end", "end", "end")
    root = _cluster(spec, slug(spec.name), member=False)
    edges = [Edge(start.id, root.nodes[0].id, "always"), Edge(root.nodes[-1].id, end.id, "always")]
    edges += _edges(root)
    if spec.memory is None:
        return Picture(root, start, end, None, tuple(edges))
    file = spec.memory.manager.db.name.rpartition("/")[2]
    store = Node("/memory", "memory", "shared memory", (file,))
    edges += _memory_edges(root, store, bool(spec.memory.curate))
    for path in _hands(spec, root.id):
        edges += [Edge(store.id, path, "read"), Edge(path, store.id, "write")]
    return Picture(root, start, end, store, tuple(edges))


def _members(spec: Spec) -> tuple[Spec, ...]:
    return spec.members if isinstance(spec, TeamSpec) else ()


def _cluster(spec: Spec, path: str, member: bool) -> Cluster:
    return Cluster(
        id=path,
        kind="agent" if isinstance(spec, AgentSpec) else "team",
        name=spec.name,
        role=spec.role,
        nodes=tuple(_nodes(spec, path, member)),
        members=tuple(_cluster(each, f"{path}/{slug(each.name)}", member=True) for each in _members(spec)),
    )


def _nodes(spec: Spec, path: str, member: bool) -> Iterator[Node]:
    """The steps of one agent or team, in the order of a run."""
    memory = spec.memory
    if memory is not None and (read := _read(memory, member)):
        yield Node(f"{path}/recall", "recall", "recall", read)
    kind: NodeKind = "leader" if isinstance(spec, TeamSpec) else "model"
    yield Node(f"{path}/{kind}", kind, kind, (model_name(spec.model),))
    if tools := [*spec.tools, *own_memory_tools(spec)]:
        yield Node(f"{path}/tools", "tools", "tools", tuple(tool.name for tool in tools))
    if memory is not None and not member:
        kept = ("keeps the turn", "curates the memory") if memory.curate else ("keeps the turn",)
        yield Node(f"{path}/curate", "curator", "curator", kept)


def _read(memory: MemoryUse, member: bool) -> tuple[str, ...]:
    history = memory.history_runs if not member else 0
    turns = (f"{history} earlier turns" if history > 1 else "1 earlier turn",) if history else ()
    summary = ("the session's summary",) if memory.summaries and not member else ()
    return (*turns, *summary, "memories") if memory.recall else (*turns, *summary)


def _edges(cluster: Cluster) -> Iterator[Edge]:
    """The steps of a cluster and of its members, as the compiled graphs take them."""
    asks = cluster.node("leader", "model")
    assert asks is not None
    if recall := cluster.node("recall"):
        yield Edge(recall.id, asks.id, "always")
    for member in cluster.members:
        yield Edge(asks.id, member.id, "choice", "task")
        yield Edge(member.id, asks.id, "always")
        yield from _edges(member)
    if tools := cluster.node("tools"):
        yield Edge(asks.id, tools.id, "choice")
        yield Edge(tools.id, asks.id, "always")
    if curator := cluster.node("curator"):
        yield Edge(asks.id, curator.id, "choice" if tools or cluster.members else "always")


def _hands(spec: Spec, path: str) -> Iterator[str]:
    """The tools by which agents change the memory themselves."""
    if spec.memory is not None and spec.memory.agentic:
        yield f"{path}/tools"
    for member in _members(spec):
        yield from _hands(member, f"{path}/{slug(member.name)}")


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
