"""What a store knows by meaning: its embedding model, and the vectors that are kept in memory for searching."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from coterie.errors import ConfigurationError, InputError
from coterie.memory import vectors
from coterie.memory.dialect import Dialect
from coterie.memory.edits import Edit
from coterie.memory.embedding import Embedder, EmbeddingModel
from coterie.memory.kept import Kept

if TYPE_CHECKING:
    from coterie.memory.embedding import Vector
    from coterie.memory.nearest import Likeness, Nearest

CACHE_BYTES = 256 * 2**20
"""How much memory a store uses for vectors, unless told otherwise: 160,000 of 384 numbers."""


class Meaning:
    """The side of a store that needs an embedding model. Without one it does nothing.

    Args:
        dialect: the store's database.
        embedder: the model, if there is one.
        cache_bytes: how much memory the vectors may take.

    Raises:
        ConfigurationError: the embedder is none.
        InputError: the number of bytes is none.
    """

    def __init__(self, dialect: Dialect, embedder: Embedder | None, cache_bytes: int) -> None:
        if not isinstance(cache_bytes, int) or cache_bytes < 0:
            raise InputError(f"vector_cache_bytes is {cache_bytes!r}: give a whole number, 0 or more.")
        self._dialect = dialect
        self._model = None if embedder is None else EmbeddingModel(embedder)
        self._cache_bytes = cache_bytes
        self._settled = False
        self.forget_all()

    def model(self) -> EmbeddingModel:
        """The model, which is needed.

        Raises:
            ConfigurationError: the store was opened without one.
        """
        if self._model is None:
            raise ConfigurationError(
                f"{self._dialect.name} was opened without an embedding model: give one, as in "
                "SqliteDb(path, embedder=OpenAIEmbeddings())."
            )
        return self._model

    def of_edits(
        self, reading: Callable[[], AbstractContextManager[sa.Connection]], edits: Sequence[Edit]
    ) -> vectors.Vectors | None:
        """The vectors of the edits' new statements. The model is asked once, while no connection is held."""
        texts = vectors.texts(edits) if self._model is not None else []
        if self._model is None or not texts:
            return None
        if not self._settled:
            with reading() as connection:
                self.check(connection, self._model)
        return vectors.Vectors(self._model, self._model.documents(texts))

    def of_query(self, query: str) -> "Vector | None":
        """The vector of a query; None for one that has no meaning, or without a model."""
        return None if self._model is None else self._model.query(query)

    def likeness(
        self, connection: sa.Connection, kept: Kept, owners: Sequence[str], query: "Vector | None"
    ) -> "dict[str, Likeness]":
        """How like a query each owner's vectors of a kind are.

        Raises:
            ConfigurationError: the store's vectors are of another model.
        """
        if self._model is None or query is None:
            return {}
        self.check(connection, self._model)
        nearest = self._matrices()
        found = {owner: nearest.likeness(connection, kept, owner, query, self._model.name) for owner in owners}
        if any(has_others for _, has_others in found.values()):
            self._check(connection, self._model)
        return {owner: one for owner, (one, _) in found.items()}

    def forget(self, owner: str) -> None:
        """Drop what is in memory of an owner who was erased."""
        if self._nearest is not None:
            self._nearest.forget(owner)

    def forget_all(self) -> None:
        """Drop what is in memory. A forked process starts so: locks may be held by threads that it does not have."""
        self._nearest: Nearest | None = None
        self._making = threading.Lock()

    def check(self, connection: sa.Connection, model: EmbeddingModel) -> None:
        """See, unless that is known, that the store's vectors are of this model.

        Raises:
            ConfigurationError: they are of another.
        """
        if not self._settled:
            self._check(connection, model)

    def _check(self, connection: sa.Connection, model: EmbeddingModel) -> None:
        self._settled = vectors.check(self._dialect, connection, model)

    def _matrices(self) -> "Nearest":
        from coterie.memory.nearest import Nearest

        with self._making:
            if self._nearest is None:
                self._nearest = Nearest(self._cache_bytes)
            return self._nearest
