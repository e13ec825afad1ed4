"""PostgreSQL's own wall between users, and the door in it for full text.

Row security compares each row with settings that a transaction has (`coterie.memory.postgres_wall` sets them), so that
a statement that forgot its WHERE clause finds nothing of others. Without settings there is nothing.

A search has a door of its own. A statement's conditions may use an index only after the policy's, unless PostgreSQL
knows that they betray nothing, and full text it does not know so. But a policy's own conditions are free. So there is
an empty parent of ``memory``, ``memory_search``, whose policy holds the full text match: PostgreSQL applies the
policies of the table that a statement names, and no others. ``turn`` has one too, ``turn_search``. A new column of
these tables must be added to the parent.
"""

import sqlalchemy as sa


def _setting(name: str) -> str:
    """A setting's value, looked up once in a statement. NULL or empty when it is not set."""
    return f"(SELECT current_setting('coterie.{name}', true))"


def _any_of(name: str) -> str:
    return f"ANY ((SELECT NULLIF(current_setting('coterie.{name}', true), '')::text[])::text[])"


def _is_on(name: str) -> str:
    return f"{_setting(name)} = 'on'"


def _is_set(name: str) -> str:
    """What `_is_on` says, of what hardly anybody sets.

    The planner takes it for true, and so the rows for many: else it would sort them where an index has them in order.
    """
    return f"{_setting(name)} <> ''"


def _rows(nobody: str, of_user: str) -> str:
    """The rows about nobody that fulfil one condition, and the user's that fulfil another.

    One CASE, which takes no part in the choice of an index. With ``user_id = ANY (...)`` in front, to find a user's
    rows where a statement forgot to, the planner took a user's rows for few, and for one key read them all.
    """
    return f"CASE user_id WHEN '' THEN {nobody} WHEN {_setting('user')} THEN {of_user} ELSE false END"


_SHARED = f"audience = {_any_of('shared')}"
_OF_USER = f"audience = {_any_of('audiences')} OR {_is_on('everything')}"

MEMORIES = _rows(_SHARED, _OF_USER)
REVISIONS = _rows(f"{_SHARED} OR {_is_on('history')}", f"{_OF_USER} OR {_is_on('history')}")
LINKS = _rows(f"{_setting('shared')} <> ''", "true")
SESSIONS = _rows(_is_on("nobody"), "true")
TURNS = _rows(f"{_is_on('nobody')} OR {_SHARED}", "true")
VECTORS = f"({LINKS}) OR {_is_on('embedding')}"
_SHARED_TURNS = f"{_setting('shared')} <> '' OR {_is_on('nobody')}"
TURN_VECTORS = f"({_rows(_SHARED_TURNS, 'true')}) OR {_is_on('embedding')}"
MATCH = """shelf_words(user_id, audience, text_index)
    @@ (SELECT NULLIF(current_setting('coterie.match', true), '')::tsquery)"""
MATCHES = f"{MATCH} AND {MEMORIES}"

WALLS = {
    "memory": MEMORIES,
    "memory_revision": REVISIONS,
    "memory_source": LINKS,
    "memory_vector": VECTORS,
    "session": SESSIONS,
    "turn": TURNS,
    "turn_vector": TURN_VECTORS,
    "proposal": SESSIONS,
    "note": SESSIONS,
    "run": SESSIONS,
    "run_record": SESSIONS,
}

# Every word carries the mark of its owner, so that a search touches nobody else's postings. The mark begins with a
# character that is in no word. Not STRICT, which would keep it from being inlined into the index's condition.
SHELF_WORDS = """CREATE FUNCTION shelf_words(user_id text, audience text, words tsvector) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT replace(' ' || strip(words)::text, ' ''', ' ''' || chr(1) ||
        left(md5(CASE user_id WHEN '' THEN chr(31) || audience ELSE user_id END), 12))::tsvector
$$"""


DOORS = {"memory": "memory_search", "turn": "turn_search"}
"""The tables that are searched, and through which door."""


def index_words(connection: sa.Connection, table: str) -> None:
    """Make the full text index of a table, and the door to it."""
    for statement in (
        # A short list of what is still to be indexed: every search reads it through.
        f"""CREATE INDEX {table}_words ON {table} USING gin (shelf_words(user_id, audience, text_index))
        WITH (gin_pending_list_limit = 256)""",
        f"CREATE TABLE {DOORS[table]} (LIKE {table} INCLUDING GENERATED)",
        f"ALTER TABLE {table} INHERIT {DOORS[table]}",
    ):
        connection.exec_driver_sql(statement)


def build(connection: sa.Connection) -> None:
    """Put every table of schema version 0002 behind the wall. It holds for the tables' owner too."""
    for table in ("memory", "memory_revision", "memory_source", "memory_vector", "session", "turn", "turn_vector"):
        raise_wall(connection, table, f"USING ({WALLS[table]})")
    for door in DOORS.values():
        raise_wall(connection, door, f"FOR SELECT USING ({MATCHES})")
    # An export of everybody's memories, an import, a check, giving all of them vectors.
    for table in ("memory", "memory_revision", "memory_source"):
        connection.exec_driver_sql(f"CREATE POLICY whole ON {table} FOR SELECT USING ({_is_set('whole')})")
    # The worker that curates what is owed reads the turns of everybody.
    connection.exec_driver_sql(f"CREATE POLICY worker ON turn FOR SELECT USING ({_is_on('everyone')})")


def raise_wall(connection: sa.Connection, table: str, policy: str) -> None:
    """Let only the rows of a table through that the policy lets through."""
    connection.exec_driver_sql(f"CREATE POLICY wall ON {table} {policy}")
    connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
