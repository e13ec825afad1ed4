"""PostgreSQL's own wall: what a statement without any WHERE clause finds, and what the wall withstands."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from coterie.errors import CoterieError
from coterie.memory import reach
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated, Delete, Narrow, Ref, Update
from coterie.memory.ids import new_id
from coterie.memory.migrations.wall import WALLS
from coterie.memory.postgres import PostgresDb
from coterie.memory.postgres_wall import BEGIN, walled
from coterie.memory.reach import Reach
from coterie.memory.scope import audience
from coterie.memory.tables import METADATA
from coterie.memory.values import Message, Note, Scope, StoredRun, Turn, UserMemory
from tests.support.embedder import LetterEmbeddings
from tests.support.postgres_server import PostgresServer
from tests.support.proposals import proposal

READER = "reader"
"""A user that has rights to the tables, but does not own them."""
TABLES = [*WALLS, "memory_search"]
PEOPLE = [
    Scope("ana", "desk", "scout"),
    Scope("ben", "desk", "scout"),
    Scope("ben", "kitchen"),
    Scope(None, "desk", "scout"),
    Scope(None, "kitchen"),
]
INSERT = """INSERT INTO memory (user_id, memory_id, memory, topics, team_id, visibility, kind, created_at, updated_at,
    version, content_hash, words, topic_words, trust, depends_on)
    VALUES (%s, %s, 'Tea', '[]', %s, %s, 'fact', now(), now(), 1, %s, 'tea', '', 'user', '[]')"""


def grant(server: PostgresServer, url: str) -> str:
    """The same database, as a user who does not own its tables."""
    name = str(sa.make_url(url).database)
    exists = f"SELECT FROM pg_roles WHERE rolname = '{READER}'"
    server.execute(f"DO $$ BEGIN IF NOT EXISTS ({exists}) THEN CREATE ROLE {READER} LOGIN; END IF; END $$")
    server.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {READER}", name)
    return server.url(name, READER)


def fill(db: Db) -> None:
    """The same for each of the people: memories for every kind of reader, one of them closed, a turn, a note, a run."""
    for number, scope in enumerate(PEOPLE):
        kinds = {"user": scope.user_id, "team": scope.team_id, "agent": scope.agent_id}
        memories = [
            UserMemory(memory=f"Tea {kind} {number}", visibility=kind)  # type: ignore[arg-type]  # they are the three
            for kind, known in kinds.items()
            if known is not None
        ]
        applied = db.apply(scope, [Add(memory) for memory in memories], Change())
        db.apply(scope, [Update(Ref(applied[-1].memory_id), f"Green tea {number}")], Change())
        said, now = (Message("user", "Tea?"),), datetime.now(UTC)
        turn = Turn(new_id(), "s", "r", said, now, scope.user_id, status="pending" if scope.user_id else "none")
        db.record_turn(turn)
        db.add_note(Note(f"Tea {number}", "working", scope.user_id, "desk"))
        db.add_run(StoredRun("working", scope.user_id, "s", "desk", None, f"desk {number}", now))
        db.add_records(scope.user_id, "working", [{"n": number}])
        if scope.user_id:
            curated = replace(turn, turn_id=new_id())
            db.record_turn(curated)
            refused = proposal(scope.user_id, curated.turn_id, "Likes coffee")
            db.apply(scope, [], Change("curator"), curated=Curated(curated.turn_id, kept=[refused]))


@pytest.fixture(params=["owner of the tables", "another user"])
def filled(request: pytest.FixtureRequest, postgres_server: PostgresServer, postgres_url: str) -> Iterator[PostgresDb]:
    """A store with something of everybody, seen by a user without special rights."""
    with PostgresDb(postgres_url) as db:
        fill(db)
    url = postgres_url if request.param == "owner of the tables" else grant(postgres_server, postgres_url)
    with PostgresDb(url) as db:
        yield db


def found(db: Db, within: Reach, sql: str, values: Sequence[Any] = ()) -> list[Any]:
    """What a statement finds, in the driver's words."""
    with db._reading(within) as connection:
        return walled(connection).cursor().execute(sql, values).fetchall()


def changed(db: Db, within: Reach, sql: str, values: Sequence[Any] = ()) -> int:
    with db._writing(within) as connection:
        return walled(connection).cursor().execute(sql, values).rowcount


