"""The records of a run as JSON: what can be kept, and what else can be kept in place of it. Pure functions."""

import json
import reprlib
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from coterie.errors import InputError

MAX_RECORD_CHARACTERS = 1_000_000
"""Of a record as JSON, in which a character beyond ASCII takes six or twelve."""
DEEPEST = 100
"""So many lists and objects may stand in each other in a record, itself counted: Python reads no JSON of any depth."""
MAX_INTEGER_BITS = 1024
"""Python writes no integer of any size as a decimal; one that is larger than this is a text, in hexadecimal."""
_MOST = (10**9, 100_000, 10_000, 1_000, 100, 10, 1)
"""How many characters `storable` leaves a text, and how many elements a list: the first of these that will do."""


def written(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each record as JSON. Any text stays as it is: what a database has no place for is escaped.

    Raises:
        InputError: one is no JSON object, or too long, or too deep.
    """
    if isinstance(records, str | Mapping):
        raise InputError(f"records is one {type(records).__name__}: give a list of records.")
    return [_written(number, record) for number, record in enumerate(records, 1)]


def _written(number: int, record: Mapping[str, Any]) -> str:
    name = f"Record {number} of those to add"
    if not isinstance(record, Mapping):
        raise InputError(f"{name} is {reprlib.repr(record)}: give a mapping.")
    try:
        text = json.dumps(dict(record), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{name} cannot be kept as JSON ({error}): use plain values.") from None
    if len(text) > MAX_RECORD_CHARACTERS:
        raise InputError(
            f"{name}, {text[:40]}…, has {len(text):,} characters as JSON: give at most {MAX_RECORD_CHARACTERS:,}."
        )
    if text.count("[") + text.count("{") > DEEPEST and _is_deep(record, DEEPEST):
        raise InputError(f"{name}, {text[:40]}…, has more than {DEEPEST} lists and objects in each other: give fewer.")
    return text


def _is_deep(value: Any, most: int) -> bool:
    """Whether more lists and objects than that stand in each other."""
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else None
    return inside is not None and (not most or any(_is_deep(one, most - 1) for one in inside))


def storable(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the store takes in place of a record that it refused: the same fields, and ``altered: true``.

    What is not plain JSON becomes a text. Of a record that is too long texts lose their ends, lists and objects what
    comes last, until it fits.

    >>> storable({"kind": "tool_started", "arguments": {"at": float("inf"), 1: {2}}})
    {'kind': 'tool_started', 'arguments': {'at': 'inf', '1': '{2}'}, 'altered': True}
    >>> len(storable({"content": "x" * 2_000_000})["content"])
    100000
    """
    for most in _MOST:
        kept = {_text(name): plain(value, most) for name, value in record.items()}
        if len(json.dumps(kept)) < MAX_RECORD_CHARACTERS - 20:  # the mark takes some
            break
    return {**kept, "altered": True}


def plain(value: Any, most: int = _MOST[0], around: tuple[int, ...] = ()) -> Any:
    """A value as JSON can have it, with so many characters in a text, and elements in a list, at most.

    What is no JSON becomes a text. What is in itself, or in too many others (their ids are in ``around``), is left out.
    """
    match value:
        case None | bool():
            return value
        case int():
            return value if value.bit_length() <= MAX_INTEGER_BITS else _cut(hex(value), most)
        case float() if isfinite(value):
            return value
        case str():
            return _cut(value, most)
        case Mapping() | list() | tuple() if id(value) in around or len(around) == DEEPEST - 1:
            return "…"
        case Mapping():
            inside = (*around, id(value))
            return {_cut(_text(name), most): plain(value[name], most, inside) for name in [*value][:most]}
        case list() | tuple():
            return [plain(one, most, (*around, id(value))) for one in value[:most]]
    return _cut(_text(value), most)


def _text(value: Any) -> str:
    """What a value says of itself; one that fails to is named by its type."""
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
