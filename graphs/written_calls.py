"""Tool calls that a small model wrote as text, where its server leaves it so."""

import json
from collections.abc import Iterator, Set
from typing import Any

from langchain_core.messages import AIMessage, ToolCall

from coterie.memory.ids import new_id


def with_written_calls(answer: AIMessage, names: Set[str]) -> AIMessage:
    """The answer, with the tool calls in it that a small model wrote as text: ``{"name": "clock", "arguments": {}}``.

    Local servers often leave such a text as it is. Only an answer that is nothing but calls of known tools counts.
    """
    if answer.tool_calls:
        return answer
    try:
        written = [each.get("function", each) for each in _objects(_unfenced(answer.text))]
        calls = [
            ToolCall(name=each["name"], args=dict(each.get("arguments") or {}), id=f"text_{new_id()}", type="tool_call")
            for each in written
        ]
    except (ValueError, KeyError, TypeError, AttributeError):  # it is an answer like any other
        return answer
    if not calls or not all(call["name"] in names for call in calls):
        return answer
    return answer.model_copy(update={"content": "", "tool_calls": calls})


def _unfenced(text: str) -> str:
    return text.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()


def _objects(text: str) -> Iterator[Any]:
    """The JSON values that a text is made of, one after the other.

    Raises:
        ValueError: something else is in it.
    """
    while text:
        value, end = json.JSONDecoder().raw_decode(text)
        yield value
        text = text[end:].strip()
