"""Between rows and values: the only place that knows how a value is kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from coterie.memory.edits import Change, KeptProposal, Ref, Revision
from coterie.memory.indexing import turn_index
from coterie.memory.items import is_searched, namespace_of
from coterie.memory.query import index_words
from coterie.memory.sameness import content_hash
from coterie.memory.scope import NO_LONGER, audience
from coterie.memory.tables import MEMORY, NOBODY, NOTE, PROPOSAL, REVISION, RUN, SESSION, TURN
from coterie.memory.values import Message, Note, Session, StoredRun, Turn, UserMemory

FIELDS = tuple(UserMemory.model_fields)
MEMORY_COLUMNS = tuple(MEMORY.c[name] for name in FIELDS)
SEARCH_COLUMNS = (*MEMORY_COLUMNS, MEMORY.c.words, MEMORY.c.topic_words)
REVISION_COLUMNS = tuple(column for column in REVISION.c if column.name != "audience")
PROPOSAL_COLUMNS = tuple(PROPOSAL.c)
NOTE_COLUMNS = tuple(NOTE.c)
RUN_COLUMNS = tuple(RUN.c)
SESSION_COLUMNS = tuple(column for column in SESSION.c if column.name != "version")
TURN_INDEX = ("words", "reply_words", "asks", "told", "speaker", "audience")
TURN_QUEUE = ("due_at", "lease")
TURN_COLUMNS = tuple(column for column in TURN.c if column.name not in {*TURN_INDEX, *TURN_QUEUE, "place"})
_TURN_FIELDS = tuple(column.name for column in TURN_COLUMNS)

_FIELDS_SET = set(FIELDS)
_new, _set = object.__new__, object.__setattr__


def stored_owner(user_id: str | None) -> str:
    """The ``user_id`` column's value."""
    return NOBODY if user_id is None else user_id


def memory_value(row: Sequence[Any]) -> UserMemory:
    """A memory from a row of `MEMORY_COLUMNS`.

    Built without validation, which the row went through when it was written: 3 µs instead of 7.
    """
    values = dict(zip(FIELDS, row))  # noqa: B905  # strict=True would cost more than the rest of the line
    if not values["user_id"]:
        values["user_id"] = None
    return memory_of(values)


def copied(memory: UserMemory, /, **changes: Any) -> UserMemory:
    """The memory with other values in some fields. Of a subclass no more than what is a memory's."""
    values = memory.__dict__ if type(memory) is UserMemory else {name: getattr(memory, name) for name in FIELDS}
    return memory_of({**values, **changes})


def memory_of(values: dict[str, Any]) -> UserMemory:
    """A memory of values that are known to be right, one for each of its fields."""
    memory = _new(UserMemory)
    _set(memory, "__dict__", values)
    _set(memory, "__pydantic_fields_set__", _FIELDS_SET)  # shared: it holds every field, so nothing is ever added
    _set(memory, "__pydantic_extra__", None)
    _set(memory, "__pydantic_private__", None)
    return memory


def memory_key(memory: UserMemory) -> tuple[str, str]:
    """The owner as stored, and the id."""
    return stored_owner(memory.user_id), str(memory.memory_id)


DERIVED_FROM = frozenset({"memory", "topics", "visibility", "team_id", "agent_id", "item"})


def derived_columns(memory: UserMemory) -> dict[str, Any]:
    """The columns that follow from a memory's values, those in `DERIVED_FROM`, and are no values of it."""
    searched = is_searched(memory.item)
    return {
        "content_hash": content_hash(memory),
        "words": index_words(memory.memory) if searched else "",
        "topic_words": index_words(", ".join(memory.topics)) if searched else "",
        "namespace": namespace_of(memory.item),
    }


def memory_columns(memory: UserMemory) -> dict[str, Any]:
    """The columns of a memory."""
    return {**memory.__dict__, "user_id": stored_owner(memory.user_id), **derived_columns(memory)}


