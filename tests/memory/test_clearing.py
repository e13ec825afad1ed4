"""Forgetting everything: when somebody asks for it, and what it does."""

import json
from typing import Any

import pytest

from coterie import MemoryManager, Scope, UserMemory
from coterie.errors import InputError
from coterie.memory.clearing import asks_to_forget_everything
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Clear, Ref, Update
from tests.support.rows import rows_of
from tests.support.scripted import ScriptedModel


@pytest.mark.parametrize(
    "said",
    [
        "Forget everything about me.",
        "Please forget everything you know about me!",
        "Thanks for all. Now delete everything that you have stored about me, please",
        "I'm leaving. Can you erase all your memories of me?",
        "Vergiss bitte alles, was du über mich weißt.",
        "Olvida todo lo que sabes de mí",
        "Esquece tudo o que sabes sobre mim",
        "Oublie tout ce que tu sais sur moi, s'il te plaît",
        "Dimentica tutto quello che sai di me",
        "Забудь всё обо мне",
        "请忘掉关于我的所有事情",
        "私のことは全部忘れて",
        "Zapomnij wszystko o mnie",
    ],
)
def test_who_asks_to_have_everything_forgotten(said: str) -> None:
    assert asks_to_forget_everything(said)


@pytest.mark.parametrize(
    "said",
    [
        "Forget everything about my job.",
        "Forget all my addresses",
        "Delete everything in my calendar",
        "Don't forget everything I told you!",
        "Never forget everything about me",
        "Forget everything about me except my name.",
        "Forget everything, but keep my name",
        "Vergiss nicht alles, was du über mich weißt",
        "I forget everything these days",
        "I want to forget everything about my divorce",
        "Forget my address",
        "Everything about me is fine",
        "No olvides todo",
        "",
    ],
)
def test_who_does_not(said: str) -> None:
    assert not asks_to_forget_everything(said)


def fill(db: Db) -> None:
    """Memories for every kind of reader, and some that are not the user's."""
    ana = Scope("ana", "desk", "scout")
    for kind in ("user", "team", "agent"):
        db.apply(ana, [Add(UserMemory(memory=f"Ana told the {kind} of Lisbon", visibility=kind))], Change())
    db.apply(Scope(None, "desk"), [Add(UserMemory(memory="The desk is in Lisbon", visibility="team"))], Change())
    db.apply(Scope("ben"), [Add(UserMemory(memory="Ben lives in Lisbon"))], Change())
    for number in range(20):
        db.apply(Scope("ana"), [Add(UserMemory(memory=f"Ana has been to town {number}"))], Change())


CLEAR = {"op": "clear", "targets": [1], "quote": "Forget everything", "memory": "x", "topics": [], "reason": "asked"}
NEW = {"op": "add", "targets": [], "quote": "I like tea", "memory": "Ana likes tea", "topics": [], "reason": "new"}


def clearing(db: Db, *edits: dict[str, Any], **settings: Any) -> MemoryManager:
    answer = json.dumps({"personal": True, "edits": edits or [CLEAR]})
    return MemoryManager(db, ScriptedModel(script=lambda _: answer), **{"clear_memories": True, **settings})


def owned(db: Db, user: str = "ana") -> list[str]:
    return [memory.memory for memory in db.newest(Scope(user, as_owner=True), None)]


def test_everything_about_the_user_goes_and_nothing_else_and_comes_back_as_one_change(db: Db) -> None:
    fill(db)
    before = rows_of(db, "ana", "memory", "memory_source")
    report = clearing(db).create_user_memories("Forget everything about me.", user_id="ana", agent_id="writer")
    assert (report.refused, [done.edit for done in report.applied]) == ((), [Clear("asked")])
    assert owned(db) == []
    assert owned(db, "ben") == ["Ben lives in Lisbon"]
    assert [memory.memory for memory in db.newest(Scope(None, "desk"))] == ["The desk is in Lisbon"]
    assert "told the agent" not in repr(report)
    assert len(str(report).splitlines()) == 21
    change_id = report.applied[0].revisions[0].change_id
    db.undo(Scope("ana", as_owner=True), Change(), change_id=change_id)
    assert rows_of(db, "ana", "memory", "memory_source") == before


def test_what_is_said_with_it_is_kept_also_if_it_was_known(db: Db) -> None:
    MemoryManager(db).add_user_memory(UserMemory(memory="Ana likes tea", user_id="ana"))
    report = clearing(db, NEW, CLEAR, CLEAR).create_user_memories("I like tea. Forget everything!", user_id="ana")
    assert owned(db) == ["Ana likes tea"]
    assert [refused.reason for refused in report.refused] == ["proposed twice"]


def test_only_who_asks_for_it_is_forgotten(db: Db) -> None:
    fill(db)
    for said in ("Forget everything about my job.", "I like tea"):
        report = clearing(db).create_user_memories(said, user_id="ana")
        assert [refused.reason for refused in report.refused] == ["the user did not ask to forget everything"]
    assert len(owned(db)) == 23


def test_unless_it_is_allowed_it_is_neither_offered_nor_done(db: Db) -> None:
    fill(db)
    manager = clearing(db, clear_memories=False)
    report = manager.create_user_memories("Forget everything about me.", user_id="ana")
    assert [refused.reason for refused in report.refused] == ["clear is switched off (clear_memories=False)"]
    assert len(owned(db)) == 23


def test_it_can_be_held_for_approval(db: Db) -> None:
    fill(db)
    report = clearing(db, approval="ask").create_user_memories("Forget everything about me.", user_id="ana")
    assert [(one.op, one.why) for one in report.held] == [("clear", "it removes everything")]
    assert len(owned(db)) == 23
    MemoryManager(db).accept(report.held[0].proposal_id, "ana")
    assert (owned(db), owned(db, "ben")) == ([], ["Ben lives in Lisbon"])


def test_what_an_edit_before_it_made_goes_too(db: Db) -> None:
    (one,) = db.apply(Scope("ana"), [Add(UserMemory(memory="Ana likes tea"))], Change())
    dog, here = (Add(UserMemory(memory=text)) for text in ("Ana has a dog", "Ana is here"))
    db.apply(Scope("ana"), [dog, Update(Ref(one.memory_id), "Ana likes gin"), Clear(), here], Change())
    assert owned(db) == ["Ana is here"]


def test_somebody_must_be_meant(db: Db) -> None:
    with pytest.raises(InputError, match="no user_id"):
        db.apply(Scope(None, "desk"), [Clear()], Change())
