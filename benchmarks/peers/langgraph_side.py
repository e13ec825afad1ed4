"""LangGraph alone, without a store and without models: what a graph costs before it does anything."""

from typing import Any

from benchmarks.peers.cases import SAID, Sample, Side, cpu_ms, cpu_us
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Send

NODES = ["a", "b", "c", "d"]


class LangGraphSide(Side):
    """Graphs of the same sizes as coterie's."""

    def agent_us(self) -> Sample:
        """Compile a graph of four nodes."""
        return cpu_us(lambda: compiled(NODES), 1)

    def first_use(self) -> Sample:
        """The same."""
        return cpu_ms(lambda: compiled(NODES))

    def run(self, *_: Any) -> Sample:
        """Run four nodes."""
        return invoking(compiled(NODES))

    def team(self, mode: str, members: int, *_: Any) -> Sample:
        """Run a leader, members that are graphs of their own, in parallel, and the leader again."""
        member, places = compiled(NODES), range(members)
        graph = StateGraph(MessagesState)
        graph.add_node("recall", lambda state: {})
        graph.add_node("leader", lambda state: {"messages": [AIMessage("ok")]})
        graph.add_node("curate", lambda state: {})
        graph.add_node("member", lambda state: {"messages": [AIMessage(member.invoke(state)["messages"][-1].text)]})
        graph.add_edge(START, "recall")
        graph.add_edge("recall", "leader")
        graph.add_edge("member", "leader")
        graph.add_edge("curate", END)

        def after_leader(state: MessagesState) -> Any:
            task = {"messages": [HumanMessage("do it")]}
            return "curate" if len(state["messages"]) > 2 else [Send("member", task) for _ in places]

        graph.add_conditional_edges("leader", after_leader, ["member", "curate"])
        return invoking(graph.compile())


def compiled(names: list[str]) -> Any:
    """Nodes that do nothing, one after the other."""
    graph = StateGraph(MessagesState)
    for name in names:
        graph.add_node(name, lambda state: {})
    for start, end in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(start, end)
    return graph.compile()


def invoking(graph: Any) -> Sample:
    """Run a graph."""
    return cpu_ms(lambda: graph.invoke({"messages": [HumanMessage(SAID)]}))
