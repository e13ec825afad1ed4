"""The store in a PostgreSQL database. No extension is needed."""

import json
import re
import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coterie.errors import LockedError, NoDatabaseError, StoreError
from coterie.memory import rows
from coterie.memory.db import Db
from coterie.memory.dialect import Dialect, LostRaceError, first_line, rolled_back
from coterie.memory.embedding import Embedder
from coterie.memory.flow import in_thread
from coterie.memory.meaning import CACHE_BYTES
from coterie.memory.postgres_probe import probe
from coterie.memory.postgres_search import NEIGHBOURS, search, search_turns
from coterie.memory.postgres_wall import BEGIN, SNAPSHOT, Statement, connect, holds, walled
from coterie.memory.prepared import Row
from coterie.memory.probes import Probe
from coterie.memory.reach import NOTHING, Reach
from coterie.memory.secrets import without_login
from coterie.memory.tables import METADATA
from coterie.memory.values import Filters, Scope

CONNECT_SECONDS = 10
"""How long to wait for the server, unless the URL says ``connect_timeout``."""
TRUSTED_SECONDS = 5
"""A connection that was used so lately, and to which the server has said nothing since, is taken to be alive."""
SCHEMA_LOCK = 0x636F7465726965
"""The key of the advisory lock under which the schema is made: "coterie"."""

_PASSWORDS = ("password", "sslpassword")
"""What libpq takes as one in a URL's query."""
_NOT_WAITING = Statement(b"SET LOCAL synchronous_commit = off")
_LOCK_OWNER = b"SELECT pg_advisory_xact_lock(hashtextextended(%%s, %d))" % SCHEMA_LOCK


class PostgresDb(Db):
    """The store in a PostgreSQL database, for many processes and machines.

    Args:
        db_url: ``postgresql://user:password@host:port/database``, also with ``postgresql+psycopg:``. The database must
            exist; its tables are made on first use, in the first schema of the search path.
        embedder: Finds memories and turns by meaning too: any LangChain ``Embeddings``. None: by words alone, and what
            is written gets no vector (``reembed`` fills that gap).
        vector_cache_bytes: How much memory this process may use for the vectors of the users asked about last.

    Raises:
        StoreError: the URL is not one of PostgreSQL, or has a password that must be written otherwise.
        ConfigurationError: the embedder is none.
    """

    def __init__(self, db_url: str, *, embedder: Embedder | None = None, vector_cache_bytes: int = CACHE_BYTES) -> None:
        super().__init__(_Postgres(_url(db_url)), embedder, vector_cache_bytes)

    def walled(self) -> bool:
        """Whether the database itself keeps users apart, for the user in the URL.

        False for a superuser, or one with BYPASSRLS: there only the WHERE clauses of the statements do. Every other
        user, the tables' owner too, gets no row that the scope or user of a call may not have.
        """
        with self._reading(NOTHING) as connection:
            return holds(connection)

    awalled = in_thread(walled)


class _Postgres(Dialect):
    insert = staticmethod(insert)
    driver_error = psycopg.Error
    driver_conflict = psycopg.IntegrityError
    survives_fork = False
    neighbours = NEIGHBOURS

    def __init__(self, url: sa.URL) -> None:
        self.name = url.set(query={}).render_as_string(hide_password=True)
        public = url.difference_update_query(_PASSWORDS)._replace(drivername="postgresql", password=None)
        self.address = public.render_as_string(hide_password=False)
        self.has_password = bool(url.password) or not url.query.keys().isdisjoint(_PASSWORDS)
        self._url = url.difference_update_query(["connect_timeout"])
        self._seconds = url.query.get("connect_timeout", str(CONNECT_SECONDS))

    def engine(self) -> sa.Engine:
        """An engine whose connections begin no transaction by themselves: reading needs none."""
        pool = {"pool_size": 8, "max_overflow": 8, "pool_use_lifo": True}
        in_json = {"json_serializer": rows.to_json, "json_deserializer": _from_json}
        options = {"connect_args": {"connect_timeout": self._seconds}, "paramstyle": "format", **in_json}
        engine = sa.create_engine(self._url, isolation_level="AUTOCOMMIT", **options, **pool)
        sa.event.listen(engine, "do_connect", connect)
        sa.event.listen(engine, "checkin", _note_use)
        sa.event.listen(engine, "checkout", _replace_if_dead)
        return engine

    @contextmanager
    def reading(self, engine: sa.Engine, reach: Reach) -> Iterator[sa.Connection]:
        with engine.connect() as connection, walled(connection).reaching(reach):
            yield connection

    @contextmanager
    def snapshot(self, engine: sa.Engine, reach: Reach) -> Iterator[sa.Connection]:
        with (
            engine.connect() as connection,
            walled(connection).reaching(reach, begin=SNAPSHOT),
            rolled_back(connection),
        ):
            yield connection

    @contextmanager
    def writing(self, engine: sa.Engine, reach: Reach) -> Iterator[sa.Connection]:
        """BEGIN goes with the first statement."""
        with engine.begin() as connection, walled(connection).reaching(reach, begin=BEGIN):
            yield connection

    @contextmanager
    def fleeting(self, engine: sa.Engine, reach: Reach) -> Iterator[sa.Connection]:
        """The commit does not wait for the disk."""
        with self.writing(engine, reach) as connection:
            walled(connection).ahead(_NOT_WAITING)
            yield connection

    def before_fork(self, engine: sa.Engine | None) -> None:
        """Nothing is held: the child makes another engine."""

    def after_fork(self) -> None:
        """Nothing was held."""

    def lock_schema(self, connection: sa.Connection) -> None:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SCHEMA_LOCK)))

    def lock_owner(self, connection: sa.Connection, owner: str) -> None:
        """The lock goes with the next statement, and is held before that begins."""
        walled(connection).ahead(Statement(_LOCK_OWNER, (owner,)))

    def scrub(self, connection: sa.Connection) -> None:
        """Vacuum the tables: only their owner can, for others the server's own vacuum comes later."""
        for table in METADATA.tables:
            connection.exec_driver_sql(f'VACUUM "{table}"')

    def search(
        self, connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int, filters: Filters
    ) -> list[Row]:
        return search(connection, scope, words, limit, filters)

    def search_turns(self, connection: sa.Connection, scope: Scope, words: Sequence[str], limit: int) -> list[Row]:
        return search_turns(connection, scope, words, limit)

    def elements(self, column: sa.ColumnElement[Any]) -> sa.TableValuedAlias:
        return sa.func.jsonb_array_elements_text(column).table_valued("value").render_derived()

    def findings(self, connection: sa.Connection) -> Iterator[str]:
        """Whether the wall stands. The server sees to its own indexes."""
        if not holds(connection):
            yield (
                f"For the database user of {self.name} no wall stands between coterie's users (a superuser, or with"
                " BYPASSRLS): give agents a user without special rights."
            )

    def probe(self) -> Probe:
        engine = self.engine()
        try:
            return probe(self.name, engine)
        finally:
            engine.dispose()

    def problem(self, error: Exception) -> StoreError:
        said, state = first_line(error), _state(error)
        for code, (advice, kind) in _PROBLEMS.items():
            if state.startswith(code):
                return kind(f"{self.name}: {said}. {advice}")
        return StoreError(f"{self.name}: {said}.")


