"""Four languages, corrections and forgetting in one memory, with its history."""

import pytest

from coterie import Scope
from coterie.examples import assistant
from coterie.memory.opening import store_at

MIA = Scope("mia", as_owner=True)


def test_it_remembers_in_four_languages_corrects_and_forgets(capsys: pytest.CaptureFixture[str], address: str) -> None:
    assistant.main(["--db", address])
    talk, memory = capsys.readouterr().out.split("What is remembered of Mia:\n")
    before, after = talk.split("> Korrektur")
    assert "> Wo wohne ich?\nI remember: " in before
    assert "Ich wohne in Kiel." in before.split("> Wo wohne ich?")[1]
    assert "Ich wohne jetzt in Bremen." in after.split("> Wo wohne ich?")[1]
    assert "memory - I play chess on Mondays." in after
    assert "我对花生过敏" in after.split("> 我对什么过敏?")[1]
    assert "chess" not in memory
    assert "Ich wohne in Kiel.  (said by the user)" in memory, "the history has what was believed before"
    with store_at(address) as db:
        assert [each.memory for each in db.oldest(MIA)] == [
            "Ich heiße Mia.",
            "我对花生过敏。",
            "Ich wohne jetzt in Bremen.",
            "trabajo en la panadería desde las cinco.",
        ]
