"""The colours of formats that others render, on a white page and on a dark one: Mermaid, Graphviz."""

from typing import NamedTuple

from coterie.graphs.picture import EdgeKind


class Tint(NamedTuple):
    """Of one kind of box."""

    fill: str
    line: str
    text: str


BOXES = {
    "team": Tint("#f4f6f9", "#5b7083", "#1f2a33"),
    "agent": Tint("#ffffff", "#9aa7b2", "#1f2a33"),
    "step": Tint("#eeecfb", "#7a6fd0", "#221c4f"),
    "recall": Tint("#d9f2ec", "#2a9d8f", "#10312d"),
    "curator": Tint("#fde4dc", "#e76f51", "#3d1509"),
    "memory": Tint("#fff3cd", "#b8860b", "#3b2c04"),
}
LINES: dict[EdgeKind, str] = {"read": "#2a9d8f", "write": "#e76f51", "both": "#e76f51"}
"""Of edges that read and write the memory."""


def style_of(kind: str) -> str:
    """The key in `BOXES` for a node's or a cluster's kind."""
    return kind if kind in BOXES else "step"
