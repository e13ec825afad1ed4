"""What a run waits for: a person's word on a tool call, or the answer to a question that a tool asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coterie.errors import InputError


@dataclass(frozen=True)
class Confirmation:
    """A call of one of the ``confirm_tools``: it is made when somebody allows it."""

    id: str
    """Names it in ``resume``. So does `call_id`, where nothing else that waits has the same."""
    agent: str
    """Whose model asked for it."""
    path: str
    """Where that one stands: ``desk/scout`` is the member scout of the team desk."""
    tool: str
    arguments: Mapping[str, Any]
    call_id: str
    """The model's own name for the call."""


@dataclass(frozen=True)
class Question:
    """What a tool or a node asked by LangGraph's ``interrupt(value)``: it goes on with the answer."""

    id: str
    """Names it in ``resume``."""
    value: Any


Waiting = Confirmation | Question


@dataclass(frozen=True)
class Decision:
    """What somebody says to a tool call that waits. ``True`` is short for ``Decision(True)``, ``False`` for a no.

    Raises:
        InputError: arguments for a call that is not to be made.
    """

    allow: bool
    reason: str = ""
    """Why not: the model reads it."""
    arguments: Mapping[str, Any] | None = None
    """Call it with these instead, and tell the model so. None: as the model asked."""

    def __post_init__(self) -> None:
        if self.arguments is not None and not self.allow:
            raise InputError(f"arguments={self.arguments!r} are of no use to a call that is not made: allow it.")
