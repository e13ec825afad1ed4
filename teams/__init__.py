"""What people write: Agent, Team, runs, events, printing. Knows graphs and memory."""
