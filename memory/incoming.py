"""What is given to a `MemoryManager` directly, not said in a run: made into a turn."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from coterie.errors import InputError
from coterie.memory.asking import text_of
from coterie.memory.ids import new_id
from coterie.memory.inputs import checked_text, key
from coterie.memory.values import Message, Turn

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    AnyMessage = str | Message | Mapping[str, Any] | BaseMessage

DIRECT_SESSION = "memories"
"""The session of the turns that were given to ``MemoryManager.create_user_memories``."""

_ROLES: dict[str, Literal["user", "assistant", "tool", "system"]] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "tool": "tool",
    "system": "system",
    "developer": "system",
}


def turn_of(
    message: str | None,
    messages: "Sequence[AnyMessage] | None",
    user_id: str | None,
    agent_id: str | None,
    team_id: str | None,
) -> Turn:
    """Return the turn that a message, or several, make up.

    Raises:
        InputError: no user id; nothing was said; text that no database can keep; an unknown role.
    """
    owner = key("user_id", user_id)
    if (message is None) == (messages is None):
        raise InputError("Give either message= or messages=: what was said.")
    said = tuple(_message(one) for one in ([message] if message is not None else messages or []) if one is not None)
    if not any(one.content.strip() for one in said):
        raise InputError(
            f"The message {message!r} is empty: say something." if messages is None else "Nothing was said."
        )
    turn_id = new_id()
    return Turn(turn_id, DIRECT_SESSION, turn_id, said, datetime.now(UTC), owner, team_id, agent_id)


def _message(one: "AnyMessage") -> Message:
    if isinstance(one, str):
        return Message("user", checked_text("message", one))
    if isinstance(one, Mapping):
        role, content, name = one.get("role", "user"), one.get("content"), one.get("name")
    elif isinstance(one, Message):
        role, content, name = one.role, one.content, one.name
    elif hasattr(one, "content"):
        role, content, name = one.type, text_of(one), one.name
    else:
        raise InputError(f"The message {one!r} is not one: give a text, a Message, or a mapping with role and content.")
    if role not in _ROLES:
        raise InputError(f"The message's role is {role!r}: give one of {', '.join(_ROLES)}.")
    return Message(_ROLES[role], checked_text("message", content or ""), name)
