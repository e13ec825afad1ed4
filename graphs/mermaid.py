"""A picture as Mermaid text: what GitHub, GitLab, Obsidian and mermaid.live render."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from coterie.graphs.picture import Cluster, Edge, Node, Picture
from coterie.text import one_line

MAX_LABEL = 60
"""The most characters of one line in a box."""
MAX_DETAILS = 6

_SHAPES = {
    "start": '(["{}"])',
    "end": '(["{}"])',
    "recall": '["{}"]',
    "model": '["{}"]',
    "leader": '["{}"]',
    "router": '["{}"]',
    "plan": '["{}"]',
    "join": '["{}"]',
    "form": '["{}"]',
    "tools": '["{}"]',
    "curator": '{{{{"{}"}}}}',
    "memory": '[("{}")]',
}
_COLOURS = {
    "team": "fill:#f4f6f9,stroke:#5b7083,color:#1f2a33",
    "agent": "fill:#ffffff,stroke:#9aa7b2,color:#1f2a33",
    "step": "fill:#eeecfb,stroke:#7a6fd0,color:#221c4f",
    "recall": "fill:#d9f2ec,stroke:#2a9d8f,color:#10312d",
    "curator": "fill:#fde4dc,stroke:#e76f51,color:#3d1509",
    "memory": "fill:#fff3cd,stroke:#b8860b,color:#3b2c04",
}
_WORDS = {"start": "run_starts", "end": "run_ends", "memory": "shared_memory"}
_ARROWS = {"always": "-->", "both": "<-.->"}
_STYLES = dict.fromkeys(("start", "end", "model", "leader", "router", "tools", "plan", "join", "form"), "step")
_LINES = {"read": "#2a9d8f", "write": "#e76f51", "both": "#e76f51"}


def mermaid(picture: Picture) -> str:
    """The picture as a Mermaid flowchart.

    Solid arrows are always taken, dashed ones when the model chooses so; coloured ones read and write the memory.
    """
    names = _names(picture)
    flow = [edge for edge in picture.edges if edge.kind in ("always", "choice")]
    memory = _joined(edge for edge in picture.edges if edge.kind in ("read", "write"))
    lines = ["flowchart TB", f"  {_node(names, picture.start)}"]
    lines += _cluster(names, picture.root, depth=1)
    lines += [f"  {_node(names, node)}" for node in (picture.end, picture.store) if node]
    lines += [f"  {names[edge.source]} {_arrow(edge)} {names[edge.target]}" for edge in [*flow, *memory]]
    for kind, colour in _LINES.items():
        if places := [str(place) for place, edge in enumerate([*flow, *memory]) if edge.kind == kind]:
            lines.append(f"  linkStyle {','.join(places)} stroke:{colour}")
    for style, colours in _COLOURS.items():
        if ids := [names[key] for key, kind in _kinds(picture) if _STYLES.get(kind, kind) == style]:
            lines += [f"  classDef {style} {colours}", f"  class {','.join(ids)} {style}"]
    return "\n".join(lines) + "\n"


def _kinds(picture: Picture) -> Iterator[tuple[str, str]]:
    yield from ((cluster.id, cluster.kind) for cluster in picture.clusters())
    yield from ((node.id, node.kind) for node in picture.nodes())


def _joined(edges: Iterable[Edge]) -> list[Edge]:
    """A step that reads and writes gets one line with two heads."""
    found: dict[frozenset[str], Edge] = {}
    for edge in edges:
        ends = frozenset((edge.source, edge.target))
        found[ends] = replace(edge, kind="both") if ends in found else edge
    return list(found.values())


def _names(picture: Picture) -> dict[str, str]:
    """A name for each id that Mermaid takes as one; each begins with a word of ours, so none is a keyword."""
    parts = [(node.id, f"{_WORDS.get(node.kind, node.kind)}_{node.id.rpartition('/')[0]}") for node in picture.nodes()]
    parts += [(cluster.id, f"{cluster.kind}_{cluster.id}") for cluster in picture.clusters()]
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key, wanted in parts:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", wanted).strip("_")
        name = next(name for name in _numbered(plain) if name not in taken)
        taken.add(name)
        names[key] = name
    return names


def _numbered(name: str) -> Iterator[str]:
    yield name
    count = 2
    while True:
        yield f"{name}_{count}"
        count += 1


def _cluster(names: dict[str, str], cluster: Cluster, depth: int) -> Iterator[str]:
    indent = "  " * depth
    first = cluster.asks or cluster.node("join", "form")
    role = f": {cluster.role}" if cluster.role and first is None else ""
    yield f'{indent}subgraph {names[cluster.id]}["{_escaped(cluster.title + role)}"]'
    for node in cluster.nodes:
        # The role stands in the model's box: Mermaid draws a title's second line under the boxes.
        yield f"{indent}  {_node(names, node, cluster.role if node is first else '')}"
    for member in cluster.members:
        yield from _cluster(names, member, depth + 1)
    yield f"{indent}end"


def _node(names: dict[str, str], node: Node, role: str = "") -> str:
    more = [f"{len(node.details) - MAX_DETAILS} more"] if len(node.details) > MAX_DETAILS else []
    lines = [node.label, role, *node.details[:MAX_DETAILS], *more]
    return names[node.id] + _SHAPES[node.kind].format("<br/>".join(_escaped(line) for line in lines if line))


def _arrow(edge: Edge) -> str:
    arrow = _ARROWS.get(edge.kind, "-.->")
    return f'{arrow}|"{_escaped(edge.label)}"|' if edge.label else arrow


def _escaped(text: str) -> str:
    """A label's text, with everything that Mermaid, Markdown or HTML would read as their own as a character code."""
    line = re.sub(r'["#&<>`$*:;\\~|]', lambda found: f"#{ord(found[0])};", one_line(text, MAX_LABEL))
    return re.sub(r"^(\d+)([.)])|^([-+])", lambda found: f"{found[1] or ''}#{ord(found[2] or found[3])};", line)
