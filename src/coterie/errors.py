"""Every error that coterie raises on purpose.

    CoterieError
    ├── ConfigurationError    something was put together wrongly: no model, no store, two members of one name
    │   ├── FileError         a file that describes a team has something wrong: a line for each, with its place
    │   └── NoModelError      what was asked for needs a model, and none is configured
    ├── InputError            an argument has a value that cannot be used (also a ValueError)
    ├── NotFoundError         there is no such memory, session, turn or run for the one who asks (also a LookupError)
    ├── StoreError            the database refused or could not be reached; nothing was written
    │   ├── NoDatabaseError   there is no such file or database
    │   ├── SchemaError       the file or database is not one of coterie's, or a newer coterie made it
    │   ├── LockedError       somebody else has held it for longer than is waited
    │   └── ConflictError     somebody else changed the row first; read it again and retry
    ├── EmbeddingError        the embedding model failed, or gave no usable vectors; nothing was written
    ├── RunError              a run could not be finished: a model failed, or the step limit was reached
    ├── CurationError         the curator got no usable answer; the turn is kept and stays pending
    └── TransferError         an import met a line that it cannot take; some of what came before it is in

Each message says what was wrong, with the value, and what to do.
"""

from collections.abc import Sequence


class CoterieError(Exception):
    """The base of every error below: catch this to catch them all."""


class ConfigurationError(CoterieError):
    """An agent, a team or a store was put together in a way that cannot work."""


class FileError(ConfigurationError):
    """A file that describes an agent or a team has something wrong.

    Args:
        lines: one for each thing that is, such as ``team.yaml:12:5: members.1.toolz is not known: ...``.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


class NoModelError(ConfigurationError):
    """What was asked for needs a model, and none is configured."""


class InputError(CoterieError, ValueError):
    """An argument has a value that cannot be used."""


class NotFoundError(CoterieError, LookupError):
    """There is no such row for the one who asks: it does not exist, or belongs to somebody else."""


class StoreError(CoterieError):
    """The database refused, or could not be reached. Nothing was written."""


class NoDatabaseError(StoreError):
    """There is no such file or database, and it was not to be made."""


class SchemaError(StoreError):
    """The database is not one of coterie's, or was made by a newer coterie."""


class LockedError(StoreError):
    """Somebody else has held the database for longer than is waited. Nothing was written; it may work later."""


class ConflictError(StoreError):
    """The row was changed by somebody else since it was read. Nothing was written."""


class EmbeddingError(CoterieError):
    """The embedding model failed, or what it gave is no vector for each text. Nothing was written."""


class RunError(CoterieError):
    """A run could not be finished: a model failed, or the limit of steps was reached.

    Args:
        reason: what failed, beginning with who.
        agent: the name of the agent or team in which it failed.
        path: where that stands: ``desk/scout`` is the member scout of the team desk.
        node: the node of its graph. Empty: no single one.
        attempt: at which attempt it was given up, from 1.
    """

    def __init__(self, reason: str, *, agent: str = "", path: str = "", node: str = "", attempt: int = 1) -> None:
        super().__init__(reason)
        self.agent = agent
        self.path = path
        self.node = node
        self.attempt = attempt


class CurationError(CoterieError):
    """The curator got no usable answer from its model. The turn is kept and stays pending."""


class TransferError(CoterieError):
    """An import met a line that it cannot take. What was written before stays, and is unchanged when it runs again.

    Args:
        reason: what is wrong, beginning with the line.
        line: its number, from 1.
        imported: how many memories are in by now.
        unchanged: how many were there already.
    """

    def __init__(self, reason: str, line: int, imported: int = 0, unchanged: int = 0) -> None:
        super().__init__(
            f"{reason} {imported:,} memories are imported, {unchanged:,} were there; of the lines around this one "
            "nothing is. Correct it and import again, or leave out such lines with skip=True."
        )
        self.reason = reason
        self.line = line
        self.imported = imported
        self.unchanged = unchanged
