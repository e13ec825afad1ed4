"""The state of a session: a JSON object that an application keeps, joined key by key."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from coterie.errors import InputError, NotFoundError
from coterie.graphs.spec import Conduct, Spec
from coterie.memory.db import Db
from coterie.memory.flow import in_thread

PRIVATE = "coterie:"
"""How the keys begin that the modes of teams keep for themselves: nobody else is shown them, or sets them."""

Reducer = Callable[[Any, Any], Any]
"""Joins the value of a key with a new one."""


class SessionState:
    """The state of one session in the store.

    Members at work and other runs of the session have the same. Each update is one transaction, in which every key is
    joined with what it is by then: of those who update at once, nobody's value is lost.

    A key that begins with "coterie:" is left out of all that is returned: the mode of a team keeps it.

    Args:
        db: the store.
        user_id: whose session. None: nobody's.
        session_id: which.
        conduct: ``session_state`` has the values of keys that nobody has set yet, ``session_reducers`` says how a
            key's value is joined with a new one. A key without a reducer takes the new one.
    """

    def __init__(self, db: Db, user_id: str | None, session_id: str, conduct: Conduct | None = None) -> None:
        self._key = (user_id, session_id)
        self._db = db
        conduct = conduct or Conduct()
        self._initial, self._reducers = conduct.session_state, conduct.session_reducers

    def get(self) -> dict[str, Any]:
        """What it is now: the initial values, and in their place what is kept."""
        return self.completed(self._stored())

    def update(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Join these values with what there is, leave the other keys as they are, and return the whole.

        Raises:
            InputError: a value is not plain JSON, a reducer failed, or a key is private. Nothing is written.
        """
        if private := [key for key in values if key.startswith(PRIVATE)]:
            raise InputError(f"{private[0]!r} cannot be set in a session's state: choose a key without {PRIVATE!r}.")
        session = self._db.change_session_state(*self._key, lambda stored: self._joined(stored, values))
        return self.completed(session.state)

    def completed(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The whole state, of what is kept: with the initial values, without private keys."""
        whole = {**deepcopy(dict(self._initial)), **stored}
        return {key: value for key, value in whole.items() if not key.startswith(PRIVATE)}

    def _stored(self) -> Mapping[str, Any]:
        try:
            return self._db.session(*self._key).state
        except NotFoundError:
            return {}

    def _joined(self, stored: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        now = {**deepcopy(dict(self._initial)), **stored}
        return {
            key: self._reduced(key, now[key], value) if key in now and key in self._reducers else value
            for key, value in values.items()
        }

    def _reduced(self, key: str, now: Any, value: Any) -> Any:
        try:
            return self._reducers[key](now, value)
        except Exception as error:
            raise InputError(
                f"The session's {key!r} is {now!r}, and its reducer cannot join it with {value!r} "
                f"({type(error).__name__}: {error}): give a value that fits."
            ) from error

    aget = in_thread(get)
    aupdate = in_thread(update)


def session_of(spec: Spec, user_id: str | None, session_id: str) -> SessionState | None:
    """The state of a session with this agent or team. None: there is no store."""
    return SessionState(spec.memory.manager.db, user_id, session_id, spec.conduct) if spec.memory else None
