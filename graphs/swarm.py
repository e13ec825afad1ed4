"""A team in mode swarm: START -> recall -> the member that has the conversation; members hand over; then curate -> END.

There is no leader: the team's instructions and tools are every member's. A member sees the whole conversation, what
others said and what their tools returned included. A member that is a team hands over where its leader calls functions
(mode coordinate or tasks); in any other mode it answers once, and the next run begins with the first member again.

Whoever had the conversation last has it in the next run: the session's state says so
(`coterie.graphs.kept`). Without a store that is forgotten when the run ends, unless the graph has a checkpointer.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START
from langgraph.runtime import Runtime

from coterie.errors import ConfigurationError
from coterie.graphs.events import HandedOver
from coterie.graphs.form import wire_form
from coterie.graphs.handoffs import hands_over, transfer_tool
from coterie.graphs.kept import keep, kept
from coterie.graphs.members import as_message, function_name, member_of, working
from coterie.graphs.memory_nodes import curate, recall
from coterie.graphs.modes import Answer, Swarm
from coterie.graphs.nodes import Update, failure
from coterie.graphs.shape import Shape, Wiring
from coterie.graphs.spec import Lent, TeamSpec, slug
from coterie.graphs.state import WORK, GraphState, MemberWork, RunContext, here, member_work, question, tell
from coterie.memory.flow import Flow

ACTIVE = "active"
"""What a swarm keeps: the node of the member that has the conversation."""


def wire(graph: Wiring, shape: Shape) -> None:
    """Add the nodes and edges of a swarm."""
    graph.step("recall", begin)
    graph.step("curate", curate)
    graph.path(START, "recall")
    graph.path("curate", END)
    answered = wire_form(graph, shape)
    for key in shape.members:
        graph.step(key, partial(speak, key))
    for key in shape.members:
        others = [other for other in shape.members if other != key]
        graph.choice(key, _after(key, answered), [*others, answered])
    graph.choice("recall", lambda state: state["active"], shape.members)


def _after(key: str, answered: str) -> Callable[[GraphState], str]:
    """What follows a member: the one that has the conversation now; if that is still itself, it has answered."""

    def after_member(state: GraphState) -> str:
        return answered if state["active"] == key else state["active"]

    return after_member


def lends(team: TeamSpec) -> dict[str, Lent]:
    """What each member gets, by the names of their nodes: the functions that hand over, the team's tools.

    Raises:
        ConfigurationError: a name in the mode's settings is not a member's.
    """
    declared = targets(team)
    return {slug(member.name): _lent(team, member.name, declared[member.name]) for member in team.members}


def _lent(team: TeamSpec, name: str, others: Sequence[str]) -> Lent:
    keys = [slug(member.name) for member in team.members]
    if not hands_over(member_of(team, slug(name))):
        return Lent(team.instructions)
    functions = {function_name(key, place, "transfer_to"): key for place, key in enumerate(keys, start=1)}
    reachable = {function: key for function, key in functions.items() if key in {slug(other) for other in others}}
    found = {function: member_of(team, key) for function, key in reachable.items()}
    tools = (*team.tools, *(transfer_tool(function, member) for function, member in found.items()))
    listed = "\n".join(f"- {function}: {member.role or member.name}" for function, member in found.items())
    rule = (
        "You are one of several who talk with the user, one at a time, and now it is you. If what the user wants fits "
        "another's role better, hand the conversation over by calling that one's function, and say nothing about it. "
        f"Otherwise answer the user yourself. The others:\n{listed}"
    )
    guidance = "\n\n".join(part for part in (team.instructions, rule if found else "") if part)
    return Lent(guidance, tools, reachable, team.conduct.confirm)


def targets(team: TeamSpec) -> dict[str, list[str]]:
    """To whom each member may hand over: names by names.

    Raises:
        ConfigurationError: a name is not a member's, a member is to hand over to itself, or a number makes no sense.
    """
    mode, names = swarm_of(team), [member.name for member in team.members]
    first = [] if mode.first is None else [mode.first]
    for name in [*first, *mode.handoffs, *(name for targets in mode.handoffs.values() for name in targets)]:
        if name not in names:
            raise ConfigurationError(
                f"team {team.name!r}: its swarm names {name!r}, which is no member: give one of {', '.join(names)}."
            )
    for name, found in mode.handoffs.items():
        if name in found:
            raise ConfigurationError(f"team {team.name!r}: {name!r} cannot hand over to itself: leave it out.")
    if mode.max_handoffs < 1:
        raise ConfigurationError(f"team {team.name!r}: max_handoffs={mode.max_handoffs!r}: give 1 or more.")
    return {name: list(mode.handoffs.get(name, [other for other in names if other != name])) for name in names}


def begin(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Recall, and find out who has the conversation."""
    update = yield from recall(state, runtime)
    team = _team(runtime)
    able = [slug(member.name) for member in team.members if hands_over(member)]
    last = kept(runtime, ACTIVE) or state.get("active")
    first = slug(swarm_of(team).first or team.members[0].name)
    return {**update, "active": last if last in able else first, "handoffs_left": swarm_of(team).max_handoffs}


def speak(key: str, state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Let the member that has the conversation go on with it, until it answers or hands over.

    Raises:
        RunError: it failed, and nobody had handed over to it.
    """
    answer = yield from working(key, question(state["messages"]), runtime, begin=_conversation(state))
    if answer.error:
        return _given_back(key, answer, state, runtime)
    update: Update = {"messages": [_as_said(message, answer) for message in answer.messages], "closing": ""}
    if answer.handoff is None:
        return update
    return {**update, **_handed_over(key, answer.handoff, state, runtime)}


def _conversation(state: GraphState) -> Mapping[str, Any]:
    """What a member is given: all that was said, and how often it may still be handed over."""
    given = ("messages", "history", "summary", "closing", "handoffs_left")
    return {name: value for name, value in state.items() if name in given}


def _handed_over(key: str, to: str, state: GraphState, runtime: Runtime[RunContext]) -> Update:
    team = _team(runtime)
    tell(runtime, HandedOver(team.name, member_of(team, key).name, member_of(team, to).name))
    keep(runtime, ACTIVE, lambda _: to)
    return {"active": to, "handed_over_by": key, "handoffs_left": state["handoffs_left"] - 1}


def _given_back(key: str, answer: Answer, state: GraphState, runtime: Runtime[RunContext]) -> Update:
    """The one that handed over to a member that failed is told so, and answers."""
    back = state.get("handed_over_by")
    if back is None or back == key:
        raise failure(runtime, answer.said)
    keep(runtime, ACTIVE, lambda _: back)
    closing = (
        f"{answer.said} The conversation is yours again: answer the user yourself, and say what could not be done."
    )
    return {"messages": [as_message(answer)], "active": back, "handed_over_by": None, "closing": closing}


def _as_said(message: AnyMessage, answer: Answer) -> AnyMessage:
    """A message of a member, with whose it is."""
    if not isinstance(message, AIMessage) or member_work(message):
        return message
    work = MemberWork(agent_id=answer.agent_id, task=answer.task)
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, WORK: work}})


def _team(runtime: Runtime[RunContext]) -> TeamSpec:
    team = here(runtime).spec
    assert isinstance(team, TeamSpec)
    return team


def swarm_of(team: TeamSpec) -> Swarm:
    """The settings of a team's swarm."""
    assert isinstance(team.mode, Swarm)
    return team.mode