def refusal(db: Db, within: Reach, sql: str, values: Sequence[Any] = ()) -> str | None:
    """The SQLSTATE that a statement ends with; None: it went through, and is taken back."""
    with db._opened().connect() as connection, walled(connection).reaching(within, begin=BEGIN) as held:
        try:
            held.cursor().execute(sql, values)
        except psycopg.Error as error:
            return error.sqlstate
        finally:
            held.rollback()
    return None


def every_scope() -> list[Scope]:
    owners = [Scope(user, as_owner=True) for user in ("ana", "ben", "cleo")]
    users, teams, agents = (None, "ana", "ben", "cleo"), (None, "desk", "kitchen"), (None, "scout")
    return [*owners, *(Scope(user, team, agent) for user in users for team in teams for agent in agents)]


def test_without_a_where_clause_a_scope_finds_exactly_what_it_may_read(
    filled: PostgresDb, postgres_server: PostgresServer
) -> None:
    url = postgres_server.url(str(filled._opened().url.database), "postgres")
    with PostgresDb(url) as superuser:
        rows = found(superuser, reach.NOTHING, "SELECT user_id, audience, memory_id FROM memory")
        revisions = found(superuser, reach.NOTHING, "SELECT user_id, audience, memory_id, number FROM memory_revision")
    assert {(owner, to) for owner, to, _ in rows} >= {("ana", "user"), ("ben", "team:desk"), ("", "agent:scout")}
    for scope in every_scope():
        readers = reach.reading(scope)

        def may(row: Any, readers: Reach = readers) -> bool:
            owner, to, *_ = row
            if owner == "":
                return to in readers.shared
            return bool(owner == readers.user and (readers.everything or to in readers.audiences))

        assert set(found(filled, readers, "SELECT user_id, audience, memory_id FROM memory")) == {*filter(may, rows)}
        seen = found(filled, readers, "SELECT user_id, audience, memory_id, number FROM memory_revision")
        assert set(seen) == {*filter(may, revisions)}
        assert {owner for (owner,) in found(filled, readers, "SELECT user_id FROM turn")} <= {scope.user_id}


@pytest.mark.parametrize("table", ["memory_vector", "turn_vector"])
def test_vectors_are_their_user_s(postgres_url: str, table: str) -> None:
    sql = f"SELECT DISTINCT user_id FROM {table}"
    insert = f"INSERT INTO {table} VALUES (%s, 'x', 1, 'letters', '')"
    with PostgresDb(postgres_url, embedder=LetterEmbeddings()) as db:
        fill(db)
        db.reembed()
        assert db.walled()
        for scope in every_scope():
            readers = reach.reading(scope)
            seen = {owner for (owner,) in found(db, readers, sql)}
            assert seen <= {scope.user_id, *([""] if readers.shared else [])}
            assert scope.user_id in (*seen, None, "cleo")
        assert found(db, reach.NOTHING, sql) == []
        assert {owner for (owner,) in found(db, reach.EMBEDDING, sql)} == {"ana", "ben", ""}
        assert refusal(db, reach.changing(Scope("ana")), insert, ["ben"]) == "42501"
        assert refusal(db, reach.changing(Scope("ana")), insert, ["ana"]) is None


def test_proposals_are_their_user_s(filled: PostgresDb) -> None:
    sql = "SELECT DISTINCT user_id FROM proposal"
    for user in ("ana", "ben"):
        assert found(filled, reach.of_user(user), sql) == [(user,)]
    for others in (reach.of_user("cleo"), reach.of_user(None), reach.EVERYONE, reach.WHOLE, reach.EMBEDDING):
        assert found(filled, others, sql) == []
    assert changed(filled, reach.of_user("ana"), "UPDATE proposal SET status = 'held' WHERE user_id = 'ben'") == 0
    assert refusal(filled, reach.of_user("ana"), "UPDATE proposal SET user_id = 'ben'") == "42501"


