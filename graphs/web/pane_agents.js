// pane_agents
