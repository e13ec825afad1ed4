"""The swarm: who has the conversation goes on with it in the next run, in another process too."""

from pathlib import Path

from tests.examples.conftest import Shown

WENT = "The conversation went: "


def test_whoever_had_the_conversation_goes_on_with_it(shown: Shown, tmp_path: Path) -> None:
    *talk, remembered = shown("swarm").split("\n--- ")[1:]
    went = [part.splitlines()[-1].removeprefix(WENT) for part in talk]
    assert went == ["desk -> flights", "desk -> hotels", "flights", "flights -> hotels", "desk -> flights"]
    assert "I travel with a small child." in talk[2] + talk[3]
    assert "I sleep badly near streets." in talk[4]
    assert remembered.splitlines()[1:] == ["eva: I travel with a small child.", "ole: I sleep badly near streets."]


def test_a_file_keeps_who_has_the_conversation(shown: Shown) -> None:
    shown("swarm", "--db", "travel.db")
    again = shown("swarm", "--db", "travel.db").split("\n--- ")[1]
    assert f"{WENT}hotels" in again
