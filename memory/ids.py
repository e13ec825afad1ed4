"""Identifiers: ours are UUIDv7 strings, so that the order of ids is the order in time; others' are any short text."""

import os
import re
import threading
import time
from datetime import UTC, datetime

from coterie.errors import InputError

MAX_CHARACTERS = 255
_TICKS_PER_MS = 4096
"""The 12 bits after the milliseconds hold the fraction of the millisecond (RFC 9562, section 6.2, method 3)."""
_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_lock = threading.Lock()
_last_tick = 0


def new_id() -> str:
    """A new UUIDv7 (RFC 9562). Within one process each is greater than the one before.

    >>> first, second = new_id(), new_id()
    >>> first < second, len(first)
    (True, 36)
    """
    global _last_tick
    with _lock:
        tick = max(time.time_ns() * _TICKS_PER_MS // 1_000_000, _last_tick + 1)
        _last_tick = tick
    milliseconds, fraction = divmod(tick, _TICKS_PER_MS)
    random = int.from_bytes(os.urandom(8), "big") >> 2
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | random
    text = f"{value:032x}"  # as uuid.UUID writes it, in a third of the time
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    """Whether it is a UUIDv7 as `new_id` writes it.

    >>> is_id(new_id()), is_id("note-1")
    (True, False)
    """
    return _FORM.fullmatch(text) is not None


def made_at(text: str) -> datetime:
    """When an id was made, to the millisecond; see `is_id`.

    >>> made_at("019b76da-a800-7000-8000-000000000000").isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(int(text[:8] + text[9:13], 16) / 1000, UTC)


def first_at(moment: datetime) -> str:
    """A text that is less than every id from that millisecond on, and greater than every one before.

    >>> first_at(datetime(2026, 1, 1)) < new_id() < first_at(datetime(9999, 1, 1))
    True
    """
    milliseconds = f"{int(moment.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}"


def checked_id(name: str, value: str | None, *, needed: bool = False) -> str | None:
    """Refuse an id that is empty, too long, or cannot be stored as text; and None, if it is needed.

    Raises:
        InputError: with the name and the value.
    """
    if value is None and not needed:
        return None
    if not isinstance(value, str) or not value.strip():
        instead = "" if needed else ", or leave it out"
        raise InputError(f"{name} is {value!r}: give a text that is not empty{instead}.")
    if len(value) > MAX_CHARACTERS or "\0" in value:
        raise InputError(
            f"{name} {value[:40]!r}… cannot be used: give at most {MAX_CHARACTERS} characters, none of them NUL."
        )
    return value
