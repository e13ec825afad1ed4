"""The node that runs the tools which a model called."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime

from coterie.graphs.confirming import confirmed
from coterie.graphs.events import ToolFinished
from coterie.graphs.nodes import Invoke
from coterie.graphs.spec import Conduct
from coterie.graphs.state import GraphState, RunContext, here, tell
from coterie.graphs.tool_events import messages_in, told_error
from coterie.graphs.tool_hooks import around
from coterie.memory.flow import Flow


def wants_tools(message: AnyMessage) -> bool:
    """Whether the model asked for tools, be it with arguments that cannot be read."""
    return isinstance(message, AIMessage) and bool(message.tool_calls or message.invalid_tool_calls)


def run_tools(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Any]:
    """Run the tools that the model called, in parallel; every call gets its answer.

    A tool that raises, one that does not exist and arguments that are not JSON are answered with the error, which the
    model reads and `ToolFinished` shows. Each call is told when it begins and when it ends.
    """
    built, call = here(runtime), state["messages"][-1]
    name = built.spec.name
    assert isinstance(call, AIMessage)
    decided = confirmed(call, built)  # nothing may come before it: here the node begins again when it is resumed
    call, state = decided.message, {**state, "messages": [*state["messages"][:-1], decided.message]}
    refused = [*decided.refused, *unreadable(call)]
    for answer in refused:
        tell(runtime, ToolFinished(name, answer.name or "", answer.text, answer.tool_call_id, failed=True))
    found = (yield Invoke(built.runner, dict(state))) if call.tool_calls else {"messages": []}
    for answer in messages_in(found):
        decided.noted(answer)
    return [*found, {"messages": refused}] if isinstance(found, list) else {"messages": [*found["messages"], *refused]}


def unreadable(call: AIMessage) -> list[ToolMessage]:
    """The answers to calls with arguments that cannot be read."""
    return [
        ToolMessage(
            f"The arguments are not valid JSON: {wanted['args']!r}. Call it again with valid ones.",
            tool_call_id=wanted["id"] or "",
            name=wanted["name"],
            status="error",
        )
        for wanted in call.invalid_tool_calls
    ]


def tool_runner(tools: Sequence[BaseTool], conduct: Conduct) -> ToolNode:
    """What runs the tools that a message calls: each within ``timeout``, in ``tool_hooks``."""
    wrap, awrap = around(conduct)
    return ToolNode(list(tools), handle_tool_errors=told_error, wrap_tool_call=wrap, awrap_tool_call=awrap)
