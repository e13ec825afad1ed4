"""A strict reader of the part of the DOT language that is used here (https://graphviz.org/doc/info/lang.html)."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(->|[{}\[\],=])|([A-Za-z_][A-Za-z_0-9]*|[0-9.]+))')
Attributes = dict[str, str]


@dataclass
class Graph:
    """What is drawn."""

    nodes: dict[str, Attributes] = field(default_factory=dict)
    clusters: dict[str, Attributes] = field(default_factory=dict)
    edges: list[tuple[str, str, Attributes]] = field(default_factory=list)


class _Reader:
    def __init__(self, text: str) -> None:
        assert "\0" not in text
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            assert found, text[place : place + 60]
            kind = "id" if found[1] is not None else "mark" if found[2] else "word"
            self.tokens.append((kind, found[1] or found[2] or found[3] or ""))
            place = found.end()
        self.graph = Graph()

    def take(self, *wanted: str, kind: str = "") -> str:
        """The next token, which is one of these or of this kind."""
        found, text = self.tokens.pop(0)
        assert text in wanted or found == kind, (text, wanted, kind)
        return text

    def next(self, text: str) -> bool:
        """Whether this word or mark comes next."""
        return bool(self.tokens) and self.tokens[0] in (("mark", text), ("word", text))

    def attributes(self) -> Attributes:
        """What is in brackets, if there are any."""
        found: Attributes = {}
        while self.next("[") or (found and not self.next("]")):
            self.take("[", ",")
            name = self.take(kind="word")
            self.take("=")
            _, found[name] = self.tokens.pop(0)
        if found:
            self.take("]")
        return found

    def statements(self, cluster: str = "") -> None:
        """Everything between braces."""
        self.take("{")
        while not self.next("}"):
            if self.next("subgraph"):
                self.take("subgraph")
                name = self.take(kind="id")
                assert name.startswith("cluster")
                assert name not in self.graph.clusters
                self.statements(name)
            elif self.next("graph") or self.next("node") or self.next("edge"):
                word, attributes = self.take("graph", "node", "edge"), self.attributes()
                if word == "graph" and cluster:
                    self.graph.clusters[cluster] = attributes
            else:
                self.statement()
        self.take("}")

    def statement(self) -> None:
        """A node, or an edge between nodes that are there."""
        id = self.take(kind="id")
        if not self.next("->"):
            assert id not in self.graph.nodes
            self.graph.nodes[id] = self.attributes()
            return
        self.take("->")
        target = self.take(kind="id")
        self.graph.edges.append((id, target, self.attributes()))


def read(text: str) -> Graph:
    """Read a ``digraph``; anything that Graphviz would not take, or take as something else, is an AssertionError."""
    reader = _Reader(text)
    reader.take("digraph")
    reader.take(kind="id")
    reader.statements()
    assert not reader.tokens
    graph = reader.graph
    for source, target, attributes in graph.edges:
        assert {source, target} <= set(graph.nodes)
        assert {attributes[name] for name in ("lhead", "ltail") if name in attributes} <= set(graph.clusters)
    return graph


def shown(label: str) -> list[str]:
    """The lines that Graphviz shows for a label."""
    parts = re.findall(r"\\.|[^\\]+", label)
    text = "".join("\n" if part in (r"\n", r"\l") else part.removeprefix("\\") for part in parts)
    return text.replace("&amp;", "&").split("\n")
