"""Drawings of teams: each mode as what it is."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from coterie import Agent, SqliteDb, Team
from coterie.graphs.build import KINDS
from coterie.graphs.modes import Answer, Broadcast, Coordinate, Mode, Route, Swarm, Tasks, mode_name
from coterie.graphs.modes import Sequence as InTurn
from coterie.graphs.picture import Edge, Picture
from coterie.graphs.picturing import picture


def search(text: str) -> str:
    """Search."""
    return text


class Plan(BaseModel):
    """A plan."""

    days: int


MEMBERS = ("scout", "writer", "editor")


def good(answer: Answer) -> bool:
    return True


def best(answers: Sequence[Answer]) -> str:
    return ""


WAYS: dict[str, Mode] = {
    "coordinate": Coordinate(),
    "route": Route(),
    "route with a fallback": Route(fallback="writer"),
    "broadcast": Broadcast(),
    "broadcast with a function": Broadcast(join=best),
    "sequence": InTurn(),
    "sequence that may stop": InTurn(stop_when=good),
    "swarm": Swarm(),
    "swarm with handoffs": Swarm(first="writer", handoffs={"writer": ["editor"], "editor": []}),
    "tasks": Tasks(),
}


def trio(mode: Mode | str, **settings: Any) -> Team:
    return Team("trio", [Agent(name, tools=[search]) for name in MEMBERS], mode=mode, **settings)


@pytest.mark.parametrize("way", [way for way, mode in WAYS.items() if mode_name(mode) in KINDS])
@pytest.mark.parametrize("form", [None, Plan])
def test_what_is_drawn_of_a_mode_is_in_the_compiled_graph(way: str, form: type[BaseModel] | None) -> None:
    team = trio(WAYS[way], db=SqliteDb("trio.db"), output_schema=form)
    compiled, shown = team.graph.get_graph(), picture(team.spec())
    steps = {edge.source: edge.target for edge in compiled.edges if edge.source in ("__start__", "recall")}
    begin = {"__start__": steps["__start__"]} if shown.root.node("recall") else {"__start__": "recall"}
    drawn = {(named(edge.source), named(edge.target)) for edge in shown.edges if is_step(edge, shown)}
    there = {(edge.source, edge.target) for edge in compiled.edges}
    there |= {("__start__", target) for source, target in there if source == begin["__start__"]}
    assert {name for edge in drawn for name in edge} <= set(compiled.nodes)
    assert drawn <= there
    assert {*MEMBERS, "__start__", "__end__"} <= {name for edge in drawn for name in edge}


def named(id: str) -> str:
    """A node's name in the compiled graph."""
    return {"/start": "__start__", "/end": "__end__"}.get(id, id.removeprefix("trio/"))


def is_step(edge: Edge, shown: Picture) -> bool:
    """Whether an edge is of the team itself, not of a member of its or the memory."""
    inside = any(named(end).count("/") for end in (edge.source, edge.target) if not end.startswith("/"))
    return edge.kind in ("always", "choice") and not inside


def drawn_steps(mode: Mode | str) -> dict[tuple[str, str], str]:
    """The edges of a trio without memory, with their labels; ``?`` where the step is chosen."""
    shown = picture(trio(mode).spec())
    return {
        (named(edge.source), named(edge.target)): ("?" if edge.kind == "choice" else "") + edge.label
        for edge in shown.edges
        if is_step(edge, shown)
    }


def test_a_route_is_from_the_router_by_one_member_to_the_end() -> None:
    to = {("router", name): "?" for name in MEMBERS}
    back = {(name, "__end__"): "" for name in MEMBERS}
    assert drawn_steps("route") == {("__start__", "router"): "", **to, **back, ("router", "__end__"): "?none fits"}
    failing = {(name, "writer"): "?failed" for name in ("scout", "editor")}
    assert drawn_steps(Route(fallback="writer")) == {
        ("__start__", "router"): "",
        **to,
        ("router", "writer"): "?no other fits",
        **failing,
        **{(name, "__end__"): "?" for name in ("scout", "editor")},
        ("writer", "__end__"): "",
    }


def test_a_single_member_has_no_router() -> None:
    shown = picture(Team("t", [Agent("a")], mode="route").spec())
    assert [(edge.source, edge.target, edge.kind) for edge in shown.edges] == [
        ("/start", "t/a", "always"),
        ("t/a", "/end", "always"),
    ]


def test_a_broadcast_is_from_the_start_by_all_members_to_the_join() -> None:
    to, back = {("__start__", name): "" for name in MEMBERS}, {(name, "join"): "" for name in MEMBERS}
    assert drawn_steps("broadcast") == {**to, **back, ("join", "__end__"): ""}
    joins = [picture(trio(mode).spec()).root.node("join") for mode in ("broadcast", Broadcast(join=best))]
    assert [node.details for node in joins if node] == [("offline",), ("best",)]


def test_a_sequence_is_a_chain() -> None:
    assert list(drawn_steps("sequence")) == [
        ("__start__", "scout"),
        ("scout", "writer"),
        ("writer", "editor"),
        ("editor", "__end__"),
    ]
    assert drawn_steps(InTurn(stop_when=good)) == {
        ("__start__", "scout"): "",
        ("scout", "writer"): "?",
        ("writer", "editor"): "?",
        ("scout", "__end__"): "?good",
        ("writer", "__end__"): "?good",
        ("editor", "__end__"): "",
    }


def test_a_swarm_hands_over_as_declared() -> None:
    assert drawn_steps(WAYS["swarm with handoffs"]) == {
        ("__start__", "writer"): "",
        ("scout", "writer"): "?hands over",
        ("scout", "editor"): "?hands over",
        ("writer", "editor"): "?hands over",
        ("scout", "__end__"): "?",
        ("writer", "__end__"): "?",
        ("editor", "__end__"): "",
    }


def test_a_team_without_a_leader_reads_no_memory_of_its_own() -> None:
    team = trio("sequence", db=SqliteDb("trio.db"))
    assert not picture(team.spec()).root.node("recall")
    assert picture(trio("sequence", db=SqliteDb("trio.db"), member_context="conversation").spec()).root.node("recall")
    assert picture(trio("route", db=SqliteDb("trio.db")).spec()).root.node("recall")


def test_an_agent_that_only_fills_in_a_form_has_no_other_model() -> None:
    for agent in (Agent("a", output_schema=Plan), Agent("a", output_schema=Plan, tools=[search])):
        compiled = set(agent.graph.get_graph().nodes)
        steps = [node.id.removeprefix("a/") for node in picture(agent.spec()).root.nodes]
        assert set(steps) <= compiled
        assert steps[-1] == "form"
