"""What a verb says that it would do is what it then does; until then nothing is changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coterie.errors import ConflictError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Applied, Change, Delete, Erased, Imported, Ref, Revision, Undone
from coterie.memory.leases import MAX_ATTEMPTS
from coterie.memory.values import Message, Scope, StoredRun, Turn, UserMemory
from tests.support.rows import rows_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANA = Scope("ana", as_owner=True)


@pytest.fixture
def ids(db: Db) -> list[str]:
    """Memories, of which the second was made from the first; a turn that was given up on; runs."""
    change = Change("curator", run_id="run")
    (one,) = db.apply(Scope("ana"), [Add(UserMemory(memory="I like tea."))], change)
    (two,) = db.apply(Scope("ana"), [Add(UserMemory(memory="I like cafés.", depends_on=[one.memory_id]))], change)
    turn = Turn("turn", "talk", "run", (Message("user", "hi"),), NOW, "ana")
    db.record_turn(turn)
    for _ in range(MAX_ATTEMPTS):
        db.fail_turn(turn, "no model")
    for number in range(3):
        db.add_run(StoredRun(f"run-{number}", "ana", None, None, None, "desk", NOW + timedelta(days=number)))
        db.add_records("ana", f"run-{number}", [{"kind": "run_started"}])
    return [one.memory_id, two.memory_id]


def same(first: Any, second: Any) -> bool:
    """Whether two results say the same, but for the ids and times of their changes."""
    return bool(told(first) == told(second))


def told(result: Any) -> Any:
    match result:
        case list() | tuple():
            return [told(one) for one in result]
        case Applied() | Undone():
            return told(result.revisions)
        case Revision():
            before, after = (
                side and side.model_dump(exclude={"updated_at", "stale_since"})
                for side in (
                    result.before,
                    result.after,
                )
            )
            return (result.memory_id, result.op, before, after, result.reason)
        case int() | Erased() | Imported():
            return result
    raise AssertionError(result)


VERBS: dict[str, Callable[[Db, str, bool], Any]] = {
    "forget": lambda db, one, dry: db.apply(ANA, [Delete(Ref(one))], Change(), dry_run=dry),
    "undo": lambda db, one, dry: db.undo(ANA, Change(), run_id="run", dry_run=dry),
    "erase": lambda db, one, dry: db.erase("ana", dry_run=dry),
    "remove_runs": lambda db, one, dry: db.remove_runs("ana", NOW + timedelta(days=2), dry_run=dry),
    "retry_turns": lambda db, one, dry: db.retry_turns(dry_run=dry),
}


@pytest.mark.parametrize("verb", VERBS)
def test_it_is_told_and_not_done(db: Db, ids: list[str], verb: str) -> None:
    before = rows_of(db, None)
    rehearsed = VERBS[verb](db, ids[0], True)
    assert rows_of(db, None) == before
    assert same(rehearsed, VERBS[verb](db, ids[0], False))
    assert rows_of(db, None) != before


def test_an_import_is_told_and_not_done(db: Db, ids: list[str]) -> None:
    lines = list(db.export_memories("ana"))
    assert db.import_memories(lines, dry_run=True) == Imported(0, 2)
    db.erase("ana")
    before = rows_of(db, None)
    assert db.import_memories(lines, dry_run=True) == Imported(2, 0)
    assert rows_of(db, None) == before
    assert db.import_memories(lines) == Imported(2, 0)


def test_what_cannot_be_done_fails_as_it_would(db: Db, ids: list[str]) -> None:
    with pytest.raises(ConflictError, match="is at version"):
        db.apply(ANA, [Delete(Ref(ids[0], 9))], Change(), dry_run=True)
    db.apply(ANA, [Delete(Ref(ids[0]))], Change())
    with pytest.raises(ConflictError, match="was changed since"):
        db.undo(ANA, Change(), run_id="run", dry_run=True)
