"""An agent's graph: START -> recall -> model <-> tools; model -> curate -> END."""

from langgraph.graph import END, START

from coterie.graphs.memory_nodes import curate, recall
from coterie.graphs.nodes import ask_model, run_tools, wants_tools
from coterie.graphs.shape import Shape, Wiring
from coterie.graphs.state import GraphState


def wire(graph: Wiring, shape: Shape) -> None:
    """Add the nodes and edges of an agent. Without tools it has no tools node."""
    graph.step("recall", recall)
    graph.step("model", ask_model)
    graph.step("curate", curate)
    graph.path(START, "recall", "model")
    graph.path("curate", END)
    if shape.tools:
        graph.step("tools", run_tools)
        graph.path("tools", "model")
        graph.choice("model", after_model, ["tools", "curate"])
    else:
        graph.path("model", "curate")


def after_model(state: GraphState) -> str:
    """The tools that the model asked for come next; without any, its answer is done."""
    return "tools" if wants_tools(state["messages"][-1]) else "curate"
