"""What other memories for agents were seen to do wrong, and what happens here instead.

Most of it is tested where it belongs: what is added or changed while a strategy's model thinks, and a refusal as a
summary (``tests/memory/test_strategies.py``, ``test_deduplicate.py``); "Yes, exactly!" with the question before, a
model that loops, prose instead of JSON (``tests/memory/test_manager.py``, ``test_proposals.py``). Here is what takes a
whole run, or several users.
"""

import json
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from coterie import Agent, MemoryManager, Scope, SqliteDb, Team, UserMemory
from coterie.memory.db import Db
from coterie.memory.edits import Change
from coterie.teams.printing import curation_lines
from tests.support.rows import rows_of
from tests.support.scripted import ScriptedModel, calls


def edit(op: str, memory: str, quote: str, *targets: int) -> dict[str, object]:
    return {"op": op, "targets": targets, "quote": quote, "memory": memory, "topics": [], "reason": "said"}


def curating(*edits: dict[str, object]) -> ScriptedModel:
    return ScriptedModel(script=lambda _: json.dumps({"personal": True, "edits": edits}))


def quiet() -> ScriptedModel:
    return ScriptedModel(script=lambda _: "ok")


def agent(db: Db, curator: ScriptedModel) -> Agent:
    manager = MemoryManager(db, curator)
    return Agent("scout", model=quiet(), db=db, memory_manager=manager, update_memory_on_run=True)


def texts(db: Db, user: str) -> list[str]:
    return [memory.memory for memory in db.newest(Scope(user, as_owner=True), None)]


def test_a_second_user_overwrites_nothing_by_an_id(db: Db) -> None:
    manager = MemoryManager(db)
    for user in ("ana", "ben"):
        memory = UserMemory(memory=f"This is {user}'s", memory_id="the-same", user_id=user)
        assert manager.add_user_memory(memory) == "the-same"
    before = rows_of(db, "ana", "memory", "memory_revision")
    for op in ("update", "delete"):
        wrong = edit(op, "This is Ben's alone", "the-same is Ben's alone", 1)
        agent(db, curating(wrong)).run("the-same is Ben's alone, forget it", user_id="ben")
    assert rows_of(db, "ana", "memory", "memory_revision") == before
    assert texts(db, "ana") == ["This is ana's"]


def test_with_the_model_down_the_fact_is_not_lost_and_the_user_is_told(
    db: Db, capsys: pytest.CaptureFixture[str]
) -> None:
    def down(_: list[BaseMessage]) -> str:
        raise ConnectionError("nobody answers")

    agent(db, ScriptedModel(script=down)).print_response("I like hiking.", user_id="ana")
    shown = " ".join(capsys.readouterr().out.split())
    assert "memory not curated yet, the turn is kept: " in shown
    assert "nobody answers" in shown
    (owed,) = db.pending_turns("ana")
    assert owed.messages[0].content == "I like hiking."
    db.retry_turns("ana")  # rather than wait half a minute
    (report,) = MemoryManager(db, curating(edit("add", "Ana likes hiking", "I like hiking"))).curate_pending("ana")
    assert curation_lines(report) == ["memory + Ana likes hiking"]
    assert texts(db, "ana") == ["Ana likes hiking"]


def test_what_a_team_and_its_two_members_hear_is_kept_once_with_one_call(db: Db) -> None:
    said = "I like hiking."

    def lead(messages: list[BaseMessage]) -> AIMessage | str:
        answered = isinstance(messages[-1], ToolMessage)
        return "done" if answered else calls(*((f"ask_{name}", {"task": said}) for name in "ab"))

    curator = curating(edit("add", "Ana likes hiking", "I like hiking"))
    manager = MemoryManager(db, curator)
    members = [Agent(name, model=quiet(), db=db, update_memory_on_run=True) for name in "ab"]
    team = Team("desk", members, model=ScriptedModel(script=lead), memory_manager=manager, update_memory_on_run=True)
    output = team.run(said, user_id="ana", session_id="s")
    assert len(output.members) == 2
    assert len(curator.seen) == sum(report.model_calls for report in output.curations) == 1
    assert (texts(db, "ana"), len(db.turns("ana", "s"))) == (["Ana likes hiking"], 1)


def test_people_without_a_name_share_nothing(db: Db) -> None:
    curator = curating(edit("add", "Likes zebrafish", "I like zebrafish"))
    scout = agent(db, curator)
    scout.run("I like zebrafish.")
    output = scout.run("What do I like?")
    assert "zebrafish" not in repr(output)
    assert "zebrafish" not in repr(db.newest(Scope(agent_id="scout"), None))
    assert not rows_of(db, None, "memory")["memory"]
    assert curator.seen == []
    assert texts(db, "default") == []


def test_of_a_contradiction_one_side_holds_and_the_other_is_the_past(db: Db) -> None:
    agent(db, curating(edit("add", "Ana lives in Lisbon", "I live in Lisbon"))).run("I live in Lisbon.", user_id="ana")
    (old,) = db.newest(Scope("ana"))
    moved = edit("update", "Ana lives in Berlin", "I moved to Berlin", 1)
    agent(db, curating(moved)).run("I moved to Berlin!", user_id="ana")
    assert texts(db, "ana") == ["Ana lives in Berlin"]
    assert [hit.memory.memory for hit in db.search(Scope("ana"), "where does Ana live, Lisbon?")] == [
        "Ana lives in Berlin"
    ]
    past = db.get(Scope("ana"), str(old.memory_id))
    assert past.valid_until is not None
    assert db.current(Scope("ana"), str(old.memory_id)).memory == "Ana lives in Berlin"


def test_after_everything_was_deleted_the_words_are_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with SqliteDb(path) as db:
        keeps = edit("add", "Ana keeps zebrafish", "I keep zebrafish")
        agent(db, curating(keeps, keeps)).run("I keep zebrafish.", user_id="ana")
        manager = MemoryManager(db)
        assert manager.clear_user_memories("ana") == 1
        for table in ("memory_revision", "turn", "proposal"):
            assert "zebrafish" in repr(rows_of(db, "ana", table))
        db.erase("ana")
        assert "zebrafish" not in repr(rows_of(db, None))
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b"zebrafish" not in kept
        assert texts(db, "ana") == []
        with pytest.raises(LookupError):
            db.undo(Scope("ana", as_owner=True), Change(), run_id="any")
