"""Removing a person: every row about them, in one transaction."""

import sqlalchemy as sa

from coterie.memory.edits import Erased
from coterie.memory.tables import METADATA

_COUNTED = {
    "memories": "memory",
    "revisions": "memory_revision",
    "turns": "turn",
    "sessions": "session",
    "proposals": "proposal",
    "notes": "note",
    "runs": "run",
}


def erase(connection: sa.Connection, user_id: str) -> Erased:
    """Delete every row of a user's, and count them."""
    deleted = {
        name: connection.execute(sa.delete(table).where(table.c.user_id == user_id)).rowcount
        for name, table in METADATA.tables.items()
        if "user_id" in table.c
    }
    counts = {name: deleted[table] for name, table in _COUNTED.items()}
    return Erased(user_id, **counts, vectors=deleted["memory_vector"] + deleted["turn_vector"])