_NO_DATABASE = re.compile(r'database "[^"]*" does not exist')
_PROBLEMS: dict[str, tuple[str, type[StoreError]]] = {
    "none": ("Look at the URL's host, port, database, user and password, and whether the server runs.", StoreError),
    "08": ("The connection broke: try again.", StoreError),
    "28": ("Look at the URL's user and password.", StoreError),
    "3D": ("Create the database, or correct the URL.", NoDatabaseError),
    "42501": ("The user lacks a right: grant it, or give another user.", StoreError),
    "25006": ("The database is read-only: give the URL of the primary server.", StoreError),
    "53": ("The server is short of something (disk, memory, connections); nothing was written.", StoreError),
    "55P03": ("Others held a lock for longer than lock_timeout: try again.", LockedError),
    "57": ("The server is stopping or starting, or cancelled the statement: try again.", StoreError),
    "40": ("Others wrote the same rows at the same time: try again.", LostRaceError),
}


def _state(error: Exception) -> str:
    """The SQLSTATE; "none" when no connection was made: then the driver has words alone."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    absent = state is None and _NO_DATABASE.search(first_line(error))
    return "3D000" if absent else state or "none"


def _from_json(data: bytes) -> Any:
    """A JSON value. A list of texts is parsed once: topics come again."""
    if data == b"[]":
        return []
    return [*_texts(data)] if data.startswith(b'["') else json.loads(data.decode())


@lru_cache(4096)
def _texts(data: bytes) -> tuple[str, ...]:
    return tuple(json.loads(data.decode()))


def _note_use(connection: object, record: sa.pool.ConnectionPoolEntry) -> None:
    record.info["used"] = time.time()  # not monotonic, which stands still while a computer sleeps


def _replace_if_dead(
    connection: "psycopg.Connection[Any]", record: sa.pool.ConnectionPoolEntry, proxy: sa.PoolProxiedConnection
) -> None:
    """Ask a connection from the pool whether it is alive, if there is reason to doubt it: it costs a round trip.

    A server that stops, or ends a connection, closes it: then there is something to read on it. Only a network that
    fails silently does not show, or a server without power.
    """
    used = record.info.get("used")
    if used is None or (0 <= time.time() - used < TRUSTED_SECONDS and not _has_news(connection)):
        return
    try:
        connection.execute(";")
    except psycopg.Error as error:
        raise sa.exc.InvalidatePoolError from error  # the pool makes a new one


def _has_news(connection: "psycopg.Connection[Any]") -> bool:
    if connection.closed:
        return True
    if not hasattr(select, "poll"):  # on Windows, where select() takes any number of sockets
        return bool(select.select([connection.fileno()], [], [], 0)[0])
    sockets = select.poll()
    sockets.register(connection.fileno(), select.POLLIN)
    return bool(sockets.poll(0))


def _url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError("db_url is not a URL: give postgresql://user:password@host:port/database.") from error
    if url.drivername.split("+")[0] not in {"postgresql", "postgres"}:
        raise StoreError(f"db_url is of {url.drivername!r}: give postgresql://user:password@host:port/database.")
    if "@" in (url.host or "") or ("@" in (url.database or "") and "%40" not in text):
        raise StoreError(f"db_url has several @ ({without_login(text)!r}): write %40 for one in a name or password.")
    try:
        (url.host or "").encode("idna")
    except UnicodeError as error:
        raise StoreError(f"db_url has the host {url.host!r}, which cannot be a host's name: correct it.") from error
    return url.set(drivername="postgresql+psycopg")
