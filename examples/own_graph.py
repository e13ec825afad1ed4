"""A LangGraph graph of your own, with coterie's nodes for memory among nodes of other kinds.

    coterie examples run own_graph

A garden adviser is a plain StateGraph: one node looks up the weather, one asks a model, one asks back, and an edge
chooses between them. Two nodes are coterie's: `recall_node` puts what is remembered of the user into the state, where
every other node can use it, and `curator_node` keeps the turn and what deserves to be remembered of it.

Who is asking is in LangGraph's runtime context, and the thread_id names the session, as in any graph. It needs no key
and no network: without a model the answer quotes what is remembered.
"""

import argparse
from collections.abc import Sequence
from typing import Literal

from langchain_core.messages import AIMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph

from coterie import MemoryManager, OfflineModel
from coterie.graphs.memory_nodes import curator_node, recall_node
from coterie.graphs.spec import Graph, MemoryUse
from coterie.graphs.state import GraphState, RunContext
from coterie.memory.db import Db
from coterie.memory.models import chat_model
from coterie.memory.opening import store_at

WEATHER = {"Porto": "In Porto it rains until Thursday.", "Sevilla": "In Sevilla it stays dry, at 31 degrees."}


class Advice(GraphState, total=False):
    """coterie's state, and what this graph needs beside it."""

    weather: str


def look_up(state: Advice) -> dict[str, str]:
    """Find the weather, of a town in the question or in what is remembered: a node without any model."""
    known = f"{state['messages'][-1].text} {state['recalled']}"
    return {"weather": " ".join(line for town, line in WEATHER.items() if town in known)}


def chosen(state: Advice) -> Literal["advise", "ask_back"]:
    """Which node is next: an edge of this graph's own."""
    return "advise" if state["weather"] else "ask_back"


def advise(state: Advice) -> dict[str, list[AIMessage]]:
    """Ask a model, which is told the weather and what is remembered."""
    told = f"Advise on the user's garden in one sentence. {state['weather']}\n{state['recalled']}"
    model = chat_model() or OfflineModel()
    said = model.invoke([SystemMessage(told), *state["history"], *state["messages"]])
    return {"messages": [AIMessage(f"{state['weather']}\n{said.text}")]}


def ask_back(state: Advice) -> dict[str, list[AIMessage]]:
    """Nothing is known of where the garden is."""
    return {"messages": [AIMessage(f"Where is your garden? I know of {' and '.join(WEATHER)}.")]}


def adviser(db: Db) -> Graph:
    """Recall -> look_up -> advise or ask_back -> curate."""
    memory = MemoryUse(MemoryManager(db))
    graph = StateGraph(Advice, context_schema=RunContext)
    graph.add_node("recall", recall_node(memory, agent_id="adviser"))
    graph.add_node("look_up", look_up)
    graph.add_node("advise", advise)
    graph.add_node("ask_back", ask_back)
    graph.add_node("curate", curator_node(memory, agent_id="adviser"))
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "look_up")
    graph.add_conditional_edges("look_up", chosen)
    graph.add_edge("advise", "curate")
    graph.add_edge("ask_back", "curate")
    graph.add_edge("curate", END)
    return graph.compile()


graph = adviser(store_at(":memory:"))

TALK = [
    ("monday", "Should I water my tomatoes?"),
    ("monday", "My garden is in Porto. I grow tomatoes and beans."),
    ("friday", "Should I water my tomatoes?"),
]
"""In which session, and what is said."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the graph, as LangGraph does, and talk with it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=":memory:", help="where it is remembered: a file, or a postgresql:// URL")
    own = adviser(store_at(parser.parse_args(arguments).db))
    print(own.get_graph().draw_mermaid())
    for session, said in TALK:
        config: RunnableConfig = {"configurable": {"thread_id": f"rosa-{session}"}}
        result = own.invoke({"messages": [("user", said)]}, config, context=RunContext(user_id="rosa"))
        print(f"\n{session}> {said}\n{result['messages'][-1].text}")


if __name__ == "__main__":
    main()
