"""A picture as Graphviz text: what ``dot -Tpdf`` and many editors draw."""

import re
from collections.abc import Iterator, Mapping, Sequence

from coterie.graphs.palette import LIGHT, Colours, style_of
from coterie.graphs.picture import Cluster, Edge, Node, Picture
from coterie.text import one_line

MAX_LABEL = 60
"""The most characters of one line in a box."""
MAX_DETAILS = 6

_SHAPES = {"start": "oval", "end": "oval", "curator": "hexagon", "memory": "cylinder"}
"""Of what is no plain box."""
_TOP = (
    'graph [compound=true, rankdir=TB, fontname="Helvetica", fontsize=14, labeljust=l, nodesep=0.35]',
    'node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=12]',
    'edge [fontname="Helvetica", fontsize=10, fontcolor="#5a6775", color="#57626f"]',
)


def dot(picture: Picture) -> str:
    """The picture in the DOT language. The ids of nodes are those of the picture; a cluster's begins with ``cluster:``.

    Solid arrows are always taken, dashed ones when the model chooses so; coloured ones read and write the memory, and
    do not move the rest.
    """
    lines = [f"digraph {_quoted(picture.root.id)} {{", *(f"  {line}" for line in _TOP), f"  {_node(picture.start)}"]
    lines += _cluster(picture.root, "  ")
    lines.append(f"  {_node(picture.end)}")
    if picture.store:
        lines.append(f"  {_node(picture.store)}")
        lines.append(f"  {_quoted(picture.end.id)} -> {_quoted(picture.store.id)} [style=invis]")  # so it is below
    inside = {cluster.id: _first(cluster) for cluster in picture.clusters() if not cluster.folded}
    lines += [f"  {_edge(edge, inside)}" for edge in (*picture.steps, *picture.uses)]
    return "\n".join([*lines, "}"]) + "\n"


def _cluster(cluster: Cluster, indent: str) -> Iterator[str]:
    title = [cluster.title, cluster.role, *cluster.notes]
    if cluster.folded:
        yield f"{indent}{_box(cluster.id, title, LIGHT[cluster.kind])}"
        return
    colours = LIGHT[cluster.kind]
    yield f"{indent}subgraph {_quoted(f'cluster:{cluster.id}')} {{"
    yield (
        f'{indent}  graph [label={_label(title, left=True)}, style="rounded,filled", fillcolor="{colours.fill}",'
        f' color="{colours.stroke}", fontcolor="{colours.text}"]'
    )
    yield from (f"{indent}  {_node(node)}" for node in cluster.nodes)
    for member in cluster.members:
        yield from _cluster(member, indent + "  ")
    yield f"{indent}}}"


def _node(node: Node) -> str:
    more = [f"{len(node.details) - MAX_DETAILS} more"] if len(node.details) > MAX_DETAILS else []
    lines = [node.label, *node.details[:MAX_DETAILS], *more]
    return _box(node.id, lines, LIGHT[style_of(node.kind)], _SHAPES.get(node.kind, ""))


def _box(id: str, lines: Sequence[str], colours: Colours, shape: str = "") -> str:
    shaped = f", shape={shape}, style=filled" if shape else ""
    tinted = f'fillcolor="{colours.fill}", color="{colours.stroke}", fontcolor="{colours.text}"'
    return f"{_quoted(id)} [label={_label(lines)}, {tinted}{shaped}]"


def _first(cluster: Cluster) -> str:
    """A node in a cluster: Graphviz draws edges between nodes only, and cuts them off at the clusters' borders."""
    if cluster.folded:
        return cluster.id
    return cluster.nodes[0].id if cluster.nodes else _first(cluster.members[0])


def _edge(edge: Edge, inside: Mapping[str, str]) -> str:
    ends = [("ltail", edge.source), ("lhead", edge.target)]
    parts = [f"{name}={_quoted(f'cluster:{id}')}" for name, id in ends if id in inside]
    if edge.label:
        parts.append(f"label={_label([edge.label])}")
    if edge.kind == "choice":
        parts.append("style=dashed")
    if (style := style_of(edge.kind)) != "flow":
        parts += [f'color="{LIGHT[style].stroke}"', "constraint=false"]
    if edge.kind == "both":
        parts.append("dir=both")
    source, target = (_quoted(inside.get(id, id)) for _, id in ends)
    return f"{source} -> {target}" + (f" [{', '.join(parts)}]" if parts else "")


def _quoted(id: str) -> str:
    """An id. What is no character to print stands there by its code: Graphviz ends a file at a NUL."""
    return '"' + _escaped("".join(c if c.isprintable() else f"\\{ord(c):x}" for c in id)) + '"'


def _label(lines: Sequence[str], *, left: bool = False) -> str:
    """Lines of a label, centred or at the left. Without a code for it ``&lt;`` would be read as ``<``."""
    text = [_escaped(one_line(line, MAX_LABEL).replace("&", "&amp;")) for line in lines if line]
    return '"' + ("".join(rf"{line}\l" for line in text) if left else r"\n".join(text)) + '"'


def _escaped(text: str) -> str:
    return re.sub(r'["\\]', r"\\\g<0>", text)
