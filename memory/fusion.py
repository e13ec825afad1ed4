"""One order from two: how well a statement's words fit a query, and how like it is by meaning. No I/O.

Each score is brought to 0..1 among the candidates of a search, and their weighted sum is the hit's score. (Sums of
ranks came out worse on every data set measured, see docs/decisions/0010-vectors-in-process.md.)
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

K = TypeVar("K")

VECTOR_SHARE = 0.4
"""What the vector part counts of the whole; the text part counts the rest."""


class Fused(NamedTuple):
    """A candidate's score, and its parts, which add up to it."""

    score: float
    parts: Mapping[str, float]


def fused(text: Mapping[K, float], cosines: Mapping[K, float]) -> dict[K, Fused]:
    """Every candidate of either kind with its score, in no order.

    A cosine says little by itself: of some models all lie between 0.7 and 0.9. So the least like of the candidates
    counts nothing, and the most like the whole share. A text score of 0 is known to be nothing.

    Args:
        text: How well the words fit; 0 for no word.
        cosines: How like the query they are, of all candidates that have a vector. Empty: only words count.
    """
    if not cosines:
        return {key: Fused(score, {"text": score}) for key, score in _shares(text, 1.0, 0.0).items()}
    words = _shares(text, 1 - VECTOR_SHARE, 0.0)
    meaning = _shares(cosines, VECTOR_SHARE, min(cosines.values()))
    parts = {key: {"text": words.get(key, 0.0), "vector": meaning.get(key, 0.0)} for key in [*text, *cosines]}
    return {key: Fused(sum(each.values()), each) for key, each in parts.items()}


def _shares(scores: Mapping[K, float], share: float, low: float) -> dict[K, float]:
    """The scores from ``low`` (nothing) to the highest (the whole share)."""
    span = max(scores.values(), default=low) - low
    if span > 0:
        return {key: share * (score - low) / span for key, score in scores.items()}
    return {key: share if score > 0 else 0.0 for key, score in scores.items()}
