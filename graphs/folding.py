"""Less of a picture: without what is deep inside, or without the memory. Every format is made of what is left."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from coterie.errors import InputError
from coterie.graphs.picture import Cluster, Edge, Picture

_OF_MEMORY = ("recall", "curator")
"""The kinds of steps that do nothing but read and write the memory; a box with tools has others, too."""


def folded(picture: Picture, depth: int | None = None, *, memory: bool = True) -> Picture:
    """The picture with less in it. The edges of what is left out join the box that stands for it.

    Args:
        picture: the whole.
        depth: how many levels of agents and teams are drawn with their steps; those of the next level are one box each,
            and a team's says how many members it has. 1: the agent or team itself. None: all of them.
        memory: whether the store is drawn, with the steps that do nothing but read and write it.

    Raises:
        InputError: a depth less than 1.
    """
    if depth is not None and depth < 1:
        raise InputError(f"The depth is {depth}: give 1 for one level with its steps, 2 for two, and so on.")
    shown = picture if memory else _without_memory(picture)
    if depth is None:
        return shown
    boxes = dict(_boxes(shown.root, depth))
    return replace(shown, root=_to_depth(shown.root, depth), edges=tuple(_moved(shown.edges, boxes)))


def _without_memory(picture: Picture) -> Picture:
    edges: tuple[Edge, ...] = picture.steps
    for step in (node.id for node in picture.nodes() if node.kind in _OF_MEMORY):
        edges = tuple(dict.fromkeys(_past(edges, step)))
    return replace(picture, root=_forgetful(picture.root), store=None, edges=edges)


def _forgetful(cluster: Cluster) -> Cluster:
    nodes = tuple(node for node in cluster.nodes if node.kind not in _OF_MEMORY)
    return replace(cluster, nodes=nodes, members=tuple(map(_forgetful, cluster.members)))


def _past(edges: Sequence[Edge], step: str) -> Iterator[Edge]:
    """The edges without a step: what led to it leads to what came after it."""
    onward = [edge for edge in edges if edge.source == step]
    for edge in edges:
        if edge.target == step:
            yield from (replace(edge, target=after.target) for after in onward)  # which is always what comes next
        elif edge.source != step:
            yield edge


def _to_depth(cluster: Cluster, depth: int) -> Cluster:
    if depth > 0:
        return replace(cluster, members=tuple(_to_depth(member, depth - 1) for member in cluster.members))
    count = len(cluster.members)
    members = (f"{count} members" if count > 1 else "1 member",) if count else ()
    return replace(cluster, nodes=(), members=(), notes=(*cluster.notes, *members))


def _boxes(cluster: Cluster, depth: int) -> Iterator[tuple[str, str]]:
    """What is left out, by its id, and the box that stands for it."""
    for member in cluster.members:
        if depth > 1:
            yield from _boxes(member, depth - 1)
        else:
            yield from ((id, member.id) for id in _inside(member))


def _inside(cluster: Cluster) -> Iterator[str]:
    yield from (node.id for node in cluster.nodes)
    for member in cluster.members:
        yield member.id
        yield from _inside(member)


def _moved(edges: Iterable[Edge], boxes: Mapping[str, str]) -> Iterable[Edge]:
    """The edges between boxes, each once; those within one box are left out."""
    moved = (
        replace(edge, source=boxes.get(edge.source, edge.source), target=boxes.get(edge.target, edge.target))
        for edge in edges
        if boxes.get(edge.source, edge.source) != boxes.get(edge.target, edge.target)
    )
    return dict.fromkeys(moved)
