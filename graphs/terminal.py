"""A picture as text for a terminal: a tree of steps, and the shared memory as a bus beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size

from coterie.graphs.picture import Cluster, Node, Picture
from coterie.text import one_line

WIDTH = 100
"""Columns, unless told otherwise."""
MAX_TEXT = 72
"""The most characters of a name, a role or a detail."""

_GAP = 4
"""Columns from one bus to the next."""
_SHORTEST = 6
"""Columns of the shortest arrow to a bus."""
_ASCII = str.maketrans(dict(zip("│├╰─┄▷◀▶║╢╫═╝◆·…�", "||`-.><>||+=+*-~?", strict=True)))


@dataclass(frozen=True)
class _Row:
    """One line: the text on the left, and the step it shows."""

    text: str
    node: Node | None = None


@dataclass(frozen=True)
class _Access:
    """A step reads or writes the store at this place."""

    place: int
    reads: bool
    writes: bool


def drawing(picture: Picture, width: int = WIDTH, *, ascii: bool = False) -> str:
    """The picture as lines of text.

    Args:
        picture: what to draw.
        width: the most columns of a line; what is longer is cut.
        ascii: draw lines and arrows with ASCII characters. Names stay what they are.
    """
    rows = list(_tree(picture.root, "", ""))
    room = width - (_SHORTEST + _GAP * len(picture.stores) if picture.stores else 0)
    rows = [replace(row, text=_cut(row.text, max(room, 20))) for row in rows]
    edge = max(cell_len(row.text) for row in rows) + _SHORTEST
    columns = [edge + _GAP * place for place in range(len(picture.stores))]
    lines = [row.text + _buses(cell_len(row.text), columns, _access(picture, row.node)) for row in rows]
    lines += _labels(picture.stores, columns)
    drawn = "".join(f"{line.rstrip()}\n" for line in lines)
    return drawn.translate(_ASCII) if ascii else drawn


def _cut(text: str, cells: int) -> str:
    """A text that takes no more than these columns; a CJK character takes two."""
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"


def _tree(cluster: Cluster, lead: str, indent: str) -> Iterator[_Row]:
    """An agent or a team with its steps, and its members below the leader who gives them tasks."""
    title = f"team {cluster.name}" if cluster.kind == "team" else cluster.name
    yield _Row(lead + " · ".join(one_line(part, MAX_TEXT) for part in (title, cluster.role) if part))
    for node in cluster.nodes:
        last = node is cluster.nodes[-1]
        if cluster.kind == "team":
            yield _Row(f"{indent}│")
        yield _Row(f"{indent}{'╰─ ' if last else '├─ '}{_step(node)}", node)
        if node.kind == "leader":
            yield from _members(cluster.members, indent + ("   " if last else "│  "))


def _members(members: Sequence[Cluster], indent: str) -> Iterator[_Row]:
    for member in members:
        last = member is members[-1]
        yield _Row(f"{indent}│")
        yield from _tree(member, indent + ("╰┄▷ " if last else "├┄▷ "), indent + ("    " if last else "│   "))


def _step(node: Node) -> str:
    details = [one_line(detail, MAX_TEXT) for detail in node.details]
    if node.kind == "tools":
        details = [", ".join(details)]
    return ("◆ " if node.kind == "curator" else "") + " · ".join([node.label, *details])


def _access(picture: Picture, node: Node | None) -> _Access | None:
    """How a step uses the memory; None if it does not."""
    for place, store in enumerate(picture.stores):
        reads = any(edge.source == store.id and node and edge.target == node.id for edge in picture.edges)
        writes = any(edge.target == store.id and node and edge.source == node.id for edge in picture.edges)
        if reads or writes:
            return _Access(place, reads, writes)
    return None


def _buses(start: int, columns: Sequence[int], access: _Access | None) -> str:
    """What stands beside a text that ends at column ``start``: the buses, and an arrow to one of them."""
    tail = ["║" if column in columns else " " for column in range(start, columns[-1] + 1 if columns else start)]
    if access is not None:
        end = columns[access.place] - start
        tail[1:end] = ["╫" if each == "║" else "─" for each in tail[1:end]]
        tail[1] = "◀" if access.reads else "─"
        tail[end - 1 : end + 1] = ["▶" if access.writes else "─", "╢"]
    return "".join(tail)


def _labels(stores: Sequence[Node], columns: Sequence[int]) -> Iterator[str]:
    """The ends of the buses, each with the name of its store."""
    for place, (store, column) in enumerate(zip(stores, columns, strict=True)):
        label = " · ".join(one_line(part, MAX_TEXT) for part in (store.label, *store.details) if part)
        line = f"{label} ═╝".rjust(column + 1)
        yield line + _buses(column + 1, columns[place + 1 :], None)