def test_turns_sessions_notes_and_runs_are_their_user_s(filled: PostgresDb) -> None:
    for table in ("turn", "session", "note", "run", "run_record"):
        sql = f"SELECT DISTINCT user_id FROM {table}"
        for user in ("ana", "ben"):
            assert found(filled, reach.of_user(user), sql) == [(user,)]
        assert found(filled, reach.of_user(None), sql) == [("",)]
        assert found(filled, reach.of_user("cleo"), sql) == []
    assert {turn.user_id for turn in filled.pending_turns(None)} == {"ana", "ben"}
    for others in (reach.EVERYONE, reach.WHOLE, reach.EMBEDDING):
        for table in ("session", "note", "run", "run_record"):
            assert found(filled, others, f"SELECT FROM {table}") == []
    for table in ("note", "run", "run_record"):
        assert changed(filled, reach.of_user("ana"), f"DELETE FROM {table} WHERE user_id <> 'ana'") == 0
        assert refusal(filled, reach.of_user("ana"), f"UPDATE {table} SET user_id = 'ben'") == "42501"
        assert refusal(filled, reach.of_user("ana"), f"UPDATE {table} SET user_id = ''") == "42501"
    assert changed(filled, reach.EVERYONE, "UPDATE turn SET status = 'dead'") == 0
    assert changed(filled, reach.EVERYONE, "DELETE FROM turn") == 0


@pytest.mark.parametrize("table", TABLES)
def test_without_settings_there_is_nothing(filled: PostgresDb, table: str) -> None:
    sql = f"SELECT FROM {table}"
    filled.count(Scope("ana"))
    with filled._opened().connect() as connection:  # one that others have used, and left settings that are empty now
        assert walled(connection).execute("SELECT current_setting('coterie.user', true)").fetchall() == [("",)]
        assert walled(connection).execute(sql).fetchall() == []
    filled.close()
    with filled._opened().connect() as connection:
        assert walled(connection).execute("SELECT current_setting('coterie.user', true)").fetchall() == [(None,)]
        assert walled(connection).execute(sql).fetchall() == []
    assert found(filled, Reach(), sql) == []
    assert found(filled, Reach(everything=True), sql) == []
    assert table == "turn" or found(filled, Reach(everything=True, everyone=True), sql) == []


def left(db: Db) -> set[str]:
    """The settings that the pool's next connection has."""
    names = ["user", "audiences", "shared", "everything", "history", "nobody", "everyone", "match"]
    with db._opened().connect() as connection:
        held = walled(connection)
        assert (held._each, held._next) == ((), ())
        sql = "SELECT coalesce(current_setting('coterie.' || name, true), '') FROM unnest(%s::text[]) AS name"
        return {value for (value,) in held.execute(sql, (names,)).fetchall()}


def test_no_settings_are_left_to_the_next_user_of_a_connection(filled: PostgresDb) -> None:
    ana = Scope("ana", "desk", "scout")
    filled._opened()
    for verb in (
        lambda: filled.newest(ana),
        lambda: filled.search(ana, "tea"),
        lambda: filled.recall(ana, "tea", 1),
        lambda: filled.pending_turns(None),
        lambda: filled.turns(None, "s"),
        lambda: filled.apply(ana, [Add(UserMemory(memory="Likes tea"))], Change()),
        lambda: filled.history(ana, str(filled.newest(ana)[0].memory_id)),
    ):
        verb()
        assert left(filled) == {""}
    for failing in (
        lambda: filled.history(ana, "missing"),
        lambda: filled.apply(ana, [Delete(Ref("missing"))], Change()),
        lambda: found(filled, reach.reading(ana), "SELECT 1 / 0"),
        lambda: changed(filled, reach.changing(ana), "SELECT 1 / 0"),
        lambda: _leave(filled, reach.reading(ana)),
        lambda: _leave(filled, reach.changing(ana)),
    ):
        with pytest.raises((CoterieError, ZeroDivisionError)):
            failing()
        assert left(filled) == {""}
    assert filled.count(ana) > 0


def _leave(db: Db, within: Reach) -> None:
    with (db._writing if within.everything else db._reading)(within):
        raise ZeroDivisionError("division")


