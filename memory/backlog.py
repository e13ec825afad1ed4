"""What is owed: how many turns are still to be curated."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Backlog:
    """How many turns are owed their curation, and how they stand."""

    due: int
    """May be taken up now."""
    waiting: int
    """Failed, and wait to be tried again."""
    in_work: int
    """Under a lease: somebody is at it."""
    failed: int
    """Of all these, the ones that failed before."""
    dead: int
    """Given up on, and owed no more."""
    oldest: datetime | None
    """When the first of those that are owed was said."""

    @property
    def owed(self) -> int:
        """All that are still to be curated."""
        return self.due + self.waiting + self.in_work
