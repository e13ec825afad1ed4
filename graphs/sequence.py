"""A team in mode sequence: START -> recall -> one member after the other -> curate -> END.

From every member but the last there is an edge to the end: where it failed, or where the sequence is to stop.
"""

from functools import partial
from itertools import pairwise

from langgraph.graph import END, START
from langgraph.runtime import Runtime

from coterie.graphs.answers import answers_in, no_answer, with_answers
from coterie.graphs.form import wire_form
from coterie.graphs.functions import called
from coterie.graphs.members import as_message, working
from coterie.graphs.memory_nodes import curate, recall
from coterie.graphs.modes import Answer, Sequence
from coterie.graphs.nodes import Update
from coterie.graphs.shape import Shape, Wiring
from coterie.graphs.spec import TeamSpec, slug
from coterie.graphs.state import GraphState, RunContext, here, question, this_turn
from coterie.memory.flow import Flow


class SequenceState(GraphState, total=False):
    """The state of a team that works in sequence."""

    done: bool
    """Whether the last answer is the team's, though members are left."""


def wire(graph: Wiring, shape: Shape) -> None:
    """Add the nodes and edges of a team whose members work one after the other."""
    graph.step("recall", recall)
    graph.step("curate", curate)
    graph.path("curate", END)
    graph.path(START, "recall", shape.members[0])
    answered = wire_form(graph, shape)
    for before, key in pairwise(["", *shape.members]):
        graph.step(key, partial(answer_as, key, before), takes=SequenceState)
    for key, following in pairwise(shape.members):
        graph.choice(
            key, lambda state, following=following: answered if state["done"] else following, [following, answered]
        )
    graph.path(shape.members[-1], answered)


def answer_as(key: str, before: str, state: SequenceState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Let a member go on from what the one before it answered. ``before`` is that one's node; the first has none."""
    team = here(runtime).spec
    assert isinstance(team, TeamSpec)
    request = question(state["messages"])
    if before:
        found = answers_in(team, this_turn(state["messages"]))[before]
        request = with_answers(request, f"{found.member} answered this before you: go on from there.", [found])
    answer = yield from working(key, request, runtime, state)
    said = as_message(answer)
    if answer.error:
        return {"done": True, "messages": [said, no_answer([answer], runtime)]}
    last = key == slug(team.members[-1].name)
    return {"done": last or (yield from is_enough(answer, runtime)), "messages": [said]}


def is_enough(answer: Answer, runtime: Runtime[RunContext]) -> Flow[bool]:
    """Whether the sequence is to stop with this answer."""
    team = here(runtime).spec
    assert isinstance(team, TeamSpec)
    assert isinstance(team.mode, Sequence)
    if team.mode.stop_when is None:
        return False
    return bool((yield from called(runtime, "stop_when", team.mode.stop_when, answer)))
