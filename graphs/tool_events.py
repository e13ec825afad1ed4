"""What is told of a tool call: that it begins, and that it has ended, each when it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from langchain_core.messages import ToolMessage
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from coterie.graphs.events import ToolFinished, ToolStarted
from coterie.graphs.state import Running, here, tell


def told_error(error: Exception) -> str:
    """A tool's error as the model reads it."""
    return f"{type(error).__name__}: {error}"


@contextmanager
def told(request: ToolCallRequest) -> Iterator[list[Any]]:
    """Tell that a call begins, and at the end of the block that it has ended.

    Whoever makes the call puts what it returned into the list. An interrupt is no end: the node begins anew.
    """
    call, runtime = request.tool_call, cast(Running, request.runtime)  # LangGraph's type has no context
    source, name, call_id = here(runtime).spec.name, call["name"], call["id"] or ""
    tell(runtime, ToolStarted(source, name, call["args"], call_id))
    returned: list[Any] = []
    try:
        yield returned
    except GraphBubbleUp:
        raise
    except Exception as error:
        tell(runtime, ToolFinished(source, name, told_error(error), call_id, failed=True))
        raise
    answer = next((each for each in messages_in(returned) if each.tool_call_id == call["id"]), None)
    content, failed = (answer.text, answer.status == "error") if answer is not None else ("", False)
    tell(runtime, ToolFinished(source, name, content, call_id, failed))


def messages_in(returned: Any) -> Iterator[ToolMessage]:
    """The tools' answers in what tools, or the node that runs them, returned: also in LangGraph's ``Command``."""
    if isinstance(returned, ToolMessage):
        yield returned
    elif isinstance(returned, list):
        for each in returned:
            yield from messages_in(each)
    else:
        values = returned.update if isinstance(returned, Command) else returned
        yield from messages_in(values.get("messages", []) if isinstance(values, dict) else [])
