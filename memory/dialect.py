"""What differs between the databases. Everything else is written once, for both."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from coterie.errors import ConflictError, StoreError
from coterie.memory.prepared import Prepared, Row, run
from coterie.memory.probes import Probe
from coterie.memory.reach import Reach
from coterie.memory.values import Filters, Scope

Insert = Callable[[sa.Table], Any]
"""Makes the INSERT that knows ON CONFLICT."""


class LostRaceError(ConflictError):
    """Another transaction got in the way. The same work, begun again, may well be done."""


class Dialect(ABC):
    """One database: how to open it, begin a write, search text and say what went wrong."""

    name: str
    """What the user sees in messages: a path, or a URL without its password."""
    address: str | None
    """What opens it again, by other means the password: a path, or a URL. None: it is in memory."""
    has_password: bool = False
    """Whether ``address`` lacks a password that was given."""
    insert: Insert
    """The INSERT that knows ON CONFLICT."""
    driver_error: type[Exception]
    """The base of what the driver raises by itself."""
    driver_conflict: type[Exception]
    """What the driver raises for a row that breaks a constraint."""
    survives_fork: bool
    """Whether a child may go on with the engine. If not, it makes a new one and leaves the parent's alone."""

    @abstractmethod
    def engine(self) -> sa.Engine:
        """A new engine. It connects on first use."""

    @abstractmethod
    def reading(self, engine: sa.Engine, reach: Reach) -> Any:
        """A context manager with a connection that reads without a transaction, no further than it may reach."""

    @abstractmethod
    def writing(self, engine: sa.Engine, reach: Reach) -> Any:
        """The same with a connection that holds the right to write, and commits at the end."""

    @abstractmethod
    def fleeting(self, engine: sa.Engine, reach: Reach) -> Any:
        """As `writing`, but the commit does not wait for the disk: a machine that dies may lose the last of it."""

    @abstractmethod
    def snapshot(self, engine: sa.Engine, reach: Reach) -> Any:
        """The same with a connection that only reads and sees one moment, whatever others write meanwhile."""

    @abstractmethod
    def lock_schema(self, connection: sa.Connection) -> None:
        """Let one process at a time change the schema, until the transaction ends."""

    @abstractmethod
    def lock_owner(self, connection: sa.Connection, owner: str) -> None:
        """Let one transaction at a time edit an owner's memories: two that add the same ones would deadlock."""

    @abstractmethod
    def scrub(self, connection: sa.Connection) -> None:
        """Take out of the files what deleted rows have left there."""

    @abstractmethod
    def search(
        self, connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int, filters: Filters
    ) -> list[Row]:
        """The memories that are meant and hold any of the words: rows of `SEARCH_COLUMNS`, best first."""

    @abstractmethod
    def search_turns(self, connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int) -> list[Row]:
        """The turns that hold any of the words, best first.

        Rows of `coterie.memory.turn_search.CANDIDATE`, and how many turns there are in all.
        """

    neighbours: Prepared
    """The places of the turns in ``ranges``, see `coterie.memory.turn_search`."""

    @abstractmethod
    def elements(self, column: sa.ColumnElement[Any]) -> sa.TableValuedAlias:
        """The elements of a JSON column's lists, as rows with the column ``value``."""

    @abstractmethod
    def findings(self, connection: sa.Connection) -> Iterator[str]:
        """What is wrong with what only this database has, each in a sentence with what to do."""

    @abstractmethod
    def probe(self) -> Probe:
        """What can be known of the database by a look that changes nothing. Raises what the driver does."""

    @abstractmethod
    def problem(self, error: Exception) -> StoreError:
        """What a driver's error means, in one sentence with what to do."""

    def dispose(self, engine: sa.Engine) -> None:
        """Close the engine's connections."""
        engine.dispose()

    @abstractmethod
    def before_fork(self, engine: sa.Engine | None) -> None:
        """Hold, until `after_fork`, what must not be under way when the process forks."""

    @abstractmethod
    def after_fork(self) -> None:
        """Let go of it, in the parent and in the child."""

    def translated(self, opening: "Opening") -> AbstractContextManager[sa.Connection]:
        """The connection that ``opening()`` gives; what the driver raises meanwhile becomes one of our errors."""
        return _Translated(self, opening)

    def raise_ours(self, error: BaseException | None) -> None:
        """Raise one of our errors in place of one of the driver's, or of its connections'."""
        match error:
            case sa.exc.IntegrityError() | self.driver_conflict():
                raise LostRaceError(
                    f"{self.name} has such a row already ({first_line(error)}): somebody else wrote the same first, or "
                    "two memories would say the same. Read again, and merge them."
                ) from error
            case sa.exc.DBAPIError() | self.driver_error():
                raise self.problem(error) from error
            case sa.exc.TimeoutError():
                said = f"{self.name}: no connection became free ({error}). Use fewer threads at once."
                raise StoreError(said) from error


Opening = Callable[[], AbstractContextManager[sa.Connection]]


class _Translated(AbstractContextManager[sa.Connection]):
    """A class, because it is around every verb: a generator would take a tenth of the time that `Db.get` takes."""

    def __init__(self, dialect: Dialect, opening: Opening) -> None:
        self._dialect = dialect
        self._opening = opening

    def __enter__(self) -> sa.Connection:
        try:
            self._open = self._opening()
            return self._open.__enter__()
        except Exception as error:
            self._dialect.raise_ours(error)
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._open.__exit__(kind, error, at)
        except Exception as late:
            self._dialect.raise_ours(late)
            raise
        self._dialect.raise_ours(error)


def first_line(error: Exception) -> str:
    """The driver's own words."""
    original = getattr(error, "orig", None) or error
    return (str(original).strip().splitlines() or [type(original).__name__])[0]


@contextmanager
def rolled_back(connection: sa.Connection) -> Iterator[None]:
    """The rest of a transaction that only reads."""
    try:
        yield
    finally:
        run(connection, "ROLLBACK").close()
