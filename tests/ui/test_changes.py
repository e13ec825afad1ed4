"""What a person changes in the page, over HTTP: it changes the database, and can be undone."""

import json
import socket
from typing import Any

import httpx
import pytest

from coterie.memory.db import Db
from coterie.memory.edits import Change, Curated, Ref, Update
from coterie.memory.incoming import turn_of
from coterie.memory.values import Scope
from coterie.ui.serving import Server
from tests.support.proposals import proposal
from tests.ui.conftest import Ask, remember

ANA = Scope("ana", as_owner=True)


def memories(db: Db, user_id: str = "ana") -> list[str]:
    return sorted(one.memory for one in db.newest(Scope(user_id, as_owner=True)))


def test_a_statement_is_remembered_and_that_is_undone_and_redone(db: Db, tell: Ask) -> None:
    added = tell("memories", memory="Likes tea", topics=["food"])
    (kept,) = db.newest(ANA)
    assert (kept.memory, kept.topics, kept.agent_id) == ("Likes tea", ["food"], None)
    (revision,) = added["revisions"]
    assert (revision["op"], revision["change"]["actor"], revision["after"]["memory"]) == ("add", "person", "Likes tea")
    undone = tell("undo", change_id=added["change_id"])
    assert memories(db) == []
    tell("undo", change_id=undone["change_id"])
    assert memories(db) == ["Likes tea"]
    assert tell("memories", memory="Likes tea") == {"change_id": None, "revisions": []}


def test_a_statement_is_put_in_place_of_another(db: Db, tell: Ask) -> None:
    (tea,) = remember(db, "ana", "Likes tea", topics=["food"])
    tell(f"memories/{tea}/replace", version=1, memory="Likes gin")
    (gin,) = db.newest(ANA)
    assert (gin.memory, gin.topics) == ("Likes gin", ["food"])
    tell(f"memories/{gin.memory_id}/replace", version=1, memory="Likes rum", topics=["drinks"])
    (rum,) = db.newest(ANA)
    assert (rum.memory, rum.topics) == ("Likes rum", ["drinks"])


def test_a_statement_is_forgotten(db: Db, tell: Ask) -> None:
    tea, _ = remember(db, "ana", "Likes tea", "Has a dog")
    forgotten = tell(f"memories/{tea}/forget", version=1)
    assert memories(db) == ["Has a dog"]
    tell("undo", change_id=forgotten["change_id"])
    assert memories(db) == ["Has a dog", "Likes tea"]


@pytest.mark.parametrize("way", ["run_id", "turn_id", "number"])
def test_a_run_a_turn_or_a_revision_is_undone(db: Db, client: httpx.Client, tell: Ask, way: str) -> None:
    (tea,) = remember(db, "ana", "Likes tea")
    change = Change("curator", run_id="r1", turn_id="t1")
    (gin,) = db.apply(ANA, [Update(Ref(tea), "Likes gin")], change)
    if way == "number":
        tell("undo", memory_id=gin.memory_id, number=1)
        assert memories(db) == []
        answer = client.post("/api/undo", json={"user": "ana", "memory_id": gin.memory_id, "number": 9})
        assert (answer.status_code, "has no revision 9" in answer.text) == (404, True)
    else:
        tell("undo", **{way: {"run_id": "r1", "turn_id": "t1"}[way]})
        assert memories(db) == ["Likes tea"]


def held(db: Db) -> dict[str, str]:
    """Proposals that are held, by what they would do: their ids."""
    (rum,) = remember(db, "ana", "Likes rum")
    db.record_turn(turn := turn_of("I like tea", None, "ana", None, None))
    values = {"status": "held", "why": "it changes what is known", "quote": "I like tea"}
    kept = [
        proposal(
            "ana", turn.turn_id, "Likes tea", op="update", targets=(Ref(rum, 1),), before=("Likes rum",), **values
        ),
        proposal("ana", turn.turn_id, "Likes gin", **values),
    ]
    kept.append(proposal("ana", turn.turn_id, "Likes mud"))
    db.apply(Scope("ana"), [], Change("curator"), curated=Curated(turn.turn_id, kept=kept))
    return {one.memory: one.proposal_id for one in kept}


def test_what_is_held_is_listed_accepted_and_rejected(db: Db, ask: Ask, tell: Ask) -> None:
    ids = held(db)
    assert {one["memory"] for one in ask("proposals")} == {"Likes tea", "Likes gin"}
    assert [(one["memory"], one["why"]) for one in ask("proposals", status="refused")] == [
        ("Likes mud", "nothing of it was said in the turn")
    ]
    accepted = tell(f"proposals/{ids['Likes tea']}/accept")
    assert memories(db) == ["Likes tea"]
    assert tell(f"proposals/{ids['Likes gin']}/reject") == {"change_id": None, "revisions": []}
    assert ask("proposals") == []
    assert memories(db) == ["Likes tea"]
    tell("undo", change_id=accepted["change_id"])
    assert memories(db) == ["Likes rum"]


