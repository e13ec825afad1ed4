"""Which of the candidates is the best for a query: the words they share, what stands around them, their vectors.

Pure functions. The databases deliver candidates in an order of their own; the same documents get the same scores
whichever did. Every figure was chosen by measuring on LoCoMo conversations (benchmarks/retrieval.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Lend = Callable[[Floats], Floats]

SATURATION = 1.2
"""BM25's k1: how soon a word's further occurrences add little."""
LENGTH_DISCOUNT = 0.25
"""BM25's b: how much a document's length discounts its words."""
SIDE_WEIGHT = 0.3
"""What a word beside the text (in a memory's topics, in the reply to what was said) counts."""
NEAR = {1: 0.5, 2: 0.25}
"""The share of its words that a turn lends to the turns so many places away in its session."""
ANSWER, ASKED = 0.75, 0.25
"""In place of NEAR[1]: what a question lends to the turn after it, and a turn to the question before it."""
ASKS = 0.9
"""A turn that only asks holds no answer."""
NAMED = 1.2
"""A turn whose speaker the query names, when it does not name all."""
VECTOR_SHARE = 0.3
LONGEST = 2**40
"""More turns than a session has."""
FEW = 50
"""Among fewer candidates with vectors, none is ordinary because many are like it."""


class Document(NamedTuple):
    """What ranking sees of a turn. Any tuple of these will do."""

    session: str = ""
    place: int = 0
    """The how-manieth it is in its session, from 1."""
    asks: bool = False
    told: int = 0
    """How many words it has that say something. 0: it does not count."""
    speaker: str = ""
    words: str = ""
    """As `coterie.memory.query.index_words` makes them. None are needed of what only stands beside a candidate."""
    side: str = ""


class Ranked(NamedTuple):
    """A document's score: the sum of ``words`` and ``vector``, times the other parts."""

    number: int
    """Which of the documents it is, from 0."""
    score: float
    parts: Mapping[str, float]


def rank(
    terms: Sequence[str],
    query_words: Iterable[str],
    documents: Sequence[tuple[str, int, bool, int, str, str, str]],
    total: int,
    limit: int,
    cosines: "Floats | None" = None,
) -> list[Ranked]:
    """Score turns, and return the best, best first.

    Args:
        terms: The query's words, as the documents' words are.
        query_words: All of them, as the speakers' names are.
        documents: The candidates, and the turns around them: each a `Document`.
        total: How many documents there are in all, about.
        limit: How many to return at most.
        cosines: Of each document, with the query's vector; NaN for one without. None: by words alone.
    """
    import numpy as np

    if not documents:
        return []
    sessions, places, asks, told, speakers, said, beside = zip(*documents, strict=True)
    asking = np.array(asks, dtype=bool)
    lend = _lending(sessions, places, asking)
    sums = {"words": _relative(matches(terms, said, beside, total, lend))}
    if cosines is not None and not np.isnan(cosines).all():
        near = _relative(lend(np.nan_to_num(cosines - _ordinary(cosines))))
        sums = {"words": (1 - VECTOR_SHARE) * sums["words"], "vector": VECTOR_SHARE * near}
    counted = np.array(told, dtype=float)
    factors = {
        "asks": np.where(asking, ASKS, 1.0),
        "length": np.where(counted > 0, counted / (counted + 1), 1.0),
        "named": _named(speakers, set(query_words)),
    }
    scores = np.sum([*sums.values()], axis=0) * np.prod([*factors.values()], axis=0)
    best = np.argsort(-scores, kind="stable")[:limit]
    best = best[scores[best] > 0]
    parts = {name: values[best].tolist() for name, values in {**sums, **factors}.items()}
    return [
        Ranked(number, score, {name: part for name, part in zip(parts, each, strict=True) if name in sums or part != 1})
        for number, score, *each in zip(best.tolist(), scores[best].tolist(), *parts.values(), strict=True)
    ]


def _ordinary(cosines: "Floats") -> float:
    """What says nothing: the cosine of an ordinary candidate. For each lacking to `FEW`, one that is like nothing."""
    import numpy as np

    known = cosines[~np.isnan(cosines)]
    return float(np.median(np.append(known, np.zeros(max(FEW - len(known), 0)))))


def _relative(scores: "Floats") -> "Floats":
    """The scores as shares of the highest; none below 0."""
    best = scores.max(initial=0.0)
    return scores.clip(0.0) / (best if best > 0 else 1.0)


def _lending(sessions: Sequence[str], places: Sequence[int], asks: "NDArray[np.bool_]") -> "Lend":
    """What adds to each turn's values, or rows of them, a share of those of the turns around it."""
    import numpy as np

    numbers = {session: number for number, session in enumerate(dict.fromkeys(sessions))}
    at = np.array([numbers[session] for session in sessions], dtype=np.int64) * LONGEST + np.array(places)
    order = np.argsort(at)
    in_order = at[order]
    pairs = []
    for distance in (-2, -1, 1, 2):
        first = np.searchsorted(in_order, at + distance).clip(max=len(at) - 1)
        there = in_order[first] == at + distance
        lenders = order[first]
        share = np.where(there, NEAR[abs(distance)], 0.0)
        if distance == -1:
            share[there & asks[lenders]] = ANSWER
        elif distance == 1:
            share[there & asks] = ASKED
        pairs.append((lenders, share))

    def lend(values: "Floats") -> "Floats":
        lent = values.copy()
        for lenders, share in pairs:
            lent += share * values[..., lenders]
        return lent

    return lend


def matches(
    terms: Sequence[str], said: Sequence[str], beside: Sequence[str], total: int, lend: "Lend | None" = None
) -> "Floats":
    """BM25 over each document's words and those lent to it, which saturate together.

    Args:
        terms: The query's words.
        said: Each document's words.
        beside: The words beside each, which count less.
        total: How many documents there are in all, about.
        lend: What adds to the documents' values a share of others'.
    """
    import numpy as np

    sizes = np.array([words.count(" ") + 1.0 if words else 0.0 for words in said])
    discounts = 1 - LENGTH_DISCOUNT + LENGTH_DISCOUNT * sizes / max(sizes.sum() / max(np.count_nonzero(sizes), 1), 1.0)
    counts = _counts(terms, [*said, *beside])
    counts = counts[:, : len(said)] + SIDE_WEIGHT * counts[:, len(said) :]
    found = np.count_nonzero(counts, axis=1)
    rarity = np.log(1 + (np.maximum(total, found) - found + 0.5) / (found + 0.5))
    lent = counts / discounts if lend is None else lend(counts / discounts)
    matched: Floats = (rarity[:, np.newaxis] * lent * (SATURATION + 1) / (lent + SATURATION)).sum(axis=0)
    return matched


def _counts(words: Sequence[str], texts: Sequence[str]) -> "Floats":
    """How often each word is in each text: a row a word. The texts are gone through as one, not each for each word."""
    import numpy as np

    whole = f" {'  '.join(texts)} "
    ends = np.cumsum([len(text) + 2 for text in texts])
    found, places = [], []
    for number, word in enumerate(words):
        padded = f" {word} "
        place = whole.find(padded)
        while place >= 0:
            found.append(number)
            places.append(place)
            place = whole.find(padded, place + len(padded))
    counts = np.zeros((len(words), len(texts)))
    np.add.at(counts, (np.array(found, dtype=int), np.searchsorted(ends, places, "right")), 1)
    return counts


def _named(speakers: Sequence[str], asked: set[str]) -> "Floats":
    import numpy as np

    every = {*speakers} - {""}
    named = {speaker for speaker in every if asked.intersection(speaker.split())}
    if named == every:
        named = set()
    return np.array([NAMED if speaker in named else 1.0 for speaker in speakers])
