"""A store as coterie made it when schema version 0001 was the newest, with rows as it wrote them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from coterie.memory import schema
from coterie.memory.columns import Topics, UtcDateTime
from coterie.memory.sameness import content_hash
from coterie.memory.scope import audience
from coterie.memory.values import UserMemory

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIELDS = """memory topics user_id memory_id team_id agent_id visibility kind input source_turn_id event_at created_at
updated_at valid_until superseded_by expires_at version""".split()
TIMES = ("event_at", "created_at", "updated_at", "valid_until", "expires_at")


def make_old_store(url: str, version: str = "0001") -> None:
    """Make the tables of 0001, and fill them: memories that were changed, merged and deleted, turns, a session.

    Of a later version it is what the migrations up to that made of it.
    """
    engine = sa.create_engine(url.replace("postgres://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        _Old(connection).fill()
        command.upgrade(config, version)
    engine.dispose()


class _Old:
    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.at = START
        times = [sa.Column(name, UtcDateTime) for name in TIMES]
        self.memory = self._table("memory", sa.Column("topics", Topics), *times)
        self.revision = self._table("memory_revision", sa.Column("at", UtcDateTime))
        self.turn = self._table("turn", sa.Column("at", UtcDateTime))
        columns = [sa.Column(name, UtcDateTime) for name in ("created_at", "updated_at")]
        self.session = self._table("session", *columns)

    def _table(self, name: str, *columns: sa.Column[Any]) -> sa.Table:
        return sa.Table(name, sa.MetaData(), *columns, autoload_with=self.connection)

    def fill(self) -> None:
        tea = self.added("tea", "Likes tea", topics=["drinks"])
        coffee = self.changed("update", tea, memory="Likes coffee")
        self.changed("update", coffee, topics=["drinks", "mornings"])
        dog, rex = self.added("dog", "Has a dog"), self.added("rex", "The dog is Rex")
        self.removed(rex, "merged into dog: one dog")
        self.changed("merge", dog, memory="Has a dog called Rex")
        self.removed(self.added("rome", "Is in Rome"), "left")
        self.added("tokyo", "Zoë lebt in 東京", topics=["Städte"], source_turn_id="turn-1", event_at=START)
        self.added("mine", "Is often late", visibility="agent")
        self.added("ours", "Orders are shipped on Monday", user_id=None, visibility="team")
        self.added("tea", "Likes tea", user_id="ben")
        self.said()

    def added(self, memory_id: str, text: str, **values: Any) -> UserMemory:
        """A memory, and the revision that added it."""
        self.at += timedelta(minutes=1)
        whose = {"user_id": "ana", "team_id": "desk", "agent_id": "scout"}
        times = {"created_at": self.at, "updated_at": self.at}
        memory = UserMemory(**{"memory": text, "memory_id": memory_id, **whose, **times, **values})
        self.connection.execute(sa.insert(self.memory), self.columns(memory))
        self.record("add", None, memory)
        return memory

    def changed(self, op: str, before: UserMemory, **values: Any) -> UserMemory:
        """A memory with other values in its row: what an update was then."""
        self.at += timedelta(minutes=1)
        after = before.model_copy(update={**values, "updated_at": self.at, "version": before.version + 1})
        self.connection.execute(sa.update(self.memory).where(self.row_of(before)), self.columns(after))
        self.record(op, before, after)
        return after

    def removed(self, memory: UserMemory, reason: str) -> None:
        self.at += timedelta(minutes=1)
        self.connection.execute(sa.delete(self.memory).where(self.row_of(memory)))
        self.record("delete", memory, None, reason)

    def row_of(self, memory: UserMemory) -> sa.ColumnElement[bool]:
        columns = self.memory.c
        return (columns.user_id == (memory.user_id or "")) & (columns.memory_id == memory.memory_id)

    def columns(self, memory: UserMemory) -> dict[str, Any]:
        values = {name: getattr(memory, name) for name in FIELDS}
        return {**values, "user_id": memory.user_id or "", "content_hash": content_hash(memory)}

    def record(self, op: str, before: UserMemory | None, after: UserMemory | None, reason: str = "") -> None:
        last = after or before
        assert last is not None
        sides = [None if one is None else one.model_dump(mode="json", include=set(FIELDS)) for one in (before, after)]
        values = {
            "user_id": last.user_id or "",
            "memory_id": last.memory_id,
            "version": last.version + (after is None),
            "audience": audience(last),
            "op": op,
            "before": sa.null() if before is None else sides[0],
            "after": sa.null() if after is None else sides[1],
            "reason": reason,
            "actor": "curator",
            "run_id": "run-1",
            "turn_id": "turn-1",
            "at": self.at,
        }
        self.connection.execute(sa.insert(self.revision).values(values))

    def said(self) -> None:
        whose = {"user_id": "ana", "session_id": "talk", "team_id": "desk", "agent_id": None}
        session = {
            "state": {"cart": [1]},
            "summary": "On tea.",
            "created_at": START,
            "updated_at": self.at,
            "version": 2,
        }
        self.connection.execute(sa.insert(self.session), {**whose, **session})
        for number, status in enumerate(("curated", "pending"), 1):
            messages = [{"role": "user", "content": f"I like tea {number}", "name": None}]
            turn = {"turn_id": f"turn-{number}", "run_id": "run-1", "messages": messages, "status": status}
            counts = {"at": START + timedelta(hours=number), "attempts": number - 1}
            self.connection.execute(sa.insert(self.turn), {**whose, **turn, **counts})
