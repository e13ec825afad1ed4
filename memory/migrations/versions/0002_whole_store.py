"""Trust, dependence, lineage, vectors; revisions numbered by themselves; on PostgreSQL the wall."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from coterie.memory.columns import UtcDateTime
from coterie.memory.indexing import turn_index
from coterie.memory.migrations import wall
from coterie.memory.query import index_words
from coterie.memory.values import Message, Turn

revision = "0002"
down_revision = "0001"

PART = 1000
FOUND_BY = ("words", "reply_words", "asks", "told", "speaker", "audience", "place")

# The words have no accents and no endings any more: "simple" takes them as they are.
TEXT_INDEX = "setweight(to_tsvector('simple', words), 'A') || to_tsvector('simple', {beside})"
# Every word of the text index carries the mark of its owner, so that a search touches nobody else's postings.
MARK = "CASE {0}user_id WHEN '' THEN 'n' || hex({0}audience) ELSE 'u' || hex({0}user_id) END || 'x'"
MARKED = f"CASE {{0}}{{1}} WHEN '' THEN '' ELSE {MARK} || replace({{0}}{{1}}, ' ', ' ' || {MARK}) END"
READABLE_BY = "user_id, visibility, team_id, agent_id"


def upgrade() -> None:
    """Add what is new; everything that is there stays."""
    postgres = op.get_bind().dialect.name == "postgresql"
    moment: Any = sa.DateTime(timezone=True) if postgres else sa.BigInteger()
    identifier = sa.Text(collation="C") if postgres else sa.Text()
    _memory(postgres, moment)
    _words(postgres)
    _source(identifier)
    _revision(identifier)
    _vectors(identifier)
    _turn(postgres)
    if postgres:
        wall.build(op.get_bind())


def _memory(postgres: bool, moment: Any) -> None:
    texts = JSONB() if postgres else sa.JSON()
    op.add_column("memory", sa.Column("trust", sa.Text, nullable=False, server_default="user"))
    op.add_column("memory", sa.Column("depends_on", texts, nullable=False, server_default="[]"))
    op.add_column("memory", sa.Column("stale_since", moment))
    if postgres:  # as the other ids: no index serves a comparison of two collations
        op.alter_column("memory", "superseded_by", type_=sa.Text(collation="C"))
    _index_where("superseded_by IS NOT NULL", "memory_superseded", "memory", "user_id", "superseded_by")


def _words(postgres: bool) -> None:
    """Index the words that Python makes of a text, the same on both databases."""
    for name in ("words", "topic_words"):
        op.add_column("memory", sa.Column(name, sa.Text, nullable=False, server_default=""))
    _fill_words(op.get_bind())
    if postgres:
        op.drop_column("memory", "text_index")
        op.add_column(
            "memory",
            sa.Column("text_index", TSVECTOR, sa.Computed(TEXT_INDEX.format(beside="topic_words"), persisted=True)),
        )
        op.get_bind().exec_driver_sql(wall.SHELF_WORDS)
        wall.index_words(op.get_bind(), "memory")
    else:
        for what in ("TRIGGER memory_text_insert", "TRIGGER memory_text_delete", "TRIGGER memory_text_update"):
            op.execute(f"DROP {what}")
        op.execute("DROP TABLE memory_text")
        op.execute("DROP VIEW memory_text_source")
        _index_text("memory", "topic_words", f"{READABLE_BY}, words, topic_words")


def _fill_words(connection: sa.Connection) -> None:
    texts = sa.JSON().with_variant(JSONB(), "postgresql")
    memory = sa.table("memory", *map(sa.column, ("user_id", "memory_id", "memory", "words", "topic_words")))
    topics = sa.column("topics", texts)
    key = (memory.c.user_id == sa.bindparam("key_user")) & (memory.c.memory_id == sa.bindparam("key_memory"))
    found = connection.execute(
        sa.select(memory.c.user_id, memory.c.memory_id, memory.c.memory, topics).select_from(memory)
    )
    for part in found.partitions(PART):
        values = [
            {
                "key_user": row.user_id,
                "key_memory": row.memory_id,
                "words": index_words(row.memory),
                "topic_words": index_words(", ".join(row.topics)),
            }
            for row in part
        ]
        connection.execute(sa.update(memory).where(key), values)


def _source(identifier: sa.Text) -> None:
    op.create_table(
        "memory_source",
        sa.Column("user_id", identifier, nullable=False),
        sa.Column("source_id", identifier, nullable=False),
        sa.Column("memory_id", identifier, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "source_id", "memory_id"),
    )


def _revision(identifier: sa.Text) -> None:
    op.execute("ALTER TABLE memory_revision RENAME COLUMN version TO number")
    # What was recorded before belongs to no change that could be named.
    op.add_column("memory_revision", sa.Column("change_id", identifier, nullable=False, server_default=""))
    op.create_index("revision_change", "memory_revision", ["user_id", "change_id"])
    _index_where("run_id IS NOT NULL", "revision_run", "memory_revision", "user_id", "run_id")
    _index_where("turn_id IS NOT NULL", "revision_turn", "memory_revision", "user_id", "turn_id")


def _vectors(identifier: sa.Text) -> None:
    """The vectors of an owner lie together: they are read together."""
    for of, index in (("memory", "vector_number"), ("turn", "turn_vector_number")):
        op.create_table(
            f"{of}_vector",
            sa.Column("user_id", identifier, nullable=False),
            sa.Column(f"{of}_id", identifier, nullable=False),
            sa.Column("number", sa.BigInteger, nullable=False),
            sa.Column("model", sa.Text, nullable=False),
            sa.Column("vector", sa.LargeBinary, nullable=False),
            sa.PrimaryKeyConstraint("user_id", f"{of}_id"),
            sqlite_with_rowid=False,
        )
        op.create_index(index, f"{of}_vector", ["user_id", "number"], unique=True)
    op.create_table(
        "memory_embedding",
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.CheckConstraint("place = 1", name="memory_embedding_is_one"),
    )


def _index_text(table: str, beside: str, changes: str | None = None) -> None:
    """On SQLite: the full text index of a table's words, and what keeps it up to date.

    Args:
        table: Its columns ``words``, and another beside it, are indexed.
        beside: The other.
        changes: The columns that an update may change, of those that the index depends on. None: none.
    """
    text, columns = f"{table}_text", f"rowid, words, {beside}"

    def indexed(row: str) -> str:
        return f"{row}seq, {MARKED.format(row, 'words')} AS words, {MARKED.format(row, beside)} AS {beside}"

    add = f"INSERT INTO {text}({columns}) SELECT {indexed('new.')};"
    remove = f"INSERT INTO {text}({text}, {columns}) SELECT 'delete', {indexed('old.')};"
    statements = [
        f"CREATE VIEW {text}_source AS SELECT {indexed('')} FROM {table}",
        f"""CREATE VIRTUAL TABLE {text} USING fts5(words, {beside}, content='{text}_source',
        content_rowid='seq', tokenize='unicode61')""",
        f"INSERT INTO {text}({text}) VALUES ('rebuild')",
        f"CREATE TRIGGER {text}_insert AFTER INSERT ON {table} BEGIN {add} END",
        f"CREATE TRIGGER {text}_delete AFTER DELETE ON {table} BEGIN {remove} END",
    ]
    if changes is not None:
        statements.append(f"CREATE TRIGGER {text}_update AFTER UPDATE OF {changes} ON {table} BEGIN {remove} {add} END")
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _index_where(condition: str, name: str, table: str, *columns: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [*columns], sqlite_where=where, postgresql_where=where)


def _turn(postgres: bool) -> None:
    for name in ("words", "reply_words", "speaker", "audience"):
        op.add_column("turn", sa.Column(name, sa.Text, nullable=False, server_default=""))
    for name in ("told", "place"):
        op.add_column("turn", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.add_column("turn", sa.Column("asks", sa.Boolean, nullable=False, server_default=sa.false()))
    _fill_turns(op.get_bind())
    op.drop_index("turn_session", "turn")
    op.create_index("turn_place", "turn", ["user_id", "session_id", "place", "turn_id"])
    _index_where("told > 0", "turn_told", "turn", "user_id", "turn_id")
    if postgres:
        text_index = sa.Computed(TEXT_INDEX.format(beside="reply_words"), persisted=True)
        op.add_column("turn", sa.Column("text_index", TSVECTOR, text_index))
        wall.index_words(op.get_bind(), "turn")
    else:
        _index_text("turn", "reply_words")


def _fill_turns(connection: sa.Connection) -> None:
    """Index the turns that are there, in the order of their sessions."""
    names = ("user_id", "session_id", "turn_id", "run_id", "team_id", "agent_id")
    moment = sa.column("at", UtcDateTime())
    turn = sa.table("turn", *map(sa.column, names), moment, sa.column("messages", sa.JSON()), *map(sa.column, FOUND_BY))
    columns = (*(turn.c[name] for name in names), turn.c.at, turn.c.messages)
    order = (turn.c.user_id, turn.c.session_id, turn.c.at, turn.c.turn_id)
    key = (turn.c.user_id == sa.bindparam("key_user")) & (turn.c.turn_id == sa.bindparam("key_turn"))
    place = sa.func.row_number().over(partition_by=order[:2], order_by=order[2:]).label("place")
    for part in connection.execute(sa.select(*columns, place).order_by(*order)).mappings().partitions(PART):
        connection.execute(sa.update(turn).where(key), [_found_by(row) for row in part])


def _found_by(row: sa.RowMapping) -> dict[str, Any]:
    messages = tuple(Message(**message) for message in row["messages"])
    names = ("turn_id", "session_id", "run_id", "at", "team_id", "agent_id")
    turn = Turn(**{name: row[name] for name in names}, messages=messages)
    return {"key_user": row["user_id"], "key_turn": row["turn_id"], "place": row["place"], **turn_index(turn)}
