"""The store on tables that are partitioned by user, as docs/scaling.md says: only where rows lie is different."""

import re
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from coterie.memory.edits import Add, Change, Delete, Merge, Ref, Update
from coterie.memory.postgres import PostgresDb
from coterie.memory.values import Message, Note, Scope, StoredRun, Turn, UserMemory
from tests.support.rows import past_the_wall

SQL = re.search(r"```sql\n(.*?)```", (Path(__file__).parents[2] / "docs" / "scaling.md").read_text(), re.DOTALL)
USERS = [f"user {number}" for number in range(12)]


def live(db: PostgresDb, user: str) -> None:
    """Do a bit of everything."""
    scope = Scope(user, "desk", "scout")
    texts = ("Likes tea", "Has a dog", "The dog is Rex", "Is in Rome")
    tea, dog, rex, rome = (
        Ref(one.memory_id) for one in db.apply(scope, [Add(UserMemory(memory=text)) for text in texts], Change())
    )
    db.apply(scope, [Update(tea, "Likes coffee"), Merge([dog, rex], "Has the dog Rex"), Delete(rome)], Change())
    said = (Message("user", "I moved to Lisbon", user), Message("assistant", "How nice!"))
    db.add_note(Note("Rex barks", "later", user, "desk"))
    db.record_turn(Turn("t", "s", "r", said, datetime.now(UTC), user, "desk"))
    db.add_run(StoredRun("r", user, "s", "desk", None, "desk", datetime.now(UTC)))
    db.add_records(user, "r", [{"kind": "run_started"}, {"kind": "run_finished"}])
    db.end_run(user, "r", "finished", datetime.now(UTC))


def seen(db: PostgresDb, user: str) -> list[object]:
    scope = Scope(user, "desk", "scout")
    found = db.newest(scope, None)
    hits = [hit.memory.memory_id for hit in db.search(scope, "dog coffee")]
    turns = [hit.turn.turn_id for hit in db.search_turns(scope, "Lisbon")]
    history = [db.history(scope, str(memory.memory_id)) for memory in found]
    runs = [db.runs(user), db.records(user, "r")]
    return [found, hits, turns, history, db.turns(user, "s"), db.sessions(user), db.notes(user, "later"), runs]


def test_a_partitioned_store_is_a_store(postgres_url: str) -> None:
    assert SQL is not None
    with PostgresDb(postgres_url) as db:
        for user in USERS[:-1]:
            live(db, user)
        before = [seen(db, user) for user in USERS]
        engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(SQL[1].replace("%", "%%"))
        assert [seen(db, user) for user in USERS] == before
        live(db, USERS[-1])
        assert len(db.newest(Scope(USERS[-1]), None)) == 2
        assert db.walled()
        with past_the_wall(db) as connection:
            used = connection.execute(sa.text("SELECT count(DISTINCT tableoid) FROM memory")).scalar()
            plan = connection.execute(
                sa.text("EXPLAIN SELECT * FROM memory WHERE user_id = 'user 1' AND memory_id = 'x'")
            )
            read = "\n".join(line for (line,) in plan)
        assert used is not None
        assert used > 3
        assert len(set(re.findall(r"on (memory_\d+)", read))) == 1
        assert db.erase(USERS[0]).memories > 0
        assert db.newest(Scope(USERS[0]), None) == []
        with engine.connect() as connection:
            for table in (
                "memory",
                "memory_0",
                "memory_search",
                "turn",
                "turn_1",
                "session",
                "memory_revision",
                "note",
                "run",
                "run_record",
            ):
                assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() == 0
