"""The memories or turns nearest to a query by meaning: exact, each owner's vectors as one matrix in this process.

A matrix is brought up to date before each search by reading what is new: another process may have written it. This
file is imported by the first search with a model, and numpy with it.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from operator import itemgetter

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from coterie.memory.embedding import BYTES_A_NUMBER, HALF
from coterie.memory.kept import VOID, Kept
from coterie.memory.prepared import Row

Vector = NDArray[np.float32]

_NUMBER = 1
"""The place of the number in what is read."""
_ID_BYTES = 250
"""What an id takes beside its vector: the text, a place in a list and in a dict."""
_MATRIX_BYTES = 2_000
"""What a matrix takes beside its rows."""
_SPARE_ROWS = 64


class Likeness:
    """How like a query an owner's statements, or turns, are, as they were stored when it was asked."""

    def __init__(self, ids: Sequence[str], places: dict[str, int], cosines: Vector) -> None:
        self._ids = ids
        self._places = places
        self._cosines = cosines

    def __len__(self) -> int:
        return len(self._cosines)

    def of(self, id_: str) -> float | None:
        """The cosine of the angle to the query: 1 for the same direction. None: it has no vector."""
        place = self._places.get(id_)
        return None if place is None or place >= len(self._cosines) else float(self._cosines[place])

    def best(self, number: int) -> list[tuple[float, str]]:
        """The nearest, so many at most, in no order."""
        return self._best(np.arange(len(self._cosines)), number)

    def best_of(self, ids: Iterable[str], number: int) -> list[tuple[float, str]]:
        """The nearest of these."""
        places = (self._places.get(one, len(self._cosines)) for one in ids)
        known = [place for place in places if place < len(self._cosines)]
        return self._best(np.array(known, dtype=np.intp), number)

    def _best(self, places: NDArray[np.intp], number: int) -> list[tuple[float, str]]:
        if number < len(places):
            chosen = np.argpartition(self._cosines[places], len(places) - number)[len(places) - number :]
            places = places[chosen]
        found = ((float(self._cosines[place]), self._ids[place], place) for place in places.tolist())
        return [(cosine, id_) for cosine, id_, place in found if self._places.get(id_) == place]


class Nearest:
    """The matrices of the owners asked about last, of memories and of turns.

    Args:
        max_bytes: How much memory they take at most, all together; the longest unused is dropped first. One that is
            larger by itself is read anew for each search.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._change = threading.Lock()
        self._matrices: OrderedDict[tuple[str, str], _Matrix] = OrderedDict()

    def likeness(
        self, connection: sa.Connection, kept: Kept, owner: str, query: Vector, model: str
    ) -> "tuple[Likeness, bool]":
        """How like the query the owner's vectors of a kind are, and whether some are of another model."""
        key = (owner, kept.table.name)
        with self._change:
            matrix = self._matrices.setdefault(key, _Matrix(kept, owner, model, len(query)))
        with matrix.lock:
            matrix.refresh(connection)
            found = matrix.likeness(query)
        with self._change:
            if self._matrices.get(key) is matrix:
                self._matrices.move_to_end(key)
                self._shrink()
        return found, matrix.has_others

    def forget(self, owner: str) -> None:
        """Drop an owner's matrices, each when a search that is under way is done with it."""
        with self._change:
            of_owner = [(key, matrix) for key, matrix in self._matrices.items() if key[0] == owner]
        for key, matrix in of_owner:
            with matrix.lock, self._change:
                if self._matrices.get(key) is matrix:
                    del self._matrices[key]

    def held_bytes(self) -> int:
        """How much memory the matrices take."""
        with self._change:
            return sum(matrix.held_bytes for matrix in self._matrices.values())

    def _shrink(self) -> None:
        held = sum(matrix.held_bytes for matrix in self._matrices.values())
        while held > self._max_bytes:
            _, matrix = self._matrices.popitem(last=False)
            held -= matrix.held_bytes


class _Matrix:
    """One owner's vectors of a kind, a row each. Only who holds ``lock`` may use it."""

    def __init__(self, kept: Kept, owner: str, model: str, size: int) -> None:
        self.lock = threading.Lock()
        self._kept = kept
        self._owner = owner
        self._model = model
        self._size = size
        self._clear()

    @property
    def held_bytes(self) -> int:
        return _MATRIX_BYTES + int(self._rows.nbytes) + _ID_BYTES * len(self._ids)

    def likeness(self, query: Vector) -> Likeness:
        # As fast as ``@``, which has threads of its own: they wait busily when they are done, 20 ms of CPU a search.
        cosines = np.einsum("ij,j->i", self._rows[: len(self._ids)], query)
        return Likeness(self._ids, self._places, cosines)

    def refresh(self, connection: sa.Connection) -> None:
        """Read what is new; everything, when the last one read is no more what it was: the owner was erased, say."""
        if self._last is not None:
            found = self._kept.since(connection, self._owner, self._last[1])
            if found and found[0] == self._last:
                self._take(found[1:])
                return
        self._clear()
        self._make_room(self._kept.count(connection, self._owner))
        for part in self._kept.every(connection, self._owner):
            self._take(part)

    def _clear(self) -> None:
        self.has_others = False
        self._last: Row | None = None
        self._ids: list[str] = []
        self._places: dict[str, int] = {}
        self._rows: Vector = np.empty((0, self._size), np.float32)

    def _take(self, found: Sequence[Row]) -> None:
        """Put in what was read."""
        size, new = self._size * BYTES_A_NUMBER, []
        for row in found:
            id_, _, model, vector = row
            if model != self._model or len(vector) != size:
                self.has_others |= model != VOID
                self._remove(id_)
            elif id_ in self._places:
                self._rows[self._places[id_]] = np.frombuffer(vector, HALF)
            else:
                new.append(row)
        self._append(new)
        self._last = max([*found, self._last] if self._last else found, key=itemgetter(_NUMBER), default=None)

    def _remove(self, id_: str) -> None:
        place = self._places.pop(id_, None)
        if place is not None:
            self._rows[place] = 0

    def _append(self, new: Sequence[Row]) -> None:
        if not new:
            return
        ids, _, _, stored = zip(*new, strict=True)
        first = len(self._ids)
        self._make_room(first + len(new))
        added = np.frombuffer(b"".join(stored), HALF).reshape(len(new), self._size)
        self._rows[first : first + len(new)] = added
        self._ids += ids
        self._places.update(zip(ids, range(first, first + len(new)), strict=True))

    def _make_room(self, number: int) -> None:
        if number > len(self._rows):
            rows = np.empty((number + number // 8 + _SPARE_ROWS, self._size), np.float32)
            rows[: len(self._ids)] = self._rows[: len(self._ids)]
            self._rows = rows
