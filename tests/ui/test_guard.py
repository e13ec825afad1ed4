"""Who is answered: this machine's browser, by the server's own name, from its own page, with the token."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope
from coterie.ui.serving import Server
from tests.support.live import serving
from tests.ui.conftest import remember

READS = ["runs", "runs/follow", "memories", "memories/diff", "proposals", "runs/1/follow", "memories/1/history"]
WRITES = ["memories", "memories/1/forget", "memories/1/replace", "undo", "proposals/1/accept", "proposals/1/reject"]
ANA = Scope("ana", as_owner=True)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SqliteDb]:
    with SqliteDb(tmp_path / "coterie.db") as db:
        remember(db, "ana", "Likes tea")
        yield db


def everything(client: httpx.Client, **headers: str) -> list[httpx.Response]:
    """What each address answers to one that sends these headers."""
    body = {"user": "ana", "memory": "Likes gin"}
    read = [client.get(f"/api/{path}?user=ana", headers=headers) for path in READS]
    return read + [client.post(f"/api/{path}", json=body, headers=headers) for path in WRITES]


def memories(db: SqliteDb) -> list[str]:
    return [one.memory for one in db.newest(ANA)]


@pytest.mark.parametrize("sent", [None, "", "Bearer", "Bearer wrong", "Basic {}", "{}", "Bearer {}x", "Bearer é"])
def test_nothing_is_told_or_changed_without_the_token(
    client: httpx.Client, server: Server, db: SqliteDb, sent: str | None
) -> None:
    del client.headers["authorization"]
    headers: Any = {} if sent is None else {"authorization": sent.format(server.token).encode()}
    answers = everything(client, **headers)
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.text for answer in answers} == {
        '{"error":"The token is missing or another server\'s: open the address that this one printed."}'
    }
    assert memories(db) == ["Likes tea"]


def test_each_server_has_a_token_of_its_own(client: httpx.Client, db: SqliteDb) -> None:
    with serving(db) as other:
        answer = httpx.get(f"http://127.0.0.1:{other.port}/api/runs?user=ana", headers=client.headers, trust_env=False)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{}",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:1",
        "127.0.0.2:{}",
        "localhost:{}.evil.example",
    ],
)
def test_another_name_that_leads_here_is_refused(client: httpx.Client, server: Server, db: SqliteDb, host: str) -> None:
    headers = {"host": host.format(server.port)}
    answers = [*everything(client, **headers), client.get("/", headers=headers)]
    assert {answer.status_code for answer in answers} == {403}
    assert "<html" not in answers[-1].text
    assert memories(db) == ["Likes tea"]


@pytest.mark.parametrize("host", ["localhost:{}", "127.0.0.1:{}", "[::1]:{}"])
def test_its_own_names_are_answered(client: httpx.Client, server: Server, host: str) -> None:
    assert client.get("/api/runs?user=ana", headers={"host": host.format(server.port)}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "http://127.0.0.1", "https://127.0.0.1:{}", "file://"]
)
def test_a_page_of_another_site_is_refused(client: httpx.Client, server: Server, db: SqliteDb, origin: str) -> None:
    answers = everything(client, origin=origin.format(server.port))
    assert {answer.status_code for answer in answers} == {403}
    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]
    assert memories(db) == ["Likes tea"]


def test_its_own_page_is_answered(client: httpx.Client, server: Server) -> None:
    headers = {"origin": f"http://127.0.0.1:{server.port}"}
    assert client.post("/api/memories", json={"user": "ana", "memory": "Likes gin"}, headers=headers).status_code == 200


def test_no_site_is_allowed_to_ask_before_it_asks(client: httpx.Client) -> None:
    asking = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = client.options("/api/memories", headers=asking)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_changes_nothing(client: httpx.Client, db: SqliteDb, kind: str) -> None:
    headers = {"content-type": kind}
    answer = client.post("/api/memories", content=b'{"user": "ana", "memory": "Likes gin"}', headers=headers)
    assert (answer.status_code, memories(db)) == (400, ["Likes tea"])
    assert "send application/json" in answer.json()["error"]


def test_a_get_changes_nothing(client: httpx.Client, db: SqliteDb) -> None:
    for path in WRITES[1:]:
        answer = client.get(f"/api/{path}?user=ana&memory=Likes+gin")
        assert answer.status_code == 405
        assert answer.json()["error"] == f"There is no GET of '/api/{path}' here."
    assert memories(db) == ["Likes tea"]


def test_every_answer_says_what_a_browser_may_do_with_it(client: httpx.Client) -> None:
    for path in ("/", "/api/runs?user=ana", "/api/nothing", "/api/runs/absent?user=ana"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_the_page_needs_no_token_and_holds_nothing(client: httpx.Client, server: Server) -> None:
    del client.headers["authorization"]
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert server.token not in answer.text
    assert "Likes tea" not in answer.text
    assert "connect-src 'self'" in answer.text
