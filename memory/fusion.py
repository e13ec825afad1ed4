"""One order from two: how well a statement's words fit a query, and how like it is by meaning. No I/O.

Each score is brought to 0..1 among the candidates of a search, and their weighted sum is the hit's score. (Sums of
ranks came out worse on every data set measured, see docs/decisions/0010-vectors-in-process.md.)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coterie.memory.ranking import Floats

VECTOR_SHARE = 0.4
"""What the vector part counts of the whole; the text part counts the rest."""


def fused(text: "Floats", cosines: "Floats | None") -> "dict[str, Floats]":
    """The parts of each candidate's score, which is their sum.

    A cosine says little by itself: of some models all lie between 0.7 and 0.9. So the least like of the candidates
    counts nothing, and the most like the whole share. A text score of 0 is known to be nothing.

    Args:
        text: How well the words of each fit; 0 for no word.
        cosines: How like the query each is; NaN for one without a vector. None: only words count.
    """
    import numpy as np

    if cosines is None or np.isnan(cosines).all():
        return {"text": _shares(text, 1.0, 0.0)}
    near = np.nan_to_num(_shares(cosines, VECTOR_SHARE, float(np.nanmin(cosines))))
    return {"text": _shares(text, 1 - VECTOR_SHARE, 0.0), "vector": near}


def _shares(scores: "Floats", share: float, low: float) -> "Floats":
    """The scores from ``low`` (nothing) to the highest (the whole share)."""
    import numpy as np

    span = float(np.nanmax(scores)) - low
    return share * (scores - low) / span if span > 0 else np.where(scores > 0, share, 0.0)
