"""The store's verbs about sessions and turns: what was said."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from coterie.memory import conversations, inputs, reach, searching, turn_search
from coterie.memory.conversations import ChangeState
from coterie.memory.flow import in_thread
from coterie.memory.gaps import TURNS, FillingGaps
from coterie.memory.hits import TurnHit
from coterie.memory.kept import OF_TURNS
from coterie.memory.reach import Reach, of_user
from coterie.memory.values import Scope, Session, Turn


class Conversing(FillingGaps):
    """Keeps what was said."""

    def record_turn(self, turn: Turn) -> None:
        """Keep a turn, make or touch its session, and remove the notes of its run, in one transaction.

        A turn whose ``turn_id`` the user has already is not written again. One that is pending may be taken up at once
        (`claim_turn`); with a ``lease`` it is left to whoever records it, for `coterie.memory.leases.LEASE_SECONDS`.
        """
        with self._writing(_of_turn(turn)) as connection:
            conversations.record(connection, self._dialect.insert, turn)

    def turn(self, user_id: str | None, turn_id: str) -> Turn:
        """The turn with this id.

        Raises:
            NotFoundError: the user has none.
        """
        with self._reading(of_user(user_id)) as connection:
            return conversations.turn(connection, user_id, turn_id)

    def search_turns(self, scope: Scope, query: str, limit: int | None = 10) -> list[TurnHit]:
        """The turns that fit a query, best first: what was said, word for word.

        A scope finds the turns that its agent or its team took part in, and those of no agent; with ``as_owner`` all of
        its user's. A turn is found for the words of those around it in the session too, with less weight. Any string is
        a query; stop words are left out, and without an embedding model nothing is found when none is left.

        With a model, turns are found by their meaning too. It is asked for the vectors of turns here, not when they are
        recorded: for those of the scope's user that have none yet.

        Raises:
            EmbeddingError: the embedding model failed. The vectors that it gave before are kept.
            ConfigurationError: the store's vectors are of another model.
        """
        asked, owners = turn_search.request(scope, query, limit), searching.owners(scope)
        meaning = self._meaning.of_query(query) if asked.kinds and asked.limit else None
        if meaning is not None:
            self._embed_turns(owners)
        with self._reading(reach.reading(scope)) as connection:
            likeness = self._meaning.likeness(connection, OF_TURNS, owners, meaning)
            return turn_search.search_turns(connection, self._dialect, asked, likeness)

    def _embed_turns(self, owners: Iterable[str]) -> None:
        """Give the owners' turns that have none a vector."""
        model = self._meaning.model()
        for owner in owners:
            within = of_user(owner or None)
            with self._reading(within) as connection:
                self._meaning.check(connection, model)
                some = TURNS.has_any(connection, owner)
            if some:
                deque(self._fill(TURNS, TURNS.of_owner, model, within, {"owner": owner}), 0)

    def turns(self, user_id: str | None, session_id: str, limit: int | None = 20) -> list[Turn]:
        """The last ``limit`` turns of a session (None: all), as they were recorded. An unknown session has none."""
        with self._reading(of_user(user_id)) as connection:
            return conversations.turns(connection, user_id, session_id, limit)

    def session(self, user_id: str | None, session_id: str) -> Session:
        """The session with this id.

        Raises:
            NotFoundError: the user has none.
        """
        with self._reading(of_user(user_id)) as connection:
            return conversations.session(connection, user_id, session_id)

    def sessions(
        self, user_id: str | None, limit: int | None = 50, *, team_id: str | None = None, agent_id: str | None = None
    ) -> list[Session]:
        """A user's sessions, the last used first.

        Args:
            user_id: Whose. None: those without a user.
            limit: How many at most; None for all.
            team_id: Only those that were begun with this team. None: any, or none.
            agent_id: Only those that were begun with this agent. None: any, or none.
        """
        with self._reading(of_user(user_id)) as connection:
            return conversations.sessions(connection, user_id, limit, team_id, agent_id)

    def update_session_state(self, user_id: str | None, session_id: str, state: Mapping[str, Any]) -> Session:
        """Merge ``state`` by key into the session's, in one transaction: `change_session_state` without a look at it.

        Raises:
            InputError: a value is not plain JSON.
        """
        return self.change_session_state(user_id, session_id, lambda _: state)

    def change_session_state(self, user_id: str | None, session_id: str, change: ChangeState) -> Session:
        """Merge what ``change`` makes of a session's state into it, by key, while nobody else can change it.

        All in one transaction. An unknown session is made; its state is empty. When ``change`` returns an empty
        mapping, a session that is there stays as it is.

        Args:
            user_id: Whose session. None: one without a user.
            session_id: Which.
            change: Gets the state as it is now, and returns the keys to set; what it does to its argument is not kept.
                It is called once, in the thread that calls this (of the ``a`` twin: a worker thread). Others who write
                wait meanwhile, on SQLite all of them, on PostgreSQL those of the session: it should be quick, and must
                not use the store.

        Returns:
            The session as it is then.

        Raises:
            InputError: a value is not plain JSON. Nothing is written.
            Exception: whatever ``change`` raises. Nothing is written.
        """
        try:
            with self._writing(of_user(user_id)) as connection:
                return conversations.change_state(connection, self._dialect.insert, user_id, session_id, change)
        except conversations.OutsideError as outside:
            error = outside.error
        raise error

    def new_turns(self, session: Session, limit: int | None = 20) -> list[Turn]:
        """The first turns of a session that its summary does not cover yet, in the order they were recorded."""
        with self._reading(_of_session(session)) as connection:
            return conversations.new_turns(connection, session, limit)

    def keep_summary(self, session: Session, summary: str, last: Turn) -> None:
        """Put a summary in place of the one that ``session`` was read with; ``last`` is the last turn that it covers.

        Raises:
            ConflictError: somebody else did meanwhile. Nothing is written.
        """
        with self._writing(_of_session(session)) as connection:
            conversations.keep_summary(connection, session, summary, last)

    arecord_turn = in_thread(record_turn)
    aturn = in_thread(turn)
    aturns = in_thread(turns)
    asearch_turns = in_thread(search_turns)
    asession = in_thread(session)
    asessions = in_thread(sessions)
    aupdate_session_state = in_thread(update_session_state)
    achange_session_state = in_thread(change_session_state)
    anew_turns = in_thread(new_turns)
    akeep_summary = in_thread(keep_summary)


def _of_turn(turn: Turn) -> Reach:
    return of_user(inputs.expected("turn", turn, Turn).user_id)


def _of_session(session: Session) -> Reach:
    return of_user(inputs.expected("session", session, Session).user_id)
