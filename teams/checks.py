"""What is checked when an agent or a team is made."""

from collections.abc import Iterable
from typing import Any

from coterie.errors import ConfigurationError


def listed(owner: str, what: str, values: Iterable[Any]) -> tuple[Any, ...]:
    """Values as a tuple; a single one in place of a list is refused."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"{owner}: {what}={values!r} is no list: write {what}=[...].")
    return tuple(values)
