"""What a drawing shows: nodes, edges and nested clusters, made of the plain values that graphs are built from.

The picture is of what happens in a run. Nodes of the compiled graph that would do nothing are left out: recalling
without memory, and the curator of a member, whose team keeps the turn. `coterie.graphs.draw` writes it down in several
formats. LangGraph's own drawing is not used: it refuses two teams with a member of the
same name, and knows nothing of memory.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from coterie.errors import InputError

NodeKind = Literal[
    "start", "end", "recall", "model", "leader", "router", "tools", "plan", "join", "form", "curator", "memory"
]
EdgeKind = Literal["always", "choice", "read", "write", "both"]
"""The next step; a step that is chosen; the shared memory is read, written, or both by one step."""


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
    mode: str = ""
    """A team's."""
    notes: tuple[str, ...] = ()
    """What its team says of it: that it is the fallback, to whom it hands over. Of one that is folded, also how many
    members it has."""

    @property
    def title(self) -> str:
        """Its name, and how its members work together where no leader delegates to them."""
        return self.name if self.mode in ("", "coordinate") else f"{self.name} ({self.mode})"

    @property
    def folded(self) -> bool:
        """Whether it is one box, without what is inside it (`coterie.graphs.folding`)."""
        return not self.nodes and not self.members

    def node(self, *kinds: NodeKind) -> Node | None:
        """Its own step of the first of these kinds that it has."""
        return next((node for kind in kinds for node in self.nodes if node.kind == kind), None)

    @property
    def asks(self) -> Node | None:
        """The step in which a model chooses what comes next. None: members work without being chosen by one."""
        return self.node("model", "leader", "router")

    @property
    def hands_out(self) -> Node | None:
        """The step that the members work for. None: nobody of the team's own tells them what to do."""
        return self.node("plan") or self.asks

    @property
    def ends(self) -> tuple[Node, ...]:
        """The steps that follow when there is an answer."""
        return tuple(node for node in self.nodes if node.kind in ("form", "curator"))


@dataclass(frozen=True)
class Picture:
    """Everything there is to draw."""

    root: Cluster
    start: Node
    end: Node
    store: Node | None
    """The shared memory: a team and its members have one, or none."""
    edges: tuple[Edge, ...]

    @property
    def steps(self) -> tuple[Edge, ...]:
        """The edges that a run takes."""
        return tuple(edge for edge in self.edges if edge.kind in ("always", "choice"))

    @property
    def uses(self) -> tuple[Edge, ...]:
        """The edges to the memory and from it. A step that reads and writes has one, of the kind "both"."""
        found: dict[frozenset[str], Edge] = {}
        for edge in self.edges:
            if edge.kind in ("read", "write"):
                ends = frozenset((edge.source, edge.target))
                found[ends] = replace(edge, kind="both") if ends in found else edge
        return tuple(found.values())

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


_PICTURES = TypeAdapter(Picture)


def as_json(picture: Picture) -> dict[str, Any]:
    """The picture as plain JSON: the fields above by their names, tuples as lists, the root's members inside it."""
    plain: dict[str, Any] = _PICTURES.dump_python(picture, mode="json")
    return plain


def from_json(data: Any) -> Picture:
    """The picture that `as_json` made plain. Fields that it does not know are ignored.

    Raises:
        InputError: it is no such picture.
    """
    try:
        picture = _PICTURES.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _no_picture(".".join(map(str, first["loc"])) or "all of it", first["msg"]) from error
    ids = Counter([*(node.id for node in picture.nodes()), *(cluster.id for cluster in picture.clusters())])
    for id, times in ids.items():
        if times > 1:
            raise _no_picture("the ids", f"{id!r} is there {times} times")
    for edge in picture.edges:
        if edge.source not in ids or edge.target not in ids:
            raise _no_picture("edges", f"one goes from {edge.source!r} to {edge.target!r}: not both are there")
    return picture


def _no_picture(where: str, why: str) -> InputError:
    return InputError(f"This is no picture of a graph ({where}: {why}): give what `coterie graph -f json` prints.")
