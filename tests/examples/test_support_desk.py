"""The support desk as LangGraph Studio finds it; tests/e2e/test_programs.py runs it as people do."""

import json
from pathlib import Path

import pytest
from langgraph.graph.state import CompiledStateGraph

from coterie.examples import support_desk
from tests.examples.conftest import Shown

ROOT = Path(__file__).parents[2]


def test_langgraph_json_names_its_graph(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (where,) = json.loads((ROOT / "langgraph.json").read_text())["graphs"].values()
    path, name = where.split(":")
    assert (ROOT / path).samefile(str(support_desk.__file__))
    graph = getattr(support_desk, name)()
    assert isinstance(graph, CompiledStateGraph)
    assert graph.checkpointer is None


def test_every_user_is_remembered_apart(shown: Shown) -> None:
    day, _, remembered = shown("support_desk").partition("--- What the desk remembers\n")
    assert "Order A-17: a hiking backpack" in day
    assert remembered.splitlines() == [
        "ana@example.com",
        "  I pay by card.",
        "  I'm Ana and I wear size 38.",
        "ben@example.com",
        "  I only camp in winter.",
        "  My stove does not light.",
        "chi@example.com",
        "  我叫小池,我对羽绒过敏。",
    ]
