"""What the store refuses before it asks the database: each check raises InputError with the value and what to do."""

import json
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

from coterie.errors import InputError
from coterie.memory.edits import CEILING, Add, Change, Clear, Edit, Merge, Ref
from coterie.memory.ids import checked_id, is_id
from coterie.memory.items import Item, is_deeper, place_of
from coterie.memory.values import (
    Note,
    RunStatus,
    Scope,
    StoredRun,
    Trust,
    Turn,
    UserMemory,
    Visibility,
)

MAX_MEMORY_CHARACTERS = 10_000
MAX_NOTE_CHARACTERS = 10_000
MAX_PLACE_BYTES = 1_500
"""Of an item's namespace and key together, in UTF-8: an index takes no more."""
MAX_DEPTH = 100
"""How deep an item's value may be nested: what goes through it calls itself for each level."""
EVERYTHING = 2**62
"""A LIMIT that limits nothing."""

T = TypeVar("T")
_EXAMPLES: dict[type, str] = {
    Ref: "Ref(memory_id)",
    Scope: "a Scope, as Scope('ana')",
    UserMemory: "a UserMemory, as UserMemory(memory='Likes tea')",
    datetime: "a datetime with a time zone",
    str: "a text",
}


def expected(name: str, value: object, kind: type[T]) -> T:
    """Refuse a value of another type than is asked for."""
    if not isinstance(value, kind):
        raise InputError(f"{name} is {reprlib.repr(value)}: give {_EXAMPLES.get(kind, f'a {kind.__name__}')}.")
    return value


def checked_text(name: str, value: str) -> str:
    """Refuse text that a database cannot keep: a NUL character, or half of a surrogate pair."""
    if not isinstance(value, str):
        raise InputError(f"{name} is {value!r}: give a text.")
    if "\0" in value:
        raise InputError(f"{name} {value[:40]!r} holds a NUL character: remove it.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{name} {value[:40]!r} is not valid Unicode ({error.reason}): repair it.") from None
    return value


def key(name: str, value: str | None) -> str:
    """An id that is needed."""
    return checked_text(name, str(checked_id(name, value, needed=True)))


def checked_scope(scope: Scope) -> Scope:
    """A scope whose ids can be stored."""
    for name in ("user_id", "team_id", "agent_id"):
        if (value := getattr(expected("scope", scope, Scope), name)) is not None:
            checked_text(name, value)
    return scope


def checked_edits(edits: Sequence[Edit]) -> list[Edit]:
    """Edits that name stored memories."""
    if isinstance(edits, Edit):
        raise InputError(f"edits is one edit, {type(edits).__name__}: give a list of them.")
    for edit in edits:
        if not isinstance(edit, Edit):
            raise InputError(f"{reprlib.repr(edit)} is not an edit: give Add, Update, Merge, Narrow, Delete or Clear.")
        if isinstance(edit, Add):
            expected("memory", edit.memory, UserMemory)
        elif not isinstance(edit, Clear):
            for target in edit.targets if isinstance(edit, Merge) else [edit.target]:
                expected("target", target, Ref)
    return list(edits)


def checked_change(change: Change) -> Change:
    """A change whose ids can be stored."""
    for name, value in expected("change", change, Change).__dict__.items():
        if value is not None:
            key(name, value)
    if change.actor not in CEILING:
        raise InputError(f"actor is {change.actor!r}: give one of {', '.join(CEILING)}.")
    return change


def checked_limit(limit: int | None) -> int:
    """The number for a LIMIT clause; None means all."""
    return EVERYTHING if limit is None else checked_number("limit", limit)


def checked_statement(text: str) -> str:
    """The words of a memory."""
    return _checked_words("memory", text, MAX_MEMORY_CHARACTERS)


def _checked_words(name: str, text: str, most: int) -> str:
    checked_text(name, text)
    if not text.strip():
        raise InputError(f"The {name} {text!r} is empty: give a statement.")
    if len(text) > most:
        raise InputError(
            f"The {name} {text[:40]!r}… has {len(text):,} characters: give at most {most:,}, or several statements."
        )
    return text


def checked_topics(topics: Sequence[str]) -> list[str]:
    """The topics of a memory."""
    if isinstance(topics, str):
        raise InputError(f"topics is the text {topics!r}: give a list of texts.")
    return [checked_text("topic", topic) for topic in topics]


def checked_memory(memory: UserMemory) -> UserMemory:
    """A memory that can be stored: its owner, readers and words are there, its times have zones."""
    checked_statement(memory.memory)
    checked_topics(memory.topics)
    checked_text("kind", memory.kind)
    for name in ("memory_id", "user_id", "team_id", "agent_id", "source_turn_id", "superseded_by"):
        if (value := getattr(memory, name)) is not None:
            key(name, value)
    if memory.input is not None:
        checked_text("input", memory.input)
    for name in ("event_at", "created_at", "updated_at", "valid_until", "expires_at", "stale_since"):
        checked_time(name, getattr(memory, name))
    for source in expected("depends_on", memory.depends_on, list):
        key("depends_on", source)
    checked_trust(memory.trust)
    if memory.item is not None:
        checked_item(memory.item)
    _check_readers(memory)
    return memory


