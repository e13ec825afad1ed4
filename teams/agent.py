"""Agent: one model with a role, tools, and the shared memory."""

from dataclasses import dataclass, field

from coterie.graphs.spec import AgentSpec, Inherited
from coterie.teams.settings import NOTHING, Settings


@dataclass(kw_only=True, eq=False, repr=False)
class Agent(Settings):
    """An agent: a light object; its LangGraph graph is made when it first runs, from the one of its shape.

    Raises:
        ConfigurationError: what is given cannot be used; on first use also memory without a store.
    """

    name: str = field(default="agent", kw_only=False)

    def spec(self, inherited: Inherited = NOTHING) -> AgentSpec:
        """What its graph is built from. ``inherited`` is what its team lends it."""
        return AgentSpec(agent_id=self.id or self.name, **self.common(inherited))

    def __repr__(self) -> str:
        return f"Agent({self.name!r}, role={self.role!r})"
