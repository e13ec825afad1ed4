import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI

from coterie import MemoryManager, OfflineModel, Scope, SqliteDb, UserMemory
from coterie.errors import ConfigurationError, ConflictError, CurationError, InputError, NotFoundError
from coterie.memory.curator import ModelCurator
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change, Delete, Ref, Update
from coterie.memory.evidence import CurationLimits, Proposal
from coterie.memory.flow import Flow, drive
from coterie.memory.incoming import DIRECT_SESSION
from coterie.memory.values import Message, Turn, Visibility
from coterie.memory.verbatim import VerbatimCurator
from tests.support.openai_server import Failure, Garbage, OpenAIServer
from tests.support.scripted import ScriptedModel

AT = datetime(2024, 5, 16, 12, tzinfo=UTC)


def turn(said: str, number: int = 1, user_id: str | None = "ana", team_id: str | None = None) -> Turn:
    messages = (Message("user", said), Message("assistant", "I see."))
    at = AT + timedelta(minutes=number)
    return Turn(f"turn-{number}", "session-1", f"run-{number}", messages, at, user_id, team_id)


def add(memory: str, quote: str = "") -> dict[str, Any]:
    return {"op": "add", "targets": [], "quote": quote, "memory": memory, "topics": ["life"], "reason": "new"}


def update(target: int, memory: str, quote: str) -> dict[str, Any]:
    return add(memory, quote) | {"op": "update", "targets": [target]}


def answer(*edits: dict[str, Any]) -> str:
    return json.dumps({"personal": bool(edits), "edits": edits})


def scripted(*edits: dict[str, Any]) -> ScriptedModel:
    return ScriptedModel(script=lambda _: answer(*edits))


def texts(memories: Sequence[UserMemory]) -> list[str]:
    return [memory.memory for memory in memories]


@pytest.fixture
def manager(db: Db) -> MemoryManager:
    return MemoryManager(db=db)


# Which curator


def test_without_a_model_the_user_is_quoted() -> None:
    assert isinstance(MemoryManager(SqliteDb()).curator, VerbatimCurator)
    assert isinstance(MemoryManager(SqliteDb(), OfflineModel()).curator, VerbatimCurator)
    assert isinstance(MemoryManager(SqliteDb(), scripted(), curator="verbatim").curator, VerbatimCurator)


def test_with_a_model_it_decides(openai_environment: OpenAIServer) -> None:
    assert isinstance(MemoryManager(SqliteDb(), scripted()).curator, ModelCurator)
    assert isinstance(MemoryManager(SqliteDb()).curator, ModelCurator)
    assert isinstance(MemoryManager(SqliteDb(), "tiny").curator, ModelCurator)


def test_a_curator_that_cannot_be() -> None:
    with pytest.raises(ConfigurationError, match="needs a model"):
        _ = MemoryManager(SqliteDb(), curator="model").curator
    with pytest.raises(ConfigurationError, match="is not known"):
        _ = MemoryManager(SqliteDb(), curator="modle").curator  # type: ignore[arg-type]


def test_without_a_store_the_first_use_says_what_to_do() -> None:
    manager = MemoryManager()
    with pytest.raises(ConfigurationError, match="db=SqliteDb"):
        manager.get_user_memories("ana")


@pytest.mark.parametrize("db", ["team.db", Path("team.db"), 3, {}])
def test_a_store_that_is_none_is_refused_at_once(db: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"db is .*: give a store, as SqliteDb"):
        MemoryManager(db=db)


def test_no_password_is_shown_with_a_url_in_place_of_a_store() -> None:
    with pytest.raises(ConfigurationError) as raised:
        MemoryManager(db="postgresql://ana:p@ss@localhost/store")  # type: ignore[arg-type]
    assert "'postgresql://***@localhost/store'" in str(raised.value)


def test_a_manager_and_a_memory_are_shown_shortly() -> None:
    manager = MemoryManager(SqliteDb("team.db"), scripted(), curator="verbatim")
    assert repr(manager) == "MemoryManager(db=SqliteDb('team.db'), model='ScriptedModel', curator='verbatim')"
    assert repr(MemoryManager()) == "MemoryManager()"
    memory = UserMemory(memory="Likes\ntea", topics=["drinks"], user_id="ana", memory_id="m1", input="I like tea")
    assert repr(memory) == "UserMemory(memory_id='m1', user_id='ana', memory='Likes tea', topics=['drinks'])"
    assert len(repr(UserMemory(memory="x" * 10_000))) < 120


