"""The store's verbs that look around: how much is stored, and which id is meant."""

from coterie.memory import inputs, prefixes, reach
from coterie.memory.connecting import Connected
from coterie.memory.flow import in_thread
from coterie.memory.prefixes import Kind
from coterie.memory.statistics import Statistics, statistics
from coterie.memory.values import Scope


class Counting(Connected):
    """Counts what is stored, and finds ids by their beginning."""

    def statistics(self, user_id: str | None = None, *, most: int | None = 20) -> Statistics:
        """How much is stored of a user, and of what kind. The database counts; what is counted is not fetched.

        Args:
            user_id: Who. None: everything that the database holds, but for sessions, runs and proposals.
            most: How many topics, kinds and writers are named, the most frequent; None for all.
        """
        owner = None if user_id is None else inputs.key("user_id", user_id)
        within = reach.COUNTING if owner is None else reach.changing(Scope(owner, as_owner=True))
        with self._snapshot(within) as connection:
            return statistics(connection, owner, most)

    def full_id(self, kind: Kind, user_id: str | None, prefix: str) -> str:
        """The id of a user's that begins so, of a session, a turn or whatever else is no memory: `find` finds these.

        Args:
            kind: Of what.
            user_id: Whose. None: of those without a user.
            prefix: The id, or its beginning: 4 characters at least.

        Raises:
            NotFoundError: the user has none.
            InputError: there are several; it names them, or some of them. Or the beginning is too short.
        """
        with self._reading(reach.naming(user_id)) as connection:
            return prefixes.full_id(connection, kind, user_id, prefix)

    astatistics = in_thread(statistics)
    afull_id = in_thread(full_id)
