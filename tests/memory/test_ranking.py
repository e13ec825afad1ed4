"""Which document comes first, and why: the ranking as a pure function."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.memory.query import index_words, query_words
from coterie.memory.ranking import Document, Ranked, matches, rank
from coterie.memory.words import words

TALK = [
    ("Ana", "Where did you go last summer?"),
    ("Bob", "To the islands, with Rex."),
    ("Ana", "And what do you do at work?"),
    ("Bob", "I repair old cellos."),
    ("Ana", "How lovely."),
]


def turn(place: int, speaker: str, text: str, session: str = "s") -> Document:
    told = len(query_words(text))
    said = index_words(f"{speaker}: {text}")
    return Document(session, place, text.endswith("?"), told, speaker.lower(), said)


def alone(text: str) -> Document:
    """The only turn of its session."""
    return Document(text, 1, words=text)


def ranked(query: str, documents: list[Document], cosines: list[float] | None = None) -> list[Ranked]:
    near = None if cosines is None else np.array(cosines)
    return rank(query_words(query), words(query), documents, len(documents), 10, near)


def numbers(found: list[Ranked]) -> list[int]:
    return [one.number for one in found]


def test_a_turn_is_found_for_the_words_around_it() -> None:
    documents = [turn(place, *said) for place, said in enumerate(TALK, 1)]
    assert numbers(ranked("Where did Bob go in summer?", documents))[0] == 1  # the answer, not the question
    assert numbers(ranked("What is Bob's work?", documents))[0] == 3


def test_what_stands_in_another_session_is_not_around() -> None:
    documents = [turn(1, "Ana", "Do you like the sea?"), turn(2, "Bob", "Very much!", session="t")]
    assert numbers(ranked("sea", documents)) == [0]


def test_the_speaker_who_is_named_comes_first_unless_all_are() -> None:
    documents = [turn(1, "Ana", "I like tea"), turn(1, "Bob", "I like tea", session="t")]
    (first, second) = ranked("Does Bob like tea?", documents)
    assert first.number == 1
    assert first.parts["named"] == pytest.approx(1.2)
    assert "named" not in second.parts
    assert all("named" not in one.parts for one in ranked("Do Ana and Bob like tea?", documents))


def test_rare_words_count_more_and_repeats_little() -> None:
    often, rare, *_ = matches(["tea", "tarragon"], ["tea tea tea tea tea", "tea tarragon", *["tea"] * 5], [""] * 7, 7)
    assert rare > often


def test_words_beside_the_text_count_less() -> None:
    beside, inside = matches(["music"], ["cello", "music"], ["music", "cello"], 2)
    assert 0 < beside < inside


def test_a_vector_alone_can_win_and_words_alone_can_win() -> None:
    documents = [alone("tea"), alone("cup"), alone("dog")]
    assert numbers(ranked("tea", documents, [0.1, 0.2, 0.1])) == [0, 1, 2]
    assert numbers(ranked("drink", documents, [0.3, 0.9, 0.0])) == [1, 0]
    assert numbers(ranked("drink", documents[:1], [0.3])) == [0]
    assert numbers(ranked("drink", documents, [math.nan, 0.9, math.nan])) == [1]


def test_an_ordinary_vector_among_many_says_nothing() -> None:
    documents = [Document(str(number), 1, words="tea") for number in range(60)]
    cosines = [0.9 if number in (7, 8) else 0.8 for number in range(60)]
    assert numbers(ranked("drink", documents, cosines)) == [7, 8]


def test_a_score_is_what_its_parts_say() -> None:
    documents = [turn(place, *said) for place, said in enumerate(TALK, 1)]
    cosines = [0.1 * place for place in range(len(documents))]
    for one in ranked("Where did Bob go with Rex?", documents, cosines):
        factors = [value for name, value in one.parts.items() if name not in ("words", "vector")]
        assert one.score == pytest.approx((one.parts["words"] + one.parts["vector"]) * math.prod(factors))
        assert 0 < one.score <= 1.2


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.text("ab ?", max_size=8)), max_size=8),
    st.text("abc ", max_size=6),
    st.booleans(),
)
def test_any_query_ranks_any_documents(said: list[tuple[str, str]], query: str, vectors: bool) -> None:
    documents = [turn(place, *one) for place, one in enumerate(said, 1)]
    cosines = [float(place % 3) for place in range(len(documents))] if vectors else None
    found = ranked(query, documents, cosines)
    assert len(set(numbers(found))) == len(found) <= 10
    assert all(first.score >= second.score > 0 for first, second in pairwise(found))
