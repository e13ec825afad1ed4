"""LangGraph: state, nodes, agent and team graphs, the curator node, drawing. Knows memory."""
