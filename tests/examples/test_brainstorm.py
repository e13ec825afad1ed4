"""The brainstorm: everybody's ideas in the members' order, and the reason of who had none."""

from tests.examples.conftest import Shown


def test_who_fails_is_named_among_the_others_ideas(shown: Shown) -> None:
    first, second, third, remembered = shown("brainstorm").split("\n--- ")[1:]
    for round in (first, second, third):
        joined = [line for line in round.splitlines() if line.startswith("- ")]
        assert [line.split()[1].rstrip(":") for line in joined] == ["cook", "host", "treasurer"]
    assert "- treasurer failed. ValueError: say how many euros there are" in first
    assert "failed" not in second + third
    assert "60 euros for food, 30 for the rest" in second
    assert "Half of us are vegetarian." in third
    assert "vegetarian" not in second
    assert remembered.splitlines()[1:] == ["kim: Half of us are vegetarian.", "lou: We have no garden."]
