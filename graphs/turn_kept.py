"""The turn under way in an agent of LangChain's: what its state has of it while other middleware changes messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic_core import to_json

from coterie.graphs.prompts import data_parts
from coterie.graphs.state import Asked, asked_by


class Kept(Asked):
    """What the middleware knows of the turn under way."""

    run_id: str
    turn_id: str
    session_id: str
    recalled: str
    summary: str
    history: list[AnyMessage]
    seen: dict[str, AnyMessage]
    """What was asked, as a model was last shown it: later it may be cut off the conversation."""


def begun(
    messages: Sequence[AnyMessage], user_id: str | None, found: Mapping[str, Any], failed: Kept | None = None
) -> Kept:
    """What is kept of a turn that begins with these messages.

    Args:
        messages: The conversation.
        user_id: Who asks.
        found: What was recalled for the turn.
        failed: What was kept of the turn before, if that did not come to its end.
    """
    asked = asked_by(user_id, list(messages), failed)
    return Kept(
        user_id=user_id,
        run_id=found["run_id"],
        turn_id=found["turn_id"],
        session_id=found["session_id"],
        recalled=found["recalled"],
        summary=found["summary"],
        history=found["history"],
        known=[message.id or "" for message in messages],
        asked=[message.id or "" for message in asked if not _of_middleware(message)],
        seen={},
    )


def shown(kept: Kept, messages: Sequence[AnyMessage]) -> Kept:
    """The same, when a model has been shown these messages."""
    now = {message.id: message for message in messages}
    seen = {id: now[id].model_copy(update={"content": now[id].text}) for id in kept["asked"] if id in now}
    return {**kept, "seen": {**kept["seen"], **seen}}


def said(kept: Kept, state: Mapping[str, Any]) -> list[AnyMessage]:
    """The messages of the turn that is over, as the agent's state leaves them: what was asked, and what was done.

    What was cut off the conversation counts if a model was shown it; where nothing that was asked does, there are no
    messages. What other middleware said in the user's name, a summary for example, does not count.
    """
    messages = answered(state)
    now = {message.id or "": message for message in messages}
    asked = [message for id in kept["asked"] if (message := now.get(id) or kept["seen"].get(id))]
    known = set(kept["known"])
    done = [each for each in messages if each.id not in known and not isinstance(each, HumanMessage)]
    return [*asked, *done] if asked else []


def answered(state: Mapping[str, Any]) -> list[AnyMessage]:
    """The messages. An answer that a tool gave, or a tool call in the form of the answer, is the agent's own."""
    messages: list[AnyMessage] = state["messages"]
    if not messages or not isinstance(messages[-1], ToolMessage):
        return messages
    form, last = state.get("structured_response"), messages[-1]
    return [*messages[:-1], AIMessage(last.text if form is None else to_json(form).decode(), id=last.id)]


def _of_middleware(message: AnyMessage) -> bool:
    """Whether a middleware of LangChain's says so that it wrote the message: a summary, in the user's name."""
    return "lc_source" in message.additional_kwargs


def told(system: SystemMessage | None, kept: Kept) -> SystemMessage | None:
    """The agent's own system message, and after it what is remembered: it changes least often first."""
    parts = "\n\n".join(data_parts(kept))
    if system is None or not parts:
        return SystemMessage(parts) if parts else system
    if isinstance(system.content, str):
        return system.model_copy(update={"content": f"{system.content}\n\n{parts}"})
    return system.model_copy(update={"content": [*system.content, {"type": "text", "text": parts}]})