def test_nothing_can_be_written_for_others(filled: PostgresDb) -> None:
    ana, ben = reach.changing(Scope("ana", "desk")), reach.changing(Scope("ben"))
    content = new_id().encode()
    own = {("ana", None, "user"), ("ana", "kitchen", "team"), ("", "desk", "team")}
    for owner, team, visibility in own:
        assert refusal(filled, ana, INSERT, (owner, new_id(), team, visibility, content)) is None
    for within, owner, team, visibility in [
        (ana, "ben", None, "user"),
        (ana, "", "kitchen", "team"),
        (ben, "ana", None, "user"),
        (reach.NOTHING, "ana", None, "user"),
        (reach.reading(Scope("ana")), "ana", "desk", "team"),
    ]:
        assert refusal(filled, within, INSERT, (owner, new_id(), team, visibility, content)) == "42501"
    door = INSERT.replace("INTO memory ", "INTO memory_search ")
    assert refusal(filled, ana, door, ("ana", new_id(), None, "user", content)) == "42501"


def test_nothing_of_others_can_be_changed_or_removed(filled: PostgresDb) -> None:
    ana = Scope("ana", "desk")
    (theirs, *_) = (str(memory.memory_id) for memory in filled.newest(Scope("ben")))
    within = reach.changing(ana)
    mine = len(found(filled, within, "SELECT FROM memory"))
    assert changed(filled, within, "UPDATE memory SET memory = 'x' WHERE memory_id = %s", (theirs,)) == 0
    assert changed(filled, within, "DELETE FROM memory WHERE user_id = 'ben'") == 0
    assert changed(filled, within, "UPDATE memory SET version = version") == mine
    for give in ("user_id = 'ben'", "user_id = '', visibility = 'team', team_id = 'kitchen'"):
        assert refusal(filled, within, f"UPDATE memory SET {give} WHERE user_id = 'ana'") == "42501"
    steal = " ON CONFLICT (user_id, memory_id) DO UPDATE SET memory = 'stolen'"
    assert refusal(filled, within, INSERT + steal, ("ben", theirs, None, "user", b"x")) == "42501"
    assert changed(filled, within, "DELETE FROM memory") == mine
    assert filled.get(Scope("ben"), theirs).memory.startswith("Tea")


def test_a_function_in_a_where_clause_sees_no_row_of_others(filled: PostgresDb) -> None:
    seen = []
    with filled._opened().connect() as connection:
        held = walled(connection)
        held.add_notice_handler(lambda notice: seen.append(notice.message_primary))
        held.execute(
            "CREATE FUNCTION pg_temp.peek(owner text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 "
            "AS $$ BEGIN RAISE NOTICE '%', owner; RETURN true; END $$"
        )
        for table in ("memory", "memory_search"):
            with held.reaching(reach.reading(Scope("ana"))):
                held.cursor().execute(f"SELECT FROM {table} WHERE pg_temp.peek(user_id)")
        connection.invalidate()
    assert set(seen) == {"ana"}


NASTY = [
    "o'x",
    "{a,b}",
    'a"b',
    "a\\b",
    "a,b",
    "\x1fa",
    "\x01",
    "u\x1fteam:t",
    "NULL",
    "é🙂",
    '"',
    "');--",
    "x" * 200,
    "%s",
]
HOSTILE = "purple elephants it's c:\\x /usr/lib/it's foo'bar a@b.c http://x.y/z'q?a\\b"


def test_ids_may_hold_any_characters(filled: PostgresDb) -> None:
    for name in NASTY:
        kinds = ("user", "team", "agent")
        own = [Add(UserMemory(memory=f"Purple for {kind}", visibility=kind)) for kind in kinds]  # type: ignore[arg-type]  # they are the three
        shared = [Add(UserMemory(memory=f"Purple for each {kind}", visibility=kind)) for kind in kinds[1:]]  # type: ignore[arg-type]  # the same
        filled.apply(Scope(name, name, name), own, Change())
        filled.apply(Scope(None, name, name), shared, Change())
    for name in NASTY:
        scope = Scope(name, name, name)
        rows = found(filled, reach.reading(scope), "SELECT user_id, audience FROM memory")
        assert sorted(rows) == sorted(
            [(name, "user"), *((owner, f"{kind}:{name}") for owner in (name, "") for kind in ("team", "agent"))]
        )
        assert len(filled.search(scope, HOSTILE)) == 5
        assert [hit.memory.memory for hit in filled.search(Scope(name), HOSTILE)] == ["Purple for user"]
        assert {audience(hit.memory) for hit in filled.search(Scope(None, name), "purple")} == {f"team:{name}"}


