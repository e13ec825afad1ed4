"""Which document comes first, and why: the ranking as a pure function."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.memory.query import index_words, query_words
from coterie.memory.ranking import Document, Ranked, rank
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
    return Document(f"{session}{place}", session, place, text.endswith("?"), told, speaker.lower(), said)


def ranked(query: str, documents: list[Document], cosines: dict[str, float] | None = None) -> list[Ranked]:
    return rank(query_words(query), words(query), documents, len(documents), 10, cosines)


def keys(found: list[Ranked]) -> list[str]:
    return [one.key for one in found]


def test_a_turn_is_found_for_the_words_around_it() -> None:
    documents = [turn(place, *said) for place, said in enumerate(TALK, 1)]
    assert keys(ranked("Where did Bob go in summer?", documents))[0] == "s2"  # the answer, not the question
    assert keys(ranked("What is Bob's work?", documents))[0] == "s4"


def test_what_stands_in_another_session_is_not_around() -> None:
    documents = [turn(1, "Ana", "Do you like the sea?"), turn(2, "Bob", "Very much!", session="t")]
    assert keys(ranked("sea", documents)) == ["s1"]


def test_the_speaker_who_is_named_comes_first_unless_all_are() -> None:
    documents = [turn(1, "Ana", "I like tea"), turn(1, "Bob", "I like tea", session="t")]
    (first, second) = ranked("Does Bob like tea?", documents)
    assert first.key == "t1"
    assert first.parts["named"] == pytest.approx(1.2)
    assert "named" not in second.parts
    assert all("named" not in one.parts for one in ranked("Do Ana and Bob like tea?", documents))


def test_rare_words_count_more_and_repeats_little() -> None:
    documents = [
        Document("often", words="tea tea tea tea tea"),
        Document("rare", words="tea tarragon"),
        *(Document(f"other{number}", words="tea") for number in range(5)),
    ]
    assert keys(ranked("tea tarragon", documents))[:2] == ["rare", "often"]


def test_words_beside_the_text_count_less() -> None:
    documents = [Document("topic", words="cello", side="music"), Document("text", words="music", side="cello")]
    assert keys(ranked("music", documents)) == ["text", "topic"]


def test_a_vector_alone_can_win_and_words_alone_can_win() -> None:
    documents = [Document("words", words="tea"), Document("near", words="cup"), Document("far", words="dog")]
    by_words = ranked("tea", documents, {"words": 0.1, "near": 0.2, "far": 0.1})
    assert keys(by_words) == ["words", "near", "far"]
    assert keys(ranked("drink", documents, {"words": 0.3, "near": 0.9, "far": 0.0})) == ["near", "words"]
    assert keys(ranked("drink", documents[:1], {"words": 0.3})) == ["words"]


def test_an_ordinary_vector_among_many_says_nothing() -> None:
    documents = [Document(str(number), words="tea") for number in range(60)]
    cosines = {document.key: 0.9 if number in (7, 8) else 0.8 for number, document in enumerate(documents)}
    assert keys(ranked("drink", documents, cosines)) == ["7", "8"]


def test_a_score_is_what_its_parts_say() -> None:
    documents = [turn(place, *said) for place, said in enumerate(TALK, 1)]
    cosines = {document.key: 0.1 * place for place, document in enumerate(documents)}
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
    cosines = {document.key: float(place % 3) for place, document in enumerate(documents)} if vectors else None
    found = ranked(query, documents, cosines)
    assert len(set(keys(found))) == len(found) <= 10
    assert all(first.score >= second.score > 0 for first, second in pairwise(found))
