"""A picture as Mermaid text: what GitHub, GitLab, Obsidian and mermaid.live render."""

import re
from collections.abc import Iterator, Sequence

from coterie.graphs.palette import LIGHT, style_of
from coterie.graphs.picture import Cluster, Edge, Node, Picture
from coterie.text import one_line

MAX_LABEL = 60
"""The most characters of one line in a box."""
MAX_DETAILS = 6

_BOX = '["{}"]'
_SHAPES = {"start": '(["{}"])', "end": '(["{}"])', "curator": '{{{{"{}"}}}}', "memory": '[("{}")]'}
"""Of what is no plain box."""
_WORDS = {"start": "run_starts", "end": "run_ends", "memory": "shared_memory"}
_ARROWS = {"always": "-->", "both": "<-.->"}


def mermaid(picture: Picture) -> str:
    """The picture as a Mermaid flowchart.

    Solid arrows are always taken, dashed ones when the model chooses so; coloured ones read and write the memory.
    """
    names = _names(picture)
    edges = [*picture.steps, *picture.uses]
    lines = ["flowchart TB", f"  {_node(names, picture.start)}"]
    lines += _cluster(names, picture.root, depth=1)
    lines += [f"  {_node(names, node)}" for node in (picture.end, picture.store) if node]
    lines += [f"  {names[edge.source]} {_arrow(edge)} {names[edge.target]}" for edge in edges]
    lines.append(f"  linkStyle default stroke:{LIGHT['flow'].stroke}")  # a dark theme's are not seen on light boxes
    for style in ("read", "write"):
        if places := [str(place) for place, edge in enumerate(edges) if style_of(edge.kind) == style]:
            lines.append(f"  linkStyle {','.join(places)} stroke:{LIGHT[style].stroke}")
    for style, colours in LIGHT.items():
        if ids := [names[key] for key, kind in _kinds(picture) if style_of(kind) == style]:
            lines.append(f"  classDef {style} fill:{colours.fill},stroke:{colours.stroke},color:{colours.text}")
            lines.append(f"  class {','.join(ids)} {style}")
    return "\n".join(lines) + "\n"


def _kinds(picture: Picture) -> Iterator[tuple[str, str]]:
    yield from ((cluster.id, cluster.kind) for cluster in picture.clusters())
    yield from ((node.id, node.kind) for node in picture.nodes())


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
    if cluster.folded:
        yield f"{indent}{names[cluster.id]}{_box((cluster.title, cluster.role, *cluster.notes))}"
        return
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
    return names[node.id] + _box(lines, _SHAPES.get(node.kind, _BOX))


def _box(lines: Sequence[str], shape: str = _BOX) -> str:
    return shape.format("<br/>".join(_escaped(line) for line in lines if line))


def _arrow(edge: Edge) -> str:
    arrow = _ARROWS.get(edge.kind, "-.->")
    return f'{arrow}|"{_escaped(edge.label)}"|' if edge.label else arrow


def _escaped(text: str) -> str:
    """A label's text, with everything that Mermaid, Markdown or HTML would read as their own as a character code.

    Formulas (``$$``) and icons (``fa:fa-car``) are looked for when codes are characters again: something that takes no
    room parts them.
    """
    line = re.sub(r"(?<=\$)(?=\$)|(?<=:)(?=fa-)", "\u200b", one_line(text, MAX_LABEL))
    line = re.sub(r'["#&<>`$*%:;\\~|]', lambda found: f"#{ord(found[0])};", line)
    return re.sub(r"^(\d+)([.)])|^([-+])", lambda found: f"{found[1] or ''}#{ord(found[2] or found[3])};", line)