def test_the_mark_of_somebody_s_words_cannot_be_forged(filled: PostgresDb) -> None:
    sql = "SELECT shelf_words('ben', 'user', to_tsvector('english', 'tea'))::text"
    ((marked,),) = found(filled, reach.NOTHING, sql)
    mark = marked.strip("'")
    texts = [mark, mark[1:], f"a {mark} b", f"<{mark}>", f"http://x/{mark}", f'"{mark}"', f"{mark}@x.org"]
    for text in texts:
        filled.apply(Scope("ana"), [Add(UserMemory(memory=f"Forged {text}"))], Change())
    assert len(filled.search(Scope("ana"), "forged")) == len(texts)
    match = "SELECT FROM memory WHERE shelf_words(user_id, audience, text_index) @@ %s::tsquery"
    assert found(filled, reach.reading(Scope("ana")), match, (f"'{mark}'",)) == []
    assert len(found(filled, reach.reading(Scope("ben")), match, (f"'{mark}'",))) == 2


def test_a_search_for_stop_words_only_finds_nothing(filled: PostgresDb) -> None:
    for query in ("the of and", "", "us", "?"):
        assert filled.search(Scope("ana", "desk", "scout"), query) == []


def test_who_cannot_read_an_effect_of_an_edit_still_has_it(filled: PostgresDb) -> None:
    """A private memory of another agent's becomes stale, or is removed: the writer reaches it, and sees nothing."""
    ana, scout = Scope("ana"), Scope("ana", agent_id="scout")
    (fact,) = filled.apply(ana, [Add(UserMemory(memory="Has a dog"))], Change())
    private = UserMemory(memory="Will need a dog sitter", visibility="agent", depends_on=[fact.memory_id])
    (secret,) = filled.apply(scout, [Add(private)], Change("agent"))
    (updated,) = filled.apply(ana, [Update(Ref(fact.memory_id), "Has a cat")], Change())
    assert filled.get(scout, secret.memory_id).stale_since is not None
    assert secret.memory_id not in {revision.memory_id for revision in updated.revisions}
    filled.apply(ana, [Delete(Ref(updated.memory_id))], Change())
    assert [revision.op for revision in filled.history(scout, secret.memory_id)] == ["add", "update"]


def test_who_was_shut_out_sees_nothing_of_the_past(filled: PostgresDb) -> None:
    """Which revision is the last is decided by those that the scope may not read, too."""
    ana, scout = Scope("ana"), Scope("ana", agent_id="scout")
    (fact,) = filled.apply(scout, [Add(UserMemory(memory="Has a dog"))], Change())
    assert len(filled.history(ana, fact.memory_id)) == 1
    filled.apply(scout, [Narrow(Ref(fact.memory_id), "agent")], Change())
    with pytest.raises(LookupError):
        filled.history(ana, fact.memory_id)
    assert len(filled.history(scout, fact.memory_id)) == 2


def test_whether_the_wall_stands(filled: PostgresDb, postgres_server: PostgresServer) -> None:
    assert filled.walled()
    database = str(filled._opened().url.database)
    with PostgresDb(postgres_server.url(database, "postgres")) as superuser:
        assert not superuser.walled()
    with filled._opened().connect() as connection:
        user = walled(connection).info.user
    postgres_server.execute(f"ALTER ROLE {user} BYPASSRLS")
    try:
        assert not filled.walled()
    finally:
        postgres_server.execute(f"ALTER ROLE {user} NOBYPASSRLS")
    assert filled.walled()


def test_every_table_with_an_owner_is_behind_the_wall() -> None:
    assert set(WALLS) == {name for name, table in METADATA.tables.items() if "user_id" in table.c}


def test_a_plan_for_any_values_follows_the_settings(filled: PostgresDb) -> None:
    with generic(filled) as held:
        for user in ("ana", "ben", "ana"):
            for table in ("memory", "turn"):
                with held.reaching(reach.reading(Scope(user))):
                    cursor = held.cursor().execute(f"SELECT DISTINCT user_id FROM {table}", prepare=True)
                assert cursor.fetchall() == [(user,)]


@contextmanager
def generic(db: Db) -> Iterator[Any]:
    """A connection whose statements are planned without their values."""
    with db._opened().connect() as connection:
        walled(connection).execute("SET plan_cache_mode = force_generic_plan")
        yield walled(connection)
        connection.invalidate()
