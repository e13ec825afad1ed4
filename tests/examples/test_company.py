"""Departments are teams of other modes, and one memory is behind all of them."""

import pytest

from coterie.examples import company


def test_each_department_works_in_its_own_way_and_all_are_told_what_is_remembered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    company.main([])
    picture, *answers = capsys.readouterr().out.split("\n> ")
    for department, mode in [("support", "route"), ("lab", "broadcast"), ("workshop", "sequence")]:
        assert f"team {department} ({mode})" in picture
    assert "company/support/orders answered" in answers[0]
    assert "billing" not in answers[0], "a router picks one"
    assert {"company/lab/mechanic answered", "company/lab/electrician answered"} <= {
        line.strip() for line in answers[1].splitlines()
    }
    assert "I remember: " in answers[1], "members are told what Ana said in another session"
    assert answers[2].index("inspector answered") < answers[2].index("estimator answered")
    assert "price_repair says: A chain is 25 euros" in answers[2]
    assert answers[2].endswith("Remembered of Ana:\n  I'm Ana, I cycle to work in the rain.\n")
