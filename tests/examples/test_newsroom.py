"""The newsroom: three work one after the other, and it stops where there is no news."""

from tests.examples.conftest import Shown


def test_it_stops_where_the_reporter_finds_nothing(shown: Shown) -> None:
    bridge, library, pool, market, remembered = shown("newsroom").split("\n--- ")[1:]
    for article in (bridge, library, market):
        assert "Worked on by: reporter, editor, headliner" in article
    assert "There is no news on this." in pool
    assert pool.splitlines()[-1] == "Worked on by: reporter"
    assert "I write for people who go by bus." in market
    assert "by bus" not in library
    assert remembered.splitlines()[1:] == ["mia: I write for people who go by bus.", "tom: My readers are children."]
