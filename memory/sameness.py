"""When two memories say the same."""

import hashlib
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from coterie.memory.items import place_of
from coterie.memory.scope import audience
from coterie.memory.values import UserMemory


def plain(text: str) -> str:
    """What is equal for the same statement: letter case, spacing and a final stop do not count."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).rstrip(".")


def content_hash(memory: UserMemory) -> bytes:
    """What is equal for the same statement to the same readers; of items, for the same place, whatever they say."""
    if memory.item is None:
        return _hash(audience(memory), memory.memory)
    return place_hash(audience(memory), memory.item["namespace"], memory.item["key"])


def place_hash(readers: str, namespace: Sequence[str], key: str) -> bytes:
    """The `content_hash` of an item: of what is in this place, for these readers."""
    return _hash(f"{readers}\0{place_of(namespace, key)}", "")


@lru_cache(16_384)  # a statement is asked about several times while it is written
def _hash(readers: str, text: str) -> bytes:
    return hashlib.blake2b(f"{readers}\0{plain(text)}".encode(), digest_size=16).digest()
