"""A team in mode coordinate: START -> recall -> leader <-> members and tools; leader -> curate -> END."""

from collections.abc import Mapping
from functools import partial

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool
from langgraph.graph import END, START
from langgraph.types import Send

from coterie.graphs.asking import ask_model
from coterie.graphs.calling import run_tools, wants_tools
from coterie.graphs.form import wire_form
from coterie.graphs.members import MemberTask, asked_members, function_name, member_tool, work_as
from coterie.graphs.memory_nodes import curate, recall
from coterie.graphs.shape import Shape, Wiring
from coterie.graphs.spec import TeamSpec
from coterie.graphs.state import GraphState


def wire(graph: Wiring, shape: Shape) -> None:
    """Add the nodes and edges of a team whose leader delegates."""
    graph.step("recall", recall)
    graph.step("leader", ask_model)
    graph.step("tools", run_tools)
    graph.step("curate", curate)
    for key in shape.members:
        graph.step(key, partial(work_as, key), takes=MemberTask)
        graph.path(key, "leader")
    graph.path(START, "recall", "leader")
    graph.path("tools", "leader")
    graph.path("curate", END)
    answered = wire_form(graph, shape)
    keys = {function_name(key, place): key for place, key in enumerate(shape.members, start=1)}

    def after_leader(state: GraphState) -> str | list[Send]:
        return hand_out(state, keys) if wants_tools(state["messages"][-1]) else answered

    graph.choice("leader", after_leader, [*shape.members, "tools", answered])


def tools(team: TeamSpec) -> list[BaseTool]:
    """A function for each member."""
    return [member_tool(name, member) for name, member in asked_members(team).items()]


def guidance(team: TeamSpec) -> str:
    """What the leader is told."""
    members = "\n".join(f"- {name}: {member.role or member.name}" for name, member in asked_members(team).items())
    return (
        "You lead a team. For whatever fits a member's role, call that member before you answer, with a task that "
        "can be understood by itself; call several at once where it takes several. Then answer the user yourself, "
        f"from what they found: the user does not see your team. Its members are functions to call:\n{members}"
    )


def hand_out(state: GraphState, keys: Mapping[str, str]) -> list[Send]:
    """One Send for each call of a member, and one for all other calls together: all run in one step, in parallel.

    The last message has the calls. ``keys`` has the members' nodes by the names of their functions.
    """
    *before, message = state["messages"]
    assert isinstance(message, AIMessage)
    sends, rest = [], []
    for call in message.tool_calls:
        task = call["args"].get("task")
        if call["name"] in keys and isinstance(task, str) and task.strip():
            sends.append(Send(keys[call["name"]], MemberTask(task=task, call_id=call["id"] or "")))
        else:
            rest.append(call)
    if rest or message.invalid_tool_calls:
        asked = message.model_copy(update={"tool_calls": rest})
        sends.append(Send("tools", {**state, "messages": [*before, asked]}))
    return sends
