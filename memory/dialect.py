"""What differs between the databases. Everything else is written once, for both."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from coterie.errors import ConflictError, StoreError
from coterie.memory.prepared import Prepared
from coterie.memory.scope import Shelf


class Dialect(ABC):
    """One database: how to open it, begin a write, search text and say what went wrong."""

    name: str
    """What the user sees in messages: a path, or a URL without its password."""
    insert: Callable[[sa.Table], Any]
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
    def reading(self, engine: sa.Engine) -> Any:
        """A context manager with a connection that reads without a transaction."""

    @abstractmethod
    def writing(self, engine: sa.Engine) -> Any:
        """A context manager with a connection that holds the right to write, and commits at the end."""

    @abstractmethod
    def lock_schema(self, connection: sa.Connection) -> None:
        """Let one process at a time change the schema, until the transaction ends."""

    @abstractmethod
    def lock_owner(self, connection: sa.Connection, owner: str) -> None:
        """Let one transaction at a time edit an owner's memories: two that add the same ones would deadlock."""

    @abstractmethod
    def search(self, kinds: tuple[str, ...]) -> Prepared:
        """The statement for full text: memory columns and the score, best first; parameters ``limit`` and ``now``."""

    @abstractmethod
    def search_parameters(self, shelves: Sequence[Shelf], words: Sequence[str]) -> dict[str, str]:
        """What the statement needs beside the scope's own parameters."""

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

    def translated(self) -> "_Translated":
        """A context manager that raises what the driver raises as one of our errors."""
        return _Translated(self)

    def translation(self, error: BaseException | None) -> StoreError | None:
        """What an error of the driver or of its connections is to our callers; None for any other."""
        match error:
            case sa.exc.IntegrityError() | self.driver_conflict():
                return ConflictError(
                    f"{self.name} has such a row already ({first_line(error)}): somebody else wrote the same first, or "
                    "two memories would say the same. Read again, and merge them."
                )
            case sa.exc.DBAPIError() | self.driver_error():
                return self.problem(error)
            case sa.exc.TimeoutError():
                return StoreError(f"{self.name}: no connection became free ({error}). Use fewer threads at once.")
        return None


class _Translated:
    """A class, because it is around every verb: a generator costs four times as much."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None and (ours := self._dialect.translation(error)):
            raise ours from error


def first_line(error: Exception) -> str:
    """The driver's own words."""
    original = getattr(error, "orig", None) or error
    return (str(original).strip().splitlines() or [type(original).__name__])[0]
