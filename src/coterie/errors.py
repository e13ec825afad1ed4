"""Every error that coterie raises on purpose.

    CoterieError
    ├── ConfigurationError    something was put together wrongly: no model, no store, two members of one name
    ├── InputError            an argument has a value that cannot be used (also a ValueError)
    ├── NotFoundError         there is no such memory, session or turn for the one who asks (also a LookupError)
    ├── StoreError            the database refused or could not be reached; nothing was written
    │   ├── SchemaError       the file or database is not one of coterie's, or a newer coterie made it
    │   └── ConflictError     somebody else changed the row first; read it again and retry
    ├── EmbeddingError        the embedding model failed, or gave no usable vectors; nothing was written
    ├── RunError              a run could not be finished: a model failed, or the step limit was reached
    └── CurationError         the curator got no usable answer; the turn is kept and stays pending

Each message says what was wrong, with the value, and what to do.
"""


class CoterieError(Exception):
    """The base of every error below: catch this to catch them all."""


class ConfigurationError(CoterieError):
    """An agent, a team or a store was put together in a way that cannot work."""


class InputError(CoterieError, ValueError):
    """An argument has a value that cannot be used."""


class NotFoundError(CoterieError, LookupError):
    """There is no such row for the one who asks: it does not exist, or belongs to somebody else."""


class StoreError(CoterieError):
    """The database refused, or could not be reached. Nothing was written."""


class SchemaError(StoreError):
    """The database is not one of coterie's, or was made by a newer coterie."""


class ConflictError(StoreError):
    """The row was changed by somebody else since it was read. Nothing was written."""


class EmbeddingError(CoterieError):
    """The embedding model failed, or what it gave is no vector for each text. Nothing was written."""


class RunError(CoterieError):
    """A run could not be finished: a model failed, or the limit of steps was reached."""


class CurationError(CoterieError):
    """The curator got no usable answer from its model. The turn is kept and stays pending."""
