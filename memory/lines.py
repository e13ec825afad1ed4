"""The lines in which memories travel between stores: a header, then one memory with all its revisions a line, as JSON.

What a line says is checked here, before a database sees it: it may come from anywhere.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, GetPydanticSchema, ValidationError, create_model
from pydantic_core import core_schema

from coterie.errors import InputError
from coterie.memory import inputs, rows
from coterie.memory.edits import Actor, Change, Operation, Revision
from coterie.memory.values import Trust, UserMemory
from coterie.text import one_line

FORMAT = "coterie memories"
FORMAT_VERSION = 1
LARGEST_VERSION = 2**31 - 1

Line = str | bytes
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Kept:
    """All that a store keeps of one memory. ``memory`` is None for one that was removed: its revisions remain."""

    user_id: str | None
    memory_id: str
    memory: UserMemory | None
    revisions: tuple[Revision, ...]


class _Json(BaseModel):
    model_config = ConfigDict(extra="forbid")


# A memory's fields once more, for SQLModel's own models convert what is of another type.
_Fields: type[BaseModel] = create_model(
    "_Fields",
    __base__=_Json,
    **{name: (field.annotation, field) for name, field in UserMemory.model_fields.items()},  # type: ignore[call-overload]
)


def _memory(fields: BaseModel) -> UserMemory:
    return rows.memory_of(fields.__dict__)


_Statement = Annotated[
    UserMemory,
    GetPydanticSchema(lambda _, schema: core_schema.no_info_after_validator_function(_memory, schema(_Fields))),
]


class _Header(_Json):
    format: Literal["coterie memories"]
    version: int
    schema_version: str
    exported_at: datetime


class _Revision(_Json):
    number: int
    change_id: str
    op: Operation
    before: _Statement | None
    after: _Statement | None
    reason: str
    actor: Actor
    agent_id: str | None = None
    team_id: str | None = None
    run_id: str | None = None
    turn_id: str | None = None
    at: datetime


class _Memory(_Json):
    user_id: str | None
    memory_id: str
    memory: _Statement | None
    revisions: list[_Revision]


def header(schema_version: str) -> str:
    """The first line."""
    said = {"format": FORMAT, "version": FORMAT_VERSION, "schema_version": schema_version}
    return _json({**said, "exported_at": datetime.now(UTC)})


def line(kept: Kept) -> str:
    """The line of a memory. The same memory has the same line, whatever database it comes from."""
    return _json(
        {
            "user_id": kept.user_id,
            "memory_id": kept.memory_id,
            "memory": kept.memory,
            "revisions": [_revision_json(revision) for revision in kept.revisions],
        }
    )


def _revision_json(revision: Revision) -> dict[str, Any]:
    names = ("number", "change_id", "op", "before", "after", "reason")
    return {**{name: getattr(revision, name) for name in names}, **revision.change.__dict__, "at": revision.at}


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, UserMemory):
        return {name: one for name in rows.FIELDS if (one := value.__dict__[name]) is not None or name != "item"}
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")  # there is nothing else: a time


def check_header(text: Line) -> None:
    """Refuse a first line that is no header, or one of a newer format.

    Raises:
        InputError: why.
    """
    found = _parsed(_Header, text)
    if found.version != FORMAT_VERSION:
        raise InputError(
            f"The lines are of format version {found.version}, this coterie reads {FORMAT_VERSION}: use a newer one."
        )


def kept(text: Line, ceiling: Trust) -> Kept:
    """The memory of a line.

    Args:
        text: the line.
        ceiling: the highest trust that the memory keeps, now and in its revisions.

    Raises:
        InputError: what is wrong with it, in a sentence.
    """
    found = _parsed(_Memory, text)
    inputs.key("memory_id", found.memory_id)
    if found.user_id is not None:
        inputs.key("user_id", found.user_id)
    if not found.revisions:
        raise InputError(f"The memory {found.memory_id!r} has no revisions: give at least the one that added it.")
    revisions = tuple(_revision_value(found, revision, ceiling) for revision in found.revisions)
    memory = None if found.memory is None else _side(found, found.memory, ceiling)
    _check_history(found.memory_id, memory, revisions)
    return Kept(found.user_id, found.memory_id, memory, revisions)


def _check_history(memory_id: str, memory: UserMemory | None, revisions: Sequence[Revision]) -> None:
    numbers = [revision.number for revision in revisions]
    if numbers != list(range(1, len(numbers) + 1)):
        raise InputError(
            f"The revisions of the memory {memory_id!r} have the numbers {one_line(str(numbers), 60)}: "
            f"give them all, from 1 to {len(numbers)}."
        )
    if revisions[-1].after != memory:
        raise InputError(
            f"The memory {memory_id!r} is not as its last revision left it: give the revision that is missing."
        )


def _revision_value(found: _Memory, revision: _Revision, ceiling: Trust) -> Revision:
    if revision.before is None and revision.after is None:
        raise InputError(
            f"Revision {revision.number} of the memory {found.memory_id!r} is empty: give before or after."
        )
    before, after = (None if one is None else _side(found, one, ceiling) for one in (revision.before, revision.after))
    change = Change(revision.actor, revision.agent_id, revision.team_id, revision.run_id, revision.turn_id)
    return Revision(
        found.memory_id,
        found.user_id,
        revision.number,
        revision.change_id and inputs.key("change_id", revision.change_id),  # empty: from before changes had one
        revision.op,
        before,
        after,
        inputs.checked_text("reason", revision.reason),
        inputs.checked_change(change),
        inputs.checked_moment("at", revision.at),
    )


def _side(found: _Memory, memory: UserMemory, ceiling: Trust) -> UserMemory:
    """A memory as it is or was, with the trust it may have."""
    if (memory.user_id, memory.memory_id) != (found.user_id, found.memory_id):
        raise InputError(
            f"The line of memory {found.memory_id!r} of {found.user_id!r} holds one with the id {memory.memory_id!r} "
            f"of {memory.user_id!r}: give each a line of its own."
        )
    for name in ("created_at", "updated_at"):
        inputs.checked_moment(name, getattr(memory, name))
    if not 1 <= memory.version <= LARGEST_VERSION:
        raise InputError(f"version is {memory.version}: give a whole number from 1 to {LARGEST_VERSION:,}.")
    return inputs.checked_memory(rows.copied(memory, trust=inputs.lowest([memory.trust, ceiling])))


def _parsed(kind: type[T], text: Line) -> T:
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise InputError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong: where, what, and the value."""
    first = error.errors(include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        said = first["msg"].replace("at line 1 column", "at character")
        return f"{said}: the line was cut off, or is none of an export."
    where = ".".join(map(str, first["loc"]))
    shown = "" if first["type"] == "missing" else f", not {one_line(repr(first['input']), 40)}"
    return f"{where}: {first['msg']}{shown}." if where else f"{first['msg']}{shown}."
