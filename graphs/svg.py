"""A picture as SVG: one document by itself, which browsers, GitHub and resvg draw alike.

Each colour is an attribute, for what reads no style sheets; a style sheet in it has those for dark surroundings. Names
are what people and models wrote: all of them are escaped.
"""

import hashlib
from collections.abc import Iterator
from html import escape
from itertools import pairwise

from coterie.graphs.boxes import BOLD, SIZES, full_text
from coterie.graphs.geometry import DrawnCluster, DrawnEdge, DrawnNode, Line, Point
from coterie.graphs.layout import Layout, layout
from coterie.graphs.legend import SAMPLE, Entry
from coterie.graphs.palette import DARK, LIGHT, ROLE
from coterie.graphs.picture import Cluster, Picture
from coterie.text import one_line

FONTS = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
_CORNER, _HEAD, _HEAD_WIDTH = 6.0, 8.0, 3.6
"""Pixels: the radius of a line's corners, the length of an arrow's head, and half of its width."""


def svg(picture: Picture, *, title: str = "") -> str:
    """The picture as an SVG document.

    Each step, agent, team and edge is a ``<g>`` with its kind as class and its id as ``data-id`` (an edge: its ends as
    ``data-source`` and ``data-target``), so that a page can light it up.

    Args:
        picture: what to draw.
        title: what a screen reader says that it is. Empty: the name of the agent or team.

    Raises:
        InputError: an edge joins what is not in one agent or team.
    """
    drawn = layout(picture)
    body = "\n".join(_body(drawn))
    name = one_line(title) or f"{picture.root.kind} {one_line(picture.root.name)}"
    id = "coterie-" + hashlib.sha256(f"{name}\n{body}".encode()).hexdigest()[:12]
    width, height = _number(drawn.width), _number(drawn.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{id}" class="coterie" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img" aria-labelledby="{id}-title {id}-desc"'
        f' font-family="{escape(FONTS)}">\n'
        f'<title id="{id}-title">{_text(name)}</title>\n'
        f'<desc id="{id}-desc">{_text(" ".join(_described(picture)))}</desc>\n'
        f"<style>{_dark(id)}</style>\n"
        f'<rect class="page" width="{width}" height="{height}" rx="8" fill="{LIGHT["page"].fill}"/>\n'
        f"{body}\n</svg>\n"
    )


def _body(drawn: Layout) -> Iterator[str]:
    yield from map(_cluster, drawn.clusters)
    memory = [edge for edge in drawn.edges if ROLE[edge.edge.kind] != "flow"]
    yield from map(_edge, memory)
    yield from (_edge(edge) for edge in drawn.edges if ROLE[edge.edge.kind] == "flow")
    yield from map(_node, drawn.nodes)
    yield '<g class="legend">'
    yield from map(_entry, drawn.legend)
    yield "</g>"


def _cluster(drawn: DrawnCluster) -> str:
    cluster, box = drawn.cluster, drawn.box
    colours = LIGHT[cluster.kind]
    full = " · ".join(part for part in (cluster.title, cluster.role, *cluster.notes) if part)
    return (
        f'<g class="cluster {cluster.kind}" data-id="{_attribute(cluster.id)}"><title>{_text(full)}</title>'
        f'<rect class="box" {_place(box.x, box.y, box.width, box.height)} rx="10" fill="{colours.fill}"'
        f' stroke="{colours.stroke}"/>'
        + "".join(_line(line, colours.text if line.style == "title" else LIGHT["muted"].text) for line in drawn.lines)
        + "</g>"
    )


def _node(drawn: DrawnNode) -> str:
    node, box = drawn.node, drawn.box
    colours = LIGHT[ROLE[node.kind]]
    radius = box.height / 2 if node.kind in ("start", "end") else 7.0
    weight = ' stroke-width="1.8"' if node.kind in ("curator", "memory") else ""
    return (
        f'<g class="node {node.kind}" data-id="{_attribute(node.id)}"><title>{_text(full_text(node))}</title>'
        f'<rect class="box" {_place(box.x, box.y, box.width, box.height)} rx="{_number(radius)}"'
        f' fill="{colours.fill}" stroke="{colours.stroke}"{weight}/>'
        + "".join(_line(line, colours.text) for line in drawn.lines)
        + "</g>"
    )


def _edge(drawn: DrawnEdge) -> str:
    edge = drawn.edge
    colour = LIGHT[ROLE[edge.kind]].stroke
    dashes = ' stroke-dasharray="5 4"' if edge.kind == "choice" else ""
    pen = f'fill="none" stroke="{colour}" stroke-width="1.4"{dashes}'
    if drawn.part is None:
        line = f'<path class="line" d="{_way(drawn.points)}" {pen}/>'
    else:  # all of it is there to be lit up
        part = drawn.points[-1] == (drawn.part or drawn.points[:1])[-1]
        line = f'<path class="line" d="{_way(drawn.points)}" {pen} stroke-opacity="0"/>'
        line += f'<path class="line part" d="{_way(drawn.part, headed=part)}" {pen}/>' if drawn.part else ""
    full = f"{edge.source} → {edge.target}" + (f": {edge.label}" if edge.label else "")
    return (
        f'<g class="edge {edge.kind}" data-source="{_attribute(edge.source)}" data-target="{_attribute(edge.target)}">'
        f"<title>{_text(full)}</title>"
        f'{line}<path class="head" d="{_head(*drawn.points[-2:])}" fill="{colour}"/>'
        + (_line(drawn.label, LIGHT["muted"].text) if drawn.label else "")
        + "</g>"
    )