# Memories by hand


def test_a_memory_is_added_found_replaced_and_deleted(manager: MemoryManager) -> None:
    memory_id = manager.add_user_memory(UserMemory(memory="Name is John Doe", topics=["name"], user_id="john"))
    kept = manager.get_user_memory(memory_id, "john")
    assert kept is not None
    assert (kept.memory, kept.topics, kept.user_id) == ("Name is John Doe", ["name"], "john")
    assert texts(manager.search_user_memories("name", user_id="john")) == ["Name is John Doe"]
    newer_id = manager.replace_user_memory(memory_id, UserMemory(memory="Name is Jon"), "john")
    assert [(m.memory, m.topics) for m in manager.get_user_memories("john")] == [("Name is Jon", ["name"])]
    assert manager.get_user_memory(memory_id, "john") == manager.get_user_memory(newer_id, "john")
    manager.delete_user_memory(memory_id, "john")
    assert manager.get_user_memory(memory_id, "john") is None
    assert [revision.op for revision in manager.history(memory_id, "john")] == ["add", "update", "delete"]
    assert manager.history(newer_id, "john")[-1].op == "delete"
    assert manager.history(memory_id[:13], user_id="john") == manager.history(memory_id, "john")
    with pytest.raises(NotFoundError):
        manager.history(memory_id, "ben")


def test_a_replacement_read_before_somebody_elses_change_is_refused(manager: MemoryManager) -> None:
    memory_id = manager.add_user_memory(UserMemory(memory="One", user_id="ana"))
    stale = manager.get_user_memory(memory_id, "ana")
    assert stale is not None
    manager.replace_user_memory(memory_id, UserMemory(memory="Two"), "ana")
    with pytest.raises(ConflictError):
        manager.replace_user_memory(memory_id, stale, "ana")


def test_nobody_reaches_another_users_memories(manager: MemoryManager) -> None:
    memory_id = manager.add_user_memory(UserMemory(memory="Secretly paints", user_id="ana"))
    assert manager.get_user_memory(memory_id, "ben") is None
    assert manager.search_user_memories("paints", user_id="ben") == []
    with pytest.raises(NotFoundError):
        manager.replace_user_memory(memory_id, UserMemory(memory="Mine now"), "ben")
    with pytest.raises(NotFoundError):
        manager.delete_user_memory(memory_id, "ben")
    with pytest.raises(InputError):
        manager.add_user_memory(UserMemory(memory="x", user_id="ana"), "ben")
    assert manager.clear_user_memories("ben") == 0
    assert texts(manager.get_user_memories("ana")) == ["Secretly paints"]


def test_without_a_user_nothing_is_read_or_written(manager: MemoryManager) -> None:
    uses: list[Callable[[], Any]] = [
        lambda: manager.add_user_memory(UserMemory(memory="x")),
        lambda: manager.replace_user_memory("id", UserMemory(memory="x")),
        lambda: manager.delete_user_memory("id"),
        lambda: manager.get_user_memory("id"),
        lambda: manager.history("id"),
        manager.get_user_memories,
        lambda: manager.search_user_memories("x"),
        lambda: manager.clear_user_memories(None),
        lambda: manager.create_user_memories("I like tea"),
        lambda: manager.optimize_memories(None),
        lambda: manager.get_user_memories(""),
        lambda: drive(manager.curating(turn("I like tea", user_id=None))),
    ]
    for use in uses:
        with pytest.raises(InputError, match="user_id"):
            use()


def test_clearing_forgets_one_user_alone(manager: MemoryManager) -> None:
    for user, text in [("ana", "One"), ("ana", "Two"), ("ben", "Three")]:
        manager.add_user_memory(UserMemory(memory=text, user_id=user))
    assert manager.clear_user_memories("ana") == 2
    assert manager.get_user_memories("ana") == []
    assert texts(manager.get_user_memories("ben")) == ["Three"]


