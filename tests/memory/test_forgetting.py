"""Forgetting a memory with everything that was made from it."""

import json
from collections.abc import Sequence

import pytest

from coterie import MemoryManager, Scope, UserMemory
from coterie.errors import NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Edit, Merge, Ref, Update
from coterie.memory.values import Visibility
from tests.support.rows import rows_of
from tests.support.scripted import ScriptedModel

ANA = Scope("ana", as_owner=True)
PERSON = Change("person")


def kept(db: Db, text: str, *sources: str, visibility: Visibility = "user") -> str:
    memory = UserMemory(
        memory=text, user_id="ana", depends_on=list(sources), visibility=visibility, team_id="desk", agent_id="scout"
    )
    return done(db, Add(memory))


def done(db: Db, edit: Edit) -> str:
    return db.apply(ANA, [edit], PERSON)[0].memory_id


def texts(db: Db) -> list[str]:
    return sorted(memory.memory for memory in db.newest(ANA, limit=None))


@pytest.fixture
def address(db: Db) -> str:
    """Ana's address, three things that were made from it, and two that were not."""
    address = kept(db, "Lives in Rua Augusta 1")
    near = kept(db, "Lives near the river", address)
    kept(db, "Likes to run along the river", near)
    kept(db, "Needs a parking permit for Rua Augusta", address, visibility="agent")
    kept(db, "Has a dog")
    kept(db, "Her dog is called Rex", kept(db, "The dog's tag says Rex"))
    return address


OTHERS = ["Has a dog", "Her dog is called Rex", "The dog's tag says Rex"]


def test_everything_made_from_it_goes_with_it(db: Db, address: str) -> None:
    [applied] = db.apply(ANA, [Delete(Ref(address), "asked", dependants=True)], PERSON)
    assert texts(db) == OTHERS
    assert len(applied.revisions) == 4
    assert {(one.op, one.reason, one.after, one.change_id) for one in applied.revisions} == {
        ("delete", "asked", None, applied.revisions[0].change_id)
    }


def test_without_it_they_are_marked_as_stale(db: Db, address: str) -> None:
    done(db, Delete(Ref(address)))
    assert len(texts(db)) == 6
    assert sum(memory.stale_since is not None for memory in db.newest(ANA, limit=None)) == 3


def test_it_is_undone_as_one_change(db: Db, address: str) -> None:
    before = rows_of(db, "ana", "memory", "memory_source")
    [applied] = db.apply(ANA, [Delete(Ref(address), dependants=True)], PERSON)
    undone = db.undo(ANA, PERSON, change_id=applied.revisions[0].change_id)
    assert rows_of(db, "ana", "memory", "memory_source") == before
    db.redo(ANA, PERSON, undone)
    assert texts(db) == OTHERS


def test_what_a_later_statement_says_in_their_place_goes_too(db: Db, address: str) -> None:
    moved = done(db, Update(Ref(address), "Lives in Rua do Ouro 2"))
    [stale] = [one for one in db.newest(ANA, limit=None) if one.memory == "Lives near the river"]
    done(db, Update(Ref(str(stale.memory_id)), "Lives in the old town"))
    done(db, Delete(Ref(moved), dependants=True))
    assert texts(db) == OTHERS


def test_a_merged_memory_goes_with_each_of_its_sources(db: Db) -> None:
    address, dog = kept(db, "Lives in Rua Augusta 1"), kept(db, "Has a dog")
    merged = done(db, Merge([Ref(address), Ref(dog)], "Lives in Rua Augusta 1 with a dog"))
    kept(db, "Needs a lift for the dog", merged)
    kept(db, "Plays the cello")
    done(db, Delete(Ref(address, db.history(ANA, address)[-1].number), dependants=True))
    assert texts(db) == ["Plays the cello"]
    with pytest.raises(NotFoundError):
        db.current(ANA, dog)


def test_the_curator_forgets_so(db: Db, address: str) -> None:
    def script(messages: Sequence[object]) -> str:
        shown = str(messages[-1])
        number = next(n for n in range(1, 9) if f"{n}. Lives in Rua Augusta 1" in shown)
        edit = {"op": "delete", "targets": [number], "quote": "forget that I live in Rua Augusta", "memory": ""}
        return json.dumps({"personal": True, "edits": [edit]})

    manager = MemoryManager(db, ScriptedModel(script=script))
    report = manager.create_user_memories("Please forget that I live in Rua Augusta", user_id="ana")
    assert (report.error, report.refused) == (None, ())
    assert texts(db) == OTHERS
    db.undo(ANA, PERSON, turn_id=report.turn_id)
    assert len(texts(db)) == 7
