"""Giving a vector of the store's embedding model to every memory and turn that has none, or one of another model."""

from collections.abc import Callable
from functools import cache
from typing import Any

import sqlalchemy as sa

from coterie.memory import vectors
from coterie.memory.embedding import BYTES_A_NUMBER, EmbeddingModel
from coterie.memory.flow import in_thread
from coterie.memory.gaps import MEMORIES, TURNS, FillingGaps
from coterie.memory.prepared import Prepared
from coterie.memory.reach import EMBEDDING
from coterie.memory.tables import EMBEDDING as MODEL

PROBE = "Is anybody there?"
"""What a model is asked first."""

Progress = Callable[[int, int], None]
"""Is told how many memories and turns have got their vector, and how many there are to do."""


@cache
def _replace_model(insert: Callable[[sa.Table], Any]) -> Prepared:
    statement = insert(MODEL)
    new = {name: statement.excluded[name] for name in ("model", "size")}
    return Prepared(statement.on_conflict_do_update(index_elements=["place"], set_=new), ["place", "model", "size"])


class Reembedding(FillingGaps):
    """Makes vectors anew."""

    def reembed(self, progress: Progress | None = None) -> int:
        """Give every memory and turn a vector of this store's model, in batches, each in a transaction of its own.

        With the model that the store has already, only what has no vector is embedded. With another, the store
        belongs to the new one from the first batch on: those who opened it with the old one are refused, and until the
        last batch some are found by their words alone. After a crash, call it again: it goes on where it was.

        Args:
            progress: Called after each batch with how many are done, and how many there were to do.

        Returns:
            How many memories and turns were embedded.

        Raises:
            ConfigurationError: the store was opened without a model; or somebody is giving it another one meanwhile.
            EmbeddingError: the model failed. What the batches before have written stays.
        """
        model = self._meaning.model()
        self._take_over(model)
        wanted = {"model": model.name, "bytes": (model.size or 0) * BYTES_A_NUMBER}
        with self._reading(EMBEDDING) as connection:
            total = sum(gaps.count(connection, wanted) for gaps in (MEMORIES, TURNS))
        done = 0
        for gaps in (MEMORIES, TURNS):
            for number in self._fill(gaps, gaps.of_everybody, model, EMBEDDING, wanted):
                done += number
                if progress is not None:
                    progress(done, max(done, total))
        with self._writing(EMBEDDING) as connection:
            vectors.check(self._dialect, connection, model)
            for gaps in (MEMORIES, TURNS):
                gaps.delete_others.change(connection, wanted)
        return done

    def _take_over(self, model: EmbeddingModel) -> None:
        """Make the model the store's. It is asked first: its size is needed, and one that fails changes nothing."""
        model.documents([PROBE])
        with self._writing(EMBEDDING) as connection:
            values = {"place": 1, "model": model.name, "size": model.size}
            _replace_model(self._dialect.insert).change(connection, values)

    areembed = in_thread(reembed)
