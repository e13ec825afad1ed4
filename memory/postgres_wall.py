"""How PostgreSQL is told whose rows a statement may touch: settings that go ahead of it, in the same round trip.

They are settings of a transaction, and gone at its end; a statement outside of one has one of its own, and the settings
are sent with each. So nothing is left on a connection for whoever takes it from the pool next. What the database does
with them is in ``migrations/wall.py``.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple, Self

import psycopg
import sqlalchemy as sa

from coterie.memory.migrations.wall import DOORS, WALLS
from coterie.memory.reach import NOTHING, Reach

_SETTINGS = ("user", "audiences", "everything", "shared", "history", "nobody", "everyone", "whole", "embedding")
_SET = b"SELECT " + b", ".join(b"set_config('coterie.%s', %%s, true)" % name.encode() for name in _SETTINGS)
# What writes goes by keys, so its plan is always the same. To make one for the look at dependants took 1 ms each time.
_SET_TO_WRITE = _SET + b", set_config('plan_cache_mode', 'force_generic_plan', true)"
_HOLDS = sa.text("SELECT bool_and(row_security_active(name)) FROM unnest(CAST(:names AS text[])) AS name")


class Statement(NamedTuple):
    """SQL in the driver's words, with its values."""

    sql: bytes
    values: Sequence[str] = ()


BEGIN = Statement(b"BEGIN")
SNAPSHOT = Statement(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


class WalledConnection(psycopg.Connection[Any]):
    """A connection that sends some statements ahead of the one it is given, without waiting for their answers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.cursor_factory = _Cursor
        self.behind_wall: bool | None = None
        """Whether the wall stands for its user. None: nobody asked yet."""
        self._each: tuple[Statement, ...] = ()
        self._next: tuple[Statement, ...] = ()

    @contextmanager
    def reaching(self, reach: Reach, *, begin: Statement | None = None) -> Iterator[Self]:
        """Within: statements reach no further; in one transaction that begins so, or each in its own."""
        setting = _SET_TO_WRITE if begin is BEGIN else _SET
        settings = () if reach == NOTHING else (Statement(setting, _values(reach)),)
        self._each, self._next = (settings, ()) if begin is None else ((), (begin, *settings))
        try:
            yield self
        finally:
            self._each = self._next = ()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within: statements are sent without waiting for the answers."""
        if self.pgconn.pipeline_status:
            yield  # an inner pipeline would wait at its end
            return
        with self.pipeline():
            yield

    def ahead(self, statement: Statement) -> None:
        """Send a statement ahead of the next one."""
        self._next = (*self._next, statement)

    def take_ahead(self) -> tuple[Statement, ...]:
        """What is to be sent ahead of a statement that is sent now."""
        ahead, self._next = (*self._each, *self._next), ()
        return ahead


class _Cursor(psycopg.Cursor[Any]):
    """A cursor of a `WalledConnection`."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        connection: Any = self.connection
        ahead = connection.take_ahead()
        if not ahead:
            return super().execute(query, params, **options)
        with connection.at_once():
            _send(connection, ahead)
            return super().execute(query, params, **options)

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        connection: Any = self.connection
        if not (ahead := connection.take_ahead()):
            super().executemany(query, params_seq, **options)
            return
        with connection.at_once():
            _send(connection, ahead)
            super().executemany(query, params_seq, **options)


def _send(connection: "psycopg.Connection[Any]", statements: Iterable[Statement]) -> None:
    for sql, values in statements:
        psycopg.Cursor(connection).execute(sql, values)


def walled(connection: sa.Connection) -> WalledConnection:
    """The driver's connection."""
    held = connection.connection.driver_connection
    assert isinstance(held, WalledConnection)  # as `connect` makes them
    return held


def connect(dialect: sa.Dialect, record: object, arguments: Sequence[Any], options: dict[str, Any]) -> WalledConnection:
    """What makes an engine's connections: for SQLAlchemy's event ``do_connect``."""
    return WalledConnection.connect(*arguments, **options)


@lru_cache(1024)
def _values(reach: Reach) -> tuple[str, ...]:
    """The settings' values: always all of them, so that none is left to whatever it was before."""
    return tuple(_text(getattr(reach, name)) for name in _SETTINGS)


def _text(value: str | bool | tuple[str, ...]) -> str:
    match value:
        case bool():
            return "on" if value else ""
        case str():
            return value
        case _:
            return text_array(value)


def text_array(items: Sequence[str]) -> str:
    r"""The texts as PostgreSQL writes a ``text[]``; an empty text for none.

    >>> print(text_array(['user', 'team:a"b']))
    {"user","team:a\"b"}
    """
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}" if items else ""


def holds(connection: sa.Connection) -> bool:
    """Whether the wall stands for the user of this connection, on every table."""
    return bool(connection.execute(_HOLDS, {"names": [*WALLS, *DOORS.values()]}).scalar())


def behind_wall(connection: sa.Connection) -> bool:
    """The same, asked once for each connection: for the choice of a statement, not for what is safe."""
    held = walled(connection)
    if held.behind_wall is None:
        held.behind_wall = holds(connection)
    return held.behind_wall
