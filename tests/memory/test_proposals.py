"""Edits that were proposed and not simply applied: kept with the turn's curation, or not at all."""

import json
from typing import Any

import pytest

from coterie import MemoryManager, Scope, UserMemory
from coterie.errors import ConflictError
from coterie.memory.checks import CurationLimits
from coterie.memory.db import Db
from coterie.memory.edits import Change, Curated, Ref
from coterie.memory.incoming import turn_of
from tests.support.proposals import proposal
from tests.support.rows import rows_of
from tests.support.scripted import ScriptedModel


def edit(op: str, memory: str = "", quote: str = "", *targets: int) -> dict[str, Any]:
    return {"op": op, "targets": targets, "quote": quote, "memory": memory, "topics": ["life"], "reason": "said"}


def scripted(*edits: dict[str, Any]) -> ScriptedModel:
    return ScriptedModel(script=lambda _: json.dumps({"user_states_something_personal": True, "edits": edits}))


# Refused


def test_what_is_refused_is_kept_with_its_reason(db: Db) -> None:
    memory_id = MemoryManager(db).add_user_memory(UserMemory(memory="Lives in Lisbon", user_id="ana"))
    wrong = [edit("update", "Lives in Lisboa", "never said", 1), edit("add", "Petra is a nurse in Graz", "a nurse")]
    report = MemoryManager(db, scripted(*wrong)).create_user_memories("I like Lisboa", user_id="ana", agent_id="scout")
    second, first = db.proposals("ana", "refused")
    assert (first.op, first.memory, first.topics, first.reason) == ("update", "Lives in Lisboa", ("life",), "said")
    assert (first.targets, first.before, first.quote) == ((Ref(memory_id, 1),), ("Lives in Lisbon",), "never said")
    assert (first.turn_id, first.agent_id, first.status, first.decided_at) == (report.turn_id, "scout", "refused", None)
    assert first.at == db.turn("ana", report.turn_id).at
    assert [one.why for one in (first, second)] == [one.reason for one in report.refused]
    assert (second.op, second.targets, second.trust) == ("add", (), "agent")


def test_a_secret_that_was_refused_is_nowhere_in_what_is_kept(db: Db) -> None:
    said = "My password is hunter2!x, and I live in Lisbon."
    MemoryManager(db, scripted(edit("add", said, said), edit("add", said, said))).create_user_memories(
        said, user_id="ana"
    )
    assert len(db.proposals("ana", "refused")) == 2
    assert "hunter2" not in repr(rows_of(db, "ana", "proposal"))


def test_only_so_many_of_a_turn_are_kept(db: Db) -> None:
    flood = scripted(*(edit("add", f"Petra likes thing {number}") for number in range(500)))
    report = MemoryManager(db, flood).create_user_memories("I like tea", user_id="ana")
    assert (len(report.refused), len(db.proposals("ana", "refused", None))) == (500, 10)
    none = MemoryManager(db, flood, limits=CurationLimits(max_refused=0))
    none.create_user_memories("I like tea", user_id="ana")
    assert len(db.proposals("ana", "refused", None)) == 10


def test_they_are_kept_in_the_transaction_that_marks_the_turn(db: Db) -> None:
    db.record_turn(turn := turn_of("I like tea", None, "ana", None, None))
    curated = Curated(turn.turn_id, kept=[proposal("ana", turn.turn_id, "Likes gin")])
    db.apply(Scope("ana"), [], Change("curator"), curated=curated)
    again = Curated(turn.turn_id, kept=[proposal("ana", turn.turn_id, "Likes rum")])
    with pytest.raises(ConflictError):
        db.apply(Scope("ana"), [], Change("curator"), curated=again)
    assert [one.memory for one in db.proposals("ana", "refused")] == ["Likes gin"]


def test_any_text_can_be_refused(db: Db) -> None:
    odd = "half \ud83d a pair, NUL \0, quotes \"'\\, {braces}, 100 %s"
    MemoryManager(db, scripted(edit("add", odd, odd))).create_user_memories("I like tea", user_id="ana")
    (kept,) = db.proposals("ana", "refused")
    assert kept.memory == "half ? a pair, NUL , quotes \"'\\, {braces}, 100 %s"
