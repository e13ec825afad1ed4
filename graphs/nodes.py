"""The nodes that agent and team graphs are made of. `recall_node` and `curator_node` fit into any StateGraph."""

import json
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime, get_runtime
from langgraph.types import Command

from coterie.errors import CoterieError, RunError
from coterie.graphs.confirming import confirmed
from coterie.graphs.events import ToolFinished, ToolStarted
from coterie.graphs.metering import metered
from coterie.graphs.prompts import system_prompt
from coterie.graphs.spec import described, slug
from coterie.graphs.state import GraphState, RunContext, here, tell
from coterie.memory.flow import Flow, adrive, drive
from coterie.memory.ids import new_id

Update = dict[str, Any]


@dataclass(frozen=True)
class Invoke:
    """The effect "invoke this runnable", inside the run that is under way."""

    runnable: Runnable[Any, Any]
    input: Any

    def call(self) -> Any:
        """Invoke it in this thread."""
        return self.runnable.invoke(self.input)

    async def acall(self) -> Any:
        """Await it."""
        return await self.runnable.ainvoke(self.input)


Steps = Callable[[Any, Runtime[RunContext]], Flow[Any]]


class FlowNode(Runnable[Any, Update]):
    """A node for steps that wait for a model: one body, for ``invoke`` and ``ainvoke`` alike.

    LangGraph calls it within the run's config, so the models and graphs that the steps wait for belong to the run. It
    adds no span of its own to a trace, unlike a RunnableLambda, and costs a fifth of it.
    """

    def __init__(self, name: str, steps: Steps) -> None:
        self.name = self.node = name
        self._steps = steps

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Take the steps in this thread."""
        return drive(self._flow(input))

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Take the steps, awaiting the models."""
        return await adrive(self._flow(input))

    def _flow(self, input: Any) -> Flow[Update]:
        runtime = get_runtime(RunContext)
        return metered(self._steps(input, runtime), self.node, runtime)


def ask_model(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Ask the model, with instructions, memories, history and the messages so far."""
    built = here(runtime)
    spec = built.spec
    system = SystemMessage(system_prompt(built, state.get("recalled", ""), state.get("summary", "")))
    try:
        answer = yield Invoke(built.model, [system, *state.get("history", []), *state["messages"]])
    except (GraphBubbleUp, CoterieError):
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {' '.join(str(error).split()).rstrip('.')}"
        raise RunError(f"{spec.name}: its model failed ({described(spec.model)}): {what}.") from error
    answer = with_written_calls(answer, {tool.name for tool in built.tools})
    return {"messages": [answer.model_copy(update={"name": slug(spec.name)})]}


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


def wants_tools(message: AnyMessage) -> bool:
    """Whether the model asked for tools, be it with arguments that cannot be read."""
    return isinstance(message, AIMessage) and bool(message.tool_calls or message.invalid_tool_calls)


def run_tools(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Any]:
    """Run the tools that the model called, in parallel; every call gets its answer.

    A tool that raises, one that does not exist and arguments that are not JSON are answered with the error, which the
    model reads and `ToolFinished` shows.
    """
    built, call = here(runtime), state["messages"][-1]
    name = built.spec.name
    assert isinstance(call, AIMessage)
    decided = confirmed(call, built)  # nothing may come before it: here the node begins again when it is resumed
    call, state = decided.message, {**state, "messages": [*state["messages"][:-1], decided.message]}
    for wanted in call.tool_calls:
        tell(runtime, ToolStarted(name, wanted["name"], wanted["args"], wanted["id"] or ""))
    unreadable = decided.refused + [
        ToolMessage(
            f"The arguments are not valid JSON: {wanted['args']!r}. Call it again with valid ones.",
            tool_call_id=wanted["id"] or "",
            name=wanted["name"],
            status="error",
        )
        for wanted in call.invalid_tool_calls
    ]
    found = (yield Invoke(built.runner, dict(state))) if call.tool_calls else {"messages": []}
    updates = [*(found if isinstance(found, list) else [found]), {"messages": unreadable}]
    for answer in _answers(updates):
        decided.noted(answer)
        tell(runtime, ToolFinished(name, answer.name or "", answer.text, answer.tool_call_id, answer.status == "error"))
    return updates if isinstance(found, list) else {"messages": [*found["messages"], *unreadable]}


def tool_runner(tools: Sequence[BaseTool]) -> ToolNode:
    """What runs the tools that a message calls."""
    return ToolNode(list(tools), handle_tool_errors=_told)


def _told(error: Exception) -> str:
    """A tool's error as the model reads it."""
    return f"{type(error).__name__}: {error}"


def _answers(updates: Sequence[Any]) -> Iterator[ToolMessage]:
    """The tools' answers among what the tools node returned: some tools return LangGraph's ``Command``."""
    for update in updates:
        values = update.update if isinstance(update, Command) else update
        messages = values.get("messages", []) if isinstance(values, dict) else []
        yield from (message for message in messages if isinstance(message, ToolMessage))
