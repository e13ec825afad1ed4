"""Curators that are scripted, and turns for them, each a minute after the one before."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from coterie import UserMemory
from coterie.memory.evidence import Proposal
from coterie.memory.flow import Flow
from coterie.memory.values import Message, Turn

START = datetime(2026, 1, 1, tzinfo=UTC)


def tea_turn(number: int, user_id: str = "ana") -> Turn:
    """Somebody says for the so many-th time what they like."""
    said = (Message("user", f"I like tea {number}"),)
    at = START + timedelta(minutes=number)
    return Turn(f"turn-{number}", "s", "run", said, at, user_id, None, "scout")


class ScriptedCurator:
    """Does something, and then keeps what was said."""

    def __init__(self, act: Callable[[Turn], object] = lambda turn: None) -> None:
        self.act = act

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        """Propose the first thing that was said."""
        yield from ()
        self.act(turn)
        return [Proposal("add", turn.messages[0].content)]


class ConfusedCurator:
    """Proposes what is no proposal."""

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        """Propose a text."""
        yield from ()
        return ["I like tea"]  # type: ignore[list-item]
