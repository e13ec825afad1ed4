"""Edits to memories, and what is recorded of them: values that go into the store and come out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from coterie.memory.items import Item
from coterie.memory.values import Trust, UserMemory

Operation = Literal["add", "update", "merge", "narrow", "delete", "restore", "expire"]
"""What an edit did. A change to a memory that follows from an edit to another is recorded as that edit's."""

ProposedOperation = Literal["add", "update", "merge", "delete", "clear"]
"""What a curator may propose."""

ProposalStatus = Literal["refused", "held", "accepted", "rejected"]
"""Why a proposal was not simply applied: a check refused it, or a person is to decide; and what they decided."""

Actor = Literal["curator", "agent", "tool", "person", "import"]

CEILING: dict[Actor, Trust] = {
    "curator": "user",  # it keeps what the user said, and is checked
    "agent": "agent",
    "tool": "tool",
    "person": "user",
    "import": "outside",
}
"""The trust of what each may write: nobody's statement counts for more than its writer."""


@dataclass(frozen=True)
class Change:
    """Who changes something, in which run and because of which turn: what every revision records."""

    actor: Actor = "person"
    agent_id: str | None = None
    team_id: str | None = None
    run_id: str | None = None
    turn_id: str | None = None


@dataclass(frozen=True)
class Ref:
    """A stored memory, as it was read. ``version=None`` means whatever the memory says now, also under a newer id."""

    memory_id: str
    version: int | None = None


@dataclass(frozen=True)
class KeptProposal:
    """An edit that a curator proposed and that was not simply applied: it was refused, or is held for a decision."""

    proposal_id: str
    user_id: str
    turn_id: str
    run_id: str | None
    team_id: str | None
    agent_id: str | None
    status: ProposalStatus
    op: str
    memory: str
    """The statement that it would make; empty for one that only removes."""
    topics: tuple[str, ...]
    targets: tuple[Ref, ...]
    """The memories that it would change or remove, as the curator read them."""
    before: tuple[str, ...]
    """What those said."""
    quote: str
    """The words of the turn that support it, as the curator gives them."""
    trust: Trust
    """What the statement counts for: the user's own, if the quote is what they said."""
    reason: str
    """The curator's."""
    why: str
    """Why it was refused, or is held."""
    at: datetime
    """When that was said which it was made of."""
    decided_at: datetime | None = None


@dataclass(frozen=True)
class Curated:
    """The turn that edits were made from: it must be pending, and is marked as curated in the same transaction."""

    turn_id: str
    lease: str | None = None
    """The lease under which it was taken up. One that ran out, and was given to somebody else, is refused.
    None: it is under no lease."""
    kept: Sequence[KeptProposal] = ()
    """What was proposed beside the edits, and is kept without being applied."""


@dataclass(frozen=True)
class Add:
    """Keep a new statement. One that the owner has already, in the same words, is not stored twice.

    With ``depends_on`` it is made from other memories: it gets no more readers and no more trust than all of them have,
    and is marked stale when one of them is corrected or removed.
    """

    memory: UserMemory
    reason: str = ""


@dataclass(frozen=True)
class Update:
    """Put a new statement in place of one that is no longer right.

    The old one is closed (``valid_until``, ``superseded_by``). The new one has an id of its own, the same readers and,
    if ``topics`` is None, the same topics. With the same words only the topics change, and it is no longer stale.
    """

    target: Ref
    memory: str
    topics: Sequence[str] | None = None
    reason: str = ""
    event_at: datetime | None = None
    input: str | None = None
    """The words it was made from."""
    trust: Trust = "user"
    """From whom it came; it counts for no more than its writer."""
    item: Item | None = None
    """What it is in a LangGraph store from now on, where it may say what it said. None: what was there before says the
    new words."""


@dataclass(frozen=True)
class Merge:
    """Make one statement of several, which are closed. It has the readers they share and the lowest of their trust.

    In a LangGraph store it stands where the first of them stood that is an item there.
    """

    targets: Sequence[Ref]
    memory: str
    topics: Sequence[str] | None = None
    reason: str = ""


@dataclass(frozen=True)
class Narrow:
    """Let fewer read a memory: the agents of its team, or its writer alone.

    The statements it took the place of, and everything that was made from it, are narrowed too; what would have no
    reader left is removed.
    """

    target: Ref
    visibility: Literal["team", "agent"]
    reason: str = ""


@dataclass(frozen=True)
class Delete:
    """Forget a statement, and those it took the place of. Their revisions remain until the user is erased."""

    target: Ref
    reason: str = ""
    dependants: bool = False
    """Forget everything that was made from them too, whoever may read it. Otherwise that is marked as stale."""


@dataclass(frozen=True)
class Clear:
    """Forget everything that is true now about the scope's user, whoever wrote it and whichever agents may read it."""

    reason: str = ""


Edit = Add | Update | Merge | Narrow | Delete | Clear


@dataclass(frozen=True)
class Revision:
    """One change to one memory. ``before`` is None when it came to be, ``after`` when it was removed.

    ``number`` counts a memory's changes from 1. Everything that one `apply` or `undo` did has the same ``change_id``.
    """

    memory_id: str
    user_id: str | None
    number: int
    change_id: str
    op: Operation
    before: UserMemory | None
    after: UserMemory | None
    reason: str
    change: Change
    at: datetime


@dataclass(frozen=True)
class Applied:
    """What one edit did. ``revisions`` is empty for a statement that was there already."""

    edit: Edit
    memory_id: str
    """The memory that has the words now; of a removal, the one that was removed; of a `Clear`, none: an empty text."""
    revisions: tuple[Revision, ...]


@dataclass(frozen=True)
class Undone:
    """What undoing did. ``Db.undo(scope, change_id=...)`` with this id takes it back."""

    change_id: str
    revisions: tuple[Revision, ...]


@dataclass(frozen=True)
class Difference:
    """How what was believed at one time differs from what was believed at another. Each list is oldest first."""

    added: tuple[UserMemory, ...]
    removed: tuple[UserMemory, ...]
    changed: tuple[tuple[UserMemory, UserMemory], ...]
    """Before and after: one took the other's place, or its topics, readers or marks changed."""


@dataclass(frozen=True)
class Refused:
    """A line that was not imported, counted from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Imported:
    """What an import did. ``unchanged`` are the memories that were there already, with all that their lines say."""

    imported: int
    unchanged: int
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class Erased:
    """The receipt for an erased person: how many rows of each kind were removed."""

    user_id: str
    memories: int
    revisions: int
    turns: int
    sessions: int
    vectors: int
    proposals: int
    notes: int
    runs: int
