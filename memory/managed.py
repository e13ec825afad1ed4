"""What every part of a `MemoryManager` has: the store, and the model."""

from typing import TYPE_CHECKING

from coterie.errors import ConfigurationError, NoModelError
from coterie.memory.db import Db
from coterie.memory.inputs import key
from coterie.memory.models import curating_model
from coterie.memory.secrets import without_login
from coterie.memory.values import Scope

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Managed:
    """A store and a model, which are looked at on first use."""

    def __init__(self, db: Db | None, model: "BaseChatModel | str | None") -> None:
        if db is not None and not isinstance(db, Db):
            raise ConfigurationError(
                f"db is {without_login(repr(db))}: give a store, as SqliteDb('team.db') or PostgresDb(db_url=...)."
            )
        self._db = db
        self._model = model

    @property
    def store(self) -> Db | None:
        """The store, None if there is none yet."""
        return self._db

    @property
    def db(self) -> Db:
        """The store.

        Raises:
            ConfigurationError: there is none.
        """
        if self._db is None:
            raise ConfigurationError("This MemoryManager has no store: make it with db=SqliteDb('memory.db').")
        return self._db

    def _judge(self, needed_for: str) -> "BaseChatModel":
        """The model that is asked.

        Raises:
            NoModelError: there is none.
        """
        model = curating_model(self._model)
        if model is None:
            raise NoModelError(
                f"{needed_for} needs a model: give MemoryManager(model=...), or set OPENAI_API_KEY or OPENAI_BASE_URL."
            )
        return model


def owner(user_id: str | None) -> Scope:
    """The person themself asks, or somebody for them.

    Raises:
        InputError: nobody is named.
    """
    return Scope(key("user_id", user_id), as_owner=True)
