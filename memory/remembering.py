"""The store's verbs about memories: change them, read them, find them."""

from collections.abc import Sequence

from coterie.memory import inputs, leases, proposals, reach, reading, searching, writing
from coterie.memory.connecting import Connected
from coterie.memory.draft import Draft
from coterie.memory.edits import Applied, Change, Curated, Edit
from coterie.memory.flow import in_thread
from coterie.memory.hits import Hit, Recall
from coterie.memory.kept import OF_MEMORIES
from coterie.memory.values import EVERY, Filters, Scope, UserMemory


class Remembering(Connected):
    """Changes, reads and finds memories."""

    def apply(
        self,
        scope: Scope,
        edits: Sequence[Edit],
        change: Change,
        *,
        curated: Curated | None = None,
        dry_run: bool = False,
    ) -> list[Applied]:
        """Apply all the edits, with their revisions, in one transaction: all of them or none.

        Args:
            scope: Who changes something. Only what it may read can be changed, and what it adds is about its user.
            edits: Applied in this order. The result has one `Applied` for each.
            change: What the revisions record.
            curated: The turn that the edits were made from, with what else was proposed. None: they were made from no
                turn.
            dry_run: Say what would be done, and keep nothing of it.

        Raises:
            NotFoundError: an edit names a memory that the scope may not read.
            ConflictError: a memory is not at the version an edit names, or the turn is not pending, or under
                another lease. Nothing is written.
            EmbeddingError: the embedding model, asked before the transaction for all new statements at once, failed.
            ConfigurationError: the store's vectors are of another model.
        """
        edits = inputs.checked_edits(edits)
        if curated is not None:
            inputs.expected("curated", curated, Curated)

        def work(draft: Draft) -> list[Applied]:
            if curated is not None:
                leases.mark_curated(draft.connection, scope.user_id, curated.turn_id, curated.lease)
                proposals.keep(draft.connection, scope.user_id, curated.kept)
            return writing.apply(draft, edits)

        return self._drafted(scope, change, work, edits, dry_run=dry_run)

    def clear(self, scope: Scope, change: Change, reason: str = "cleared") -> list[Applied]:
        """Delete every memory that is true now and the scope may read, in one transaction."""

        def work(draft: Draft) -> list[Applied]:
            return writing.clear(draft, list(reading.newest(draft.connection, scope, None)), reason)

        return self._drafted(scope, change, work)

    def get(self, scope: Scope, memory_id: str) -> UserMemory:
        """The memory with this id, also when it has expired or was superseded.

        Raises:
            NotFoundError: there is none in this scope.
        """
        with self._reading(reach.reading(scope)) as connection:
            return reading.get(connection, scope, memory_id)

    def current(self, scope: Scope, memory_id: str) -> UserMemory:
        """The memory that holds now in place of the one with this id: itself, or the last that took its place.

        Raises:
            NotFoundError: there is none in this scope, or it was removed.
        """
        with self._reading(reach.reading(scope)) as connection:
            return reading.held_now(connection, scope, memory_id)

    def find(self, scope: Scope, prefix: str) -> UserMemory:
        """The memory whose id is ``prefix``, or begins with it, if that has 4 characters at least.

        Raises:
            NotFoundError: there is none in this scope.
            InputError: there are several. Or the beginning is too short.
        """
        with self._reading(reach.reading(scope)) as connection:
            return reading.find(connection, scope, prefix)

    def newest(
        self, scope: Scope, limit: int | None = 20, filters: Filters = EVERY, *, oldest_first: bool = False
    ) -> list[UserMemory]:
        """The newest memories that are true now, newest first by ``created_at``.

        Args:
            scope: Who asks.
            limit: How many at most; None for all.
            filters: Which are meant.
            oldest_first: The same memories, in the other order.
        """
        with self._reading(reach.reading(scope)) as connection:
            found = list(reading.newest(connection, scope, limit, filters))
        return found[::-1] if oldest_first else found

    def oldest(self, scope: Scope, limit: int | None = 20, filters: Filters = EVERY) -> list[UserMemory]:
        """The oldest memories that are true now, oldest first by ``created_at``. See `newest`."""
        with self._reading(reach.reading(scope)) as connection:
            return list(reading.newest(connection, scope, limit, filters, oldest=True))

    def search(self, scope: Scope, query: str, limit: int | None = 10, filters: Filters = EVERY) -> list[Hit]:
        """The memories that fit a query, best first: by their words and, with an embedding model, by their meaning.

        A word among a memory's topics counts less than one in its statement; stop words are left out. Any string is a
        query. Without a model only memories that hold any of the words are found.

        Args:
            scope: Who asks.
            query: What for.
            limit: How many at most. None: all that hold any of the words, and the 100 nearest by meaning.
            filters: Which are meant.

        Raises:
            EmbeddingError: the embedding model failed.
            ConfigurationError: the store's vectors are of another model.
        """
        asked = searching.request(scope, query, limit, filters)
        meaning = self._meaning.of_query(query) if asked.kinds and asked.limit else None
        with self._reading(reach.reading(scope)) as connection:
            likeness = self._meaning.likeness(connection, OF_MEMORIES, searching.owners(scope), meaning)
            return searching.search(connection, self._dialect, asked, likeness)

    def recall(self, scope: Scope, query: str, token_budget: int = 400) -> Recall:
        """What to put into a prompt, oldest first: as much as fits into ``token_budget`` (estimated tokens).

        Every memory that is true now, if all fit; otherwise the best for the query, then the newest. `Recall.hits` says
        of each why it is there.
        """
        inputs.expected("query", query, str)
        budget = reading.checked_budget(token_budget)
        with self._reading(reach.reading(scope)) as connection:
            found = reading.whole(connection, scope, budget)
        if found.complete:
            return found
        hits = self.search(scope, query, budget // reading.TOKENS_PER_HIT + 1)
        return reading.fitting(hits, found.memories, budget)

    def count(self, scope: Scope) -> int:
        """How many memories that are true now the scope may read."""
        with self._reading(reach.reading(scope)) as connection:
            return reading.count(connection, scope)

    aapply = in_thread(apply)
    aclear = in_thread(clear)
    aget = in_thread(get)
    acurrent = in_thread(current)
    afind = in_thread(find)
    anewest = in_thread(newest)
    aoldest = in_thread(oldest)
    asearch = in_thread(search)
    arecall = in_thread(recall)
    acount = in_thread(count)
