"""Waiting in LangGraph's checkpointers: in other processes, sync and async, and with nothing left behind."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from coterie import Agent, RunOutput, Team
from coterie.errors import ConfigurationError, ConflictError, NotFoundError
from coterie.memory.flow import drive
from coterie.teams.checkpoints import LEASE, Claim, Thread, thread_name
from tests.support.scripted import ScriptedModel, calls

Saver = BaseCheckpointSaver[Any]
TABLES = "checkpoints", "writes"


def delete(path: str) -> str:
    """Delete a file."""
    return f"deleted {path}"


def caller(*wanted: tuple[str, dict[str, Any]]) -> ScriptedModel:
    def script(messages: list[BaseMessage]) -> AIMessage | str:
        answers = [message.text for message in messages if isinstance(message, ToolMessage)]
        return " | ".join(answers) if answers else calls(*wanted)

    return ScriptedModel(script=script)


def desk(saver: Saver) -> Team:
    members = [
        Agent(name, model=caller(("delete", {"path": name})), tools=[delete], confirm_tools=[delete]) for name in "ab"
    ]
    model = caller(("ask_a", {"task": "x"}), ("ask_b", {"task": "x"}))
    return Team("desk", members, model=model, checkpointer=saver)


def left(path: Path) -> list[int]:
    with sqlite3.connect(path) as connection:
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES]


@pytest.fixture(params=["sqlite", "postgres"])
def saver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Saver]:
    with opened(request.param, request, tmp_path) as found:
        yield found


@contextmanager
def opened(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Saver]:
    if kind == "sqlite":
        with SqliteSaver.from_conn_string(str(folder / "runs.db")) as sqlite:
            yield sqlite
    else:
        with PostgresSaver.from_conn_string(plain_url(request)) as postgres:
            postgres.setup()
            yield postgres


def plain_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("postgres_url")
    return url.replace("postgresql+psycopg://", "postgresql://")


def test_a_synchronous_one_does_for_run_and_arun(saver: Saver) -> None:
    for whole in (False, True):
        paused = desk(saver).run("go", user_id="ana")
        again = asyncio.run(desk(saver).aresume(paused.run_id, {paused.waiting[0].id: True}, user_id="ana"))
        assert again.waiting == paused.waiting[1:]
        output = desk(saver).resume(paused.run_id, whole, user_id="ana")
        assert output.content == f"deleted a | {'deleted b' if whole else 'Not allowed.'}"
        assert list(saver.list(None)) == []
    asked = asyncio.run(desk(saver).arun("go"))
    assert desk(saver).resume(asked.run_id, True).content == "deleted a | deleted b"
    assert list(saver.list(None)) == []


def test_nothing_is_left_of_a_run_that_is_over(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with SqliteSaver.from_conn_string(str(path)) as saver:
        paused = desk(saver).run("go")
        assert min(left(path)) > 0
        desk(saver).resume(paused.run_id, False)
        assert left(path) == [0, 0]


@pytest.fixture(params=["sqlite", "postgres"])
def asynchronous(request: pytest.FixtureRequest, tmp_path: Path) -> "AbstractAsyncContextManager[Saver]":
    url = plain_url(request) if request.param == "postgres" else ""

    @asynccontextmanager
    async def made() -> AsyncIterator[Saver]:
        if url:
            async with AsyncPostgresSaver.from_conn_string(url) as postgres:
                await postgres.setup()
                yield postgres
        else:
            async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "runs.db")) as sqlite:
                yield sqlite

    return made()


def test_an_asynchronous_one_does_for_arun_and_says_what_it_cannot(
    asynchronous: "AbstractAsyncContextManager[Saver]",
) -> None:
    async def both() -> tuple[Team, RunOutput]:
        async with asynchronous as saver:
            team = desk(saver)
            paused = await team.arun("go", user_id="ana")
            assert len(paused.waiting) == 2
            with pytest.raises(ConfigurationError, match=r"desk: its Async\w+Saver works in the event loop alone"):
                team.run("go")
            output = await team.aresume(paused.run_id, True, user_id="ana")
            assert [found async for found in saver.alist(None)] == []
        return team, output

    team, output = asyncio.run(both())
    assert output.content == "deleted a | deleted b"
    with pytest.raises(ConfigurationError, match="give it a synchronous checkpointer"):
        team.run("go")
    with pytest.raises(ConfigurationError, match="use arun and aresume there"):
        asyncio.run(team.arun("go"))


def claimed(team: Team, run_id: str) -> Claim:
    """What a process does that was killed before it got any further."""
    saver = team.graph.checkpointer
    assert isinstance(saver, BaseCheckpointSaver)
    thread = Thread(team.graph, saver, thread_name(None, run_id))
    return drive(thread.claim(drive(thread.state())))


def test_whoever_was_killed_while_it_resumed_holds_up_nobody_for_ever(
    saver: Saver, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = desk(saver)
    paused = team.run("go")
    claimed(team, paused.run_id)
    with pytest.raises(ConflictError):
        team.resume(paused.run_id, True)
    monkeypatch.setattr("coterie.teams.checkpoints.LEASE", LEASE * 0)
    claimed(team, paused.run_id)
    assert team.resume(paused.run_id, True).content == "deleted a | deleted b"
    assert list(saver.list(None)) == []


def test_a_run_that_ended_meanwhile_is_not_begun_again(saver: Saver) -> None:
    team = desk(saver)
    paused = team.run("go")
    late = team.resume(paused.run_id, True, stream=True)
    next(late)  # it has found what waits, and goes no further for now
    team.resume(paused.run_id, False)
    with pytest.raises(ConflictError, match="see what came of it"):
        list(late)
    with pytest.raises(NotFoundError):
        team.resume(paused.run_id, True)


PROGRAM = """
import sys
from langchain_core.messages import ToolMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from coterie import Agent, SqliteDb, Team
from tests.support.scripted import ScriptedModel, calls

def delete(path: str) -> str:
    "Delete a file."
    print("deleting", path)
    return f"deleted {path}"

def caller(name, *wanted):
    def script(messages):
        print("model of", name)
        answers = [message.text for message in messages if isinstance(message, ToolMessage)]
        return " | ".join(answers) if answers else calls(*wanted)
    return ScriptedModel(script=script)

with SqliteSaver.from_conn_string("runs.db") as saver, SqliteDb("team.db") as db:
    scout = Agent("scout", model=caller("scout", ("delete", {"path": "a.txt"})), tools=[delete], confirm_tools=[delete])
    team = Team("desk", [scout], model=caller("desk", ("ask_scout", {"task": "x"})), db=db, checkpointer=saver)
    if len(sys.argv) == 1:
        output = team.run("Clean up.", user_id="ana", session_id="s")
        print("run", output.run_id)
    else:
        print("answer", team.resume(sys.argv[1], True, user_id="ana").content)
    print("turns", len(db.turns("ana", "s")))
"""


def test_another_process_goes_on_with_a_run(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), root])}

    def process(*arguments: str) -> list[str]:
        command = [sys.executable, "-W", "error", "-c", PROGRAM, *arguments]
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()

    *models, run, turns = process()
    assert (models, turns) == (["model of desk", "model of scout"], "turns 0")
    assert process(run.removeprefix("run ")) == [
        "deleting a.txt",
        "model of scout",
        "model of desk",
        "answer deleted a.txt",
        "turns 1",
    ]
    assert left(tmp_path / "runs.db") == [0, 0]
