"""What making an agent and one run cost, in CPU time of this process.

    python benchmarks/runs.py [--rounds 50] [--postgres postgresql+psycopg://user@host/db]

Each figure is a median over the rounds. The model takes no time, so that what is measured is the framework. A bare
LangGraph graph of four nodes, without a store, runs in turn with each case: the ratio holds on a noisy machine too.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.graph import END, START, MessagesState, StateGraph

from coterie import Agent, MemoryManager, PostgresDb, Scope, SqliteDb, Team, UserMemory
from coterie.memory.db import Db
from coterie.memory.edits import Add, Change


class InstantModel(BaseChatModel):
    """Answers "ok" at once."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """The same model: it calls no tools."""
        return self

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("ok"))])


def cpu(work: Callable[[], Any], repeat: int = 1) -> float:
    """CPU time of one call, in milliseconds."""
    start = time.process_time_ns()
    for _ in range(repeat):
        work()
    return (time.process_time_ns() - start) / 1e6 / repeat


def bare_graph() -> Callable[[], Any]:
    """LangGraph alone: four nodes that do nothing."""
    graph = StateGraph(MessagesState)
    names = ["a", "b", "c", "d"]
    for name in names:
        graph.add_node(name, lambda state: {})
    for start, end in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(start, end)
    compiled = graph.compile()
    return lambda: compiled.invoke({"messages": [HumanMessage("hi")]})


def fill(db: Db, user_id: str, count: int) -> None:
    """Give a user so many memories."""
    for start in range(0, count, 500):
        texts = (f"Likes hobby number {n} on weekends with friends" for n in range(start, min(start + 500, count)))
        db.apply(Scope(user_id), [Add(UserMemory(memory=text, topics=["hobby"])) for text in texts], Change("import"))


def clock() -> str:
    """Tell the time."""
    return "noon"


def definitions(rounds: int) -> None:
    """Print what defining agents and teams costs."""
    model, db = InstantModel(), SqliteDb()
    cases: dict[str, Callable[[], Any]] = {
        "make an Agent with db, memory and a tool": lambda: Agent(
            "a", model=model, db=db, tools=[clock], update_memory_on_run=True
        ),
        "make a Team of 3 new members": lambda: Team("t", [Agent(n, model=model) for n in "abc"], model=model, db=db),
    }
    for name, make in cases.items():
        print(f"{name:58} {statistics.median(cpu(make, 1000) for _ in range(rounds)) * 1000:8.2f} us")
    once = statistics.median(cpu(lambda: Agent("a", model=model, db=db, tools=[clock]).graph) for _ in range(rounds))
    print(f"{'compile its graph (on first use)':58} {once:8.2f} ms")


def runs(name: str, db: Db, rounds: int) -> None:
    """Print what one run costs, without memory and with it, at several numbers of stored memories."""
    bare = bare_graph()
    plain = Agent("plain", model=InstantModel())
    keeper = MemoryManager(db=db, curator="verbatim")
    agent = Agent("agent", model=InstantModel(), memory_manager=keeper, update_memory_on_run=True)
    cases: list[tuple[str, Callable[[], Any]]] = [("no store", lambda: plain.run("I like hiking"))]
    for count in (0, 100, 1000, 10_000):
        user = f"user-{count}"
        fill(db, user, count)
        cases.append((f"memory on, {count} memories", lambda user=user: agent.run("I like hiking", user_id=user)))  # type: ignore[misc]
    for case, work in cases:
        work()
        pairs = [(cpu(work), cpu(bare)) for _ in range(rounds)]
        took = statistics.median(pair[0] for pair in pairs)
        ratio = statistics.median(pair[0] / pair[1] for pair in pairs)
        print(f"{f'run, {name}, {case}':58} {took:8.2f} ms  {ratio:5.1f} x a bare 4-node graph")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--postgres", help="a database to measure as well; it is written to")
    options = parser.parse_args()
    definitions(max(options.rounds // 5, 3))
    with tempfile.TemporaryDirectory() as folder:
        db: Db = SqliteDb(Path(folder) / "bench.db")
        runs("SQLite", db, options.rounds)
        db.close()
    if options.postgres:
        db = PostgresDb(db_url=options.postgres)
        runs("PostgreSQL", db, options.rounds)
        db.close()


if __name__ == "__main__":
    main()
