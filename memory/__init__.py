"""The shared store, its search and its curator. Knows nothing of graphs or teams."""