def test_nobody_changes_what_is_anothers(db: Db, client: httpx.Client) -> None:
    ids = held(db)
    (rum,) = (one.memory_id for one in db.newest(ANA))
    db.apply(ANA, [Update(Ref(str(rum)), "Likes old rum")], Change("curator", run_id="r1", turn_id="t1"))
    (rum,) = (one.memory_id for one in db.newest(ANA))
    *_, last = db.history(ANA, str(rum))
    attempts: list[tuple[str, dict[str, Any]]] = [
        (f"memories/{rum}/forget", {"version": 1}),
        (f"memories/{rum}/replace", {"version": 1, "memory": "Likes mud"}),
        ("undo", {"change_id": last.change_id}),
        ("undo", {"run_id": "r1"}),
        ("undo", {"turn_id": "t1"}),
        ("undo", {"memory_id": rum, "number": 1}),
        (f"proposals/{ids['Likes gin']}/accept", {}),
        (f"proposals/{ids['Likes gin']}/reject", {}),
    ]
    for path, body in attempts:
        answer = client.post(f"/api/{path}", json={"user": "ben", **body})
        assert answer.status_code == 404, path
    assert (memories(db), memories(db, "ben")) == (["Likes old rum"], [])
    assert len(db.proposals("ana", "held")) == 2


def test_what_was_changed_meanwhile_is_a_conflict(db: Db, client: httpx.Client, tell: Ask) -> None:
    (tea,) = remember(db, "ana", "Likes tea")
    first = db.history(ANA, tea)[0].change_id
    tell(f"memories/{tea}/replace", version=1, memory="Likes gin")
    attempts: list[tuple[str, dict[str, Any]]] = [
        (f"memories/{tea}/forget", {"version": 1}),
        (f"memories/{tea}/replace", {"version": 1, "memory": "Likes mud"}),
        ("undo", {"change_id": first}),
    ]
    for path, body in attempts:
        answer = client.post(f"/api/{path}", json={"user": "ana", **body})
        assert (answer.status_code, [*answer.json()]) == (409, ["error"]), path
    ids = held(db)
    tell(f"proposals/{ids['Likes gin']}/reject")
    assert client.post(f"/api/proposals/{ids['Likes gin']}/accept", json={"user": "ana"}).status_code == 409
    assert memories(db) == ["Likes gin", "Likes rum"]


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("memories", {"memory": "  "}, "The memory ' ' is empty"),
        ("memories", {}, "memory cannot be used: Field required."),
        ("memories", {"memory": 7}, "memory cannot be used"),
        ("memories", {"memory": "Likes tea", "agent_id": "scout"}, "agent_id cannot be used"),
        ("memories/1/forget", {}, "version cannot be used: Field required."),
        ("undo", {}, "0 of revision, change_id, run_id, turn_id are given"),
        ("undo", {"run_id": "1", "turn_id": "1"}, "2 of revision, change_id, run_id, turn_id are given"),
        ("undo", {"number": 1}, "A revision is undone by its memory_id and its number"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    db: Db, client: httpx.Client, path: str, body: dict[str, object], sentence: str
) -> None:
    answer = client.post(f"/api/{path}", json={"user": "ana", **body})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)
    assert memories(db) == []


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(client: httpx.Client, sent: bytes) -> None:
    answer = client.post("/api/memories", content=sent, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The body is no JSON")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_without_an_end_is_refused_in_a_sentence(db: Db, client: httpx.Client, chunked: bool) -> None:
    piece = b" " * 1_000_000
    answer = client.post(
        "/api/memories",
        content=iter([piece] * 30) if chunked else piece * 30,
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()) == (
        413,
        {"error": "The body has 30,000,000 bytes: send at most 1,000,000."},
    )
    longest = json.dumps({"user": "ana", "memory": "\U0001f600" * 10_000}).encode()  # each is twelve bytes
    answer = client.post("/api/memories", content=longest, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert len(memories(db)) == 1


def test_a_request_that_is_broken_off_is_no_failure_of_the_server(
    server: Server, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"POST /api/memories HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {server.token}\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{{".encode())
    assert client.get("/api/memories", params={"user": "ana"}).status_code == 200
    assert "ClientDisconnect" not in caplog.text
