"""The estimate of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.memory.tokens import estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("four", 1), ("fives", 2), ("x" * 400, 100), ("東京", 2), ("東京 abcd", 4)]
)
def test_examples(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(st.text(), st.text())
def test_a_text_takes_about_what_its_parts_take(one: str, two: str) -> None:
    both = estimate_tokens(one + two)
    assert max(estimate_tokens(one), estimate_tokens(two)) <= both <= estimate_tokens(one) + estimate_tokens(two)
