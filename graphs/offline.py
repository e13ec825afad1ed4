"""A chat model without a model: no network, no key, the same answer every time.

It answers by quoting what is remembered and what tools and members returned; as a leader it picks members by the words
their roles share with the question. Examples, tests and first steps run on it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

from coterie.graphs.prompts import ANSWER_TAG, MEMORY_TAG
from coterie.memory.words import content_words

NOTICE = (
    "No model is configured: answers only quote what is remembered and what tools return. "
    "Set OPENAI_API_KEY (and OPENAI_BASE_URL for another server), or pass model=."
)
MOST_QUOTES = 3
_TRANSFER = "transfer_to_"
_GO_ON = "go_on"
_SHARE = "share_note"
"""It has nothing to tell others: its answer says all that it found."""


class OfflineModel(BaseChatModel):
    """A deterministic stand-in for a chat model, for when none is configured. It quotes; it does not think."""

    tools: list[dict[str, Any]] = []  # noqa: RUF012  # a pydantic field, copied for each model
    forced: bool = False
    """Whether a tool must be called: how structured output is asked for."""

    @property
    def _llm_type(self) -> str:
        return "offline"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """A copy that knows these tools. With a ``tool_choice`` other than "auto" it calls the first, filled in."""
        functions = [convert_to_openai_tool(tool)["function"] for tool in tools]
        return self.model_copy(update={"tools": functions, "forced": tool_choice not in (None, "auto", "none", False)})

    def answer(self, messages: list[BaseMessage]) -> AIMessage:
        """The whole answer."""
        return reply(messages, self.tools, self.forced)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.answer(messages))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in pieces(self.answer(messages)):
            generation = ChatGenerationChunk(message=chunk)
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=generation)
            yield generation


def pieces(answer: AIMessage) -> Iterator[AIMessageChunk]:
    """An answer as a stream has it: word by word, then the tool calls."""
    for word in re.findall(r"\s*\S+|\s+\Z", answer.text):
        yield AIMessageChunk(content=word)
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=place)
        for place, call in enumerate(answer.tool_calls)
    ]
    yield AIMessageChunk(content="", tool_call_chunks=calls, chunk_position="last")


def reply(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]], forced: bool = False) -> AIMessage:
    """The answer: calls of the tools that fit the question, once; after that, quotes."""
    if messages and (listed := task_results(messages[-1].text)) is not None:
        if left_open(messages) and any(tool["name"] == _GO_ON for tool in tools):
            return AIMessage("", tool_calls=[{"name": _GO_ON, "args": {}, "id": "offline_1", "type": "tool_call"}])
        return AIMessage("\n".join(f"{owner} says: {result}" for owner, result in listed) or "There is nothing yet.")
    asked = max((place for place, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    question, answers = parted(messages[asked].text) if asked >= 0 else ("", [])
    results = [message for message in messages[asked + 1 :] if isinstance(message, ToolMessage)]
    handed = [place for place, result in enumerate(results, start=1) if (result.name or "").startswith(_TRANSFER)]
    if handed and not forced:  # it is this agent's turn now: what comes back from others is not for it, and it stays
        results = results[handed[-1] :]
        tools = [tool for tool in tools if not tool["name"].startswith(_TRANSFER)]
    calls = [] if results else fitting_calls(question, tools)
    if forced:
        parameters = tools[0].get("parameters", {})
        calls = [{"name": tools[0]["name"], "args": filled(parameters, question, parameters.get("$defs", {}))}]
    if calls:
        ids = ({**call, "id": f"offline_{place}", "type": "tool_call"} for place, call in enumerate(calls))
        return AIMessage("", tool_calls=list(ids))
    return AIMessage(quotes(question, remembered(messages), [*answers, *results]))


def parted(text: str) -> tuple[str, list[ToolMessage]]:
    """A question, and members' answers below it, as `coterie.graphs.answers.with_answers` wrote them."""
    question, *rest = re.split(rf"\n\n[^\n]*\n(?=<{ANSWER_TAG} from=)", text)
    blocks = re.findall(rf'^<{ANSWER_TAG} from="(.*?)">\n(.*?)\n</{ANSWER_TAG}>$', "\n".join(rest), flags=re.S | re.M)
    return question, [ToolMessage(said, tool_call_id="", name=member) for member, said in blocks]


