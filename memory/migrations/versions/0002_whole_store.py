"""Trust, dependence, lineage, vectors; revisions numbered by themselves; on PostgreSQL the wall."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from coterie.memory.indexing import turn_index
from coterie.memory.migrations import wall
from coterie.memory.query import index_words
from coterie.memory.tables import UtcDateTime
from coterie.memory.values import Message, Turn

revision = "0002"
down_revision = "0001"

PART = 1000
FOUND_BY = ("words", "reply_words", "asks", "told", "speaker", "audience", "place")

# The words have no accents and no endings any more: "simple" takes them as they are.
TEXT_INDEX = "setweight(to_tsvector('simple', words), 'A') || to_tsvector('simple', {beside})"
# The keys of a row's readers are words of the text index, so that a search touches nobody else's postings.
READERS = "'u' || hex({0}user_id) || ' k' || hex({0}user_id || char(31) || {0}audience)"
INDEXED = "{0}seq, " + READERS + " AS readers, {0}words, {0}topic_words"
COLUMNS = "rowid, readers, words, topic_words"
ADD = f"INSERT INTO memory_text({COLUMNS}) SELECT {INDEXED.format('new.')};"
REMOVE = f"INSERT INTO memory_text(memory_text, {COLUMNS}) SELECT 'delete', {INDEXED.format('old.')};"
FULL_TEXT = (
    *(f"DROP TRIGGER memory_text_{event}" for event in ("insert", "delete", "update")),
    "DROP TABLE memory_text",
    "DROP VIEW memory_text_source",
    f"CREATE VIEW memory_text_source AS SELECT {INDEXED.format('')} FROM memory",
    """CREATE VIRTUAL TABLE memory_text USING fts5(readers, words, topic_words, content='memory_text_source',
    content_rowid='seq', tokenize='unicode61')""",
    "INSERT INTO memory_text(memory_text) VALUES ('rebuild')",
    f"CREATE TRIGGER memory_text_insert AFTER INSERT ON memory BEGIN {ADD} END",
    f"CREATE TRIGGER memory_text_delete AFTER DELETE ON memory BEGIN {REMOVE} END",
    f"""CREATE TRIGGER memory_text_update
    AFTER UPDATE OF user_id, visibility, team_id, agent_id, words, topic_words ON memory
    BEGIN {REMOVE} {ADD} END""",
)


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
        for statement in FULL_TEXT:
            op.get_bind().exec_driver_sql(statement)


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


def _index_where(condition: str, name: str, table: str, *columns: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [*columns], sqlite_where=where, postgresql_where=where)


TURN_READERS = "'u' || hex({0}user_id) || ' k' || hex({0}user_id || char(31) || {0}audience)"
TURN_INDEXED = "{0}seq, " + TURN_READERS + " AS readers, {0}words, {0}reply_words"
TURN_COLUMNS = "rowid, readers, words, reply_words"
TURN_ADD = f"INSERT INTO turn_text({TURN_COLUMNS}) SELECT {TURN_INDEXED.format('new.')};"
TURN_REMOVE = f"INSERT INTO turn_text(turn_text, {TURN_COLUMNS}) SELECT 'delete', {TURN_INDEXED.format('old.')};"
TURN_TEXT = (
    f"CREATE VIEW turn_text_source AS SELECT {TURN_INDEXED.format('')} FROM turn",
    """CREATE VIRTUAL TABLE turn_text USING fts5(readers, words, reply_words, content='turn_text_source',
    content_rowid='seq', tokenize='unicode61')""",
    "INSERT INTO turn_text(turn_text) VALUES ('rebuild')",
    f"CREATE TRIGGER turn_text_insert AFTER INSERT ON turn BEGIN {TURN_ADD} END",
    f"CREATE TRIGGER turn_text_delete AFTER DELETE ON turn BEGIN {TURN_REMOVE} END",
)


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
        for statement in TURN_TEXT:
            op.get_bind().exec_driver_sql(statement)


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
