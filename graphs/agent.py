"""An agent's graph: START -> recall -> model <-> tools; model -> curate -> END."""

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from coterie.graphs.memory_nodes import curator_node, recall_node
from coterie.graphs.memory_tools import own_memory_tools
from coterie.graphs.nodes import model_node, tools_node, wants_tools
from coterie.graphs.spec import AgentSpec, slug
from coterie.graphs.state import GraphState, RunContext

Graph = CompiledStateGraph[Any, RunContext, Any, Any]


def agent_graph(spec: AgentSpec) -> Graph:
    """Compile the graph of one agent. Without tools it has no tools node."""
    graph = StateGraph(GraphState, context_schema=RunContext)
    graph.add_node("recall", recall_node(spec.memory, name=spec.name, agent_id=spec.agent_id))
    tools = [*spec.tools, *own_memory_tools(spec)]
    graph.add_node("model", model_node(spec, tools))
    graph.add_node("curate", curator_node(spec.memory, name=spec.name, agent_id=spec.agent_id))
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "model")
    graph.add_edge("curate", END)
    if tools:
        graph.add_node("tools", tools_node(spec.name, tools))
        graph.add_edge("tools", "model")

        def after_model(state: GraphState) -> str:
            return "tools" if wants_tools(state["messages"][-1]) else "curate"

        graph.add_conditional_edges("model", after_model, ["tools", "curate"])
    else:
        graph.add_edge("model", "curate")
    return graph.compile(name=slug(spec.name))
