"""What the nodes of agent and team graphs are made of: steps that wait for models, tools and members."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.config import get_config
from langgraph.runtime import Runtime, get_runtime

from coterie.errors import RunError
from coterie.graphs.metering import metered
from coterie.graphs.spec import Built
from coterie.graphs.state import RunContext, here
from coterie.memory.flow import Flow, adrive, drive

Update = dict[str, Any]


@dataclass(frozen=True)
class Invoke:
    """The effect "invoke this runnable", inside the run that is under way."""

    runnable: Runnable[Any, Any]
    input: Any

    def call(self) -> Any:
        """Invoke it in this thread."""
        return self.runnable.invoke(self.input)

    async def acall(self) -> Any:
        """Await it."""
        return await self.runnable.ainvoke(self.input)


Steps = Callable[[Any, Runtime[RunContext]], Flow[Any]]


class FlowNode(Runnable[Any, Update]):
    """A node for steps that wait for a model: one body, for ``invoke`` and ``ainvoke`` alike.

    LangGraph calls it within the run's config, so the models and graphs that the steps wait for belong to the run. It
    adds no span of its own to a trace, unlike a RunnableLambda, and costs a fifth of it.
    """

    def __init__(self, name: str, steps: Steps) -> None:
        self.name = self.node = name
        self._steps = steps

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Take the steps in this thread."""
        return drive(self._flow(input))

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Take the steps, awaiting the models."""
        return await adrive(self._flow(input))

    def _flow(self, input: Any) -> Flow[Update]:
        runtime = get_runtime(RunContext)
        return metered(self._steps(input, runtime), self.node, runtime)


def node_name() -> str:
    """The name of the node that is running."""
    return str(get_config().get("metadata", {}).get("langgraph_node", ""))


def failure(runtime: Runtime[RunContext], reason: str, attempt: int = 1) -> RunError:
    """The error of the node that is running: it says where it failed. ``reason`` is the rest of the sentence."""
    return failed_at(here(runtime), reason, node_name(), attempt)


def failed_at(built: Built, reason: str, node: str = "", attempt: int = 1) -> RunError:
    """The error of an agent or a team, which is called by its name, a member by where it stands in its team."""
    name = built.spec.name
    said = built.path if "/" in built.path else name
    return RunError(f"{said}: {reason}", agent=name, path=built.path, node=node, attempt=attempt)
