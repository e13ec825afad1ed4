"""Hooks: functions that look at what is said to an agent or a team, and at what it answers.

Each has one form, ``hook(text, context) -> str | None``: a text takes the place of the one that it was given, None
leaves it. An ``async def`` hook is awaited; in a synchronous run it has an event loop of its own.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, convert_to_messages
from langgraph.runtime import Runtime

from coterie.errors import ConfigurationError
from coterie.graphs.functions import function_name
from coterie.graphs.nodes import failure
from coterie.graphs.spec import Built
from coterie.graphs.state import GraphState, RunContext, asking, here, this_turn
from coterie.memory.asking import parsed_text
from coterie.memory.flow import Call, Flow

TextHook = Callable[[str, RunContext], str | Awaitable[str | None] | None]


def heard(input: Any, built: Built, context: RunContext) -> Flow[Any]:
    """The input of a run, with what the user says in it as the pre_hooks leave it.

    They see each thing that is said in this turn. A run that is resumed says nothing new. A nested graph, a member's
    say, hears in a step of its own: it is given its input again when it goes on.

    Raises:
        Exception: what a hook raised, as it is: it refuses the run.
    """
    if not built.spec.conduct.pre_hooks or not isinstance(input, Mapping) or not input.get("messages"):
        return input
    given = input["messages"]
    messages: list[Any] = convert_to_messages(given if isinstance(given, list | tuple) else [given])
    for message in this_turn(messages):
        if isinstance(message, HumanMessage):
            text = yield from _changed(built.spec.conduct.pre_hooks, message.text, context, "pre_hooks")
            place = next(place for place, each in enumerate(messages) if each is message)
            messages[place] = _saying(message, text)
    return {**input, "messages": messages}


def answered(state: GraphState, runtime: Runtime[RunContext]) -> Flow[list[AnyMessage]]:
    """The answer as the post_hooks leave it: a message in place of the last one; none if they leave it as it is.

    Raises:
        Exception: what a hook raised, as it is.
        RunError: the new answer is not in the form of ``output_schema``.
    """
    built = here(runtime)
    conduct, last = built.spec.conduct, state["messages"][-1]
    if not conduct.post_hooks or not isinstance(last, AIMessage):
        return []
    text = yield from _changed(conduct.post_hooks, last.text, asking(runtime), "post_hooks")
    if text == last.text:
        return []
    if conduct.output_schema is not None and parsed_text(text, conduct.output_schema) is None:
        form = conduct.output_schema.__name__
        raise failure(runtime, f"its post_hooks made an answer that is not in the form of {form}: {text!r}.")
    return [_saying(last, text)]


def _changed(hooks: Sequence[Callable[..., Any]], text: str, context: RunContext, setting: str) -> Flow[str]:
    for hook in hooks:
        found = yield Call(hook, (text, context))
        if found is None:
            continue
        if not isinstance(found, str):
            raise ConfigurationError(
                f"{function_name(hook)}, one of {setting}, returned {found!r}: return a text, or None."
            )
        text = found
    return text


def _saying(message: Any, text: str) -> Any:
    """The message with another text. What is no text in it, an image say, stays."""
    if text == message.text:
        return message
    if isinstance(message.content, str):
        return message.model_copy(update={"content": text})
    others = [block for block in message.content if isinstance(block, dict) and block.get("type") != "text"]
    return message.model_copy(update={"content": [{"type": "text", "text": text}, *others]})