def _plain(value: object) -> str:
    """A time as JSON has it. In UTC: some zones of old were apart from it by seconds, which not every reader takes."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{value!r} cannot be written as JSON.")


to_json = json.JSONEncoder(default=_plain, check_circular=False).encode
"""A value as JSON, for a column: times too."""


def revision_columns(revision: Revision) -> dict[str, Any]:
    """The columns of a revision."""
    last = revision.after or revision.before
    assert last is not None  # a change has at least one side
    return {
        "user_id": stored_owner(revision.user_id),
        "memory_id": revision.memory_id,
        "number": revision.number,
        "change_id": revision.change_id,
        "audience": NO_LONGER if revision.op == "narrow" and revision.after is None else audience(last),
        "op": revision.op,
        "before": None if revision.before is None else revision.before.__dict__,
        "after": None if revision.after is None else revision.after.__dict__,
        "reason": revision.reason,
        "at": revision.at,
        **revision.change.__dict__,
    }


def revision_value(row: Mapping[str, Any]) -> Revision:
    """A revision from a row of `REVISION_COLUMNS`."""
    values: dict[str, Any] = {**row}
    change = Change(**{name: values.pop(name) for name in Change.__dataclass_fields__})
    for side in ("before", "after"):
        values[side] = None if values[side] is None else UserMemory.model_validate(values[side])
    return Revision(**{**values, "user_id": values["user_id"] or None, "change": change})


_OF_EDIT = ("op", "memory", "topics", "targets", "before", "quote", "trust", "reason")
"""What of a proposal is kept together, as JSON."""


def proposal_columns(proposal: KeptProposal) -> dict[str, Any]:
    """The columns of a proposal."""
    values = {**proposal.__dict__}
    edit = {name: values.pop(name) for name in _OF_EDIT}
    targets = [(ref.memory_id, ref.version) for ref in proposal.targets]
    return {**values, "edit": {**edit, "targets": targets}}


def proposal_value(row: Mapping[str, Any]) -> KeptProposal:
    """A proposal from a row of `PROPOSAL_COLUMNS`."""
    values: dict[str, Any] = {**row}
    edit = values.pop("edit")
    for name in ("topics", "before"):
        edit[name] = tuple(edit[name])
    edit["targets"] = tuple(Ref(memory_id, version) for memory_id, version in edit["targets"])
    return KeptProposal(**values, **edit)


def turn_columns(turn: Turn) -> dict[str, Any]:
    """The columns of a turn."""
    messages = [asdict(message) for message in turn.messages]
    return {**turn.__dict__, "user_id": stored_owner(turn.user_id), "messages": messages, **turn_index(turn)}


def turn_value(row: Sequence[Any]) -> Turn:
    """A turn from a row of `TURN_COLUMNS`.

    Without its ``__init__``, which sets each field of a frozen class by a call of its own: 1.6 µs instead of 4.
    """
    values = dict(zip(_TURN_FIELDS, row))  # noqa: B905  # as above
    values["user_id"] = values["user_id"] or None
    values["messages"] = tuple(map(_message, values["messages"]))
    turn = _new(Turn)
    _set(turn, "__dict__", values)
    return turn


def _message(values: dict[str, Any]) -> Message:
    message = _new(Message)
    _set(message, "__dict__", values)
    return message


def session_value(row: Mapping[str, Any]) -> Session:
    """A session from a row of `SESSION_COLUMNS`."""
    return Session(**{**row, "user_id": row["user_id"] or None})


def note_columns(note: Note) -> dict[str, Any]:
    """The columns of a note."""
    return {**note.__dict__, "user_id": stored_owner(note.user_id)}


def note_value(row: Mapping[str, Any]) -> Note:
    """A note from a row of `NOTE_COLUMNS`."""
    return Note(**{**row, "user_id": row["user_id"] or None})


def run_columns(run: StoredRun) -> dict[str, Any]:
    """The columns of a run."""
    return {**run.__dict__, "user_id": stored_owner(run.user_id)}


def run_value(row: Mapping[str, Any]) -> StoredRun:
    """A run from a row of `RUN_COLUMNS`."""
    return StoredRun(**{**row, "user_id": row["user_id"] or None})
