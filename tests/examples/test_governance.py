"""Visibility, refusals, review, the past, undo and erasing."""

import pytest

from coterie import Scope
from coterie.examples import governance
from coterie.memory.opening import store_at


def test_who_may_read_decide_undo_and_erase(capsys: pytest.CaptureFixture[str], address: str) -> None:
    governance.main(["--db", address])
    readers, refused, review, past, erased = capsys.readouterr().out.split("\n\n")
    assert readers.splitlines()[1:] == [
        "  the doctor    Ana speaks Dutch. Ana is pregnant. Ask about sleep.",
        "  the desk      Ana speaks Dutch. Ana is pregnant.",
        "  another team  Ana speaks Dutch.",
        "  Ana           Ana speaks Dutch. Ana is pregnant. Ask about sleep.",
        "  about Ben     -",
    ]
    assert "the statement holds a secret (password)" in refused
    assert "the statement is an instruction" in refused
    assert "hunter2" not in refused
    assert "held: I live in Utrecht. -> I now live in Delft. (it changes what is known)" in review
    assert "accepted, by a person" in review
    then, now, undone = past.splitlines()[1:]
    assert "live" not in then
    assert "I now live in Delft." in now
    assert "I live in Utrecht." in undone
    assert "Delft" not in undone
    assert "4 memories, 8 revisions, 3 turns" in erased
    with store_at(address) as db:
        assert db.newest(Scope(governance.ANA, as_owner=True)) == []
        assert db.sessions(governance.ANA) == []
