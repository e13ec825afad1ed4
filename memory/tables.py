"""The tables.

These classes are the schema's one description for Python; ``migrations/`` makes it in a database, and a test compares
the two. The database keeps ``''`` where a value has ``user_id=None``, because the owner is part of every key.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from coterie.memory.columns import Topics, UtcDateTime, WrittenJson
from coterie.memory.values import UserMemory

NOBODY = ""
"""The ``user_id`` of a row about no user."""

AUDIENCE_SQL = (
    "CASE visibility WHEN 'team' THEN 'team:' || team_id WHEN 'agent' THEN 'agent:' || agent_id ELSE 'user' END"
)
"""Who may read a row, as one text: ``user``, ``team:<team_id>`` or ``agent:<agent_id>``."""

_JSON = sa.JSON(none_as_null=True)
_NAMESPACE = ("user_id", "audience", "namespace", "created_at", "memory_id")
_tables = registry()  # ours alone: an application's own SQLModel tables may have the same names


class _Table(SQLModel, registry=_tables):
    metadata: ClassVar[sa.MetaData] = _tables.metadata


def _index_where(condition: str, *names: str, unique: bool = False) -> sa.Index:
    """An index of the rows that fulfil the condition."""
    where = sa.text(condition)
    return sa.Index(*names, unique=unique, sqlite_where=where, postgresql_where=where)


class MemoryRow(UserMemory, _Table, table=True):
    """One remembered statement."""

    __tablename__ = "memory"
    __table_args__ = (
        sa.CheckConstraint("user_id <> '' OR visibility <> 'user'", name="memory_has_readers"),
        _index_where("valid_until IS NULL", "memory_content", "user_id", "content_hash", unique=True),
        sa.Index("memory_readers", "user_id", "audience", "created_at", "memory_id"),
        _index_where("audience <> ''", "memory_owner", "user_id", "created_at", "memory_id"),
        _index_where("superseded_by IS NOT NULL", "memory_superseded", "user_id", "superseded_by"),
        _index_where("valid_until IS NULL AND namespace IS NOT NULL", "memory_namespace", *_NAMESPACE),
    )

    user_id: str | None = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    memory_id: str | None = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    memory: str = Field(sa_type=sa.Text)
    topics: list[str] = Field(sa_type=Topics)
    team_id: str | None = Field(default=None, sa_type=sa.Text)
    agent_id: str | None = Field(default=None, sa_type=sa.Text)
    visibility: str = Field(sa_type=sa.Text)  # type: ignore[assignment]  # SQLModel has no column type for a Literal
    kind: str = Field(sa_type=sa.Text)
    input: str | None = Field(default=None, sa_type=sa.Text)
    source_turn_id: str | None = Field(default=None, sa_type=sa.Text)
    event_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime | None = Field(sa_type=UtcDateTime, nullable=False)
    updated_at: datetime | None = Field(sa_type=UtcDateTime, nullable=False)
    valid_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    superseded_by: str | None = Field(default=None, sa_type=sa.Text)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    trust: str = Field(sa_type=sa.Text)  # type: ignore[assignment]  # SQLModel has no column type for a Literal
    depends_on: list[str] = Field(sa_type=Topics)
    stale_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    item: Mapping[str, Any] | None = Field(sa_type=_JSON, nullable=True)  # type: ignore[assignment]  # as above
    namespace: str | None = Field(default=None, sa_type=sa.Text)
    content_hash: bytes = Field(sa_type=sa.LargeBinary)
    words: str = Field(sa_type=sa.Text)
    topic_words: str = Field(sa_type=sa.Text)
    audience: str = Field(sa_column=sa.Column(sa.Text, sa.Computed(AUDIENCE_SQL, persisted=True), nullable=False))


class SourceRow(_Table, table=True):
    """What was made from what: ``depends_on`` the other way round, to find everything that was made from a memory."""

    __tablename__ = "memory_source"

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    source_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    memory_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))


class RevisionRow(_Table, table=True):
    """One change to one memory. Rows are only ever added."""

    __tablename__ = "memory_revision"
    __table_args__ = (
        sa.Index("revision_change", "user_id", "change_id"),
        _index_where("run_id IS NOT NULL", "revision_run", "user_id", "run_id"),
        _index_where("turn_id IS NOT NULL", "revision_turn", "user_id", "turn_id"),
    )

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    memory_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    number: int = Field(primary_key=True)
    change_id: str = Field(sa_type=sa.Text)
    audience: str = Field(sa_type=sa.Text)
    op: str = Field(sa_type=sa.Text)
    before: Mapping[str, Any] | None = Field(sa_type=_JSON, nullable=True)
    after: Mapping[str, Any] | None = Field(sa_type=_JSON, nullable=True)
    reason: str = Field(sa_type=sa.Text)
    actor: str = Field(sa_type=sa.Text)
    agent_id: str | None = Field(default=None, sa_type=sa.Text)
    team_id: str | None = Field(default=None, sa_type=sa.Text)
    run_id: str | None = Field(default=None, sa_type=sa.Text)
    turn_id: str | None = Field(default=None, sa_type=sa.Text)
    at: datetime = Field(sa_type=UtcDateTime)


class MemoryVectorRow(_Table, table=True):
    """What a statement means, as numbers. It stays when its memory is removed, which may be taken back.

    ``number`` grows with each vector that its owner gets: what is new is what has a higher one. ``vector`` is empty
    when the id was given to another statement and nobody has embedded that.
    """

    __tablename__ = "memory_vector"
    __table_args__ = (sa.Index("vector_number", "user_id", "number", unique=True),)

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    memory_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    number: int = Field(sa_type=sa.BigInteger)
    model: str = Field(sa_type=sa.Text)
    vector: bytes = Field(sa_type=sa.LargeBinary)


class TurnVectorRow(_Table, table=True):
    """What was said in a turn, as numbers: the same as `MemoryVectorRow`, made when somebody looks for a turn."""

    __tablename__ = "turn_vector"
    __table_args__ = (sa.Index("turn_vector_number", "user_id", "number", unique=True),)

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    turn_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    number: int = Field(sa_type=sa.BigInteger)
    model: str = Field(sa_type=sa.Text)
    vector: bytes = Field(sa_type=sa.LargeBinary)


class EmbeddingRow(_Table, table=True):
    """The one model whose vectors the store holds: a single row, written with the first vector."""

    __tablename__ = "memory_embedding"
    __table_args__ = (sa.CheckConstraint("place = 1", name="memory_embedding_is_one"),)

    place: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))
    model: str = Field(sa_type=sa.Text)
    size: int


class SessionRow(_Table, table=True):
    """One conversation."""

    __tablename__ = "session"
    __table_args__ = (sa.Index("session_newest", "user_id", "updated_at", "session_id"),)

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    session_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    team_id: str | None = Field(default=None, sa_type=sa.Text)
    agent_id: str | None = Field(default=None, sa_type=sa.Text)
    state: Mapping[str, Any] = Field(sa_type=sa.JSON)
    summary: str | None = Field(default=None, sa_type=sa.Text)
    summary_upto: str | None = Field(default=None, sa_type=sa.Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class TurnRow(_Table, table=True):
    """One exchange in a session. What was said is never changed, only where its curation stands.

    While it is pending, it may be taken up from ``due_at`` on; whoever takes it up moves that on, and leaves a mark in
    ``lease``. The last columns are what it is found by (`coterie.memory.indexing`). ``place``: the how-manieth turn of
    its session it is, in the order they were recorded.
    """

    __tablename__ = "turn"
    __table_args__ = (
        _index_where("status = 'pending'", "turn_pending", "user_id", "at", "turn_id"),
        _index_where("status = 'pending'", "turn_due", "due_at"),
        _index_where("status = 'pending' AND lease IS NOT NULL", "turn_leased", "user_id", "due_at"),
        _index_where("status = 'dead'", "turn_dead", "user_id", "at", "turn_id"),
        sa.Index("turn_place", "user_id", "session_id", "place", "turn_id"),
        _index_where("told > 0", "turn_told", "user_id", "turn_id"),
    )

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    turn_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    session_id: str = Field(sa_type=sa.Text)
    run_id: str = Field(sa_type=sa.Text)
    team_id: str | None = Field(default=None, sa_type=sa.Text)
    agent_id: str | None = Field(default=None, sa_type=sa.Text)
    messages: Sequence[Any] = Field(sa_type=sa.JSON)
    at: datetime = Field(sa_type=UtcDateTime)
    status: str = Field(sa_type=sa.Text)
    attempts: int = 0
    error: str | None = Field(default=None, sa_type=sa.Text)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease: str | None = Field(default=None, sa_type=sa.Text)
    words: str = Field(sa_type=sa.Text)
    reply_words: str = Field(sa_type=sa.Text)
    asks: bool
    told: int
    speaker: str = Field(sa_type=sa.Text)
    audience: str = Field(sa_type=sa.Text)
    place: int


class ProposalRow(_Table, table=True):
    """An edit that a curator would have made: it was refused, or waits for somebody to decide on it."""

    __tablename__ = "proposal"
    __table_args__ = (sa.Index("proposal_status", "user_id", "status", "proposal_id"),)

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    proposal_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    turn_id: str = Field(sa_type=sa.Text)
    run_id: str | None = Field(default=None, sa_type=sa.Text)
    team_id: str | None = Field(default=None, sa_type=sa.Text)
    agent_id: str | None = Field(default=None, sa_type=sa.Text)
    status: str = Field(sa_type=sa.Text)
    edit: Mapping[str, Any] = Field(sa_type=sa.JSON)
    why: str = Field(sa_type=sa.Text)
    at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NoteRow(_Table, table=True):
    """What a member of a team told the others in a run. It is gone when the run's turn is recorded."""

    __tablename__ = "note"
    __table_args__ = (sa.Index("note_run", "user_id", "run_id", "note_id"),)

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    note_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    run_id: str = Field(sa_type=sa.Text)
    team_id: str | None = Field(default=None, sa_type=sa.Text)
    agent_id: str | None = Field(default=None, sa_type=sa.Text)
    member: str | None = Field(default=None, sa_type=sa.Text)
    task: str | None = Field(default=None, sa_type=sa.Text)
    text: str = Field(sa_type=sa.Text)
    at: datetime = Field(sa_type=UtcDateTime)


