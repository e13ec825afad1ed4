"""What a member is told of the conversation, beside its task: who said what, as messages that any model accepts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from coterie.graphs.prompts import said_block
from coterie.graphs.spec import slug
from coterie.graphs.state import member_work
from coterie.memory.plain import escaped


def conversation(state: Mapping[str, Any], task: str, member: str) -> Iterator[AnyMessage]:
    """What was said in the session and in this run so far, without calls of tools and what they returned.

    What people said is theirs, what the member itself answered before is its own; what others did is fenced data. What
    stands in the task already is left out.

    Args:
        state: a team's, with its ``messages`` and ``history``.
        task: what the member is to do.
        member: its name.
    """
    fenced = escaped(task)
    for message in _said([*state.get("history", []), *state["messages"]]):
        if isinstance(message, HumanMessage):
            if not task.startswith(message.text):
                yield message
        elif not (member_work(message) and escaped(message.text) in fenced):
            name = message.name or "assistant"
            own = name == slug(member)
            yield AIMessage(message.text, name=name) if own else HumanMessage(said_block(name, message.text), name=name)


def _said(messages: Sequence[AnyMessage]) -> Iterator[AnyMessage]:
    """What a person, a leader or a member said."""
    for message in messages:
        spoken = isinstance(message, HumanMessage | AIMessage) or (
            isinstance(message, ToolMessage) and member_work(message) is not None
        )
        if spoken and message.text.strip():
            yield message
