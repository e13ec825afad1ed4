"""The store: everything that lasts, behind a dozen verbs that are the same on every database.

Each verb has an async twin (``get`` and ``aget``) that does the same in a worker thread. Values go in and out; rows,
connections and transactions stay here.

Errors of every verb: `StoreError` when the database refuses or cannot be reached (nothing was written then),
`SchemaError` when it is not one of coterie's, `InputError` for an argument that cannot be used.
"""

from coterie.memory import erasing, inputs, reach
from coterie.memory.conversing import Conversing
from coterie.memory.counting import Counting
from coterie.memory.edits import Erased
from coterie.memory.flow import in_thread
from coterie.memory.itemizing import Itemizing
from coterie.memory.leasing import Leasing
from coterie.memory.maintaining import Maintaining
from coterie.memory.noting import Noting
from coterie.memory.proposing import Proposing
from coterie.memory.recording import Recording
from coterie.memory.reembedding import Reembedding
from coterie.memory.remembering import Remembering
from coterie.memory.revising import Revising
from coterie.memory.surveying import Surveying
from coterie.memory.transferring import Transferring
from coterie.memory.values import Scope


class Db(
    Remembering,
    Revising,
    Proposing,
    Conversing,
    Surveying,
    Noting,
    Itemizing,
    Recording,
    Leasing,
    Reembedding,
    Transferring,
    Maintaining,
    Counting,
):
    """The store on some database. Made by `SqliteDb` and `PostgresDb`; safe to share between threads.

    Making one costs nothing: it connects, and makes or upgrades the schema, on first use. A process that forks after
    that is fine: the child gets connections of its own.
    """

    def erase(self, user_id: str, *, dry_run: bool = False) -> Erased:
        """Remove a person: all of memories, turns, sessions, notes, runs and what belongs to them; from the file too.

        The rows go in one transaction; then what they leave in the file is overwritten, which takes as long as the
        database is large. It may be called again.

        Args:
            user_id: Who.
            dry_run: Count what would be removed, and keep it.

        Returns:
            How many rows of each kind were removed.

        Raises:
            StoreError: the rows are gone, but the file could not be cleaned, because others were using it.
        """
        owner = inputs.key("user_id", user_id)
        with self._changing(dry_run)(reach.changing(Scope(owner, as_owner=True))) as connection:
            self._dialect.lock_owner(connection, owner)
            erased = erasing.erase(connection, owner)
        if dry_run:
            return erased
        self._meaning.forget(owner)
        with self._reading(reach.NOTHING) as connection:
            self._dialect.scrub(connection)
        return erased

    aerase = in_thread(erase)
