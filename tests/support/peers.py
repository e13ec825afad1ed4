"""What other libraries leave behind, in the shapes that were seen of them: for the pages about migrating.

agno 3.1.10 (`SqliteDb` and `PostgresDb` with three memories), mem0ai 2.2.1 (`Memory.get_all`), langmem 0.0.30 with
LangGraph 1.2.24 (what its manager and its tool put into a store).
"""

from typing import Any

import sqlalchemy as sa
from langgraph.store.memory import InMemoryStore

AGNO_ROWS: list[dict[str, Any]] = [
    {
        "memory_id": "3c254114-ab3b-4ed2-8362-76f0c3fe0b3a",
        "memory": "Ana is vegetarian",
        "input": "I'm Ana, vegetarian.",
        "agent_id": "scout",
        "team_id": "desk",
        "user_id": "ana@example.com",
        "topics": ["food"],
        "feedback": None,
        "created_at": 1738411200,
        "updated_at": 1738414800,
    },
    {
        "memory_id": "2a4b8a10-1880-4202-8965-2f7c78a5b231",
        "memory": "Lives in Porto",
        "user_id": "ana@example.com",
        "topics": None,
        "created_at": 1743508800,
        "updated_at": 1743508800,
    },
    {
        "memory_id": "4979e179-9f4b-4a5a-90c0-d215faf1a1aa",
        "memory": "Likes tea",
        "user_id": "default",
        "topics": None,
        "created_at": 1743508800,
        "updated_at": 1743508800,
    },
]
"""1738411200 is 2025-02-01 12:00 UTC, 1743508800 2025-04-01 12:00 UTC. "default" is who gave no id."""

MEM0_RESULTS: list[dict[str, Any]] = [
    {
        "id": "0d1b3d9a-356d-41c2-bd84-dba429dbc155",
        "memory": "Lives in Porto",
        "hash": "7c8607263e79b09b35ca8dcc4dd8954b",
        "metadata": {"category": "home", "topics": ["home"]},
        "created_at": "2025-04-01T12:00:00.695181+00:00",
        "updated_at": "2025-04-02T12:00:00.792362+00:00",
        "user_id": "ana@example.com",
        "agent_id": "guide",
        "run_id": "r1",
        "actor_id": "Ana",
        "role": "user",
        "expiration_date": "2099-01-31",
    },
    {
        "id": "d951d25a-c8af-47c2-a561-8c342e2572ef",
        "memory": "Was advised to try the vegetarian buffet",
        "hash": "3251638c9c3c3449d3ff91e5780b1217",
        "metadata": None,
        "created_at": "2025-02-01T12:00:00.688635+00:00",
        "updated_at": "2025-02-01T12:00:00.688635+00:00",
        "user_id": "ana@example.com",
        "attributed_to": "assistant",
    },
    {
        "id": "8c1f7be4-66a2-4d61-9d3e-2f0f7f0c7f11",
        "memory": "The office closes at six",
        "hash": "b5d2b0a5f0b0a3cf1c7c1a4e2f8d9a60",
        "metadata": None,
        "created_at": "2025-02-01T12:00:00.688635+00:00",
        "updated_at": "2025-02-01T12:00:00.688635+00:00",
        "agent_id": "guide",
    },
    {
        "id": "5b0c43a6-8d8f-4f44-a1c7-5d7b7c1f9e02",
        "memory": "The train leaves at nine",
        "hash": "0f4e8c0b7a6d5c4b3a29181706f5e4d3",
        "metadata": None,
        "created_at": "2025-02-01T12:00:00.688635+00:00",
        "updated_at": "2025-02-01T12:00:00.688635+00:00",
        "run_id": "r2",
    },
]


def agno_database(url: str, schema: str | None = None) -> None:
    """Make the table of agno's `SqliteDb`, or with a schema that of its `PostgresDb`, with `AGNO_ROWS` in it."""
    from sqlalchemy.dialects.postgresql import JSONB

    json = sa.JSON if schema is None else JSONB
    texts = ("memory_id", "input", "agent_id", "team_id", "user_id", "feedback")
    columns: dict[str, sa.Column[Any]] = {name: sa.Column(name, sa.String) for name in texts}
    columns |= {name: sa.Column(name, json) for name in ("memory", "topics")}
    columns |= {name: sa.Column(name, sa.BigInteger) for name in ("created_at", "updated_at")}
    table = sa.Table("agno_memories", sa.MetaData(schema=schema), *columns.values())
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        if schema is not None:
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        table.create(connection)
        connection.execute(sa.insert(table), [dict.fromkeys(columns) | row for row in AGNO_ROWS])
    engine.dispose()


def langmem_store() -> InMemoryStore:
    """A LangGraph store with what `create_memory_store_manager` and `create_manage_memory_tool` put there."""
    store = InMemoryStore()
    by_manager = {"kind": "Memory", "content": {"content": "Ana is vegetarian"}}
    store.put(("memories", "ana"), "dad52fd1-2125-48ff-bd0b-4d94c532945c", by_manager)
    store.put(("memories", "ana"), "1d32ca01-2cba-494d-bf9a-b865f1c16ae5", {"content": "Lives in Porto"})
    of_a_schema = {"kind": "Triple", "content": {"subject": "Bob", "predicate": "knows", "object": "Ana"}}
    store.put(("memories", "bob"), "default", of_a_schema)
    return store
