"""A live view that answers over real HTTP, and somebody who has the address that it prints."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from coterie.memory.db import Db
from coterie.memory.edits import Add, Change
from coterie.memory.values import Scope, UserMemory
from coterie.ui.serving import Server
from tests.support.live import serving

SECONDS = 120
"""How long an answer may take: the machine may be busy."""


@pytest.fixture
def server(db: Db) -> Iterator[Server]:
    """A live view of the store."""
    with serving(db) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """What the page is: it has the token."""
    headers = {"authorization": f"Bearer {server.token}"}
    with httpx.Client(
        base_url=f"http://127.0.0.1:{server.port}", headers=headers, trust_env=False, timeout=SECONDS
    ) as client:
        yield client


Ask = Callable[..., Any]


@pytest.fixture
def ask(client: httpx.Client) -> Ask:
    """What a GET answers, of Ana's: ``ask("memories", query="tea")``."""

    def asked(path: str, **words: Any) -> Any:
        answer = client.get(f"/api/{path}", params={"user": "ana", **words})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return asked


@pytest.fixture
def tell(client: httpx.Client) -> Ask:
    """What a POST answers, about Ana's: ``tell("memories", memory="Likes tea")``."""

    def told(path: str, **body: Any) -> Any:
        answer = client.post(f"/api/{path}", json={"user": "ana", **body})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return told


def remember(
    db: Db, user_id: str, *memories: str, agent: str | None = None, topics: list[str] | None = None
) -> list[str]:
    """Keep statements, one change for all, and return their ids."""
    edits = [Add(UserMemory(memory=memory, topics=topics or [], agent_id=agent)) for memory in memories]
    return [one.memory_id for one in db.apply(Scope(user_id, agent_id=agent), edits, Change())]
