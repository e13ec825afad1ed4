"""What looking for something brought: what was found, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from coterie.memory.values import Turn, UserMemory


@dataclass(frozen=True)
class Hit:
    """A memory that a search found.

    ``score`` is higher for better; ``parts`` says what it is made of: ``text`` from its words, ``vector`` from its
    meaning, if the store has an embedding model. The parts add up to the score. Scores of two searches do not compare.
    """

    memory: UserMemory
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TurnHit:
    """A turn that a search found. ``score`` is higher for better; ``parts`` says what it is made of."""

    turn: Turn
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recalled:
    """A memory that was put into a prompt, and why: ``score`` and ``parts`` as those of a `Hit`.

    Without a score it was not looked for: everything was taken, or there was room for it because it is new.
    """

    memory: UserMemory
    score: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recall:
    """What fits into a prompt: memories in a stable order (oldest first), and how many tokens they are estimated at."""

    memories: tuple[UserMemory, ...]
    tokens: int
    complete: bool
    """Whether this is everything the scope may read."""
    best: tuple[Hit, ...] = ()
    """Those of the memories that are there because they fit the query, best first. Of everything nothing is chosen."""

    @property
    def hits(self) -> tuple[Recalled, ...]:
        """Each of the memories, in the same order, and why it is there. Made when it is asked for."""
        chosen = {hit.memory.memory_id: Recalled(hit.memory, hit.score, hit.parts) for hit in self.best}
        return tuple(chosen.get(memory.memory_id) or Recalled(memory) for memory in self.memories)
