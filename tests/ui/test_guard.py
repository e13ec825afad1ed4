"""Who is answered: this machine's browser, by the server's own name, from its own page, with the token."""

import httpx
import pytest

from coterie.memory.sqlite import SqliteDb
from coterie.ui.serving import Server
from tests.ui.conftest import remember, serving

READS = ["runs", "runs/follow", "memories", "memories/diff", "proposals", "runs/1/follow", "memories/1/history"]
WRITES = ["memories", "memories/1/forget", "memories/1/replace", "undo", "proposals/1/accept", "proposals/1/reject"]


@pytest.fixture
def db(tmp_path: object) -> SqliteDb:
    return SqliteDb(f"{tmp_path}/coterie.db")


@pytest.mark.parametrize("authorization", [None, "", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x"])
def test_nothing_is_told_or_changed_without_the_token(
    client: httpx.Client, server: Server, db: SqliteDb, authorization: str | None
) -> None:
    del client.headers["authorization"]
    headers = {} if authorization is None else {"authorization": authorization.format(token=server.token)}
    answers = [client.get(f"/api/{path}?user=ana", headers=headers) for path in READS]
    answers += [client.post(f"/api/{path}", json={"user": "ana", "memory": "Likes tea"}, headers=headers) for path in WRITES]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"] for answer in answers} == {
        "The token is missing or another server's: open the address that this one printed."
    }
    with db:
        assert SqliteDb(db.name).count(scope_of_ana()) == 0


def scope_of_ana() -> "object":
    from coterie.memory.values import Scope

    return Scope("ana", as_owner=True)