def test_searching(manager: MemoryManager) -> None:
    for text in ["Likes green tea", "Has a dog", "Lives in Lisbon"]:
        manager.add_user_memory(UserMemory(memory=text, user_id="ana"))
    assert texts(manager.search_user_memories(user_id="ana", limit=2)) == ["Lives in Lisbon", "Has a dog"]
    assert texts(manager.search_user_memories("tea", 1, "last_n", "ana")) == ["Lives in Lisbon"]
    assert texts(manager.search_user_memories("which tea?", user_id="ana")) == ["Likes green tea"]
    with pytest.raises(InputError, match="retrieval_method"):
        manager.search_user_memories("tea", retrieval_method="best", user_id="ana")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="needs a query"):
        manager.search_user_memories(retrieval_method="hybrid", user_id="ana")


# Memories from what is said


def test_a_message_is_kept_as_a_turn_and_curated(manager: MemoryManager) -> None:
    report = manager.create_user_memories("Hi! I'm John Doe. I like hiking. Can you help?", user_id="john")
    assert (report.error, report.model_calls, report.refused, report.shown) == (None, 0, (), ())
    assert texts(manager.get_user_memories("john")) == ["I like hiking.", "I'm John Doe."]
    [kept] = manager.db.turns("john", DIRECT_SESSION)
    assert (kept.turn_id, kept.status) == (report.turn_id, "curated")
    [first, _] = manager.db.newest(Scope("john"))
    assert (first.source_turn_id, first.input, first.event_at) == (kept.turn_id, "I like hiking.", kept.at)
    [revision] = manager.db.history(Scope("john"), str(first.memory_id))
    assert (revision.change.actor, revision.change.turn_id) == ("curator", kept.turn_id)


def test_messages_come_in_many_forms(db: Db) -> None:
    said: list[Any] = [
        "I like tea.",
        {"role": "user", "content": "I like rain."},
        Message("assistant", "Tea in the rain it is."),
        HumanMessage("I like snow."),
        AIMessage("And snow."),
    ]
    MemoryManager(db).create_user_memories(messages=said, user_id="ana", agent_id="scout", team_id="desk")
    [kept] = db.turns("ana", DIRECT_SESSION)
    assert [message.role for message in kept.messages] == ["user", "user", "assistant", "user", "assistant"]
    memories = db.newest(Scope("ana", "desk", "scout"))
    assert sorted(texts(memories)) == ["I like rain.", "I like snow.", "I like tea."]
    assert {(m.agent_id, m.team_id, m.visibility) for m in memories} == {("scout", "desk", "user")}


@pytest.mark.parametrize(
    "said",
    [
        {"message": ""},
        {"message": " \n"},
        {"messages": []},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "boss", "content": "hello"}]},
        {"messages": [7]},
        {"message": "nul \0 byte"},
        {"message": "half a surrogate \ud800"},
        {},
        {"message": "one", "messages": ["two"]},
    ],
)
def test_what_cannot_be_curated_is_refused_before_anything_is_stored(manager: MemoryManager, said: Any) -> None:
    with pytest.raises(InputError):
        manager.create_user_memories(**said, user_id="ana")
    assert manager.db.sessions("ana") == []


def test_a_huge_message_is_stored_whole_and_curated_in_part(db: Db) -> None:
    huge = "I live in Lisbon. " + "x" * 1_000_000 + " I have a dog."
    model = scripted(add("Lives in Lisbon", "I live in Lisbon"))
    report = MemoryManager(db, model).create_user_memories(huge, user_id="ana")
    assert report.error is None
    assert texts(db.newest(Scope("ana"))) == ["Lives in Lisbon"]
    assert db.turns("ana", DIRECT_SESSION)[0].messages[0].content == huge
    assert len(model.seen[0][-1].text) < 10_000


def test_the_same_statement_in_two_turns_is_kept_once(manager: MemoryManager) -> None:
    for said in ["I live in Lisbon.", "Hello again! I live in Lisbon"]:
        report = manager.create_user_memories(said, user_id="ana")
    assert texts(manager.get_user_memories("ana")) == ["I live in Lisbon."]
    assert "known already" in report.refused[0].reason


