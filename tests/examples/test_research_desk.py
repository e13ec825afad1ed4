"""The research desk: parallel tasks, shared notes, and what is remembered of whom."""

from tests.examples.conftest import Shown


def test_both_members_begin_before_one_has_answered_and_tell_what_they_found(shown: Shown) -> None:
    first, second, third, remembered = shown("research_desk").split("\n--- ")[1:]
    for round in (first, second, third):
        lines = round.splitlines()
        assert {lines[1], lines[2]} == {"  costs begins", "  permits begins"}
        assert "  costs tells the others: look_up_price says: " in round
        assert "  permits tells the others: look_up_rule says: " in round
    assert "1,300 euros" in first
    assert "heritage office" in first
    assert "I remember" not in first + second
    assert "Our school's roof is listed." in third
    assert remembered.splitlines()[1:] == ["ana: Our school's roof is listed.", "ben: I live on the ground floor."]
