"""Looking after the database: its version, and whether everything in it agrees."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from coterie.memory import reach, schema
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Merge, Ref, Update
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, UserMemory

ANA = Scope("ana", "desk", "scout")


def lived_in(db: Db) -> list[str]:
    texts = ("Likes tea", "Has a dog", "The dog is Rex", "Zoë lives in 東京")
    ids = [one.memory_id for one in db.apply(ANA, [Add(UserMemory(memory=t, topics=["é"])) for t in texts], Change())]
    db.apply(ANA, [Update(Ref(ids[0]), "Likes coffee"), Merge([Ref(ids[1]), Ref(ids[2])], "Has the dog Rex")], Change())
    (gone,) = db.apply(ANA, [Add(UserMemory(memory="Is in Rome"))], Change())
    db.apply(ANA, [Delete(Ref(gone.memory_id))], Change())
    return ids


def behind_its_back(db: Db, *statements: str) -> None:
    """Change rows as no verb would."""
    if isinstance(db, SqliteDb):
        connection = sqlite3.connect(db.name, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()
        return
    with db._writing(reach.changing(Scope("ana", as_owner=True))) as held:
        for statement in statements:
            held.execute(sa.text(statement))


def test_a_store_that_was_used_is_well(db: Db) -> None:
    lived_in(db)
    assert db.check() == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE memory SET trust = 'tool' WHERE memory_id = '{0}'", "not as their last revision left them: 1, "),
        ("DELETE FROM memory WHERE memory_id = '{3}'", "not as their last revision left them: 1, the first is '{3}'"),
        ("DELETE FROM memory_revision", "not as their last revision left them: 6, "),
        (
            "UPDATE memory SET words = 'x' WHERE memory_id = '{3}'",
            "not found by their words: 1, the first is '{3}' of 'ana'",
        ),
        ("DELETE FROM memory_source WHERE source_id = '{1}'", "not linked with what they were made from: 1"),
        ("INSERT INTO memory_source VALUES ('ana', '{0}', '{3}')", "linked with what they were not made from: 1"),
    ],
)
def test_what_does_not_agree_is_found(db: Db, statement: str, said: str) -> None:
    ids = lived_in(db)
    behind_its_back(db, statement.format(*ids))
    (found,) = db.check()
    assert said.format(*ids) in found
    assert found.endswith(".")


def test_a_text_index_that_lacks_a_row_is_found(tmp_path: Path) -> None:
    with SqliteDb(tmp_path / "store.db") as db:
        lived_in(db)
        behind_its_back(db, "INSERT INTO memory_text(memory_text) VALUES ('delete-all')")
        assert db.search(ANA, "coffee") == []
        (found,) = db.check()
        assert "VALUES ('rebuild')" in found
        behind_its_back(db, "INSERT INTO memory_text(memory_text) VALUES ('rebuild')")
        assert db.check() == []
        assert len(db.search(ANA, "coffee")) == 1


def test_the_version_is_told_without_making_anything(db: Db) -> None:
    assert db.schema_version() is None
    (found,) = db.check()
    assert found.endswith(f"has none of coterie's tables, the newest is {schema.HEAD}: run `coterie db upgrade`.")
    assert db.schema_version() is None
    assert db.upgrade() is None
    assert db.schema_version() == db.upgrade() == schema.HEAD
    assert db.check() == []


def test_a_store_in_memory_is_looked_after_too() -> None:
    with SqliteDb() as db:
        assert db.schema_version() is None
        lived_in(db)
        assert db.schema_version() == schema.HEAD
        assert db.check() == []
