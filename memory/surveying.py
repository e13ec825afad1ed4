"""The store's verb for a curator: what surrounds a turn, by one look."""

from typing import NamedTuple

from coterie.memory import conversations, reach, reading, searching
from coterie.memory.connecting import Connected
from coterie.memory.flow import in_thread
from coterie.memory.kept import OF_MEMORIES
from coterie.memory.values import EVERY, Scope, Turn, UserMemory


class Survey(NamedTuple):
    """What was found."""

    best: list[UserMemory]
    """The memories that fit the query, best first."""
    newest: list[UserMemory]
    """The newest memories, newest first."""
    turns: list[Turn]
    """The last turns of the session, in the order they were recorded."""


class Surveying(Connected):
    """Looks at memories and turns at once: on PostgreSQL each look by itself would cost as much again."""

    def survey(self, scope: Scope, query: str, session_id: str, *, best: int, newest: int, turns: int) -> Survey:
        """What `search`, `newest` and `turns` give.

        Args:
            scope: Who asks. The session is its user's.
            query: What for.
            session_id: Which session.
            best: How many memories that fit the query, at most.
            newest: How many of the newest memories, at most.
            turns: How many of the last turns, at most.

        Raises:
            EmbeddingError: the embedding model failed.
            ConfigurationError: the store's vectors are of another model.
        """
        asked = searching.request(scope, query, best, EVERY)
        meaning = self._meaning.of_query(query) if asked.kinds and asked.limit else None
        with self._reading(reach.reading(scope)) as connection:
            likeness = self._meaning.likeness(connection, OF_MEMORIES, searching.owners(scope), meaning)
            hits = searching.search(connection, self._dialect, asked, likeness)
            latest = list(reading.newest(connection, scope, newest))
            said = conversations.turns(connection, scope.user_id, session_id, turns) if turns else []
        return Survey([hit.memory for hit in hits], latest, said)

    asurvey = in_thread(survey)
