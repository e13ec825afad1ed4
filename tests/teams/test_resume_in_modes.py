"""A person's word on what members do, in each mode: they wait where they are, and nothing is done twice."""

import asyncio
from collections.abc import Callable

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from coterie import Agent, RunOutput, SqliteDb, Team
from tests.support.scripted import ScriptedModel, calls

Script = Callable[[list[BaseMessage]], AIMessage | str]


def paying(messages: list[BaseMessage]) -> AIMessage | str:
    last = messages[-1]
    paid = isinstance(last, ToolMessage) and last.name == "pay"
    return f"done: {last.text}" if paid else calls(("pay", {"amount": 5}))


def leading(*first: tuple[str, dict[str, object]]) -> Script:
    """A leader that calls these, and answers when all is back."""
    return lambda messages: "final" if "5" in messages[-1].text else calls(*first)


TASKS = [{"task": "pay it", "owner": "a"}, {"task": "pay too", "owner": "b"}]
LEADERS: dict[str, Script] = {
    "coordinate": leading(("ask_a", {"task": "pay"}), ("ask_b", {"task": "pay"})),
    "route": leading(("ask_b", {})),
    "broadcast": lambda messages: "final",
    "tasks": leading(("add_tasks", {"tasks": TASKS})),
}
PAID = {"coordinate": 2, "route": 1, "broadcast": 2, "sequence": 2, "swarm": 1, "tasks": 2}
WAITS = {"sequence": 2}
"""How often a mode's run waits, where that is not once."""


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("mode", PAID)
def test_members_wait_and_go_on_where_they_were(mode: str, nested: bool, asynchronous: bool) -> None:
    db, saver, paid = SqliteDb(), InMemorySaver(), list[int]()

    def pay(amount: int) -> str:
        """Pay."""
        paid.append(amount)
        return f"paid {amount}"

    def agent(name: str, script: Script = paying) -> Agent:
        return Agent(name, model=ScriptedModel(script=script), tools=[pay], confirm_tools=["pay"])

    def made() -> Team:
        """Made anew each time, as another process would."""
        first = agent("a", lambda messages: calls(("transfer_to_b", {}))) if mode == "swarm" else agent("a")
        model = ScriptedModel(script=LEADERS[mode]) if mode in LEADERS else None
        team = Team("desk", [first, agent("b")], mode=mode, model=model)
        outer = Team("all", [team], mode="sequence") if nested else team
        outer.db, outer.checkpointer = db, saver
        return outer

    def begun() -> RunOutput:
        if asynchronous:
            return asyncio.run(made().arun("go", user_id="u", session_id="s"))
        return made().run("go", user_id="u", session_id="s")

    def resumed(run_id: str) -> RunOutput:
        if asynchronous:
            return asyncio.run(made().aresume(run_id, True, user_id="u"))
        return made().resume(run_id, True, user_id="u")

    output, waits = begun(), 0
    while output.waiting:
        assert db.turns("u", "s") == []
        output, waits = resumed(output.run_id), waits + 1
    assert waits == WAITS.get(mode, 1)
    assert paid == [5] * PAID[mode]
    assert output.content in ("final", "done: paid 5")
    assert output.errors == ()
    (turn,) = db.turns("u", "s")
    assert turn.messages[-1].content == output.content
    assert db.notes("u", output.run_id) == []
