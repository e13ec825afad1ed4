"""Functions for a model that cannot call any: it is asked for JSON that says what to call, and with what.

Where the model takes a schema it is held to one; otherwise it is asked in plain words. Its answer becomes an ordinary
message with tool calls, so that nothing else in a graph is different. Calls and results of before reach it as text.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.runnables.config import merge_configs
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.constants import TAG_NOSTREAM
from pydantic import BaseModel, ValidationError

from coterie.graphs.nodes import Invoke
from coterie.memory.asking import held_to, objects_in, refuses_schemas
from coterie.memory.flow import Flow, adrive, drive
from coterie.memory.ids import new_id
from coterie.memory.plain import escaped

MOST_CALLS = 8
"""How many functions may be called in one answer: a small model that is held to a schema may not find an end."""


class Called(BaseModel):
    """One call, as the model writes it."""

    name: str
    arguments: dict[str, Any] = {}


class Reply(BaseModel):
    """What the model is to write."""

    calls: list[Called] = []
    answer: str | None = None


class Delegating(Runnable[Any, AIMessage]):
    """A chat model, with tools that it calls by writing JSON."""

    def __init__(self, model: BaseChatModel, tools: Sequence[BaseTool]) -> None:
        self._model = model
        self._functions = [convert_to_openai_tool(tool)["function"] for tool in tools]
        self._schema = reply_schema(self._functions)

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Ask the model in this thread."""
        return drive(self._asking(input, config))

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """Await the model."""
        return await adrive(self._asking(input, config))

    def _asking(self, messages: Sequence[BaseMessage], config: RunnableConfig | None) -> Flow[AIMessage]:
        """Ask once; a model or server that refuses schemas, a second time, in plain words."""
        quiet = merge_configs(config, {"tags": [TAG_NOSTREAM]})  # nobody wants to read the JSON word by word
        prompt = [*_instructed(in_words(messages), instructions(self._functions))]
        held = held_to(self._model, self._schema)
        if held is not None:
            try:
                found = yield Invoke(held.with_config(quiet), prompt)
                return read(found["raw"] if isinstance(found, Mapping) else found)
            except Exception as error:
                if not refuses_schemas(error):
                    raise
        return read((yield Invoke(self._model.with_config(quiet), prompt)))


def asked_models(
    model: BaseChatModel, tools: Sequence[BaseTool], structured: bool = False
) -> tuple[Runnable[Any, Any], Runnable[Any, Any]]:
    """A model as a graph asks it: with the tools, and without any, for when it is to call nothing more.

    ``structured``: tools are called through JSON though the model has a way of its own.
    """
    wordy = RunnableLambda(in_words) | model
    if structured or type(model).bind_tools is BaseChatModel.bind_tools:
        return (Delegating(model, tools) if tools else wordy), wordy
    try:
        return (model.bind_tools(tools) if tools else model), model
    except NotImplementedError:
        return Delegating(model, tools), wordy


def reply_schema(functions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The JSON Schema of an answer: calls of these functions, with their arguments, or a text."""
    calls = [
        {
            "type": "object",
            "properties": {"name": {"type": "string", "enum": [function["name"]]}, "arguments": _arguments(function)},
            "required": ["name", "arguments"],
        }
        for function in functions
    ]
    items = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return {
        "title": "Reply",
        "description": "The functions to call now, or the answer.",
        "type": "object",
        "properties": {
            "calls": {"type": "array", "items": items, "maxItems": MOST_CALLS},
            "answer": {"type": "string"},
        },
        "required": ["calls", "answer"],
    }


def _arguments(function: Mapping[str, Any]) -> Any:
    """The schema of a function's arguments; any object where it refers to parts of itself, which do not move along."""
    found = function.get("parameters") or {"type": "object"}
    return {"type": "object"} if "$defs" in found else found


def instructions(functions: Sequence[Mapping[str, Any]]) -> str:
    """How the model is told to call functions."""
    listed = "\n".join(
        f"- {each['name']}: {each.get('description', '')} Arguments: {json.dumps(each.get('parameters', {}))}"
        for each in functions
    )
    return (
        "Answer with one JSON object and nothing else. To call functions, several at once where none needs another's "
        'result: {"calls": [{"name": "...", "arguments": {...}}], "answer": ""}. You are told their results then. To '
        f'answer the user: {{"calls": [], "answer": "..."}}. The functions:\n{listed}'
    )


def _instructed(messages: Sequence[BaseMessage], text: str) -> Iterator[BaseMessage]:
    """The messages, with a text at the end of the system message."""
    first, rest = (messages[0], messages[1:]) if messages else (None, [])
    if isinstance(first, SystemMessage):
        yield SystemMessage(f"{first.text}\n\n{text}")
        yield from rest
    else:
        yield SystemMessage(text)
        yield from messages


def in_words(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The messages for a model that knows no calls: what was called as JSON, what came back as something it is told.

    No two of the same side follow each other where that can be helped: many small models' servers refuse it.
    """
    worded = list[BaseMessage]()
    for message in messages:
        each = _in_words(message)
        last = worded[-1] if worded else None
        if isinstance(each, HumanMessage) and isinstance(last, HumanMessage) and _texts(each, last):
            worded[-1] = HumanMessage(f"{last.text}\n\n{each.text}")
        else:
            worded.append(each)
    return worded


def _texts(*messages: BaseMessage) -> bool:
    return all(isinstance(message.content, str) for message in messages)


def _in_words(message: BaseMessage) -> BaseMessage:
    if isinstance(message, ToolMessage):
        return HumanMessage(f'<result function="{message.name}">\n{escaped(message.text)}\n</result>')
    if isinstance(message, AIMessage) and (message.tool_calls or message.invalid_tool_calls):
        calls = [{"name": call["name"], "arguments": call["args"]} for call in message.tool_calls]
        return AIMessage(json.dumps({"calls": calls, "answer": message.text}, ensure_ascii=False), name=message.name)
    return message


def read(raw: AIMessage) -> AIMessage:
    """What the model wrote, as a message with tool calls, or an answer. A text that is no such JSON is an answer."""
    written = [call["args"] for call in raw.tool_calls] or objects_in(raw.text)
    reply = next((reply for each in written if (reply := _reply(each)) is not None), None)
    if reply is None:
        return raw
    return AIMessage(
        "" if reply.calls else reply.answer or "",  # beside calls, a small model makes up what they will return
        tool_calls=[_tool_call(call) for call in reply.calls],
        id=raw.id,
        usage_metadata=raw.usage_metadata,
        response_metadata=raw.response_metadata,
    )


def _reply(written: Any) -> Reply | None:
    """A JSON value as a reply. None: it is something else."""
    if not isinstance(written, dict) or not written.keys() & Reply.model_fields.keys():
        return None
    try:
        return Reply.model_validate(written)
    except ValidationError:
        return None


def _tool_call(call: Called) -> ToolCall:
    return ToolCall(name=call.name, args=call.arguments, id=f"text_{new_id()}", type="tool_call")
