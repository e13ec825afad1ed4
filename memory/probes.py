"""What can be known of a database by a look from outside, with nothing changed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Probe:
    """A database as it was found."""

    engine: str
    """What stores it, with its version: ``SQLite 3.40.1``, ``PostgreSQL 18.6``."""
    there: bool
    """Whether the file is there. A database of a server is, or cannot be looked at."""
    schema: str | None = None
    """The version of its schema. None: it has no tables of coterie's."""
    writable: bool = True
    """Whether the file, or where it is to be made, may be written; whether the server takes writes."""
    locked: bool = False
    """Whether somebody else holds the right to write at this moment (SQLite)."""
    text_search: bool = True
    """Whether there is full text search (SQLite's FTS5)."""
    user: str | None = None
    """The user of the server."""
    walled: bool | None = None
    """Whether the server keeps coterie's users apart for that user. None: SQLite, or no tables to keep apart yet."""
    may_create: bool = True
    """Whether that user may make tables."""
    pgvector: str | None = None
    """The version of that extension which the server has, installed or not."""
