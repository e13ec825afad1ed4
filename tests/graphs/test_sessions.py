"""Sessions: a state that all share and nobody loses, history within a budget, a summary that grows with the turns."""

import asyncio
import json
import threading
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.prebuilt import ToolRuntime

from coterie import Agent, Team
from coterie.errors import InputError, NotFoundError
from coterie.graphs.memory_nodes import within
from coterie.graphs.state import RunContext
from coterie.memory.db import Db
from coterie.memory.tokens import estimate_tokens
from tests.support.scripted import ScriptedModel, calls

Runtime = ToolRuntime[RunContext, Any]


def keep(key: str, value: str, runtime: Runtime) -> str:
    """Keep a value in the session's state."""
    assert runtime.context.session is not None
    return json.dumps(runtime.context.session.update({key: value}))


def keeps(key: str) -> ScriptedModel:
    """Keeps its key once, then answers."""

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        done = [message.text for message in messages if isinstance(message, ToolMessage)]
        return done[-1] if done else calls(("keep", {"key": key, "value": key * 2}))

    return ScriptedModel(script=script)


def leading(*names: str) -> ScriptedModel:
    def script(messages: list[BaseMessage]) -> AIMessage | str:
        answers = [message for message in messages if isinstance(message, ToolMessage)]
        return "done" if answers else calls(*((f"ask_{name}", {"task": "go"}) for name in names))

    return ScriptedModel(script=script)


def test_what_members_set_at_once_all_lands(db: Db) -> None:
    members = [Agent(name, model=keeps(name), tools=[keep]) for name in "xyz"]
    team = Team("t", members, model=leading(*"xyz"), db=db)
    team.update_session_state("s", {"before": 1}, "ana")
    team.run("go", user_id="ana", session_id="s")
    assert team.get_session_state("s", "ana") == {"before": 1, "x": "xx", "y": "yy", "z": "zz"}


