"""Which of the candidates is the best for a query: the words they share, what stands around them, their vectors.

Pure functions. The databases deliver candidates in an order of their own; the same documents get the same scores
whichever did. Every figure was chosen by measuring on LoCoMo conversations (benchmarks/retrieval.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

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
FEW = 50
"""Among fewer candidates with vectors, none is ordinary because many are like it."""


class Document(NamedTuple):
    """What ranking sees of a memory or a turn."""

    key: str
    session: str = ""
    place: int = 0
    """Of a turn: the how-manieth it is in its session. Memories have no neighbours."""
    asks: bool = False
    told: int = 0
    """Of a turn: how many words it has that say something. 0: it does not count."""
    speaker: str = ""
    words: str = ""
    """As `coterie.memory.query.index_words` makes them. None are needed of what only stands beside a candidate."""
    side: str = ""


class Ranked(NamedTuple):
    """A document's score: the sum of ``words`` and ``vector``, times the other parts."""

    key: str
    score: float
    parts: Mapping[str, float]


def rank(
    terms: Sequence[str],
    query_words: Iterable[str],
    documents: Sequence[Document],
    total: int,
    limit: int,
    cosines: Mapping[str, float] | None = None,
) -> list[Ranked]:
    """Score the documents, and return the best, best first.

    Args:
        terms: The query's words, as the documents' words are.
        query_words: All of them, as the speakers' names are.
        documents: The candidates, and the turns around them.
        total: How many documents there are in all, about.
        limit: How many to return at most.
        cosines: Of candidates, with the query's vector. None: by words alone.
    """
    import numpy as np

    lend = _lending(documents)
    sums = {"words": _relative(_matches(terms, documents, total, lend))}
    if cosines:
        known = np.array([cosines.get(document.key, np.nan) for document in documents])
        near = _relative(lend(np.nan_to_num(known - _ordinary(known))))
        sums = {"words": (1 - VECTOR_SHARE) * sums["words"], "vector": VECTOR_SHARE * near}
    factors = _factors(documents, set(query_words))
    scores = np.sum([*sums.values()], axis=0) * np.prod([*factors.values()], axis=0)
    best = np.argsort(-scores, kind="stable")[:limit]
    return [
        Ranked(
            documents[place].key,
            float(scores[place]),
            {name: float(values[place]) for name, values in sums.items()}
            | {name: float(values[place]) for name, values in factors.items() if values[place] != 1},
        )
        for place in best.tolist()
        if scores[place] > 0
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


def _lending(documents: Sequence[Document]) -> "Callable[[Floats], Floats]":
    """What adds to each document's values a share of those of the turns around it."""
    import numpy as np

    at = {(document.session, document.place): row for row, document in enumerate(documents) if document.place}
    asks = np.array([document.asks for document in documents] + [False])
    nobody = len(documents)
    pairs = []
    for distance in (-2, -1, 1, 2) if at else ():
        near = [at.get((document.session, document.place + distance), nobody) for document in documents]
        lenders = np.array(near)
        share = np.full(len(documents), NEAR[abs(distance)])
        if distance == -1:
            share[asks[lenders]] = ANSWER
        elif distance == 1:
            share[asks[:-1]] = ASKED
        pairs.append((lenders, share))

    def lend(values: "Floats") -> "Floats":
        padded = np.append(values, 0.0)
        lent = values.copy()
        for lenders, share in pairs:
            lent += share * padded[lenders]
        return lent

    return lend


def _matches(
    terms: Sequence[str], documents: Sequence[Document], total: int, lend: "Callable[[Floats], Floats]"
) -> "Floats":
    """BM25 over each document's words and those lent to it, which saturate together."""
    import numpy as np

    said = [(row, f" {document.words} ") for row, document in enumerate(documents) if document.words]
    beside = [(row, f" {document.side} ") for row, document in enumerate(documents) if document.side]
    sizes = np.zeros(len(documents))
    sizes[[row for row, _ in said]] = [words.count(" ") - 1.0 for _, words in said]
    discounts = 1 - LENGTH_DISCOUNT + LENGTH_DISCOUNT * sizes / max(sizes.sum() / max(len(said), 1), 1.0)
    matched = np.zeros(len(documents))
    for term in terms:
        padded = f" {term} "
        counts = np.zeros(len(documents))
        for weight, texts in ((1.0, said), (SIDE_WEIGHT, beside)):
            for row, words in texts:
                if padded in words:
                    counts[row] += weight * words.count(padded)
        found = int(np.count_nonzero(counts))
        lent = lend(counts / discounts)
        rarity = log(1 + (max(total, found) - found + 0.5) / (found + 0.5))
        matched += rarity * lent * (SATURATION + 1) / (lent + SATURATION)
    return matched


def _factors(documents: Sequence[Document], asked: set[str]) -> "dict[str, Floats]":
    import numpy as np

    speakers = {document.speaker for document in documents if document.speaker}
    named = {speaker for speaker in speakers if asked.intersection(speaker.split())}
    if named == speakers:
        named = set()
    told = np.array([float(document.told) for document in documents])
    return {
        "asks": np.array([ASKS if document.asks else 1.0 for document in documents]),
        "length": np.where(told > 0, told / (told + 1), 1.0),
        "named": np.array([NAMED if document.speaker in named else 1.0 for document in documents]),
    }
