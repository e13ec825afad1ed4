"""The colours of a drawing, light and dark. Formats that others render (Mermaid, Graphviz) have the light ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Colours:
    """What a thing is filled with, its outline or line, and its text."""

    fill: str
    stroke: str
    text: str


LIGHT = {
    "page": Colours("#ffffff", "#ffffff", "#1f2933"),
    "muted": Colours("none", "none", "#5a6775"),
    "team": Colours("#f4f6f9", "#b4c0cc", "#23405c"),
    "agent": Colours("#ffffff", "#c2ccd6", "#23405c"),
    "start": Colours("#e6eaef", "#c2ccd6", "#1f2933"),
    "asks": Colours("#eceefd", "#767ddb", "#23265a"),
    "step": Colours("#f3f0fa", "#a596d6", "#352a5c"),
    "tools": Colours("#eef3f8", "#8ba3ba", "#22384d"),
    "recall": Colours("#dcf4ee", "#2a9d8f", "#0f3a34"),
    "curator": Colours("#fde6dd", "#dd6340", "#4a1a0b"),
    "memory": Colours("#fff2cc", "#c4941a", "#443204"),
    "flow": Colours("#57626f", "#57626f", "#57626f"),
    "read": Colours("#23897c", "#23897c", "#23897c"),
    "write": Colours("#d2552f", "#d2552f", "#d2552f"),
}
DARK = {
    "page": Colours("#0f141a", "#0f141a", "#e6ebf0"),
    "muted": Colours("none", "none", "#9fadba"),
    "team": Colours("#151c24", "#3b4957", "#a9c7e6"),
    "agent": Colours("#1a222c", "#3f4e5d", "#a9c7e6"),
    "start": Colours("#2a343f", "#465462", "#e6ebf0"),
    "asks": Colours("#262a52", "#8b92ee", "#e2e4ff"),
    "step": Colours("#2b2544", "#9a89d8", "#e6defc"),
    "tools": Colours("#1f2d3a", "#6f8ba6", "#d5e3f0"),
    "recall": Colours("#12332f", "#3fbfae", "#c9f3ea"),
    "curator": Colours("#43221a", "#f08a68", "#ffdccf"),
    "memory": Colours("#3a2f10", "#d9ab3c", "#fbe8b3"),
    "flow": Colours("#a3b0bd", "#a3b0bd", "#a3b0bd"),
    "read": Colours("#45c4b3", "#45c4b3", "#45c4b3"),
    "write": Colours("#f0855f", "#f0855f", "#f0855f"),
}
ROLE = {
    "start": "start",
    "end": "start",
    "recall": "recall",
    "model": "asks",
    "leader": "asks",
    "router": "asks",
    "tools": "tools",
    "plan": "step",
    "join": "step",
    "form": "step",
    "curator": "curator",
    "memory": "memory",
    "always": "flow",
    "choice": "flow",
    "read": "read",
    "write": "write",
    "both": "write",
}
"""What colours a kind of node or edge has."""


def style_of(kind: str) -> str:
    """The key in the colours for a node's, an edge's or a cluster's kind."""
    return ROLE.get(kind, kind)
