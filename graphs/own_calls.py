"""Calls that a graph answers itself, beside those of tools."""

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langchain_core.tools import ToolException
from langgraph.runtime import Runtime

from coterie.graphs.calling import wants_tools
from coterie.graphs.events import ToolFinished, ToolStarted
from coterie.graphs.nodes import Steps, Update
from coterie.graphs.state import GraphState, RunContext, here, tell
from coterie.memory.flow import Flow

Own = Mapping[str, Callable[[Mapping[str, Any]], str]]
"""Functions of a graph by their names. Each gets the call's arguments; what it refuses is a ToolException."""


def run_among(own: Own, others: Steps, state: GraphState, runtime: Runtime[RunContext]) -> Flow[Any]:
    """Answer the calls of the graph's own functions, one after the other; let ``others`` run all other calls."""
    *before, message = state["messages"]
    assert isinstance(message, AIMessage)
    answers = [_answer(own, call, runtime) for call in message.tool_calls if call["name"] in own]
    rest = message.model_copy(update={"tool_calls": [call for call in message.tool_calls if call["name"] not in own]})
    found: Any = {}
    if wants_tools(rest):
        found = yield from others({**state, "messages": [*before, rest]}, runtime)
    return joined(found, {"messages": answers})


def joined(found: Any, more: Update) -> Any:
    """What a tools node returned, be it a list with LangGraph's ``Command`` in it, and an update more."""
    if isinstance(found, list):
        return [*found, more]
    return {**found, **more, "messages": [*found.get("messages", []), *more.get("messages", [])]}


def _answer(own: Own, call: ToolCall, runtime: Runtime[RunContext]) -> ToolMessage:
    name, call_id, failed = call["name"], call["id"] or "", False
    source = here(runtime).spec.name
    tell(runtime, ToolStarted(source, name, call["args"], call_id))
    try:
        content = own[name](call["args"])
    except ToolException as refused:
        content, failed = str(refused), True
    tell(runtime, ToolFinished(source, name, content, call_id, failed))
    return ToolMessage(content, tool_call_id=call_id, name=name, status="error" if failed else "success")