def test_one_model_call_makes_the_edits_of_a_turn(db: Db, openai_server: OpenAIServer) -> None:
    memory_id = MemoryManager(db).add_user_memory(UserMemory(memory="Ana lives in Lisbon", user_id="ana"))
    moved = update(1, "Ana lives in Berlin", "I moved to Berlin")
    openai_server.script(answer(moved, add("Ana has a dog", "I have a dog"), add("Petra is a nurse in Graz")))
    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none")
    report = MemoryManager(db, model).create_user_memories("I moved to Berlin and I have a dog", user_id="ana")
    assert (report.model_calls, len(openai_server.requests)) == (1, 1)
    assert report.shown == (memory_id,)
    assert [type(done.edit) for done in report.applied] == [Update, Add]
    assert [refused.reason for refused in report.refused] == ["nothing of it was said in the turn"]
    assert sorted(texts(db.newest(Scope("ana")))) == ["Ana has a dog", "Ana lives in Berlin"]
    assert [r.op for r in db.history(Scope("ana"), memory_id)] == ["add", "update"]
    assert "1. Ana lives in Lisbon" in openai_server.bodies[0]["messages"][-1]["content"]


def test_a_model_that_loops_cannot_flood_the_store(db: Db) -> None:
    said = " ".join(f"thing{n}" for n in range(100))
    model = scripted(*(add(f"Likes thing{n}") for n in range(100)))
    manager = MemoryManager(db, model, limits=CurationLimits(max_edits=4))
    report = manager.create_user_memories(said, user_id="ana")
    assert (len(report.applied), len(report.refused), db.count(Scope("ana"))) == (4, 96, 4)


def test_the_turns_before_in_the_session_are_shown(db: Db) -> None:
    model = scripted(add("Is allergic to shellfish", "Yes, exactly!"))
    manager = MemoryManager(db, model)
    asked = Turn(
        "turn-0",
        "session-1",
        "run-0",
        (Message("user", "Guess!"), Message("assistant", "You are allergic to shellfish?")),
        AT,
        "ana",
        status="none",
    )
    later = turn("Something said later", 2)
    for one in (asked, turn("Yes, exactly!"), later):
        db.record_turn(one)
    db.fail_turn(turn("Yes, exactly!"), "the model was down")
    report = drive(manager.curating(db.turn("ana", "turn-1")))
    assert [done.edit.memory.memory for done in report.applied if isinstance(done.edit, Add)] == [
        "Is allergic to shellfish"
    ]
    shown = model.seen[0][-1].text
    assert "You are allergic to shellfish?" in shown
    assert "later" not in shown


# What fails


@pytest.mark.parametrize("failure", [Failure(500), Garbage(), "I'm sorry, I can't.", '{"edits": 7}', Failure(401)])
def test_when_the_model_fails_the_turn_is_kept_and_curated_later(
    db: Db, openai_server: OpenAIServer, failure: Any
) -> None:
    openai_server.script(failure)
    model = ChatOpenAI(model="m", base_url=openai_server.url, api_key=lambda: "none", max_retries=0)
    manager = MemoryManager(db, model)
    report = manager.create_user_memories("I live in Lisbon", user_id="ana")
    assert isinstance(report.error, CurationError)
    [owed] = db.pending_turns("ana")
    assert (owed.turn_id, owed.attempts, owed.error) == (report.turn_id, 1, str(report.error))
    assert manager.get_user_memories("ana") == []
    assert manager.curate_pending("ana") == []  # it waits a while
    assert db.retry_turns("ana") == 1
    openai_server.script(answer(add("Lives in Lisbon", "I live in Lisbon")))
    [again] = manager.curate_pending("ana")
    assert (again.turn_id, again.error) == (report.turn_id, None)
    assert db.pending_turns("ana") == []
    assert texts(manager.get_user_memories("ana")) == ["Lives in Lisbon"]
    assert manager.curate_pending("ana") == []


def test_a_curator_of_ones_own(db: Db) -> None:
    class Loud:
        def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
            yield from ()
            if known:
                raise KeyError("known")
            return [Proposal("add", turn.messages[0].content.upper())]

    manager = MemoryManager(db, curator=Loud())
    manager.create_user_memories("I live in Lisbon", user_id="ana")
    assert texts(manager.get_user_memories("ana")) == ["I LIVE IN LISBON"]
    report = manager.create_user_memories("I have a dog", user_id="ana")
    assert "Loud failed with KeyError: 'known'" in str(report.error)
    assert len(db.pending_turns("ana")) == 1


