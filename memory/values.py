"""The values that travel: what a memory, a turn and a session are to everybody outside the store.

Table rows and database sessions stay inside this room; these go out and come in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer
from sqlmodel import Field, SQLModel

from coterie.errors import InputError
from coterie.memory.ids import checked_id, new_id
from coterie.memory.items import Item
from coterie.text import one_line

Visibility = Literal["user", "team", "agent"]
"""Who may read a memory: every agent serving its user, the agents of its team, or its writer alone."""

Trust = Literal["user", "agent", "tool", "outside"]
"""From whom a statement came, the most trusted first: the user, an agent, a tool, or anybody else."""

TurnStatus = Literal["pending", "curated", "none", "dead"]
"""Curation is owed, done, not wanted, or given up."""

RunStatus = Literal["running", "finished", "waiting", "failed", "cancelled"]
"""Under way, ended well, stopped until somebody decides, ended with an error, or stopped by somebody."""

_SHOWN_CHARACTERS = 80


class UserMemory(SQLModel):
    """One remembered statement.

    The store fills in ``memory_id``, the times and ``version``; times carry a time zone. A field that is not listed
    here is refused.
    """

    model_config = {"extra": "forbid"}

    memory: str
    """The statement."""
    topics: list[str] = Field(default_factory=list)
    """What it is about, in a word or two each."""
    user_id: str | None = None
    """The person it is about. None: it is knowledge of its team or agent itself, visible to ``team`` or ``agent``."""
    memory_id: str | None = None
    """Names it in the store."""
    team_id: str | None = None
    """The team in which it was written."""
    agent_id: str | None = None
    """The agent that wrote it."""
    visibility: Visibility = "user"
    """Who may read it."""
    kind: str = "fact"
    """A word of yours to tell sorts of memories apart."""
    input: str | None = None
    """The words it was made from."""
    source_turn_id: str | None = None
    """The turn it was made from."""
    event_at: datetime | None = None
    """When the thing happened."""
    created_at: datetime | None = None
    """From when the statement holds."""
    updated_at: datetime | None = None
    """When its row was last changed."""
    valid_until: datetime | None = None
    """Until when it held. None: it holds now."""
    superseded_by: str | None = None
    """The id of the one that took its place."""
    expires_at: datetime | None = None
    """From when it is no longer given. None: never."""
    trust: Trust = "user"
    """From whom it came, or the least trusted of those. The store sets it no higher than its writer's own."""
    depends_on: list[str] = Field(default_factory=list)
    """The ids of the memories it was made from, and of those that these were made from."""
    stale_since: datetime | None = None
    """When something that it was made from was corrected or removed."""
    version: int = 1
    """How often it was changed, from 1."""
    item: Item | None = None
    """What it is in a LangGraph store. None: nobody put it there."""

    @model_serializer(mode="wrap")
    def _plain(self, fields: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Its fields; without ``item`` where it is none."""
        values: dict[str, Any] = fields(self)
        return values if values.get("item") is not None else {k: v for k, v in values.items() if k != "item"}

    def __repr_args__(self) -> Sequence[tuple[str | None, Any]]:
        """What tells memories apart: the other fields are many and mostly empty."""
        shown = {
            "memory_id": self.memory_id,
            "user_id": self.user_id,
            "memory": one_line(self.memory, _SHOWN_CHARACTERS),
        }
        return [(name, value) for name, value in [*shown.items(), ("topics", self.topics)] if value]


@dataclass(frozen=True)
class Scope:
    """Who is asking. What it may read is decided by one function, ``coterie.memory.scope.readable``.

    With ``as_owner`` the person themself asks (or somebody for them): every memory about ``user_id``, whoever wrote it
    and whichever agents may read it.

    Raises:
        InputError: an id is empty, too long or holds a NUL; or ``as_owner`` without a user.
    """

    user_id: str | None = None
    team_id: str | None = None
    agent_id: str | None = None
    as_owner: bool = False

    def __post_init__(self) -> None:
        for name in ("user_id", "team_id", "agent_id"):
            checked_id(name, getattr(self, name))
        if self.as_owner and self.user_id is None:
            raise InputError("as_owner=True needs a user_id: whose memories are meant?")


@dataclass(frozen=True)
class Message:
    """One message of a turn, as kept in the store."""

    role: Literal["user", "assistant", "tool", "system"]
    content: str
    name: str | None = None
    """Who spoke: a person's name, a member's, a tool's."""
    agent_id: str | None = None
    """Of a member's answer to its team: which agent that was."""
    task: str | None = None
    """Of a member's answer to its team: what it was asked to do. It is not searched."""


@dataclass(frozen=True)
class Turn:
    """One exchange in a session: what came in, what went out, and whether it is curated yet."""

    turn_id: str
    session_id: str
    run_id: str
    messages: tuple[Message, ...]
    at: datetime
    user_id: str | None = None
    team_id: str | None = None
    agent_id: str | None = None
    status: TurnStatus = "pending"
    attempts: int = 0
    """How often curating it failed."""
    error: str | None = None
    """Why it failed the last time."""
    lease: str | None = field(default=None, compare=False)
    """The mark of who is curating it: known to them alone, and None in what the store gives to read."""

    @property
    def up_to_reply(self) -> tuple[Message, ...]:
        """The messages up to the user's last one.

        The reply to it says nothing about the user, and a long one keeps a small model from seeing what they said.
        """
        places = [place for place, message in enumerate(self.messages) if message.role == "user"]
        return self.messages[: places[-1] + 1] if places else self.messages

    @property
    def scope(self) -> Scope:
        """Who was served, and by whom."""
        return Scope(self.user_id, self.team_id, self.agent_id)


@dataclass(frozen=True)
class Session:
    """One conversation. ``state`` is whatever the application keeps, a JSON object merged by key."""

    session_id: str
    user_id: str | None
    team_id: str | None
    agent_id: str | None
    state: Mapping[str, Any]
    summary: str | None
    """What it was about, up to the turn ``summary_upto``."""
    summary_upto: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Note:
    """What a member of a team tells the others while a run works. It is gone when the run's turn is recorded."""

    text: str
    run_id: str
    user_id: str | None = None
    """Whose run it is."""
    team_id: str | None = None
    """The team whose members are told."""
    agent_id: str | None = None
    """Who tells it. None: a team."""
    member: str | None = None
    """The name of who tells it."""
    task: str | None = None
    """What it was asked, where the note is its answer. None: it shares a finding while it works."""
    note_id: str = field(default_factory=new_id)
    """A UUIDv7: it says when the note was made, and notes come in the order of their ids."""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class StoredRun:
    """A run of an agent or a team that is recorded. What happened in it are its records, see `Db.records`."""

    run_id: str
    user_id: str | None
    """Whose run it is. None: one without a user."""
    session_id: str | None
    team_id: str | None
    agent_id: str | None
    name: str
    """Of the agent or the team that was run."""
    started_at: datetime
    ended_at: datetime | None = None
    """When it stopped the last time. None: it is running, or died."""
    status: RunStatus = "running"
    records: int = 0
    """How many there are."""


@dataclass(frozen=True)
class Filters:
    """Which memories are meant, of those that the scope may read. Each field that is given must be fulfilled."""

    topics: Sequence[str] = ()
    """Any of these is among its topics, in the same letters. Empty: any topics, or none."""
    agent_id: str | None = None
    """The agent that wrote it."""
    team_id: str | None = None
    """The team that wrote it."""
    kinds: Sequence[str] = ()
    """Its kind is one of these. Empty: any."""
    since: datetime | None = None
    """It happened then or later: ``event_at``, or ``created_at`` for what has none."""
    until: datetime | None = None
    """It happened before that."""
    true_at: datetime | None = None
    """It held then, though it may have been closed since; what was deleted is gone. None: it holds now."""
    namespace: Sequence[str] | None = None
    """It was put into a LangGraph store, in a namespace that begins with these labels; ``()`` for any. None: it may as
    well be anything else."""


EVERY = Filters()
"""No filter: whatever holds now."""
