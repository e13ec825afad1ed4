"""When a user's memory has grown so large that it should be put into fewer words by itself."""

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from coterie.errors import CoterieError
from coterie.memory.db import Db
from coterie.memory.flow import Flow
from coterie.memory.models import curating_model
from coterie.memory.optimizing import optimize
from coterie.memory.reading import line_tokens
from coterie.memory.report import CurationReport
from coterie.memory.summarizing import Summarize
from coterie.memory.values import Scope

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

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

    def kept_small(
        self, db: Db, user_id: str, report: CurationReport, model: "BaseChatModel | str | None"
    ) -> Flow[CurationReport]:
        """Optimise what has grown too large, and return the report with what came of it.

        The turn is curated, whatever that is.
        """
        optimized = failed = None
        try:
            if not self.is_due(db, user_id):
                return report
            try:
                optimized = yield from optimize(db, user_id, Summarize(), curating_model(model), apply=True)
            except CoterieError as error:
                failed = error
            self.tried(db, user_id)
        except CoterieError as error:
            failed = error
        return replace(report, optimized=optimized, optimizing_error=failed)
