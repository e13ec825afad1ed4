"""A team's graph: START -> recall -> leader <-> members; leader -> curate -> END."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.errors import GraphBubbleUp
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from coterie.errors import ConfigurationError
from coterie.graphs.agent import Graph, agent_graph
from coterie.graphs.events import MemberFinished, MemberStarted
from coterie.graphs.memory_nodes import curator_node, recall_node
from coterie.graphs.memory_tools import own_memory_tools
from coterie.graphs.nodes import FlowNode, Update, model_node, tools_node, wants_tools
from coterie.graphs.spec import Spec, TeamSpec, member_tools, slug
from coterie.graphs.state import WORK, GraphState, MemberTask, MemberWork, RunContext, asking, tell
from coterie.memory.flow import Flow


def build_graph(spec: Spec) -> Graph:
    """Compile the graph of an agent or a team."""
    return team_graph(spec) if isinstance(spec, TeamSpec) else agent_graph(spec)


def team_graph(spec: TeamSpec) -> Graph:
    """Compile the graph of a team and of all its members.

    Raises:
        ConfigurationError: the team has no members, or two that cannot be told apart.
    """
    check_members(spec)
    members = member_tools(spec)
    keys = {name: slug(member.name) for name, member in members.items()}
    graph = StateGraph(GraphState, context_schema=RunContext)
    graph.add_node("recall", recall_node(spec.memory, name=spec.name, team_id=spec.team_id))
    tools = [*spec.tools, *own_memory_tools(spec), *(member_tool(name, member) for name, member in members.items())]
    graph.add_node("leader", model_node(spec, tools))
    graph.add_node("tools", tools_node(spec.name, tools))
    graph.add_node("curate", curator_node(spec.memory, name=spec.name, team_id=spec.team_id))
    for name, member in members.items():
        graph.add_node(keys[name], member_node(spec, member), input_schema=MemberTask)
        graph.add_edge(keys[name], "leader")
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "leader")
    graph.add_edge("tools", "leader")
    graph.add_edge("curate", END)

    def after_leader(state: GraphState) -> str | list[Send]:
        last = state["messages"][-1]
        return hand_out(state, keys) if isinstance(last, AIMessage) and wants_tools(last) else "curate"

    graph.add_conditional_edges("leader", after_leader, [*keys.values(), "tools", "curate"])
    return graph.compile(name=slug(spec.name))


def check_members(spec: TeamSpec) -> None:
    """Refuse a team that cannot be led.

    Raises:
        ConfigurationError: no members, or two whose names are one when written as a node's name.
    """
    if not spec.members:
        raise ConfigurationError(f"team {spec.name!r} has no members: give it at least one agent or team.")
    if len({slug(member.name) for member in spec.members}) < len(spec.members):
        names = ", ".join(repr(member.name) for member in spec.members)
        raise ConfigurationError(f"team {spec.name!r} has members that cannot be told apart ({names}): rename one.")


def member_tool(name: str, member: Spec) -> BaseTool:
    """The function that a leader calls a member by.

    A call with a task goes to the member's node; this function answers only one without.
    """

    def refuse(**wanted: Any) -> str:
        raise ToolException(f"Give a task, a text that is not empty, not {wanted!r}.")

    return StructuredTool.from_function(
        refuse,
        name=name,
        description=f"{member.name}: {member.role or 'a member of the team'}",
        args_schema={
            "type": "object",
            "properties": {"task": {"type": "string", "description": "What to do, understandable by itself."}},
            "required": ["task"],
        },
    )


def hand_out(state: GraphState, keys: Mapping[str, str]) -> list[Send]:
    """One Send for each call of a member, and one for all other calls together: all run in one step, in parallel.

    The last message has the calls.

    ``keys`` has the members' nodes by the names of their functions.
    """
    *before, message = state["messages"]
    assert isinstance(message, AIMessage)
    sends, rest = [], []
    for call in message.tool_calls:
        task = call["args"].get("task")
        if call["name"] in keys and isinstance(task, str) and task.strip():
            sends.append(Send(keys[call["name"]], MemberTask(task=task, call_id=call["id"] or "")))
        else:
            rest.append(call)
    if rest or message.invalid_tool_calls:
        asked = message.model_copy(update={"tool_calls": rest})
        sends.append(Send("tools", {**state, "messages": [*before, asked]}))
    return sends


@dataclass(frozen=True)
class RunMember:
    """The effect "let this member work", inside the team's run."""

    graph: Graph
    task: str
    context: RunContext

    @property
    def _input(self) -> dict[str, Any]:
        return {"messages": [HumanMessage(self.task)]}

    def call(self) -> Any:
        """Run the member's graph in this thread."""
        return self.graph.invoke(self._input, context=self.context)

    async def acall(self) -> Any:
        """Await the member's graph."""
        return await self.graph.ainvoke(self._input, context=self.context)


def member_node(team: TeamSpec, member: Spec) -> FlowNode:
    """The node of one member: it runs the member's graph, and answers the leader's call.

    A member that fails is reported to the leader and in the stream; the other members go on.
    """
    graph = build_graph(member)

    def steps(state: MemberTask, runtime: Runtime[RunContext]) -> Flow[Update]:
        context = replace(asking(runtime), team_id=team.team_id, member=True)
        task = state["task"]
        tell(runtime, MemberStarted(team.name, member.name, task))
        error = None
        try:
            result = yield RunMember(graph, task, context)
            content = result["messages"][-1].text
        except GraphBubbleUp:
            raise
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
            content = f"{member.name} failed. {error}"
        tell(runtime, MemberFinished(team.name, member.name, task, content, error))
        status = "error" if error else "success"
        work = MemberWork(agent_id=None if isinstance(member, TeamSpec) else member.agent_id, task=task)
        call_id, name = state["call_id"], slug(member.name)
        answer = ToolMessage(content, tool_call_id=call_id, name=name, status=status, artifact={WORK: work})
        return {"messages": [answer]}

    return FlowNode(slug(member.name), steps)
