"""A picture as text for a terminal: a tree of steps, and the shared memory as a bus beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size

from coterie.graphs.picture import Cluster, Edge, Node, Picture
from coterie.text import one_line

WIDTH = 100
"""Columns, unless told otherwise."""
MAX_TEXT = 72
"""The most characters of a name, a role or a detail."""

_SHORTEST = 6
"""Columns of the shortest arrow to the bus."""
_BESIDE = _SHORTEST + 4
"""Columns kept free for the bus, the arrows to it and a margin."""
_ASCII = str.maketrans(dict(zip("│├╰─┄▷◀▶║╢═╝◆·…�", "||`-.><>||=+*-~?", strict=True)))


_TOGETHER = {
    "route": "the one member there is",
    "broadcast": "all at once",
    "sequence": "one after the other",
    "swarm": "one at a time, until it hands over",
}
"""How members work where no model of the team's own asks them, by mode."""


@dataclass(frozen=True)
class _Row:
    """One line: the text on the left, and the id of the step or the folded member that it shows."""

    text: str
    id: str = ""


def drawing(picture: Picture, width: int = WIDTH, *, ascii: bool = False) -> str:
    """The picture as lines of text.

    Args:
        picture: what to draw.
        width: the most columns of a line; what is longer is cut.
        ascii: draw lines and arrows with ASCII characters. Names stay what they are.
    """
    rows = list(_tree(picture.root, "", ""))
    room = width - (_BESIDE if picture.store else 0)
    rows = [replace(row, text=_cut(row.text, max(room, 20))) for row in rows]
    lines = _with_bus(rows, picture.store, picture.edges) if picture.store else [row.text for row in rows]
    drawn = "".join(f"{line.rstrip()}\n" for line in lines)
    return drawn.translate(_ASCII) if ascii else drawn


def _cut(text: str, cells: int) -> str:
    """A text that takes no more than these columns; a CJK character takes two."""
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"


def _tree(cluster: Cluster, lead: str, indent: str) -> Iterator[_Row]:
    """An agent or a team with its steps, and its members below the leader who gives them tasks."""
    title = (f"team {cluster.title}" if cluster.kind == "team" else cluster.title, cluster.role, *cluster.notes)
    yield _Row(lead + " · ".join(one_line(part, MAX_TEXT) for part in title if part), cluster.id)
    steps = list(_steps(cluster))
    for place, step in enumerate(steps, start=1):
        last = place == len(steps)
        if cluster.kind == "team":
            yield _Row(f"{indent}│")
        text, id = (_step(step), step.id) if isinstance(step, Node) else (step, "")
        yield _Row(f"{indent}{'╰─ ' if last else '├─ '}{text}", id)
        if step is (cluster.hands_out or _TOGETHER.get(cluster.mode)):
            yield from _members(cluster, indent + ("   " if last else "│  "))


def _steps(cluster: Cluster) -> Iterator[Node | str]:
    """The steps of a run in their order; where no model of the team's own asks the members, a line for all of them."""
    together = "" if cluster.asks or not cluster.members else _TOGETHER.get(cluster.mode, "")
    before = [node for node in cluster.nodes if node.kind == "recall"]
    yield from before
    if together:
        yield together
    yield from cluster.nodes[len(before) :]


def _members(cluster: Cluster, indent: str) -> Iterator[_Row]:
    arrow = "┄▷ " if cluster.asks or cluster.mode == "swarm" else "─▷ "
    for member in cluster.members:
        last = member is cluster.members[-1]
        yield _Row(f"{indent}│")
        yield from _tree(member, indent + ("╰" if last else "├") + arrow, indent + ("    " if last else "│   "))


def _step(node: Node) -> str:
    details = [one_line(detail, MAX_TEXT) for detail in node.details]
    if node.kind == "tools":
        details = [", ".join(details)]
    return ("◆ " if node.kind == "curator" else "") + " · ".join([node.label, *details])


def _with_bus(rows: Sequence[_Row], store: Node, edges: Sequence[Edge]) -> Iterator[str]:
    """The rows with the bus beside them, and at its end the name of the store."""
    column = max(cell_len(row.text) for row in rows) + _SHORTEST
    reading = {edge.target for edge in edges if edge.kind == "read"}
    writing = {edge.source for edge in edges if edge.kind == "write"}
    for row in rows:
        yield row.text + _bus(column - cell_len(row.text), row.id in reading, row.id in writing)
    label = " · ".join(one_line(part, MAX_TEXT) for part in (store.label, *store.details) if part)
    yield f"{label} ═╝".rjust(column + 1)


def _bus(cells: int, reads: bool, writes: bool) -> str:
    """The bus, so many columns after a text, and the arrow of a step that reads or writes the store."""
    if not reads and not writes:
        return " " * cells + "║"
    return f" {'◀' if reads else '─'}{'─' * (cells - 3)}{'▶' if writes else '─'}╢"
