"""The boxes of steps and the headings of clusters: which lines of text they have, and how large that makes them."""

from collections.abc import Iterator, Sequence

from coterie.graphs.geometry import Box, DrawnNode, Line, Style
from coterie.graphs.lettering import cut, text_width, wrapped
from coterie.graphs.picture import Cluster, Node
from coterie.text import one_line

SIZES: dict[Style, float] = {
    "label": 13.0, "detail": 11.0, "title": 14.0, "role": 11.5, "note": 11.0, "edge": 11.0, "legend": 11.5,
}  # fmt: skip
"""Font sizes in pixels."""
BOLD: frozenset[Style] = frozenset({"label", "title"})
MAX_DETAILS = 4
"""The most lines of details in a box; if there are more, the last one says how many."""

_SPACING = 1.32
"""From one baseline to the next, in font sizes."""
_MAX_TEXT = 176.0
"""Pixels: a line in a box is cut to this width, and a cluster is never made wider than about this by its heading."""
_MAX_TITLE = 300.0
_SIDES, _ENDS = 13.0, 9.0
"""Pixels between a box's lines and its sides, and above and below them."""


def line_box(text: str, style: Style) -> tuple[float, float]:
    """Width and height of a line of text."""
    return text_width(text, SIZES[style], bold=style in BOLD), SIZES[style] * _SPACING


def line_at(text: str, x: float, top: float, style: Style, *, centred: bool = False) -> Line:
    """A line of text at its left end, or at its middle."""
    width, height = line_box(text, style)
    box = Box(x - width / 2 if centred else x, top, width, height)
    return Line(text, x, top + SIZES[style] * 0.98, style, box, centred)


def node_box(node: Node, min_width: float = 0.0) -> DrawnNode:
    """A step's box, with its upper left corner at (0, 0); the texts in its middle."""
    texts = list(_node_texts(node))
    sizes = [line_box(text, style) for text, style in texts]
    small = node.kind in ("start", "end")
    width = max(max(each for each, _ in sizes) + 2 * _SIDES, min_width, 48.0 if small else 72.0)
    ends = _ENDS - 3 if small else _ENDS
    lines, top = [], ends
    for (text, style), (_, height) in zip(texts, sizes, strict=True):
        lines.append(line_at(text, width / 2, top, style, centred=True))
        top += height
    return DrawnNode(node, Box(0, 0, width, top + ends), tuple(lines))


def store_box(node: Node, width: float) -> DrawnNode:
    """The store's box: a bar as wide as what is above it, with all texts on one line."""
    text = " · ".join(one_line(part) for part in (node.label, *node.details) if part)
    line = line_at(cut(text, width - 2 * _SIDES, SIZES["label"], bold=True), width / 2, 10.0, "label", centred=True)
    return DrawnNode(node, Box(0, 0, width, 20.0 + line.box.height), (line,))


def _node_texts(node: Node) -> Iterator[tuple[str, Style]]:
    mark = "◆ " if node.kind == "curator" else ""
    yield cut(mark + one_line(node.label), _MAX_TEXT, SIZES["label"], bold=True), "label"
    details = [one_line(detail) for detail in node.details]
    if len(details) > MAX_DETAILS:
        left = len(details) - MAX_DETAILS + 1
        details = [*details[: MAX_DETAILS - 1], f"and {left} more"]
    for detail in details:
        yield cut(detail, _MAX_TEXT, SIZES["detail"]), "detail"


def heading(cluster: Cluster, width: float) -> tuple[tuple[Line, ...], float, float]:
    """The lines of a cluster's heading from (0, 0), for content of this width; and their width and height."""
    title = one_line(cluster.title)
    room = max(width, min(text_width(title, SIZES["title"], bold=True), _MAX_TITLE), _MAX_TEXT * 0.8)
    texts: list[tuple[str, Style]] = [(cut(title, room, SIZES["title"], bold=True), "title")]
    texts += [(text, "role") for text in wrapped(one_line(cluster.role), room, SIZES["role"], 3)]
    texts += [(text, "note") for text in _notes(cluster.notes, room)]
    lines, top = [], 0.0
    for text, style in texts:
        lines.append(line_at(text, 0.0, top, style))
        top += lines[-1].box.height
    return tuple(lines), max(line.box.width for line in lines), top


def _notes(notes: Sequence[str], room: float) -> tuple[str, ...]:
    """What edges do not show: those say to whom a member hands over."""
    shown = [one_line(note) for note in notes if note and not note.startswith("hands over to ")]
    return wrapped(" · ".join(shown), room, SIZES["note"], 2)


def full_text(node: Node) -> str:
    """All that is known of a step, nothing cut."""
    return " · ".join(one_line(part) for part in (node.label, *node.details) if part)
