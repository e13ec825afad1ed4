"""Which member of a team learnt what a quote says. A pure function over a turn."""

from collections.abc import Iterable

from coterie.memory.compare import fronts, telling
from coterie.memory.values import Message

_HOLDS_AT = 0.5
"""The share of a quote's telling words that a member's task and answers must hold."""


def learner(quote: str, messages: Iterable[Message]) -> str | None:
    """Return the agent whose tasks and answers hold the words of a quote, more of them than any other's.

    None: the team itself; nobody was told, or several were told the same.
    """
    told = fronts(telling(quote))
    work: dict[str, set[str]] = {}
    for message in messages:
        if message.agent_id is not None:
            work.setdefault(message.agent_id, set()).update(fronts(telling(f"{message.task or ''} {message.content}")))
    shares = sorted(((len(told & held), agent_id) for agent_id, held in work.items()), reverse=True)
    if not told or not shares or shares[0][0] < _HOLDS_AT * len(told):
        return None
    return shares[0][1] if len(shares) == 1 or shares[0][0] > shares[1][0] else None
