"""What a value that was put into a LangGraph store says in words, and whether it passes a filter."""

import json
from collections.abc import Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Literal

from langgraph.store.base import get_text_at_path, tokenize_path

from coterie.errors import InputError
from coterie.graphs.prompts import storable
from coterie.memory.inputs import MAX_MEMORY_CHARACTERS

Value = Mapping[str, Any]
_COMPARED = {"$eq": eq, "$ne": ne, "$gt": gt, "$gte": ge, "$lt": lt, "$lte": le}
_STATEMENTS = ("memory", "content", "text")
"""The keys under which programs keep a statement."""


def statement_of(value: Value, index: Literal[False] | Sequence[str] | None) -> str:
    r"""What a value says: the texts at the paths; else its statement, if it is one; else all of it, as JSON.

    >>> statement_of({"content": "Likes tea"}, None), statement_of({"name": "Ana", "age": 40}, None)
    ('Likes tea', '{"name":"Ana","age":40}')
    >>> statement_of({"title": "Tea", "by": {"name": "Ana"}}, ["title", "by.name"])
    'Tea\nAna'
    """
    found = [text for path in index or () for text in get_text_at_path(dict(value), tokenize_path(path))]
    text = "\n".join(found).strip() or _stated(value)
    text = text or json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return storable(text)[:MAX_MEMORY_CHARACTERS]


def _stated(value: Value) -> str:
    for key in _STATEMENTS:
        match value.get(key):
            case str(text) if text.strip():
                return text
            case {"content": str(text)} if text.strip():  # as LangMem's manager keeps it
                return text
    return ""


def topics_of(value: Value) -> list[str] | None:
    """The topics that a value names; None if it names none."""
    topics = value.get("topics")
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        return None
    return [storable(topic) for topic in topics]


def passes(value: Value, wanted: Mapping[str, Any]) -> bool:
    """Whether a value has what a filter asks for: under each key this, or what the operators say; ``$eq``, ``$gt``, ...

    A key with full stops also means one inside another.

    >>> passes({"score": 4, "by": {"name": "Ana"}}, {"score": {"$gte": 3, "$lt": 5}, "by.name": "Ana"})
    True

    Raises:
        InputError: there is no such operator.
    """
    return all(_passes(_at(value, key), one) for key, one in wanted.items())


def _at(value: Any, path: str) -> Any:
    if isinstance(value, Mapping) and path not in value and "." in path:
        first, _, rest = path.partition(".")
        return _at(value.get(first), rest)
    return value.get(path) if isinstance(value, Mapping) else None


def _passes(there: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(there == (list(wanted) if isinstance(wanted, tuple) else wanted))
    if any(str(key).startswith("$") for key in wanted):
        return all(_compared(there, operator, than) for operator, than in wanted.items())
    return isinstance(there, Mapping) and passes(there, wanted)


def _compared(there: Any, operator: str, than: Any) -> bool:
    if operator not in _COMPARED:
        raise InputError(f"The filter has the operator {operator!r}: give one of {', '.join(_COMPARED)}.")
    if operator in ("$eq", "$ne"):
        return bool(_COMPARED[operator](there, than))
    numbers = isinstance(there, int | float) and isinstance(than, int | float)
    return bool(_COMPARED[operator](there, than)) if numbers or (type(there) is type(than) is str) else False