def test_a_turn_curated_twice_has_the_effect_of_once(db: Db) -> None:
    manager = MemoryManager(db, model := scripted(add("Lives in Lisbon"), add("Likes Lisbon")))
    db.record_turn(said := turn("I live in Lisbon and like it"))
    drive(manager.curating(said))
    with pytest.raises(ConflictError):
        drive(manager.curating(said))
    assert db.count(Scope("ana")) == 2
    assert len(model.seen) == 1
    assert db.turns("ana", "session-1")[0].status == "curated"


class Meddler:
    """A model during whose thinking a memory is changed, because of an earlier turn."""

    def __init__(self, db: Db, times: int) -> None:
        self.db, self.times = db, times
        db.record_turn(replace(turn("I moved", 0), status="none"))
        self.memory_id = MemoryManager(db).add_user_memory(UserMemory(memory="Lives in town 0", user_id="ana"))

    def __call__(self, messages: list[BaseMessage]) -> str:
        if self.times:
            self.times -= 1
            self.db.apply(
                Scope("ana"), [Update(Ref(self.memory_id), f"Lives in town {9 - self.times}")], Change(turn_id="turn-0")
            )
        return answer(update(1, "Lives in Berlin", "I moved to Berlin"))


def test_a_memory_changed_meanwhile_is_read_again(db: Db) -> None:
    manager = MemoryManager(db, ScriptedModel(script=Meddler(db, 1)))
    report = manager.create_user_memories("I moved to Berlin to live there", user_id="ana")
    assert (report.error, report.model_calls) == (None, 2)
    assert texts(manager.get_user_memories("ana")) == ["Lives in Berlin"]


def test_a_memory_that_keeps_changing_leaves_the_turn_pending(db: Db) -> None:
    manager = MemoryManager(db, ScriptedModel(script=Meddler(db, 2)))
    report = manager.create_user_memories("I moved to Berlin to live there", user_id="ana")
    assert "kept changing" in str(report.error)
    assert [db.get(Scope("ana"), shown).memory for shown in report.shown] == ["Lives in town 8"]  # the second time
    assert texts(manager.get_user_memories("ana")) == ["Lives in town 9"]
    assert [one.error for one in db.pending_turns("ana")] == [str(report.error)]


def test_a_turn_that_is_curated_late_changes_nothing_that_was_learnt_later(db: Db) -> None:
    said = {1: "I live in Lisbon and I have a dog", 2: "I moved to Berlin", 3: "I moved on to Rome"}
    for number, text in said.items():
        db.record_turn(turn(text, number))

    def curated(number: int, *edits: dict[str, Any]) -> list[str]:
        report = drive(MemoryManager(db, scripted(*edits)).curating(db.turn("ana", f"turn-{number}")))
        return [refused.reason for refused in report.refused]

    assert curated(2, add("Ana lives in Berlin, moved there", "I moved to Berlin")) == []
    [berlin] = db.newest(Scope("ana"))
    assert curated(1, update(1, "Ana lives in Lisbon", "I live in Lisbon"), add("Ana has a dog", "I have a dog")) == [
        "memory 1 was learnt after this turn"
    ]
    assert sorted(texts(db.newest(Scope("ana")))) == ["Ana has a dog", berlin.memory]
    assert curated(3, update(1, "Ana lives in Rome, moved there", "I moved on to Rome")) == []
    assert sorted(texts(db.newest(Scope("ana")))) == ["Ana has a dog", "Ana lives in Rome, moved there"]


def test_what_a_person_wrote_since_is_not_changed_by_a_late_turn(db: Db) -> None:
    db.record_turn(turn("I live in Lisbon"))
    MemoryManager(db).add_user_memory(UserMemory(memory="Lives in Berlin", user_id="ana"))
    model = scripted(update(1, "Lives in Lisbon", "I live in Lisbon"))
    [report] = MemoryManager(db, model).curate_pending("ana")
    assert [refused.reason for refused in report.refused] == ["memory 1 was learnt after this turn"]


