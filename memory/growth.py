"""When a user's memory has grown so large that it should be put into fewer words by itself."""

from collections import OrderedDict

from coterie.memory.db import Db
from coterie.memory.reading import line_tokens
from coterie.memory.values import Scope

GROWTH = 1.1
"""How much it must have grown since the last time, whatever came of that, before it is tried again."""
_USERS = 10_000
"""Of how many users that is remembered, in this process."""


class Growth:
    """Watches how large memories are. Sizes are estimated tokens, as `Db.recall` counts them.

    Args:
        above: the size above which a memory is too large.
    """

    def __init__(self, above: int) -> None:
        self.above = above
        self._last: OrderedDict[str, float] = OrderedDict()

    def is_due(self, db: Db, user_id: str) -> bool:
        """Whether it is too large, and has grown since the last time. Reads no more than that much of it."""
        enough = max(self.above, int(self._last.get(user_id, 0) * GROWTH))
        return not db.recall(Scope(user_id, as_owner=True), "", token_budget=enough).complete

    def tried(self, db: Db, user_id: str) -> None:
        """Remember how large it is, now that it was tried to make it smaller."""
        self._last[user_id] = sum(map(line_tokens, db.newest(Scope(user_id, as_owner=True), None)))
        self._last.move_to_end(user_id)
        while len(self._last) > _USERS:
            self._last.popitem(last=False)
