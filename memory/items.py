"""Items: what a program has put into a LangGraph store, under a key, in a namespace. Each is a memory.

An item's *place* is its namespace and its key as one text, ``memories.ana.notes..key``. No label of a namespace is
empty or holds a full stop, so the first two full stops end it, and every place within a namespace begins alike: an
index finds them as a range.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from coterie.memory.values import UserMemory

END = ".."
"""What stands between a namespace and a key."""
_LAST = chr(0x10FFFF)


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

    @property
    def place(self) -> str:
        """Where it is."""
        return ".".join(self.namespace) + END + self.key


def place_of(item: Item | None) -> str | None:
    """Where an item is; None for what is none.

    >>> place_of(Item(namespace=["memories", "ana"], key="a..b", value={}, searched=True))
    'memories.ana..a..b'
    """
    return None if item is None else ItemName(tuple(item["namespace"]), item["key"]).place


def is_searched(item: Item | None) -> bool:
    """Whether a query finds the memory that has it; any that is no item it does."""
    return item is None or item["searched"]


def value_of(memory: "UserMemory") -> dict[str, Any]:
    """What a memory is in a LangGraph store; of one that nobody put there, its statement and its topics."""
    if memory.item is not None:
        return memory.item["value"]
    return {"memory": memory.memory, "topics": memory.topics}


def namespace_of(place: str) -> tuple[str, ...]:
    """The namespace of a place."""
    return tuple(place.partition(END)[0].split("."))


def within(namespace: Sequence[str]) -> tuple[str, str]:
    """The first text that a place in a namespace that begins with these labels can be, and the first one after all.

    >>> first, end = within(["acme"])
    >>> [first <= place < end for place in ("acme..k", "acme.hr..k", "acme-corp..k", "acme2..k")]
    [True, True, False, False]
    """
    labels = ".".join(namespace)
    return (f"{labels}.", f"{labels}/") if labels else ("", _LAST)  # "/" comes after "."


def after(namespace: Sequence[str], *, below: bool) -> str:
    """The first text after all places in exactly this namespace; with ``below`` also after those in longer ones."""
    return ".".join(namespace) + ("/" if below else "./")


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