def test_a_memory_deleted_meanwhile_is_no_failure(db: Db) -> None:
    memory_id = MemoryManager(db).add_user_memory(UserMemory(memory="Lives in Lisbon", user_id="ana"))

    def script(messages: list[BaseMessage]) -> str:
        if "Lives in Lisbon" in messages[-1].text:
            db.apply(Scope("ana"), [Delete(Ref(memory_id))], Change())
            return answer(update(1, "Lives in Berlin", "I live in Berlin"))
        return answer(add("Lives in Berlin", "I live in Berlin"))

    report = MemoryManager(db, ScriptedModel(script=script)).create_user_memories("I live in Berlin", user_id="ana")
    assert report.error is None
    assert texts(db.newest(Scope("ana"))) == ["Lives in Berlin"]


def test_an_agents_curator_cannot_change_what_belongs_to_the_team(db: Db) -> None:
    db.apply(Scope(team_id="desk"), [Add(UserMemory(memory="The desk closes at six", visibility="team"))], Change())
    model = scripted(update(1, "The desk never closes at six", "never closes"))
    db.record_turn(said := turn("The desk never closes at six", team_id="desk"))
    report = drive(MemoryManager(db, model).curating(said))
    assert "no memory numbered 1 was shown" in report.refused[0].reason
    assert "The desk closes" not in model.seen[0][-1].text


@pytest.mark.parametrize(("visibility", "shown"), [("user", True), ("team", False), ("agent", False)])
def test_the_curator_sees_only_what_all_agents_of_the_user_may_read(
    db: Db, visibility: Visibility, shown: bool
) -> None:
    kept = UserMemory(memory="Lives with Tom in Lisbon", visibility=visibility, team_id="desk", agent_id="scout")
    MemoryManager(db).add_user_memory(kept, "ana")
    model = scripted()
    said = replace(turn("I live in Lisbon", team_id="desk"), agent_id="scout")
    db.record_turn(said)
    drive(MemoryManager(db, model).curating(said))
    assert ("Tom" in model.seen[0][-1].text) == shown


def test_secrets_reach_neither_memories_nor_reports(db: Db) -> None:
    report = MemoryManager(db).create_user_memories("My password is hunter2!x. I live in Lisbon.", user_id="ana")
    assert texts(db.newest(Scope("ana"))) == ["I live in Lisbon."]
    assert "hunter2" not in repr(report)
    assert "a secret (password)" in report.refused[0].reason


def test_pending_turns_of_every_user_are_curated_by_a_worker(db: Db) -> None:
    for number, user in enumerate(["ana", "ben"]):
        db.record_turn(turn("I like tea.", number, user))
    reports = MemoryManager(db).curate_pending()
    assert [report.turn_id for report in reports] == ["turn-0", "turn-1"]
    assert texts(db.newest(Scope("ben"))) == ["I like tea."]


def test_everything_waits_asynchronously_too(tmp_path: Path) -> None:
    async def use(manager: MemoryManager) -> None:
        await manager.acreate_user_memories("I live in Lisbon", user_id="ana")
        memory_id = await manager.aadd_user_memory(UserMemory(memory="Has a dog", user_id="ana"))
        assert await manager.aget_user_memory(memory_id, "ana") is not None
        assert len(await manager.aget_user_memories("ana")) == 2
        assert texts(await manager.asearch_user_memories("dog", user_id="ana")) == ["Has a dog"]
        await manager.areplace_user_memory(memory_id, UserMemory(memory="Has a cat"), "ana")
        assert len(await manager.ahistory(memory_id, "ana")) == 2
        assert len(await manager.aoptimize_memories("ana")) == 2
        assert await manager.acurate_pending("ana") == []
        await manager.adelete_user_memory((await manager.aget_user_memories("ana"))[0].memory_id or "", "ana")
        assert await manager.aclear_user_memories("ana") == 1

    with SqliteDb(tmp_path / "a.db") as db:
        asyncio.run(use(MemoryManager(db)))


def test_models_think_at_the_same_time(tmp_path: Path) -> None:
    together = threading.Barrier(4, timeout=300)

    def script(_: list[BaseMessage]) -> str:
        together.wait()
        return answer(add("Lives in Lisbon"))

    async def use(db: Db) -> None:
        manager = MemoryManager(db, ScriptedModel(script=script))
        await asyncio.gather(*(manager.acreate_user_memories("I live in Lisbon", user_id=f"u{n}") for n in range(4)))
        assert [await db.acount(Scope(f"u{n}")) for n in range(4)] == [1, 1, 1, 1]

    with SqliteDb(tmp_path / "a.db") as db:
        asyncio.run(use(db))