def test_what_runs_set_at_once_all_lands(db: Db) -> None:
    agents = [Agent(f"a{n}", model=keeps(f"k{n}"), tools=[keep], db=db) for n in range(8)]
    runs = [
        threading.Thread(target=agent.run, args=("go",), kwargs={"user_id": "ana", "session_id": "s"})
        for agent in agents
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert set(agents[0].get_session_state("s", "ana")) == {f"k{n}" for n in range(8)}


def test_what_async_runs_set_at_once_all_lands(db: Db) -> None:
    agents = [Agent(f"a{n}", model=keeps(f"k{n}"), tools=[keep], db=db) for n in range(8)]

    async def together() -> dict[str, Any]:
        await asyncio.gather(*(agent.arun("go", user_id="ana", session_id="s") for agent in agents))
        return await agents[0].aget_session_state("s", "ana")

    assert set(asyncio.run(together())) == {f"k{n}" for n in range(8)}


def test_a_state_is_its_user_s_and_its_session_s(db: Db) -> None:
    agent = Agent("a", model=keeps("k"), tools=[keep], db=db)
    agent.run("go", user_id="ana", session_id="s")
    for user, session in (("ben", "s"), (None, "s"), ("ana", "other")):
        with pytest.raises(NotFoundError, match="no session"):
            agent.get_session_state(session, user)
    with pytest.raises(InputError, match="JSON"):
        agent.update_session_state("s", {"when": object()}, "ana")


def test_a_tool_s_state_is_empty_before_anything_is_kept(db: Db) -> None:
    seen: list[dict[str, Any]] = []

    def look(runtime: Runtime) -> str:
        """Look at the session's state."""
        assert runtime.context.session is not None
        seen.append(runtime.context.session.get())
        return "looked"

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "ok" if isinstance(messages[-1], ToolMessage) else calls(("look", {}))

    Agent("a", model=ScriptedModel(script=script), tools=[look], db=db).run("go", user_id="ana")
    assert seen == [{}]


@pytest.mark.parametrize(("budget", "kept"), [(1000, 3), (35, 3), (34, 2), (20, 2), (19, 1), (10, 1)])
def test_history_keeps_the_last_turns_that_fit(budget: int, kept: int) -> None:
    turns: list[list[AnyMessage]] = [
        [HumanMessage("a" * 40), AIMessage("b" * 20)],
        [HumanMessage("c" * 20), AIMessage("d" * 20)],
        [HumanMessage("e" * 20), AIMessage("f" * 20)],
    ]
    assert [sum(estimate_tokens(message.text) for message in turn) for turn in turns] == [15, 10, 10]
    assert within(budget, turns) == [message for turn in turns[3 - kept :] for message in turn]


def test_a_last_turn_that_is_too_long_is_shown_in_part() -> None:
    (asked, answered) = within(
        100, [[HumanMessage("old")], [HumanMessage("x" * 5_000), AIMessage("y" * 5_000 + "end")]]
    )
    assert asked.text.startswith("xxx")
    assert answered.text.endswith("end")
    assert estimate_tokens(asked.text) + estimate_tokens(answered.text) <= 100
    dense: list[AnyMessage] = [HumanMessage("東" * 5_000), AIMessage("京" * 50)]
    assert sum(estimate_tokens(message.text) for message in within(100, [dense])) <= 100


def test_a_long_session_costs_no_more_than_its_budget(db: Db) -> None:
    model = ScriptedModel(script=lambda messages: "word " * 3_000)
    agent = Agent("a", model=model, db=db, num_history_runs=10)
    for _ in range(4):
        agent.run("tell me more", user_id="ana", session_id="s")
    assert sum(estimate_tokens(message.text) for message in model.seen[-1]) < 2_200


def summing(let: threading.Event | None = None) -> ScriptedModel:
    """Answers "ok"; as the one who keeps the summary, repeats what was said last, when it is let."""

    def script(messages: list[BaseMessage]) -> str:
        if not messages[0].text.startswith("You keep the summary"):
            return "ok"
        assert let is None or let.wait(60)
        said = [line for line in messages[-1].text.splitlines() if line.startswith("user: ")]
        return json.dumps({"summary": f"They said: {said[-1].removeprefix('user: ')}"})

    return ScriptedModel(script=script)


def test_a_session_is_summed_up_and_the_next_run_reads_it(db: Db) -> None:
    model = summing()
    agent = Agent("a", model=model, db=db, enable_session_summaries=True, num_history_runs=0)
    agent.run("I plan a trip to Lisbon", user_id="ana", session_id="s")
    agent.memory.wait_until_settled()
    assert agent.get_session_summary("s", "ana") == "They said: I plan a trip to Lisbon"
    agent.run("In May", user_id="ana", session_id="s")
    agent.memory.wait_until_settled()
    answered = [messages for messages in model.seen if not messages[0].text.startswith("You keep the summary")]
    assert "trip to Lisbon" not in answered[0][0].text
    assert "<summary>\nThey said: I plan a trip to Lisbon\n</summary>" in answered[1][0].text
    assert len(answered[1]) == 2
    assert asyncio.run(agent.aget_session_summary("s", "ana")) == "They said: In May"


def test_an_answer_does_not_wait_for_the_summary(db: Db) -> None:
    let = threading.Event()
    agent = Agent("a", model=summing(let), db=db, enable_session_summaries=True)
    try:
        assert agent.run("I plan a trip to Lisbon", user_id="ana", session_id="s").content == "ok"
        assert agent.get_session_summary("s", "ana") is None
    finally:
        let.set()
        agent.memory.wait_until_settled()
    assert agent.get_session_summary("s", "ana")


def test_a_summary_that_fails_is_made_after_the_next_run(db: Db, caplog: pytest.LogCaptureFixture) -> None:
    down = [True]

    def script(messages: list[BaseMessage]) -> str:
        if not messages[0].text.startswith("You keep the summary"):
            return "ok"
        if down:
            raise RuntimeError("no such server")
        said = [line.removeprefix("user: ") for line in messages[-1].text.splitlines() if line.startswith("user: ")]
        return json.dumps({"summary": " / ".join(said)})

    agent = Agent("a", model=ScriptedModel(script=script), db=db, enable_session_summaries=True)
    agent.run("I plan a trip", user_id="ana", session_id="s")
    agent.memory.wait_until_settled()
    assert agent.get_session_summary("s", "ana") is None
    assert "was not summed up" in caplog.text
    down.clear()
    agent.run("It goes to Lisbon", user_id="ana", session_id="s")
    agent.memory.wait_until_settled()
    assert agent.get_session_summary("s", "ana") == "I plan a trip / It goes to Lisbon"