def _entry(entry: Entry) -> str:
    colour = LIGHT[ROLE[entry.kind]].stroke
    y = entry.line.box.y + entry.line.box.height / 2
    start, tip = (entry.line.x - SAMPLE - 6.0, y), (entry.line.x - 6.0, y)
    dashes = ' stroke-dasharray="5 4"' if entry.kind == "choice" else ""
    return (
        f'<g class="{entry.kind}"><path class="line" d="{_way((start, tip))}" fill="none" stroke="{colour}"'
        f' stroke-width="1.4"{dashes}/><path class="head" d="{_head(start, tip)}" fill="{colour}"/>'
        f"{_line(entry.line, LIGHT['muted'].text)}</g>"
    )


def _line(line: Line, colour: str) -> str:
    anchor = ' text-anchor="middle"' if line.centred else ""
    weight = ' font-weight="600"' if line.style in BOLD else ""
    italic = ' font-style="italic"' if line.style == "note" else ""
    return (
        f'<text class="{line.style}" x="{_number(line.x)}" y="{_number(line.y)}" font-size="{SIZES[line.style]:g}"'
        f'{weight}{italic}{anchor} fill="{colour}">{_text(line.text)}</text>'
    )


def _way(points: tuple[Point, ...], *, headed: bool = True) -> str:
    """A path through points, with round corners; one with an arrow's head ends where that begins."""
    *_, before, tip = points
    ways = [*points[:-1], _towards(tip, before, _HEAD - 1.0)] if headed else list(points)
    steps = [f"M{_at(ways[0])}"]
    for (one, corner), (_, three) in pairwise(pairwise(ways)):
        radius = min(_CORNER, _distance(one, corner) / 2, _distance(corner, three) / 2)
        steps.append(f"L{_at(_towards(corner, one, radius))}Q{_at(corner)} {_at(_towards(corner, three, radius))}")
    return "".join([*steps, f"L{_at(ways[-1])}"])


def _head(before: Point, tip: Point) -> str:
    """An arrow's head, whose tip is the end of the line."""
    base = _towards(tip, before, _HEAD)
    across = _HEAD_WIDTH
    if abs(before[0] - tip[0]) < abs(before[1] - tip[1]):
        sides = (base[0] - across, base[1]), (base[0] + across, base[1])
    else:
        sides = (base[0], base[1] - across), (base[0], base[1] + across)
    return f"M{_at(tip)}L{_at(sides[0])}L{_at(sides[1])}Z"


def _towards(start: Point, goal: Point, pixels: float) -> Point:
    """The point so many pixels from the one on the way to the other."""
    share = pixels / max(_distance(start, goal), 0.01)
    return start[0] + (goal[0] - start[0]) * share, start[1] + (goal[1] - start[1]) * share


def _distance(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _described(picture: Picture) -> Iterator[str]:
    """Sentences for those who do not see the drawing."""
    for cluster in picture.clusters():
        yield f"{_said(cluster)}: {', '.join(full_text(node) for node in cluster.nodes) or 'no steps of its own'}."
    if picture.store:
        yield f"{full_text(picture.store)}."


def _said(cluster: Cluster) -> str:
    members = f" with {len(cluster.members)} members" if cluster.members else ""
    return f"{cluster.kind.capitalize()} {one_line(cluster.title)}{members}"


def _dark(id: str) -> str:
    """The colours for dark surroundings, for this drawing alone."""
    rules = [f".page{{fill:{DARK['page'].fill}}}", f"text{{fill:{DARK['muted'].text}}}"]
    for kind, role in {**ROLE, "team": "team", "agent": "agent"}.items():
        colours = DARK[role]
        if role in ("flow", "read", "write"):
            rules += [f".{kind} .line{{stroke:{colours.stroke}}}", f".{kind} .head{{fill:{colours.fill}}}"]
        else:
            rules.append(f".{kind}>.box{{fill:{colours.fill};stroke:{colours.stroke}}}")
            rules.append(f".{kind}>.{'title' if kind in ('team', 'agent') else 'label'}{{fill:{colours.text}}}")
    scoped = "".join(f"#{id} {rule}" for rule in rules)
    return f"@media (prefers-color-scheme:dark){{{scoped}}}"


def _text(text: str) -> str:
    return escape(one_line(text), quote=False)


def _attribute(text: str) -> str:
    return escape(one_line(text))


def _place(x: float, y: float, width: float, height: float) -> str:
    return f'x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'


def _at(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    """A length, with no more digits than one can see."""
    return f"{value:.1f}".removesuffix(".0")
