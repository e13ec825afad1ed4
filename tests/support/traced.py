"""Runs in which everything happens that a trace has a kind for, and the places where they are recorded."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import RetryPolicy

from coterie import Agent, MemoryManager, Team, Trace, UserMemory, read_trace
from coterie.errors import RunError
from coterie.graphs.trace import Record
from coterie.memory.db import Db
from coterie.teams.output import RunStarted
from tests.support.scripted import Script, ScriptedModel, calls

CANARY = "xyzzy"
"""A word that stands in everything that anybody says, remembers, calls with, answers or fails with."""
SAID = f"I live in Graz now, and I have a dog named {CANARY}"


@dataclass
class Place:
    """Where runs are recorded, and how they are read from there: ``read(user_id, run_id)``."""

    to: str | Path | None
    read: Callable[[str | None, str], list[Record]]

    def only(self, db: Db) -> list[Record]:
        """The records of the one run that there is. It is nobody's, and over."""
        if self.to is not None:
            return read_trace(self.to)
        [run] = db.runs(None)
        records = self.read(None, run.run_id)
        assert (run.status, run.records) == (records[-1]["status"], len(records))
        assert run.ended_at is not None
        return records


def place(kind: str, folder: Path, db: Db) -> Place:
    """A file, a folder or the store."""
    if kind == "store":
        return Place(None, db.records)
    path = folder / "runs" if kind == "folder" else folder / "runs.jsonl"
    return Place(f"{path}/" if kind == "folder" else path, lambda user_id, run_id: read_trace(path, run_id))


def recorded_agent(script: Script, where: Place, db: Db | None = None, **settings: Any) -> Agent:
    """One whose runs are recorded, with contents."""
    return Agent("ada", model=ScriptedModel(script=script), db=db, trace=Trace(where.to, True), **settings)


def kinds(records: list[Record]) -> list[str]:
    """What the records are of, in their order."""
    return [record["kind"] for record in records]


def everything(db: Db, where: Place, *, contents: bool) -> list[Record]:
    """The records of some runs that have all kinds among them, and the canary in all their contents."""
    trace, found = Trace(where.to, contents), list[Record]()
    MemoryManager(db).add_user_memory(UserMemory(memory=f"Has a cat named {CANARY}", user_id="ana", topics=[CANARY]))
    for make in (_desk, _list, _swarm, _clerk, _endless):
        for output in make(db, trace):
            found += where.read("ana", output)
    return found


def agent(name: str, script: Script, **settings: Any) -> Agent:
    return Agent(name, role=f"knows {name}", model=ScriptedModel(script=script), **settings)


def fail(messages: list[BaseMessage]) -> str:
    raise ConnectionError(f"no route to {CANARY}")


def steps(*answers: AIMessage | str) -> ScriptedModel:
    """Takes these steps, one each time that it is asked; the last one again and again."""
    model = ScriptedModel(script=lambda _: answers[min(len(model.seen), len(answers)) - 1])
    return model


def _flaky() -> Script:
    """Fails once, then calls two tools, then answers."""
    asked: list[int] = []

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        asked.append(1)
        if len(asked) == 1:
            return fail(messages)
        if isinstance(messages[-1], ToolMessage):
            return f"found {CANARY}"
        return calls(("look", {"where": CANARY}), ("broken", {}))

    return script


def look(where: str) -> str:
    """Look somewhere."""
    return f"nothing in {where}"


def broken() -> str:
    """Fail."""
    raise ValueError(f"no {CANARY}")


def _updating() -> ScriptedModel:
    """Looks for a memory, changes it, then asks three members at once, then one of them again, then answers."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        last = messages[-1].text
        if not isinstance(messages[-1], ToolMessage):
            return calls(("search_memories", {"query": CANARY}))
        if found := re.match(r"(\w{6}): ", last):
            statement = f"Has two cats, named {CANARY}"
            return calls(("update_memory", {"memory_id": found.group(1), "statement": statement}))
        if last == "Updated.":
            return calls(*((f"ask_{name}", {"task": f"look for {CANARY}"}) for name in ("scout", "lazy", "writer")))
        asked = sum(message.name == "scout" for message in messages)
        return f"done, {CANARY}" if asked > 1 else calls(("ask_scout", {"task": f"look again for {CANARY}"}))

    return ScriptedModel(script=script)


def _curating(db: Db) -> MemoryManager:
    """Adds a memory, adds one that is known, and changes another, which is held."""

    def edit(op: str, memory: str, quote: str, *targets: int) -> dict[str, Any]:
        reason = f"they said so, {CANARY}"
        return {"op": op, "targets": targets, "quote": quote, "memory": memory, "topics": [CANARY], "reason": reason}

    edits = [
        edit("add", f"Has a dog named {CANARY}", f"I have a dog named {CANARY}"),
        edit("add", f"Has two cats, named {CANARY}", f"I have a dog named {CANARY}"),
        edit("update", f"Lives in Graz with a dog named {CANARY}", "I live in Graz now", 1),
    ]
    answer = json.dumps({"personal": True, "edits": edits})
    return MemoryManager(db, ScriptedModel(script=lambda _: answer), approval="ask")


def _desk(db: Db, trace: Trace) -> list[str]:
    retry = RetryPolicy(max_attempts=2, initial_interval=0.001, jitter=False)
    scout = agent("scout", _flaky(), tools=[look, broken], retry_policy=retry)
    team = Team(
        "desk",
        [scout, agent("lazy", fail), agent("writer", lambda _: f"wrote of {CANARY}")],
        model=_updating(),
        memory_manager=_curating(db),
        update_memory_on_run=True,
        enable_agentic_memory=True,
        trace=trace,
    )
    return [team.run(SAID, user_id="ana").run_id]


def _list(db: Db, trace: Trace) -> list[str]:
    wanted = {"tasks": [{"task": f"find {CANARY}", "owner": "scout"}]}
    scout = agent("scout", lambda _: f"found {CANARY}")
    model = steps(calls(("add_tasks", wanted)), f"done, {CANARY}")
    team = Team("list", [scout], mode="tasks", model=model, db=db, trace=trace)
    return [team.run(SAID, user_id="ana").run_id]


def _swarm(db: Db, trace: Trace) -> list[str]:
    first = agent("first", lambda _: calls(("transfer_to_second", {})))
    second = agent("second", lambda _: f"here is {CANARY}")
    team = Team("swarm", [first, second], mode="swarm", db=db, trace=trace)
    return [team.run(SAID, user_id="ana").run_id]


def _clerk(db: Db, trace: Trace) -> list[str]:
    """Waits for somebody, and goes on."""
    model = steps(calls(("look", {"where": CANARY})), f"done, {CANARY}")
    clerk = Agent(
        "clerk", model=model, tools=[look], confirm_tools=[look], checkpointer=InMemorySaver(), db=db, trace=trace
    )
    paused = clerk.run(SAID, user_id="ana")
    output = clerk.resume(paused.run_id, True, user_id="ana")
    assert output.run_id == paused.run_id
    return [output.run_id]


def _endless(db: Db, trace: Trace) -> list[str]:
    """Fails."""
    loop = Agent("loop", model=ScriptedModel(script=fail), db=db, trace=trace)
    events = loop.run(SAID, user_id="ana", stream=True)
    started = next(iter(events))
    assert isinstance(started, RunStarted)
    with pytest.raises(RunError, match=CANARY):
        list(events)
    return [started.run_id]
