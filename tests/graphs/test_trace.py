"""The records of a trace: how steps are numbered, and what is recorded of graphs that are run in other ways."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.graph import END, START, StateGraph
from langgraph.types import RetryPolicy

from coterie import Agent
from coterie.graphs.events import Event, StepFinished, StepStarted, Token, ToolStarted
from coterie.graphs.nodes import FlowNode
from coterie.graphs.state import GraphState, RunContext
from coterie.graphs.trace import End, Record, Records
from coterie.memory.values import StoredRun
from tests.support.scripted import ScriptedModel, calls

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
RUN = StoredRun("run", "ana", "session", None, "ada", "ada", AT)


def started(step: str) -> StepStarted:
    return StepStarted("ada", step=step, path="ada", node="model")


def made(*events: Event, steps: int = 0) -> list[Record]:
    records = Records(RUN, steps=steps)
    return [record for event in events if (record := records.of(event)) is not None]


def test_a_step_stands_in_the_innermost_step_that_is_known() -> None:
    events = [started(step) for step in ("a:1", "a:1|b:2", "a:1|x:9|c:3", "a:1|b:2|d:4", "e:5|f:6")]
    assert [(record["step"], record["parent"]) for record in made(*events)] == [
        (1, None),
        (2, 1),
        (3, 1),
        (4, 2),
        (5, None),
    ]


def test_a_step_that_is_run_again_is_a_new_one() -> None:
    failed = StepFinished("ada", AT, 0.5, (), "ValueError: no", step="a:1", error_type="ValueError")
    tool = ToolStarted("ada", "look", {}, "1", step="a:1|sub:7")
    records = made(started("a:1"), tool, failed, started("a:1"), tool, started("a:1|b:2"))
    assert [record["step"] for record in records] == [1, 1, 1, 2, 2, 3]
    assert records[-1]["parent"] == 2
    assert records[2]["error"] == "ValueError"


def test_numbers_go_on_where_the_trace_was_left() -> None:
    assert [record["step"] for record in made(started("a:1"), started("a:1"), steps=7)] == [8, 9]


def test_what_is_no_kind_of_record_is_passed_over() -> None:
    class Mine(Event):
        pass

    assert made(Token("ada", "hel"), Mine("ada")) == []


def test_times_are_in_utc_and_errors_are_told_by_their_types() -> None:
    records = Records(RUN)
    east = AT.astimezone(timezone(timedelta(hours=5)))
    assert records.of(StepStarted("ada", at=east, step="a:1")) == {
        "kind": "step_started",
        "at": "2026-11-26T12:00:00.000000+00:00",
        **{"step": 1, "path": "", "node": "", "source": "ada"},
        "parent": None,
    }
    last = records.of(End("failed", error=KeyError("secret"), at=AT + timedelta(seconds=2)))
    assert last == {
        "kind": "run_finished",
        "at": "2026-11-26T12:00:02.000000+00:00",
        "status": "failed",
        "seconds": 2.0,
        "error": "KeyError",
        **{"model_calls": 0, "input_tokens": 0, "output_tokens": 0},
        **{"waiting": 0, "notices": []},
    }


def test_a_node_of_somebody_elses_graph_that_a_retry_policy_runs_again() -> None:
    tried: list[int] = []

    def steps(state: Any, runtime: Any) -> Any:
        tried.append(1)
        if len(tried) < 3:
            raise ConnectionError("not yet")
        return {}
        yield

    graph: Any = StateGraph(GraphState, context_schema=RunContext)
    policy = RetryPolicy(max_attempts=3, initial_interval=0.001, jitter=False)
    graph.add_node("recall", FlowNode("recall", steps), retry_policy=policy)
    graph.add_edge(START, "recall")
    graph.add_edge("recall", END)
    told: list[Event] = []
    graph.compile().invoke({"messages": [HumanMessage("hi")]}, context=RunContext(listen=told.append))
    records = made(*told)
    assert [(record["kind"], record["step"]) for record in records] == [
        (kind, step) for step in (1, 2, 3) for kind in ("step_started", "step_finished")
    ]
    assert [record["error"] for record in records[1::2]] == ["ConnectionError", "ConnectionError", None]


def test_an_agents_graph_inside_a_tool_of_another_agent() -> None:
    inner = Agent("inner", model=ScriptedModel(script=lambda _: "found"))

    def ask() -> str:
        """Ask somebody else."""
        return str(inner.graph.invoke({"messages": [HumanMessage("hm")]})["messages"][-1].text)

    def script(messages: list[BaseMessage]) -> AIMessage | str:
        return "done" if isinstance(messages[-1], ToolMessage) else calls(("ask", {}))

    told: list[Event] = []
    outer = Agent("outer", model=ScriptedModel(script=script), tools=[ask])
    outer.graph.invoke({"messages": [HumanMessage("hi")]}, context=RunContext(listen=told.append))
    records = made(*told)
    [tools] = [one["step"] for one in records if one["kind"] == "step_started" and one["node"] == "tools"]
    inside = [(one["path"], one["node"]) for one in records if one["kind"] == "step_started" and one["parent"] == tools]
    assert inside == [("inner", "recall"), ("inner", "model"), ("inner", "curate")]
