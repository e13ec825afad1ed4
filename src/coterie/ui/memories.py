"""What is remembered of a user: listed, searched, looked back on."""

from collections.abc import Iterable
from typing import Any

from coterie.memory.db import Db
from coterie.memory.edits import Difference, KeptProposal, Revision
from coterie.memory.values import Filters, UserMemory
from coterie.ui.asking import Listing, OfMemory, Queue, Span

Found = dict[str, Any]
"""A memory, or one with the score of a search and the parts that it is made of."""


def listed(db: Db, asked: Listing) -> dict[str, Any]:
    """The memories that are meant, the best for the query or else the newest first, and whether there are more.

    ``count`` is how many the user has now, ``since`` when the oldest of them was made; None: there is none.
    """
    found = _found(db, asked)
    oldest = db.oldest(asked.scope, 1)
    return {
        "memories": found[: asked.limit],
        "more": len(found) > asked.limit,
        "count": db.count(asked.scope),
        "since": oldest[0].created_at if oldest else None,
    }


def _found(db: Db, asked: Listing) -> list[Found]:
    """One more than the limit, if there are more."""
    filters = Filters(topics=asked.topics, agent_id=asked.agent, team_id=asked.team, true_at=asked.at)
    if asked.query.strip():
        hits = db.search(asked.scope, asked.query, asked.limit + 1, filters)
        return [{"memory": hit.memory, "score": hit.score, "parts": hit.parts} for hit in hits]
    if asked.at is None:
        return _plain(db.newest(asked.scope, asked.limit + 1, filters))
    return _plain(memory for memory in db.as_of(asked.scope, asked.at) if _meant(memory, asked))


def _plain(memories: Iterable[UserMemory]) -> list[Found]:
    return [{"memory": memory} for memory in memories]


def _meant(memory: UserMemory, asked: Listing) -> bool:
    """What `Filters` says, of a memory as it was."""
    return (
        (not asked.topics or bool({*asked.topics} & {*memory.topics}))
        and asked.agent in (None, memory.agent_id)
        and asked.team in (None, memory.team_id)
    )


def history(db: Db, asked: OfMemory) -> list[Revision]:
    """Every change to one memory, the oldest first."""
    return db.history(asked.scope, asked.memory_id)


def difference(db: Db, asked: Span) -> Difference:
    """How what was believed at one time differs from another."""
    return db.diff(asked.scope, asked.start, asked.end)


def proposals(db: Db, asked: Queue) -> list[KeptProposal]:
    """What was proposed and not simply applied, the newest first."""
    return db.proposals(asked.user, asked.status, asked.limit)
