"""What is checked when an agent or a team is made."""

from collections.abc import Iterable, Sequence
from typing import Any

from coterie.errors import ConfigurationError


def listed(owner: str, what: str, values: Iterable[Any]) -> tuple[Any, ...]:
    """Values as a tuple; a single one in place of a list is refused."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"{owner}: {what}={values!r} is no list: write {what}=[...].")
    return tuple(values)


def tool_names(owner: str, tools: Sequence[Any]) -> frozenset[str]:
    """The names of tools that are given by their names or themselves.

    Raises:
        ConfigurationError: something that is neither.
    """
    names = []
    for tool in tools:
        name = tool if isinstance(tool, str) else getattr(tool, "name", None) or getattr(tool, "__name__", None)
        if not isinstance(name, str):
            raise ConfigurationError(f"{owner}: {tool!r} is no tool: give a tool, or the name of one.")
        names.append(name)
    return frozenset(names)
