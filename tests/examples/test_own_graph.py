"""coterie's nodes in a graph of LangGraph's own."""

import pytest

from coterie import Scope
from coterie.examples import own_graph
from coterie.memory.opening import store_at


def test_its_own_nodes_use_what_was_said_in_another_session(capsys: pytest.CaptureFixture[str], address: str) -> None:
    own_graph.main(["--db", address])
    picture, first, second, third = capsys.readouterr().out.replace("\nfriday> ", "\nmonday> ").split("\nmonday> ")
    for edge in ("recall --> look_up", "look_up -.-> advise", "look_up -.-> ask_back", "advise --> curate"):
        assert edge in picture
    assert "Where is your garden?" in first
    assert "In Porto it rains" in second
    assert "In Porto it rains" in third, "the place is recalled, the question does not name it"
    assert "I grow tomatoes and beans." in third
    with store_at(address) as db:
        rosa = Scope("rosa", as_owner=True)
        assert [memory.memory for memory in db.oldest(rosa)] == ["My garden is in Porto.", "I grow tomatoes and beans."]
        assert {memory.agent_id for memory in db.oldest(rosa)} == {"adviser"}
        assert sorted(session.session_id for session in db.sessions("rosa")) == ["rosa-friday", "rosa-monday"]