def checked_namespace(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels of a namespace, the outermost first: texts that are not empty and hold no full stop."""
    if isinstance(labels, str) or not isinstance(labels, Sequence):
        raise InputError(f"The namespace is {labels!r}: give a tuple of texts, as ('memories', 'ana').")
    for label in labels:
        if not isinstance(label, str) or not label or "." in label:
            raise InputError(
                f"The namespace {tuple(labels)!r} has the label {label!r}: give texts that are not empty, without a "
                "full stop (CoterieStore.label makes such a one of any user id)."
            )
        checked_text("label", label)
    return tuple(labels)


def checked_item(item: Item) -> Item:
    """An item that can be stored: it is in a namespace, its value a JSON object."""
    check_place(item["namespace"], item["key"])
    value = checked_object(f"The value of {item['key']!r}", expected("value", item["value"], dict))
    if is_deeper(value, MAX_DEPTH):
        raise InputError(f"The value of {item['key']!r} is nested more than {MAX_DEPTH} deep: make it flatter.")
    return item


def check_place(namespace: Sequence[str], key: str) -> None:
    """Refuse where no item can be."""
    if not checked_namespace(namespace):
        raise InputError(f"The item {key!r} is in no namespace: give one, as ('memories', 'ana').")
    if len(place_of(namespace, checked_text("key", key)).encode()) > MAX_PLACE_BYTES:
        raise InputError(
            f"The namespace {tuple(namespace)!r} and the key {key[:40]!r}… are longer than {MAX_PLACE_BYTES:,} bytes "
            "together: give a shorter key."
        )


def _check_readers(memory: UserMemory) -> None:
    if memory.visibility not in get_args(Visibility):
        raise InputError(f"visibility is {memory.visibility!r}: give one of {', '.join(get_args(Visibility))}.")
    if memory.visibility == "user" and memory.user_id is None:
        raise InputError(
            f"The memory {memory.memory[:40]!r} has no user_id, so nobody could read it: "
            "give a user_id, or visibility 'team' or 'agent'."
        )
    needed = f"{memory.visibility}_id"
    if getattr(memory, needed) is None:
        raise InputError(
            f"The memory {memory.memory[:40]!r} has visibility {memory.visibility!r}: give a {needed} too."
        )


def checked_trust(trust: Trust) -> Trust:
    """A level of trust."""
    if trust not in get_args(Trust):
        raise InputError(f"trust is {trust!r}: give one of {', '.join(get_args(Trust))}.")
    return trust


def lowest(trusts: Iterable[Trust]) -> Trust:
    """The lowest of some levels of trust."""
    return max(trusts, key=get_args(Trust).index)


def checked_time(name: str, value: datetime | None) -> None:
    """Refuse a time without a zone, and one that has no place in UTC's calendar: it could not be read again."""
    if value is None:
        return
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise InputError(f"{name} is {value!r}: give a datetime with a time zone.")
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise InputError(f"{name} is {value}: give a time from year 1 to 9999 in UTC.") from None


def checked_moment(name: str, value: datetime) -> datetime:
    """A time with a zone, which is needed."""
    checked_time(name, expected(name, value, datetime))
    return value


def checked_object(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """What can be kept as a JSON object, as it is when it is read again."""
    try:
        text = json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{name} cannot be kept as JSON ({error}): use plain values.") from None
    kept: dict[str, Any] = json.loads(text)
    return kept


def checked_turn(turn: Turn) -> Turn:
    """A turn whose ids can be stored. Its messages may hold any text.

    Memories are about somebody: curating a turn of nobody can be owed to nobody.
    """
    for name in ("turn_id", "session_id", "run_id"):
        key(name, getattr(expected("turn", turn, Turn), name))
    checked_scope(turn.scope)
    checked_time("at", turn.at)
    if turn.status == "pending" and turn.user_id is None:
        raise InputError(f"The turn {turn.turn_id!r} is pending without a user_id: give one, or status='none'.")
    return turn


def checked_note(note: Note) -> Note:
    """A note that can be stored."""
    _checked_words("note", expected("note", note, Note).text, MAX_NOTE_CHARACTERS)
    key("run_id", note.run_id)
    for name in ("user_id", "team_id", "agent_id"):
        if (value := getattr(note, name)) is not None:
            key(name, value)
    for name in ("member", "task"):
        if (value := getattr(note, name)) is not None:
            checked_text(name, value)
    if not is_id(expected("note_id", note.note_id, str)):
        raise InputError(f"note_id is {note.note_id!r}: give a UUIDv7 in small letters, or leave it out.")
    checked_moment("at", note.at)
    return note


def checked_run(run: StoredRun) -> StoredRun:
    """A run that can be stored."""
    key("run_id", expected("run", run, StoredRun).run_id)
    for name in ("user_id", "session_id", "team_id", "agent_id"):
        if (value := getattr(run, name)) is not None:
            key(name, value)
    checked_text("name", run.name)
    checked_moment("started_at", run.started_at)
    return run


def checked_end(status: RunStatus) -> RunStatus:
    """How a run ended."""
    ends = [name for name in get_args(RunStatus) if name != "running"]
    if status not in ends:
        raise InputError(f"status is {status!r}: give one of {', '.join(ends)}.")
    return status


def checked_number(name: str, value: int) -> int:
    """A whole number from 0 on; one beyond any database is as good as the highest that it has."""
    if not isinstance(value, int) or value < 0:
        raise InputError(f"{name} is {value!r}: give a whole number, 0 or more.")
    return min(value, EVERYTHING)
