"""Times as people give them, and as they are told how long ago something was."""

from datetime import UTC, datetime

import typer

from coterie.cli.texts import argument

WHEN = "A date (its first moment) or a date and time, as 2026-11-25T14:30+01:00; without a zone in UTC."


def moment(value: str) -> datetime:
    """The moment that a text means: a date (its first moment) or a date with a time; in UTC if it has no zone.

    Raises:
        BadParameter: it is neither.
    """
    try:
        found = datetime.fromisoformat(argument(value).strip())
    except ValueError:
        raise typer.BadParameter(
            f"{value!r} is no time: give one as 2026-11-25, 2026-11-25T14:30 or 2026-11-25T14:30+01:00, without a zone"
            " in UTC."
        ) from None
    return found.replace(tzinfo=UTC) if found.utcoffset() is None else found


def ago(then: datetime, now: datetime) -> str:
    """How long ago something was, in its largest unit.

    >>> from datetime import timedelta
    >>> now = datetime.now(UTC)
    >>> ago(now - timedelta(seconds=7), now), ago(now - timedelta(hours=30), now), ago(now - timedelta(days=3), now)
    ('7 s ago', '30 h ago', '3 days ago')
    """
    seconds = max(int((now - then).total_seconds()), 0)
    days, hours, minutes = seconds // 86400, seconds // 3600, seconds // 60
    if days > 1:
        return f"{days} days ago"
    return f"{hours} h ago" if hours else f"{minutes} min ago" if minutes else f"{seconds} s ago"
