"""What our values are in JSON."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any


def as_text(time: datetime) -> str:
    """A time as everything prints it: in UTC, by RFC 3339."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """What a value of ours is in JSON: the ``default`` of `json.dumps`.

    Raises:
        TypeError: it has no form there.
    """
    if isinstance(value, datetime):
        return as_text(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Exception):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
