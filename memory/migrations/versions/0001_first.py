"""Memories with their revisions and their text index, sessions, turns."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

revision = "0001"
down_revision = None

AUDIENCE = "CASE visibility WHEN 'team' THEN 'team:' || team_id WHEN 'agent' THEN 'agent:' || agent_id ELSE 'user' END"
# The keys of a row's readers are words of the text index, so that a search touches nobody else's postings.
TEXT_INDEX = f"""setweight(to_tsvector('english', memory), 'A') || to_tsvector('english', topics)
    || array_to_tsvector(ARRAY[md5(user_id), md5(user_id || chr(31) || {AUDIENCE})])"""
READERS = "'u' || hex({0}user_id) || ' k' || hex({0}user_id || char(31) || {0}audience)"
# Topics are indexed as they are kept, as JSON: its signs are no words.
INDEXED = "{0}seq, " + READERS + " AS readers, {0}memory, {0}topics"
COLUMNS = "rowid, readers, memory, topics"
ADD = f"INSERT INTO memory_text({COLUMNS}) SELECT {INDEXED.format('new.')};"
REMOVE = f"INSERT INTO memory_text(memory_text, {COLUMNS}) SELECT 'delete', {INDEXED.format('old.')};"
FULL_TEXT = (
    f"CREATE VIEW memory_text_source AS SELECT {INDEXED.format('')} FROM memory",
    """CREATE VIRTUAL TABLE memory_text USING fts5(readers, memory, topics, content='memory_text_source',
    content_rowid='seq', tokenize='porter unicode61 remove_diacritics 2')""",
    f"CREATE TRIGGER memory_text_insert AFTER INSERT ON memory BEGIN {ADD} END",
    f"CREATE TRIGGER memory_text_delete AFTER DELETE ON memory BEGIN {REMOVE} END",
    f"""CREATE TRIGGER memory_text_update
    AFTER UPDATE OF user_id, visibility, team_id, agent_id, memory, topics ON memory
    BEGIN {REMOVE} {ADD} END""",
)


def upgrade() -> None:
    """Make every table."""
    postgres = op.get_bind().dialect.name == "postgresql"
    moment: Any = sa.DateTime(timezone=True) if postgres else sa.BigInteger()
    identifier = sa.Text(collation="C") if postgres else sa.Text()  # bytewise order, as on SQLite
    _memory(postgres, moment, identifier)
    _revision(moment, identifier)
    _session(moment, identifier)
    _turn(postgres, moment, identifier)


def _row_key(postgres: bool, *key: str) -> list[Any]:
    """PostgreSQL: the key. SQLite: the key, and a row number that stays the same, for full text."""
    if postgres:
        return [sa.PrimaryKeyConstraint(*key)]
    return [sa.Column("seq", sa.Integer, primary_key=True), sa.UniqueConstraint(*key)]


def _memory(postgres: bool, moment: Any, identifier: sa.Text) -> None:
    text_index = [sa.Column("text_index", TSVECTOR, sa.Computed(TEXT_INDEX, persisted=True))] if postgres else []
    op.create_table(
        "memory",
        sa.Column("user_id", identifier, nullable=False),
        sa.Column("memory_id", identifier, nullable=False),
        sa.Column("memory", sa.Text, nullable=False),
        sa.Column("topics", JSONB() if postgres else sa.JSON(), nullable=False),
        sa.Column("team_id", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("input", sa.Text),
        sa.Column("source_turn_id", sa.Text),
        sa.Column("event_at", moment),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("valid_until", moment),
        sa.Column("superseded_by", sa.Text),
        sa.Column("expires_at", moment),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content_hash", sa.LargeBinary, nullable=False),
        sa.Column("audience", identifier, sa.Computed(AUDIENCE, persisted=True), nullable=False),
        *text_index,
        *_row_key(postgres, "user_id", "memory_id"),
        sa.CheckConstraint("user_id <> '' OR visibility <> 'user'", name="memory_has_readers"),
    )
    current = sa.text("valid_until IS NULL")
    op.create_index(
        "memory_content",
        "memory",
        ["user_id", "content_hash"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_index("memory_readers", "memory", ["user_id", "audience", "created_at", "memory_id"])
    # A condition that is always true, but keeps the planner from taking this index where it should take memory_readers.
    known = sa.text("audience <> ''")
    op.create_index(
        "memory_owner",
        "memory",
        ["user_id", "created_at", "memory_id"],
        sqlite_where=known,
        postgresql_where=known,
    )
    if postgres:
        op.create_index("memory_text", "memory", ["text_index"], postgresql_using="gin")
    else:
        for statement in FULL_TEXT:
            op.get_bind().exec_driver_sql(statement)


def _revision(moment: Any, identifier: sa.Text) -> None:
    op.create_table(
        "memory_revision",
        sa.Column("user_id", identifier, nullable=False),
        sa.Column("memory_id", identifier, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("audience", identifier, nullable=False),
        sa.Column("op", sa.Text, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("agent_id", sa.Text),
        sa.Column("team_id", sa.Text),
        sa.Column("run_id", sa.Text),
        sa.Column("turn_id", sa.Text),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "memory_id", "version"),
    )


def _session(moment: Any, identifier: sa.Text) -> None:
    op.create_table(
        "session",
        sa.Column("user_id", identifier, nullable=False),
        sa.Column("session_id", identifier, nullable=False),
        sa.Column("team_id", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("summary", sa.Text),
        sa.Column("summary_upto", sa.Text),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "session_id"),
    )
    op.create_index("session_newest", "session", ["user_id", "updated_at", "session_id"])


def _turn(postgres: bool, moment: Any, identifier: sa.Text) -> None:
    op.create_table(
        "turn",
        sa.Column("user_id", identifier, nullable=False),
        sa.Column("turn_id", identifier, nullable=False),
        sa.Column("session_id", identifier, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("team_id", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.Column("messages", sa.JSON, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("lease_until", moment),
        *_row_key(postgres, "user_id", "turn_id"),
    )
    op.create_index("turn_session", "turn", ["user_id", "session_id", "at", "turn_id"])
    pending = sa.text("status = 'pending'")
    op.create_index(
        "turn_pending",
        "turn",
        ["user_id", "at", "turn_id"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
