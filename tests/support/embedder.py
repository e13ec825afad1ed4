"""An embedding model for tests: deterministic, offline, and counted."""

import hashlib
import threading
from collections.abc import Sequence

from coterie.memory.words import words

GRAMS = 3
SAME = {"feline": "cat", "cats": "cat", "kitten": "cat", "beverage": "tea", "automobile": "car"}
"""Words that mean the same to it: found by meaning, and by no word."""


class LetterEmbeddings:
    """Texts that share groups of letters are alike, and a few words mean the same.

    Args:
        model: its name.
        size: how many numbers a vector has.
    """

    def __init__(self, model: str = "letters", size: int = 64) -> None:
        self.model = model
        self.size = size
        self.batches: list[list[str]] = []
        """What `embed_documents` was asked for, call by call."""
        self.queries: list[str] = []
        self._counting = threading.Lock()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        with self._counting:
            self.batches.append(texts)
        return [self._vector(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        with self._counting:
            self.queries.append(text)
        return self._vector(text)

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self.size
        for word in words(text):
            for group in _groups(SAME.get(word, word)):
                digest = hashlib.blake2b(group.encode(), digest_size=4).digest()
                place, sign = int.from_bytes(digest[:3]) % self.size, 1 if digest[3] % 2 else -1
                vector[place] += sign
        return vector


class BrokenEmbeddings(LetterEmbeddings):
    """Answers as it is told: with vectors that are none, or with an error."""

    def __init__(self, answer: "Sequence[Sequence[float]] | Exception") -> None:
        super().__init__("broken")
        self.answer = answer

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        super().embed_documents(texts)
        if isinstance(self.answer, Exception):
            raise self.answer
        return [[*vector] for vector in self.answer]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def _groups(word: str) -> Sequence[str]:
    padded = f"<{word}>"
    return [padded[start : start + GRAMS] for start in range(len(padded) - GRAMS + 1)]
