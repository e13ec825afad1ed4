"""Items: what a program has put into a LangGraph store, under a key, in a namespace. Each is a memory.

A namespace is one text in the database, ``memories.ana.notes.``: no label is empty or holds a full stop, so all
namespaces that begin with some labels begin alike, and an index finds them as a range. A *place* is a namespace and a
key.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from coterie.memory.values import UserMemory

_FIRST, _LAST = chr(1), chr(0x10FFFF)
"""The first character that a text may hold, and the last one that there is."""


class Item(TypedDict):
    """What a program has put into a LangGraph store. Its memory says it in words.

    ``namespace`` has the outermost label first; ``value`` is a JSON object; ``searched`` says whether a query finds it.
    """

    namespace: list[str]
    key: str
    value: dict[str, Any]
    searched: bool


class ItemName(NamedTuple):
    """Which item is meant."""

    namespace: tuple[str, ...]
    key: str
    of_any: bool = False
    """Whether the key may be the id of a memory that nobody put there."""


def namespace_of(item: Item | None) -> str | None:
    """Where an item is, as the database has it; None for what is none.

    >>> namespace_of(Item(namespace=["memories", "ana"], key="k", value={}, searched=True))
    'memories.ana.'
    """
    return None if item is None else as_text(item["namespace"])


def place_of(namespace: Sequence[str], key: str) -> str:
    """A place, as one text: nothing else has it."""
    return f"{as_text(namespace)}.{key}"


def as_text(namespace: Sequence[str]) -> str:
    """A namespace as one text."""
    return "".join(f"{label}." for label in namespace)


def as_labels(text: str) -> tuple[str, ...]:
    """The labels of a namespace.

    >>> as_labels("memories.ana.")
    ('memories', 'ana')
    """
    return tuple(text.split(".")[:-1])


def is_searched(item: Item | None) -> bool:
    """Whether a query finds the memory that has it; any that is no item it does."""
    return item is None or item["searched"]


def value_of(memory: "UserMemory") -> dict[str, Any]:
    """What a memory is in a LangGraph store; of one that nobody put there, its statement and its topics."""
    if memory.item is not None:
        return memory.item["value"]
    return {"memory": memory.memory, "topics": memory.topics}


def is_deeper(value: object, depth: int) -> bool:
    """Whether a JSON value is nested deeper. It looks at a level at a time, so that no depth is too much for it.

    >>> is_deeper({"a": [1]}, 2), is_deeper({"a": [1]}, 1)
    (False, True)
    """
    level = [value]
    for _ in range(depth):
        inside = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [each for one in inside for each in one]
    return any(isinstance(one, dict | list) for one in level)


def within(namespace: Sequence[str]) -> tuple[str, str]:
    """The first text that a namespace that begins with these labels can be, and the first one after all such.

    >>> first, end = within(["acme"])
    >>> [first <= text < end for text in ("acme.", "acme.hr.", "acme-corp.", "acme2.")]
    [True, True, False, False]
    """
    text = as_text(namespace)
    return (text, f"{text[:-1]}/") if text else ("", _LAST)  # "/" comes after "."


def after(namespace: Sequence[str], *, below: bool) -> str:
    """The first text after this namespace; with ``below`` also after all that are longer."""
    return within(namespace)[1] if below else as_text(namespace) + _FIRST


def restated(item: Item | None, before: tuple[str, list[str]], now: tuple[str, list[str]]) -> Item | None:
    """The item of a memory whose statement and topics, given as pairs, were changed: its value says what is new.

    A text in it that was the statement is the new one. A value that held it in no such way says the new one alone.

    >>> item = Item(namespace=["memories", "ana"], key="k", value={"content": "Likes tea"}, searched=True)
    >>> restated(item, ("Likes tea", []), ("Likes coffee", []))["value"]
    {'content': 'Likes coffee'}
    """
    if item is None or before == now:
        return item
    (old, old_topics), (new, new_topics) = before, now
    value: dict[str, Any] = item["value"]
    if old != new:
        value = _with(value, old, new)
        value = {"memory": new} if value == item["value"] else value
    if old_topics != new_topics and value.get("topics") == old_topics:
        value = {**value, "topics": new_topics}
    return {**item, "value": value}


def _with(value: Any, old: str, new: str) -> Any:
    """A JSON value with a text in place of another."""
    match value:
        case dict():
            return {key: _with(one, old, new) for key, one in value.items()}
        case list():
            return [_with(one, old, new) for one in value]
        case _:
            return new if value == old else value
