"""An agent's graph: START -> recall -> model <-> tools; model -> curate -> END."""

from langgraph.graph import END, START

from coterie.graphs.asking import ask_model
from coterie.graphs.calling import wants_tools
from coterie.graphs.form import wire_form
from coterie.graphs.handoffs import run_calls
from coterie.graphs.memory_nodes import curate, recall
from coterie.graphs.shape import Shape, Wiring
from coterie.graphs.state import GraphState


def wire(graph: Wiring, shape: Shape) -> None:
    """Add the nodes and edges of an agent.

    Without tools it has no tools node. Without tools and with a form for its answer it needs no other model node. A
    member keeps no turn: its team does.
    """
    graph.step("recall", recall)
    if shape.keeps:
        graph.step("curate", curate)
        graph.path("curate", END)
    answered = wire_form(graph, shape)
    if shape.form and not shape.tools:
        graph.path(START, "recall", answered)
        return
    graph.step("model", ask_model)
    graph.path(START, "recall", "model")
    if not shape.tools:
        graph.path("model", answered)
        return
    graph.step("tools", run_calls)
    graph.path("tools", "model")

    def after_model(state: GraphState) -> str:
        return "tools" if wants_tools(state["messages"][-1]) else answered

    graph.choice("model", after_model, ["tools", answered])
