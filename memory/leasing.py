"""The store's verbs about turns whose curation is owed: take one up, hold it, let it go, and how many there are."""

from coterie.memory import inputs, leases, rows
from coterie.memory.backlog import Backlog
from coterie.memory.connecting import Connected
from coterie.memory.flow import in_thread
from coterie.memory.ids import new_id
from coterie.memory.leases import LEASE_SECONDS
from coterie.memory.reach import EVERYONE, Reach, of_user
from coterie.memory.values import Turn


class Leasing(Connected):
    """Hands out turns to be curated, each to one at a time."""

    def claim_turn(
        self, user_id: str | None = None, *, like: Turn | None = None, seconds: float = LEASE_SECONDS
    ) -> Turn | None:
        """Take up the next turn that is due, and return it with its ``lease``; None if there is none to be had.

        A user's turns come in the order in which they were said, one at a time: while one is under a lease, no other is
        handed out. Only one that failed, and waits to be tried again, keeps nothing waiting. Of several users the one
        comes first whose turn has been due the longest.

        A turn whose lease ran out counts as failed once more: what killed its process would kill this one too.

        Args:
            user_id: Whose. None: anybody's, for a worker.
            like: Only one of this turn's user, team and agent. If it has a lease, that one is used, and what is under
                it stands in nobody's way.
            seconds: For how long. `extend_lease` makes it longer; afterwards others may take the turn up.
        """
        if like is not None:
            user_id = inputs.expected("like", like, Turn).user_id
        lease = (like.lease if like is not None else None) or new_id()
        if user_id is not None:
            with self._reading(of_user(user_id)) as connection:
                owners = [user_id] if leases.is_due(connection, user_id, lease, like) else []
            return self._claimed(owners, lease, seconds, like)
        while True:
            with self._reading(EVERYONE) as connection:
                owners = leases.due_owners(connection, lease)
            found = self._claimed(owners, lease, seconds, None)
            if found is not None or not owners:
                return found

    def _claimed(self, owners: list[str], lease: str, seconds: float, like: Turn | None) -> Turn | None:
        for owner in owners:
            with self._writing(of_user(owner)) as connection:
                self._dialect.lock_owner(connection, owner)
                found = leases.take_first(connection, owner, lease, seconds, like)
            if found is not None:  # None: another was quicker
                return found
        return None

    def lease_turn(self, turn: Turn) -> Turn:
        """Take up this very turn, whether it is due or not, and return it with its ``lease``.

        Raises:
            ConflictError: it is not pending, or somebody else is at it.
        """
        with self._writing(_of_turn(turn)) as connection:
            return leases.take(connection, turn, new_id())

    def extend_lease(self, turn: Turn, seconds: float = LEASE_SECONDS) -> None:
        """Say that a turn is still being worked on: nobody else takes it up for so long from now.

        Raises:
            ConflictError: the lease is not the turn's any more.
        """
        with self._writing(_of_turn(turn)) as connection:
            leases.extend(connection, turn, seconds)

    def release_turn(self, turn: Turn) -> None:
        """Give a turn back as it was: it is due at once.

        Raises:
            ConflictError: the lease is not the turn's any more.
        """
        with self._writing(_of_turn(turn)) as connection:
            leases.release(connection, turn)

    def fail_turn(self, turn: Turn, error: str) -> None:
        """Note why curating a turn failed, count the attempt, and give the turn back.

        It waits before it is due again, longer each time (`coterie.memory.leases.RETRY_SECONDS`). After
        `coterie.memory.leases.MAX_ATTEMPTS` failures it is ``dead``: kept with its error among its session's turns, but
        not tried again unless `retry_turns` says so.

        Raises:
            ConflictError: it is not pending, or its lease is another than this turn's.
        """
        with self._writing(_of_turn(turn)) as connection:
            leases.fail(connection, turn, error)

    def retry_turns(self, user_id: str | None = None, turn_id: str | None = None, *, dry_run: bool = False) -> int:
        """Have turns that were given up on, or wait after a failure, tried again at once, as often as new ones.

        Args:
            user_id: Whose. None: everybody's.
            turn_id: Only this one. None: all.
            dry_run: Count them, and leave them as they are.

        Returns:
            How many there were.
        """
        if turn_id is not None:
            inputs.key("turn_id", turn_id)
        if user_id is None:
            with self._reading(EVERYONE) as connection:
                owners = leases.owners_to_retry(connection, turn_id)
        else:
            owners = [rows.stored_owner(inputs.key("user_id", user_id))]
        retried = 0
        for owner in owners:
            with self._changing(dry_run)(of_user(owner)) as connection:
                retried += leases.retry(connection, owner, turn_id)
        return retried

    def pending_turns(self, user_id: str | None, limit: int | None = 20) -> list[Turn]:
        """The turns whose curation is owed, also those that are being worked on. ``user_id=None``: of every user.

        Those that failed least often come first, then the oldest.
        """
        with self._reading(_of(user_id)) as connection:
            return leases.pending(connection, user_id, limit)

    def dead_turns(self, user_id: str | None = None, limit: int | None = 20) -> list[Turn]:
        """The turns that were given up on, the newest first, each with its error. ``user_id=None``: of every user."""
        with self._reading(_of(user_id)) as connection:
            return leases.dead(connection, user_id, limit)

    def backlog(self, user_id: str | None = None) -> Backlog:
        """How many turns are owed, and how they stand. ``user_id=None``: of every user."""
        with self._reading(_of(user_id)) as connection:
            return leases.backlog(connection, user_id)

    aclaim_turn = in_thread(claim_turn)
    alease_turn = in_thread(lease_turn)
    aextend_lease = in_thread(extend_lease)
    arelease_turn = in_thread(release_turn)
    afail_turn = in_thread(fail_turn)
    aretry_turns = in_thread(retry_turns)
    apending_turns = in_thread(pending_turns)
    adead_turns = in_thread(dead_turns)
    abacklog = in_thread(backlog)


def _of(user_id: str | None) -> Reach:
    return EVERYONE if user_id is None else of_user(user_id)


def _of_turn(turn: Turn) -> Reach:
    return of_user(inputs.expected("turn", turn, Turn).user_id)
