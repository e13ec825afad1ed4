"""Edits that were proposed and not simply applied: kept with the turn's curation, or not at all."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from coterie import MemoryManager, Scope, UserMemory
from coterie.errors import ConfigurationError, ConflictError, InputError, NotFoundError
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Curated, KeptProposal, Ref
from coterie.memory.evidence import CurationLimits
from coterie.memory.incoming import turn_of
from tests.support.proposals import proposal
from tests.support.rows import rows_of
from tests.support.scripted import ScriptedModel


def edit(op: str, memory: str = "", quote: str = "", *targets: int) -> dict[str, Any]:
    return {"op": op, "targets": targets, "quote": quote, "memory": memory, "topics": ["life"], "reason": "said"}


def scripted(*edits: dict[str, Any]) -> ScriptedModel:
    return ScriptedModel(script=lambda _: json.dumps({"personal": True, "edits": edits}))


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


# Held


def asking(db: Db, *edits: dict[str, Any]) -> MemoryManager:
    return MemoryManager(db, scripted(*edits), approval="ask")


def test_what_is_unsure_is_held_and_the_rest_applied(db: Db) -> None:
    MemoryManager(db).add_user_memory(UserMemory(memory="Ana lives in Lisbon", user_id="ana"))
    edits = [
        edit("update", "Ana lives in Berlin", "I live in Berlin", 1),
        edit("add", "Ana has a dog", "I have a dog"),
        edit("add", "Ana walks a dog every day", "Ana is a dog walker"),
    ]
    report = asking(db, *edits).create_user_memories("I live in Berlin and I have a dog", user_id="ana")
    assert [done.edit for done in report.applied if isinstance(done.edit, Add)] == [
        done.edit for done in report.applied
    ]
    assert texts(db) == ["Ana has a dog", "Ana lives in Lisbon"]
    assert [one.why for one in report.held] == ["it changes what is known", "it is not in the user's own words"]
    assert [*reversed(MemoryManager(db).held("ana"))] == list(report.held)
    assert db.turn("ana", report.turn_id).status == "curated"
    assert "? Ana lives in Lisbon -> Ana lives in Berlin (it changes what is known: accept or reject it)" in str(report)


def texts(db: Db) -> list[str]:
    return sorted(memory.memory for memory in db.newest(Scope("ana", as_owner=True), None))


def hold(db: Db, said: str, *edits: dict[str, Any], agent_id: str | None = None) -> list[KeptProposal]:
    report = asking(db, *edits).create_user_memories(said, user_id="ana", agent_id=agent_id)
    assert (report.error, report.refused) == (None, ())
    return list(report.held)


def remember(db: Db, *said: str) -> list[str]:
    return [MemoryManager(db).add_user_memory(UserMemory(memory=one, user_id="ana", topics=["home"])) for one in said]


def test_what_is_accepted_is_what_would_have_been_applied(db: Db) -> None:
    manager = MemoryManager(db)
    (lisbon,) = remember(db, "Ana lives in Lisbon")
    (held,) = hold(
        db, "I live in Berlin", edit("update", "Ana lives in Berlin", "I live in Berlin", 1), agent_id="scout"
    )
    applied = manager.accept(held.proposal_id, "ana")
    after = manager.get_user_memory(lisbon, "ana")
    assert after is not None
    assert (after.memory, after.topics, after.memory_id) == ("Ana lives in Berlin", ["life"], applied.memory_id)
    assert (after.input, after.trust, after.event_at) == ("I live in Berlin", "user", held.at)
    assert after.source_turn_id == held.turn_id
    change = db.history(Scope("ana"), lisbon)[-1].change
    assert change == Change("person", "scout", None, held.run_id, held.turn_id)
    assert manager.held("ana") == []
    (kept,) = db.proposals("ana", "accepted")
    assert kept.decided_at is not None
    db.undo(Scope("ana"), Change(), turn_id=held.turn_id)
    assert texts(db) == ["Ana lives in Lisbon"]


def test_an_addition_a_merge_and_a_removal_are_accepted_too(db: Db) -> None:
    remember(db, "Ana likes tea", "Ana likes green tea a lot", "Ana has a cat")
    said = "Forget the cat. My dog is a collie, and the tea I like is green tea"
    edits = [
        edit("merge", "Ana likes green tea", "the tea I like is green tea", 1, 2),
        edit("delete", "", "Forget the cat", 3),
        edit("add", "Ana's dog is a collie", "a collie"),
    ]
    for one in hold(db, said, *edits):
        MemoryManager(db).accept(one.proposal_id, "ana")
    assert texts(db) == ["Ana likes green tea", "Ana's dog is a collie"]


def test_what_is_rejected_changes_nothing(db: Db) -> None:
    manager = MemoryManager(db)
    remember(db, "Ana lives in Lisbon")
    (held,) = hold(db, "Forget Lisbon", edit("delete", "", "Forget Lisbon", 1))
    manager.reject(held.proposal_id, "ana")
    assert (texts(db), manager.held("ana")) == (["Ana lives in Lisbon"], [])
    for again in (manager.accept, manager.reject):
        with pytest.raises(ConflictError, match="it is rejected already"):
            again(held.proposal_id, "ana")


def test_a_memory_that_changed_meanwhile_keeps_the_proposal_held(db: Db) -> None:
    manager = MemoryManager(db)
    (lisbon, cat) = remember(db, "Ana lives in Lisbon", "Ana has a cat")
    edits = [edit("update", "Ana lives in Berlin", "I live in Berlin", 1), edit("delete", "", "forget the cat", 2)]
    moved, forgotten = hold(db, "I live in Berlin, forget the cat", *edits)
    manager.replace_user_memory(lisbon, UserMemory(memory="Ana lives in Porto"), "ana")
    manager.delete_user_memory(cat, "ana")
    for one in (moved, forgotten):
        with pytest.raises(ConflictError, match=r"was not accepted, for something was changed"):
            manager.accept(one.proposal_id, "ana")
    assert texts(db) == ["Ana lives in Porto"]
    assert {one.proposal_id for one in manager.held("ana")} == {moved.proposal_id, forgotten.proposal_id}


def test_only_one_of_many_who_decide_at_once_does(db: Db) -> None:
    (held,) = hold(db, "I like tea", edit("add", "Ana walks with tea", "she walks"))
    ways = [db.accept_proposal, db.reject_proposal] * 4
    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(way, "ana", held.proposal_id) for way in ways]
    errors = [one.exception() for one in done]
    assert errors.count(None) == 1
    assert all(isinstance(error, ConflictError | None) for error in errors)
    accepted = len(db.proposals("ana", "accepted"))
    assert accepted + len(db.proposals("ana", "rejected")) == 1
    assert texts(db) == ["Ana walks with tea"] * accepted


def test_proposals_of_others_are_not_found(db: Db) -> None:
    manager = MemoryManager(db)
    (held,) = hold(db, "I like tea", edit("add", "Ana walks with tea", "she walks"))
    for decide in (manager.accept, manager.reject):
        with pytest.raises(NotFoundError, match="There is no proposal"):
            decide(held.proposal_id, "ben")
        with pytest.raises(InputError, match="user_id"):
            decide(held.proposal_id)
    assert len(manager.held("ana")) == 1
    for see in (manager.held, manager.refused):
        assert see("ben") == []
        with pytest.raises(InputError, match="user_id"):
            see(None)


def test_a_refused_proposal_is_not_accepted(db: Db) -> None:
    manager = MemoryManager(db, scripted(edit("add", "Petra is a nurse in Graz")))
    manager.create_user_memories("I like tea", user_id="ana")
    (refused,) = manager.refused("ana")
    with pytest.raises(ConflictError, match="it is refused already"):
        manager.accept(refused.proposal_id, "ana")


def test_another_approval_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="approval is 'always': give 'ask'"):
        MemoryManager(approval="always")  # type: ignore[arg-type]  # that is the point
