"""Pictures with less in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie import Agent, SqliteDb, Team
from coterie.errors import InputError
from coterie.graphs.folding import folded
from coterie.graphs.mermaid import mermaid
from coterie.graphs.picture import Cluster
from coterie.graphs.picturing import picture
from coterie.graphs.terminal import drawing
from tests.graphs.test_draw import search
from tests.graphs.test_picture import TEAMS, _check_mermaid, _check_terminal, desk, edges, nested


def test_members_below_the_depth_are_a_box_each() -> None:
    shown = folded(picture(nested().spec()), 1)
    assert [(each.id, each.folded, each.notes) for each in shown.clusters()] == [
        ("company", False, ()),
        ("company/research", True, ("2 members",)),
        ("company/press", True, ("1 member",)),
    ]
    assert ("company/leader", "company/press") in edges(shown, "choice")


def test_what_is_read_and_written_inside_is_by_the_box() -> None:
    team = Team("t", [Agent("a", enable_agentic_memory=True), Agent("b")], db=SqliteDb("t.db"))
    shown = folded(picture(team.spec()), 1)
    assert edges(shown, "read") == {("/memory", "t/recall"), ("/memory", "t/a"), ("/memory", "t/b")}
    assert edges(shown, "write") == {("t/a", "/memory"), ("t/curate", "/memory")}
    assert len(shown.edges) == len(set(shown.edges))


def test_without_the_memory_the_other_steps_stay_and_follow_each_other() -> None:
    members = [Agent("a", tools=[search]), Agent("b", enable_agentic_memory=True)]
    remembering = Team("t", members, mode="broadcast", db=SqliteDb("t.db"), update_memory_on_run=True)
    shown = folded(picture(remembering.spec()), memory=False)
    assert shown.store is None
    assert {(node.id, node.kind) for node in shown.nodes()} == {
        ("/start", "start"),
        ("t/a/model", "model"),
        ("t/a/tools", "tools"),
        ("t/b/model", "model"),
        ("t/b/tools", "tools"),
        ("t/join", "join"),
        ("/end", "end"),
    }
    assert edges(shown, "choice") == {("t/a/model", "t/a/tools"), ("t/b/model", "t/b/tools")}
    assert edges(shown, "always") == {
        ("/start", "t/a"),
        ("/start", "t/b"),
        ("t/a", "t/join"),
        ("t/b", "t/join"),
        ("t/join", "/end"),
        ("t/a/tools", "t/a/model"),
        ("t/b/tools", "t/b/model"),
    }


def test_a_choice_stays_one_where_the_curator_is_left_out() -> None:
    shown = folded(picture(desk().spec()), memory=False)
    assert ("desk/leader", "/end") in edges(shown, "choice")
    assert [node.kind for node in shown.nodes() if node.kind in ("recall", "curator", "memory")] == []


def test_a_depth_that_is_no_level_is_refused() -> None:
    with pytest.raises(InputError, match=r"^The depth is 0: give 1 for one level with its steps, 2 for two"):
        desk().draw(depth=0)


FOLDED = """\
team company                                            ║
│                                                       ║
├─ recall · 5 earlier turns · memories ◀────────────────╢
│                                                       ║
├─ leader · offline                                     ║
│  │                                                    ║
│  ├┄▷ team research · finds out · 2 members ◀──────────╢
│  │                                                    ║
│  ╰┄▷ team press · 1 member ◀──────────────────────────╢
│                                                       ║
╰─ ◆ curator · keeps the turn · curates the memory ◀───▶╢
                            shared memory · company.db ═╝
"""


def test_the_tree_of_a_folded_team() -> None:
    assert nested().draw(depth=1) == FOLDED


def depth_of(cluster: Cluster) -> int:
    return 0 if cluster.folded else 1 + max(map(depth_of, cluster.members), default=0)


@given(TEAMS, st.integers(1, 4), st.booleans())
def test_any_team_can_be_folded(team: Agent | Team, depth: int, memory: bool) -> None:
    whole = picture(team.spec())
    shown = folded(whole, depth, memory=memory)
    assert depth_of(shown.root) == min(depth, depth_of(whole.root))
    ids = [node.id for node in shown.nodes()] + [cluster.id for cluster in shown.clusters()]
    assert len(set(ids)) == len(ids)
    assert all({edge.source, edge.target} <= set(ids) for edge in shown.edges)
    assert all(edge.source != edge.target for edge in shown.edges)
    if depth_of(whole.root) <= depth and memory:
        assert shown == whole
    _check_mermaid(mermaid(shown), len(ids))
    _check_terminal(drawing(shown, 90), shown)
