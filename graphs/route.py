"""A team in mode route: START -> recall -> router -> one member -> curate -> END.

With a fallback there are edges from the other members to it. A single member needs no router.
"""

from functools import partial

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.graph import END, START
from langgraph.runtime import Runtime

from coterie.errors import ConfigurationError
from coterie.graphs.answers import answers_in, conversation, no_answer, refuse_tools
from coterie.graphs.asking import ask_model
from coterie.graphs.form import wire_form
from coterie.graphs.members import as_message, asked_members, working
from coterie.graphs.memory_nodes import curate, recall
from coterie.graphs.modes import Route
from coterie.graphs.nodes import Update, failure
from coterie.graphs.shape import Shape, Wiring
from coterie.graphs.spec import TeamSpec, slug
from coterie.graphs.state import GraphState, RunContext, here, question, this_turn
from coterie.memory.flow import Flow


class RouteState(GraphState, total=False):
    """The state of a team that routes."""

    chosen: str
    """The node of the member that is to answer next. Empty: there is an answer."""


def wire(graph: Wiring, shape: Shape) -> None:
    """Add the nodes and edges of a team whose router picks one member."""
    graph.step("recall", recall)
    graph.step("curate", curate)
    graph.path("curate", END)
    graph.path(START, "recall")
    answered = wire_form(graph, shape)

    def next_of(state: RouteState) -> str:
        return state["chosen"] or answered

    if len(shape.members) == 1:
        graph.path("recall", *shape.members)
    else:
        graph.step("router", choose, takes=RouteState)
        graph.path("recall", "router")
        graph.choice("router", next_of, shape.members if shape.fallback else [*shape.members, answered])
    for key in shape.members:
        fallback = shape.fallback if key != shape.fallback else ""
        graph.step(key, partial(answer_as, key, fallback), takes=RouteState)
        if fallback:
            graph.choice(key, next_of, [fallback, answered])
        else:
            graph.path(key, answered)


def check(team: TeamSpec) -> None:
    """Refuse a fallback that is no member, and tools that nobody would call.

    Raises:
        ConfigurationError: with what is wrong.
    """
    refuse_tools(team)
    assert isinstance(team.mode, Route)
    names = [member.name for member in team.members]
    if team.mode.fallback is not None and team.mode.fallback not in names:
        raise ConfigurationError(
            f"team {team.name!r}: Route(fallback={team.mode.fallback!r}) is none of its members: give one of "
            f"{', '.join(map(repr, names))}."
        )


def tools(team: TeamSpec) -> list[BaseTool]:
    """A function for each member, where there is a choice. It takes nothing: the member gets what the user said."""
    asked = asked_members(team) if len(team.members) > 1 else {}
    return [
        StructuredTool(
            name=name,
            description=f"{member.name}: {member.role or 'a member of the team'}",
            args_schema={"type": "object", "properties": {}},
        )
        for name, member in asked.items()
    ]


def guidance(team: TeamSpec) -> str:
    """What the router is told."""
    assert isinstance(team.mode, Route)
    members = "\n".join(f"- {name}: {member.role or member.name}" for name, member in asked_members(team).items())
    otherwise = "call none" if team.mode.fallback else "answer the user yourself"
    return (
        "You decide who of your team answers the user. Call the one member whose role fits what the user says; it "
        "gets the user's message as it is, and its answer goes to the user as it is. Call no more than one, and say "
        f"nothing yourself. If it fits nobody's role, {otherwise}. The members are functions to call:\n{members}"
    )


def choose(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Ask the model who is to answer.

    Its call of a member stays out of the messages: it is no part of what is said. Where it calls nobody, its words are
    the answer, unless there is a fallback.

    Raises:
        RunError: it neither calls a member nor says anything.
    """
    team = here(runtime).spec
    assert isinstance(team, TeamSpec)
    asked = yield from ask_model({**state, "messages": conversation(state["messages"])}, runtime)
    [message] = asked["messages"]
    if chosen := chosen_by(message, team):
        return {"chosen": chosen}
    if not message.text.strip():
        names = ", ".join(member.name for member in team.members)
        raise failure(runtime, f"its router chose none of its members ({names}), and said nothing itself.")
    said = {"content": message.text, "tool_calls": [], "invalid_tool_calls": [], "additional_kwargs": {}}
    return {"chosen": "", "messages": [message.model_copy(update=said)]}


def chosen_by(message: AIMessage, team: TeamSpec) -> str:
    """The node of the first member that a message calls, else of the fallback; empty without one."""
    assert isinstance(team.mode, Route)
    members = asked_members(team)
    called = [call["name"] or "" for call in [*message.tool_calls, *message.invalid_tool_calls]]
    names = [members[name].name for name in called if name in members]
    return slug(next(iter(names), team.mode.fallback or ""))


def answer_as(key: str, fallback: str, state: RouteState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Let a member answer the user. ``fallback`` is the node of the one that answers if it fails."""
    team = here(runtime).spec
    assert isinstance(team, TeamSpec)
    answer = yield from working(key, question(state["messages"]), runtime, state)
    said = as_message(answer)
    if not answer.error:
        return {"chosen": "", "messages": [said]}
    if fallback:
        return {"chosen": fallback, "messages": [said]}
    failed = answers_in(team, [*this_turn(state["messages"]), said])
    return {"chosen": "", "messages": [said, no_answer(failed.values(), runtime)]}
