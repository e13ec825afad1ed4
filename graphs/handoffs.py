"""Handing a conversation over: the functions that a member has for it, and the tools' node that answers them.

A member never jumps out of its graph (LangGraph's ``Command(graph=PARENT)`` leaves calls unanswered and skips what
comes after): it finishes, every call answered, with ``handoff`` in its state; its team goes on from there.
"""

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.runtime import Runtime

from coterie.graphs.calling import run_tools
from coterie.graphs.modes import Coordinate, Tasks
from coterie.graphs.own_calls import joined, run_among
from coterie.graphs.spec import AgentSpec, Spec
from coterie.graphs.state import GraphState, RunContext, here
from coterie.memory.flow import Flow

IGNORED = "Ignored: one handoff per step."
NO_MORE = "The conversation cannot be handed over again in this turn: answer the user yourself."


def hands_over(member: Spec) -> bool:
    """Whether a member can hand a conversation over: an agent, or a team whose leader calls functions."""
    return isinstance(member, AgentSpec) or isinstance(member.mode, Coordinate | Tasks)


def transfer_tool(name: str, member: Spec) -> BaseTool:
    """The function that hands the conversation over to a member. `run_calls` answers it."""

    def refuse(**wanted: Any) -> str:
        raise ToolException(NO_MORE)

    return StructuredTool.from_function(
        refuse,
        name=name,
        description=f"Hands over to {member.name}: {member.role or 'a member of the team'}",
        args_schema={
            "type": "object",
            "properties": {"reason": {"type": "string", "description": "What they should know."}},
        },
    )


def run_calls(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Any]:
    """Run the tools that the model called. Of the handoffs among the calls, the first one counts."""
    handoffs, message = here(runtime).handoffs, state["messages"][-1]
    assert isinstance(message, AIMessage)
    if not any(call["name"] in handoffs for call in message.tool_calls):
        return (yield from run_tools(state, runtime))
    left, chosen = state.get("handoffs_left", 0), list[str]()

    def handed_to(key: str) -> Callable[[Mapping[str, Any]], str]:
        def hand_over(arguments: Mapping[str, Any]) -> str:
            if not left:
                raise ToolException(NO_MORE)
            if chosen:
                return IGNORED
            chosen.append(key)
            reason = arguments.get("reason")
            return f"Handed over to {key}" + (f": {reason}" if reason else ".")

        return hand_over

    found = yield from run_among({name: handed_to(key) for name, key in handoffs.items()}, run_tools, state, runtime)
    return joined(found, {"handoff": chosen[0]} if chosen else {"closing": NO_MORE})