def task_results(text: str) -> list[tuple[str, str]] | None:
    """Who found what, in a list of tasks as `coterie.graphs.task_list.as_list` wrote it. None: it is no such list."""
    if "<tasks>\n" not in text:
        return None
    return re.findall(r"^\[\S+\] \w+, (.*?)(?: after [^:]*)?: .*\n<result>\n([\s\S]*?)\n</result>$", text, re.MULTILINE)


def left_open(messages: Sequence[BaseMessage]) -> bool:
    """Whether an earlier run has left tasks open, and this one has called nothing yet."""
    called = any(isinstance(message, ToolMessage) for message in messages)
    return not called and re.search(r"^\[\S+\] open, ", messages[-1].text, re.MULTILINE) is not None


def remembered(messages: Sequence[BaseMessage]) -> list[str]:
    """The memories in the system message, as `coterie.graphs.prompts.memory_block` wrote them."""
    system = "\n".join(message.text for message in messages if isinstance(message, SystemMessage))
    blocks = re.findall(rf"^<{MEMORY_TAG}>\n(.*?)\n</{MEMORY_TAG}>$", system, flags=re.S | re.M)
    return [line.removeprefix("- ") for block in blocks for line in block.splitlines()]


def quotes(question: str, memories: Sequence[str], results: Sequence[ToolMessage]) -> str:
    """What tools and members returned, then the memories that fit the question best; the newest where none does."""
    lines = [f"{result.name or 'tool'} says: {result.text}" for result in results]
    said = "\n".join(lines)
    fitting = best(question, memories) or memories[: -MOST_QUOTES - 1 : -1]
    lines += [f"I remember: {memory}" for memory in fitting if memory not in said]
    if not lines:
        lines = [f"I remember nothing about that. You said: {question}" if question else "I remember nothing yet."]
    return "\n".join(lines)


def best(question: str, memories: Sequence[str]) -> list[str]:
    """The few memories that share the most telling words with the question: a word in many of them tells little."""
    asked = content_words(question)
    shared = [(memory, asked & content_words(memory)) for memory in memories]
    common = Counter(word for _, words in shared for word in words)
    scores = {memory: sum(1 / common[word] for word in words) for memory, words in shared if words}
    return sorted(scores, key=lambda memory: scores[memory], reverse=True)[:MOST_QUOTES]


def fitting_calls(question: str, tools: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Calls of the tools whose name or description shares a word with the question."""
    calls = []
    for tool in (tool for tool in tools if tool["name"] != _SHARE):
        parameters = tool.get("parameters", {})
        properties = parameters.get("properties", {})
        required = parameters.get("required", [])
        takes_text = len(required) == 1 and properties.get(required[0], {}).get("type") == "string"
        if required == ["tasks"]:
            calls += planned(question, tool["name"], properties["tasks"]["items"]["properties"]["owner"])
            continue
        about = f"{re.sub('^(ask|transfer_to)_', '', tool['name'])} {tool.get('description', '')}"
        if (not required or takes_text) and _overlap(question, about):
            calls.append({"name": tool["name"], "args": {required[0]: question} if required else {}})
    return calls


def planned(question: str, name: str, owner: dict[str, Any]) -> list[dict[str, Any]]:
    """A call that adds a task for each member whose role shares a word with the question; no call without any."""
    roles = {each: owner["description"].partition(f"{each}: ")[2].partition(";")[0] for each in owner["enum"]}
    fitting = [each for each, role in roles.items() if _overlap(question, f"{each} {role}")]
    tasks = [{"task": question, "owner": each} for each in fitting]
    return [{"name": name, "args": {"tasks": tasks}}] if tasks else []


def _overlap(question: str, description: str) -> bool:
    return bool(content_words(question) & content_words(description.replace("_", " ")))


def filled(schema: dict[str, Any], text: str, definitions: dict[str, Any]) -> Any:
    """The smallest value that fits a JSON schema, with ``text`` wherever a text is required."""
    if "$ref" in schema:
        return filled(definitions[schema["$ref"].rsplit("/", 1)[-1]], text, definitions)
    if "default" in schema or "const" in schema:
        return schema.get("default", schema.get("const"))
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        empty = any(choice.get("type") == "null" for choice in schema["anyOf"])
        return None if empty else filled(schema["anyOf"][0], text, definitions)
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        return {name: filled(properties[name], text, definitions) for name in schema.get("required", [])}
    if schema.get("type") == "array":
        return [filled(schema["items"], text, definitions) for _ in range(schema.get("minItems", 0))]
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    return {"string": text, "boolean": False, "integer": least, "number": least}.get(schema.get("type", ""))
