"""The embedding model: any LangChain ``Embeddings``, held to what the store needs of it.

numpy is imported when a text is embedded, not before.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from coterie.errors import ConfigurationError, EmbeddingError
from coterie.memory.asking import shortened
from coterie.memory.inputs import MAX_MEMORY_CHARACTERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

HALF = "<f2"
"""How numbers are stored: half precision, the lowest byte first. Of a vector of length 1 that keeps three digits."""
BYTES_A_NUMBER = 2


@runtime_checkable
class Embedder(Protocol):
    """What gives texts their vectors: any LangChain ``Embeddings``."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector for each text to be found, in their order."""

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a query."""


class EmbeddingModel:
    """An embedder whose answers are checked, and made to length 1.

    Args:
        embedder: the model. Two models are the same if they have the same ``model`` (or ``model_name``, else class) and
            the same size.

    Raises:
        ConfigurationError: it is no embedder.
    """

    def __init__(self, embedder: Embedder) -> None:
        if not isinstance(embedder, Embedder) or isinstance(embedder, type):
            raise ConfigurationError(
                f"embedder is {embedder!r}: give a LangChain Embeddings, as OpenAIEmbeddings(), or None."
            )
        self.name = _name(embedder)
        self.size: int | None = None
        """How many numbers a vector has; None before the first."""
        self._embedder = embedder

    def documents(self, texts: Sequence[str]) -> dict[str, bytes]:
        """The vectors of the texts as they are stored, from one call of the model.

        A text that the model knows nothing about (all its numbers are 0) is like nothing.

        Raises:
            EmbeddingError: the model failed, or what it gave is no vector for each text.
        """
        asked = list(dict.fromkeys(texts))
        if not asked:
            return {}
        vectors = self._checked(self._asked("embed_documents", asked), len(asked)).astype(HALF)
        return {text: vector.tobytes() for text, vector in zip(asked, vectors, strict=True)}

    def query(self, text: str) -> "Vector | None":
        """The vector of a query; None for one without a sign, or that the model knows nothing about.

        Any text is a query: what is no Unicode is replaced, and the end of a very long one left out.

        Raises:
            EmbeddingError: the model failed, or what it gave is no vector.
        """
        asked = text[:MAX_MEMORY_CHARACTERS].replace("\0", " ").encode(errors="replace").decode().strip()
        if not asked:
            return None
        vector: Vector = self._checked([self._asked("embed_query", asked)], 1)[0].astype("f4")
        return vector if vector.any() else None

    def _asked(self, verb: str, what: Any) -> Any:
        try:
            return getattr(self._embedder, verb)(what)
        except Exception as error:
            raise EmbeddingError(
                f"The embedding model {self.name!r} failed with {type(error).__name__}: "
                f"{shortened(str(error)).rstrip('.')}. Nothing was written: try again when it answers, or open the "
                "store without an embedder."
            ) from error

    def _checked(self, vectors: Any, number: int) -> "NDArray[np.float64]":
        """The vectors as rows of length 1."""
        import numpy as np

        try:
            found = np.asarray(vectors, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise self._unusable(f"vectors of different sizes, or no numbers ({error})") from error
        if found.ndim != 2 or len(found) != number or not found.shape[1]:
            raise self._unusable(f"an answer of the shape {found.shape} for {number} text(s), not a vector for each")
        if self.size not in (None, found.shape[1]):
            raise self._unusable(f"vectors of {found.shape[1]} numbers, after {self.size} before")
        if not np.isfinite(found).all():
            raise self._unusable("a vector with a number that is not finite")
        self.size = found.shape[1]
        found = found / (np.abs(found).max(axis=1, keepdims=True) + np.finfo(np.float64).tiny)  # or squares overflow
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        whole: NDArray[np.float64] = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
        return whole

    def _unusable(self, came: str) -> EmbeddingError:
        return EmbeddingError(
            f"The embedding model {self.name!r} gave {came}. Nothing was written: look at the model, or open the store "
            "without an embedder."
        )


def _name(embedder: Embedder) -> str:
    for name in ("model", "model_name"):
        value = getattr(embedder, name, None)
        if isinstance(value, str) and value.strip():
            return value
    kind = type(embedder)
    return f"{kind.__module__}.{kind.__qualname__}"
