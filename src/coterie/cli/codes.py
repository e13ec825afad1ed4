"""What the command line ends with: a number for each thing that a script may want to tell from the others."""

from collections.abc import Iterator
from enum import IntEnum

from coterie.errors import (
    CurationError,
    EmbeddingError,
    InputError,
    LockedError,
    NoDatabaseError,
    NoModelError,
    NotFoundError,
    RunError,
    SchemaError,
)


class Code(IntEnum):
    """The exit codes. Ctrl-C ends with 130, as everywhere."""

    DONE = 0
    FAILED = 1
    """It could not be done, or only in part."""
    USAGE = 2
    """It was called in a way that cannot work."""
    DECLINED = 3
    """A person was asked, and said no."""
    NOT_FOUND = 4
    """There is no such memory, session, turn, run or database."""
    NO_MODEL = 5
    """A model is needed, and none is configured, it cannot be reached, or its server refuses the key or its name."""
    DATABASE = 6
    """The database is locked, or has a schema that this coterie does not know."""


_OF: tuple[tuple[type[Exception], Code], ...] = (
    (InputError, Code.USAGE),
    (NotFoundError, Code.NOT_FOUND),
    (NoDatabaseError, Code.NOT_FOUND),
    (NoModelError, Code.NO_MODEL),
    (SchemaError, Code.DATABASE),
    (LockedError, Code.DATABASE),
)
_NO_SUCH_MODEL = frozenset({401, 403, 404})
"""What a server answers, by HTTP, where trying again is of no use: the key or the model's name is wrong."""


def code_of(error: Exception) -> Code:
    """The exit code for an error.

    One that a model caused is told from the others by that cause: a script may start the server, or take another key,
    and try again. A model that was reached, and failed, has failed.
    """
    for kind, code in _OF:
        if isinstance(error, kind):
            return code
    of_model = isinstance(error, RunError | CurationError | EmbeddingError)
    return Code.NO_MODEL if of_model and any(map(_no_model, _causes(error))) else Code.FAILED


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _no_model(cause: BaseException) -> bool:
    """Whether a model's client says so. What those of different makers have in common are these names."""
    unreachable = any("ConnectionError" in kind.__name__ for kind in type(cause).__mro__)
    return unreachable or getattr(cause, "status_code", None) in _NO_SUCH_MODEL
