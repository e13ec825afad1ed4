"""A team in mode broadcast: START -> recall -> all members, in parallel -> join -> curate -> END."""

from functools import partial

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from langgraph.types import Send

from coterie.graphs.answers import answers_in, conversation, no_answer, with_answers
from coterie.graphs.asking import ask_model
from coterie.graphs.form import wire_form
from coterie.graphs.functions import called, function_name
from coterie.graphs.members import as_message, working
from coterie.graphs.memory_nodes import curate, recall
from coterie.graphs.modes import Broadcast
from coterie.graphs.nodes import Update, failure
from coterie.graphs.shape import Shape, Wiring
from coterie.graphs.spec import TeamSpec, slug
from coterie.graphs.state import GraphState, RunContext, here, question, this_turn
from coterie.memory.flow import Flow

INTRODUCTION = "What each member of your team answered, in no order of weight."


def wire(graph: Wiring, shape: Shape) -> None:
    """Add the nodes and edges of a team all of which answers."""
    graph.step("recall", recall)
    graph.step("join", join)
    graph.step("curate", curate)
    for key in shape.members:
        graph.step(key, partial(answer_as, key))
        graph.path(key, "join")

    def everybody(state: GraphState) -> list[Send]:
        return [Send(key, state) for key in shape.members]  # answers come back in the order of Sends, not of names

    graph.path(START, "recall")
    graph.choice("recall", everybody, shape.members)
    graph.path("join", wire_form(graph, shape))
    graph.path("curate", END)


def guidance(team: TeamSpec) -> str:
    """What the leader is told, who makes one answer of all."""
    return (
        "You lead a team. Every member has answered what the user says; you are given their answers with it. Make one "
        "answer of them, for the user, who does not see your team: keep what they found, say where they contradict "
        "each other, and if one failed, what is missing for it. Add nothing that they did not say."
    )


def answer_as(key: str, state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Let a member answer the user."""
    answer = yield from working(key, question(state["messages"]), runtime, state)
    return {"messages": [as_message(answer)]}


def join(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Make one answer of all: by the function that was given, or by the leader's model. If all failed, there is none.

    Raises:
        RunError: the function or the model failed.
    """
    team = here(runtime).spec
    assert isinstance(team, TeamSpec)
    assert isinstance(team.mode, Broadcast)
    found = answers_in(team, this_turn(state["messages"]))
    answers = [found[slug(member.name)] for member in team.members]
    if all(answer.error for answer in answers):
        return {"messages": [no_answer(answers, runtime)]}
    if team.mode.join is None:
        *before, asked = conversation(state["messages"])
        said = HumanMessage(with_answers(asked.text, INTRODUCTION, answers), name=asked.name)
        return (yield from ask_model({**state, "messages": [*before, said]}, runtime))
    joined = yield from called(runtime, "join", team.mode.join, answers)
    if not isinstance(joined, str):
        name = function_name(team.mode.join)
        raise failure(runtime, f"join={name} returned {joined!r}: let it return the answer, a text.")
    return {"messages": [AIMessage(joined, name=slug(team.name))]}