class RunRow(_Table, table=True):
    """A run that is recorded: whose, of what, and how it ended. ``records`` is how many records it has.

    Whoever adds records holds this row meanwhile. So it stands before them here, and is removed first.
    """

    __tablename__ = "run"
    __table_args__ = (
        sa.Index("run_newest", "user_id", "started_at", "run_id"),
        _index_where("session_id IS NOT NULL", "run_session", "user_id", "session_id", "started_at", "run_id"),
    )

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    run_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    session_id: str | None = Field(default=None, sa_type=sa.Text)
    team_id: str | None = Field(default=None, sa_type=sa.Text)
    agent_id: str | None = Field(default=None, sa_type=sa.Text)
    name: str = Field(sa_type=sa.Text)
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    status: str = Field(sa_type=sa.Text)
    records: int = 0


class RunRecordRow(_Table, table=True):
    """One record of a run's trace, a JSON object. Rows are only ever added; ``number`` counts from 1, without gaps."""

    __tablename__ = "run_record"

    user_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    run_id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    number: int = Field(primary_key=True)
    record: Mapping[str, Any] = Field(sa_type=WrittenJson)


METADATA = _tables.metadata
MEMORY = METADATA.tables["memory"]
SOURCE = METADATA.tables["memory_source"]
REVISION = METADATA.tables["memory_revision"]
MEMORY_VECTOR = METADATA.tables["memory_vector"]
TURN_VECTOR = METADATA.tables["turn_vector"]
EMBEDDING = METADATA.tables["memory_embedding"]
SESSION = METADATA.tables["session"]
TURN = METADATA.tables["turn"]
PROPOSAL = METADATA.tables["proposal"]
NOTE = METADATA.tables["note"]
RUN = METADATA.tables["run"]
RUN_RECORD = METADATA.tables["run_record"]
