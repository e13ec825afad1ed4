"""Triage: each question reaches one member, whose words come back unchanged."""

from tests.examples.conftest import Shown


def test_each_call_reaches_the_one_who_can_answer_it(shown: Shown) -> None:
    vaccination, lily, chocolate, leads, remembered = shown("triage").split("\n--- ")[1:]
    calls = (vaccination, lily, chocolate, leads)
    assert [call.splitlines()[-1] for call in calls] == [
        f"In the words of: {member}" for member in ("calendar", "urgent", "urgent", "reception")
    ]
    assert "Tuesday 10:20" in vaccination
    assert "poison to cats" in lily
    assert "My dog Rex weighs 30 kilos." in chocolate
    assert "Rex" not in lily + leads
    assert "zoe: My dog Rex weighs 30 kilos." in remembered
    assert [line for line in remembered.splitlines() if line.startswith("uli")] == [
        "uli: My cat Tim is three years old and ate a lily!"
    ]
