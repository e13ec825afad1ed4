"""One order from two: how well a statement's words fit a query, and how like it is by meaning. No I/O.

Each score is brought to 0..1 among the candidates of a search, and their weighted sum is the hit's score. (Sums of
ranks came out worse on every data set measured; see docs/decisions.)
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

K = TypeVar("K")

VECTOR_SHARE = 0.4
"""What the vector part counts of the whole; the text part counts the rest."""


class Ranked(NamedTuple):
    """A candidate's score, and its parts, which add up to it."""

    score: float
    parts: Mapping[str, float]


def fused(text: Mapping[K, float], cosines: Mapping[K, float]) -> dict[K, Ranked]:
    """Every candidate of either kind with its score, in no order.

    Args:
        text: How well the words fit, of those that hold any of the query's words; the database's own score.
        cosines: How like the query they are, of all candidates that have a vector.
    """
    words, meaning = _shares(text, 1 - VECTOR_SHARE, 0.0), _shares(cosines, VECTOR_SHARE, _lowest(cosines.values()))
    parts = {key: {"text": words.get(key, 0.0), "vector": meaning.get(key, 0.0)} for key in [*text, *cosines]}
    return {key: Ranked(sum(each.values()), each) for key, each in parts.items()}


def _lowest(scores: Iterable[float]) -> float:
    return min(scores, default=0.0)


def _shares(scores: Mapping[K, float], share: float, low: float) -> dict[K, float]:
    """The scores from ``low`` (nothing) to the highest (the whole share)."""
    span = max(scores.values(), default=low) - low
    if span <= 0:
        return dict.fromkeys(scores, share)
    return {key: share * (score - low) / span for key, score in scores.items()}
