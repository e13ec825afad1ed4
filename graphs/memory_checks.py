"""What is checked when something is given a memory: an agent, a team, or an agent of LangChain's."""

from coterie.errors import ConfigurationError
from coterie.graphs.spec import Curate, MemoryUse
from coterie.memory.db import Db
from coterie.memory.manager import MemoryManager


def checked_curate(owner: str, value: Curate) -> Curate:
    """Refuse a way of curating that there is not."""
    if value not in (True, False, "background", "later"):
        raise ConfigurationError(
            f"{owner}: update_memory_on_run={value!r} is not known: give True, 'background' or 'later'."
        )
    return value


def checked_db(owner: str, db: Db) -> Db:
    """Refuse what is no store."""
    if not isinstance(db, Db):
        raise ConfigurationError(f"{owner}: db={db!r} is no store: give SqliteDb('team.db') or PostgresDb(db_url=...).")
    return db


def checked_store(owner: str, db: Db | None, manager: MemoryManager | None) -> Db | None:
    """The one store that is meant by ``db`` and by the memory manager.

    Raises:
        ConfigurationError: two stores, or something that is none.
    """
    if db is not None:
        checked_db(owner, db)
    brought = manager.store if manager is not None else None
    if db is not None and brought is not None and db is not brought:
        raise ConfigurationError(f"{owner} has the store {db!r}, and its memory_manager {brought!r}: give one of them.")
    return db or brought


def no_store(owner: str) -> ConfigurationError:
    """What is raised where memory is asked for, but there is no store."""
    return ConfigurationError(
        f"{owner} is to remember, but has no store: give it db=SqliteDb('team.db') or a memory_manager."
    )


def checked_use(owner: str, memory: MemoryUse | None) -> MemoryUse | None:
    """Refuse what does not say how a node uses the memory."""
    if memory is not None and not (isinstance(memory, MemoryUse) and isinstance(memory.manager, MemoryManager)):
        raise ConfigurationError(f"{owner}: memory={memory!r} is no MemoryUse: give MemoryUse(MemoryManager(db)).")
    return memory
