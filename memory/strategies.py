"""Ways to put what is remembered about a user into fewer words."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from coterie.errors import InputError
from coterie.memory.deduplicating import Deduplicate
from coterie.memory.flow import Flow
from coterie.memory.summarizing import Summarize
from coterie.memory.values import UserMemory

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Strategy(Protocol):
    """Rewrites memories. What it returns takes the place of all it was given, if it is fewer tokens; it never writes.

    A memory whose words are returned stays as it is.
    """

    def rewrite(self, memories: Sequence[UserMemory], model: "BaseChatModel | None") -> Flow[list[str]]:
        """Return the statements that say the same in fewer words.

        Args:
            memories: what one user's readers of one kind can read now, oldest first; at least two.
            model: None if there is none.

        Raises:
            CurationError: there is no usable answer.
        """


class MemoryOptimizationStrategyType(StrEnum):
    """The strategies that come with coterie, by name."""

    SUMMARIZE = "summarize"
    """One statement, or few, in place of many."""
    DEDUPLICATE = "deduplicate"
    """One statement in place of those that say the same."""

    @property
    def strategy(self) -> Strategy:
        """The strategy of this name."""
        strategies: dict[str, type[Strategy]] = {"summarize": Summarize, "deduplicate": Deduplicate}
        return strategies[self]()


def named(strategy: Strategy | str) -> Strategy:
    """The strategy of this name; one of your own is returned as it is.

    Raises:
        InputError: there is none of this name, or it cannot rewrite.
    """
    names = [one.value for one in MemoryOptimizationStrategyType]
    if isinstance(strategy, str) and strategy in names:
        return MemoryOptimizationStrategyType(strategy).strategy
    if isinstance(strategy, str | type) or not hasattr(strategy, "rewrite"):
        raise InputError(
            f"strategy is {strategy!r}: give {' or '.join(map(repr, names))}, or an object with rewrite()."
        )
    return strategy
