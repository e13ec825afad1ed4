"""``update_memory_on_run="background"``: the answer first, and then what is to be remembered."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from coterie import Agent, MemoryManager, Scope, SqliteDb, Team, UserMemory
from coterie.errors import ConfigurationError, CurationError
from coterie.memory.db import Db
from coterie.memory.evidence import Proposal
from coterie.memory.flow import Flow
from coterie.memory.values import Turn
from tests.support.openai_server import OpenAIServer
from tests.support.scripted import ScriptedModel


class Gated:
    """A curator that keeps what was said when it is let; given an error, it fails with it."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.error: Exception | None = None

    def propose(self, turn: Turn, before: Sequence[Turn], known: Sequence[UserMemory]) -> Flow[list[Proposal]]:
        yield from ()
        assert self.let.wait(300)
        if self.error is not None:
            raise self.error
        return [Proposal("add", turn.messages[0].content)]


@contextmanager
def agent(db: Db) -> Iterator[tuple[Agent, Gated]]:
    gated = Gated()
    manager = MemoryManager(db, curator=gated)
    try:
        yield Agent("scout", memory_manager=manager, model=quiet(), update_memory_on_run="background"), gated
    finally:
        gated.let.set()
        manager.wait_until_settled()


def quiet() -> ScriptedModel:
    return ScriptedModel(script=lambda messages: "ok")


def test_the_answer_goes_out_first(db: Db) -> None:
    with agent(db) as (scout, gated):
        output = scout.run("I like tea.", user_id="u")
        assert (output.content, output.curation, output.in_background) == ("ok", None, True)
        assert db.turn("u", output.turn_id).status == "pending"
        gated.let.set()
        scout.memory.wait_until_settled()
        assert db.turn("u", output.turn_id).status == "curated"
        assert [memory.memory for memory in db.newest(Scope("u"))] == ["I like tea."]
        scout.memory.wait_until_settled()  # nothing is left


def test_turns_are_curated_in_order_and_with_those_left_behind(db: Db) -> None:
    with agent(db) as (scout, gated):
        gated.error = CurationError("no model")
        gated.let.set()
        scout.run("I like tea 0", user_id="u")
        scout.memory.wait_until_settled()
        assert db.backlog("u").waiting == 1
        gated.error = None
        db.retry_turns()
        for number in (1, 2, 3):
            scout.run(f"I like tea {number}", user_id="u")
        scout.memory.wait_until_settled()
        kept = db.newest(Scope("u"), oldest_first=True)
        assert [memory.memory for memory in kept] == [f"I like tea {number}" for number in range(4)]


def test_what_fails_is_logged_and_stays_owed(db: Db, caplog: pytest.LogCaptureFixture) -> None:
    with agent(db) as (scout, gated):
        gated.error = CurationError("no model today")
        gated.let.set()
        output = scout.run("I like tea.", user_id="u")
        scout.memory.wait_until_settled()
        assert f"{output.turn_id} was not curated in the background: no model today" in caplog.text
        assert db.backlog("u").waiting == 1


def test_a_worker_may_be_quicker(db: Db) -> None:
    with agent(db) as (scout, gated):
        held = []
        scout.run("I like tea.", user_id="u")  # at the gate
        output = scout.run("I like milk.", user_id="u")
        held.append(db.lease_turn(db.turn("u", output.turn_id)))
        gated.let.set()
        db.fail_turn(held[0], "no model")
        scout.memory.wait_until_settled()
        assert [memory.memory for memory in db.newest(Scope("u"))] == ["I like tea."]


def test_nothing_is_done_for_nobody(db: Db) -> None:
    with agent(db) as (scout, _):
        assert not scout.run("I like tea.").in_background


def test_asynchronously_and_with_a_manager_of_ones_own(db: Db) -> None:
    manager = MemoryManager(curator="verbatim")  # completed by the agent's store: a copy
    scout = Agent("scout", db=db, memory_manager=manager, model=quiet(), update_memory_on_run="background")

    async def talk() -> None:
        await asyncio.gather(*(scout.arun(f"I like tea {number}", user_id=f"u{number}") for number in range(3)))
        await manager.await_until_settled()

    for _ in range(2):
        asyncio.run(talk())
    assert [db.count(Scope(f"u{number}")) for number in range(3)] == [1, 1, 1]
    assert db.backlog().owed == 0


def test_a_member_turns_it_on_for_its_team(db: Db) -> None:
    member = Agent("scout", update_memory_on_run="background")
    manager = MemoryManager(db, curator="verbatim")
    team = Team("desk", members=[member], model=quiet(), memory_manager=manager)
    assert team.update_memory_on_run == "background"
    assert Team("desk", members=[member], update_memory_on_run=True).update_memory_on_run is True
    assert team.run("I like tea.", user_id="u").in_background
    team.memory.wait_until_settled()
    assert db.count(Scope("u")) == 1


def test_later_leaves_the_turn_to_workers(db: Db) -> None:
    manager = MemoryManager(db, curator="verbatim")
    scout = Agent("scout", memory_manager=manager, model=quiet(), update_memory_on_run="later")
    output = scout.run("I like tea.", user_id="u")
    scout.memory.wait_until_settled()
    assert (output.curation, output.in_background, output.memories_changed) == (None, False, ())
    assert (db.turn("u", output.turn_id).status, db.count(Scope("u"))) == ("pending", 0)
    assert "leaves it to workers" in scout.draw()
    assert "curates the memory" not in scout.draw()
    manager.curate_pending()
    assert [memory.memory for memory in db.newest(Scope("u"))] == ["I like tea."]
    assert scout.run("I like tea.").content == "ok"
    assert db.backlog().owed == 0, "nobody said it"


@pytest.mark.parametrize("wrong", ["backgroud", "", 2, None])
def test_another_way_is_refused(wrong: Any) -> None:
    for kind in (Agent, Team):
        with pytest.raises(ConfigurationError, match=r"update_memory_on_run=.* is not known"):
            kind("a", update_memory_on_run=wrong)


def test_a_run_that_is_printed_says_so(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    with agent(db) as (scout, _):
        scout.print_response("I like tea.", user_id="u")
        assert "memory: curated in the background" in capsys.readouterr().out


PROGRAM = """
import sys
from coterie import Agent, SqliteDb
scout = Agent("scout", model=sys.argv[2], db=SqliteDb(sys.argv[1]), update_memory_on_run="background")
print(scout.run("I like tea.", user_id="u").content)
"""


def test_a_program_that_ends_curates_first(openai_server: OpenAIServer, tmp_path: Path) -> None:
    kept = {"op": "add", "targets": [], "quote": "I like tea", "memory": "Likes tea", "topics": [], "reason": "new"}
    openai_server.otherwise = lambda body: {"personal": True, "edits": [kept]} if "response_format" in body else "ok"
    path = str(tmp_path / "a.db")
    environment = {**os.environ, "OPENAI_BASE_URL": openai_server.url, "OPENAI_API_KEY": "sk-test"}
    command = [sys.executable, "-c", PROGRAM, path, "m"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")
    with SqliteDb(path) as db:
        assert [memory.memory for memory in db.newest(Scope("u"))] == ["Likes tea"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_child_does_not_wait_for_its_parents_turns(tmp_path: Path) -> None:
    with SqliteDb(tmp_path / "a.db") as db, agent(db) as (scout, _):
        scout.run("I like tea.", user_id="u")
        child = os.fork()
        if child == 0:
            scout.memory.wait_until_settled()
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
