"""A team's graph: START -> recall -> leader <-> members; leader -> curate -> END."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.errors import GraphBubbleUp
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from coterie.errors import ConfigurationError
from coterie.graphs.agent import Graph, agent_graph
from coterie.graphs.events import MemberFinished, MemberStarted
from coterie.graphs.nodes import FlowNode, Update, curator_node, model_node, recall_node, tools_node, wants_tools
from coterie.graphs.spec import Spec, TeamSpec, slug
from coterie.graphs.state import GraphState, MemberTask, RunContext, asking
from coterie.memory.flow import Flow

DELEGATE = "delegate_task_to_member"


def build_graph(spec: Spec) -> Graph:
    """Compile the graph of an agent or a team."""
    return team_graph(spec) if isinstance(spec, TeamSpec) else agent_graph(spec)


def team_graph(spec: TeamSpec) -> Graph:
    """Compile the graph of a team and of all its members.

    Raises:
        ConfigurationError: the team has no members, or two that cannot be told apart.
    """
    members = _members_by_slug(spec)
    graph = StateGraph(GraphState, context_schema=RunContext)
    graph.add_node("recall", recall_node(spec.memory, team_id=spec.team_id))
    tools = [*spec.tools, delegate_tool(spec)]
    graph.add_node("leader", model_node(spec, tools))
    graph.add_node("tools", tools_node(spec.name, tools))
    graph.add_node("curate", curator_node(spec.memory, name=spec.name, team_id=spec.team_id))
    for key, member in members.items():
        graph.add_node(key, member_node(spec, member), input_schema=MemberTask)
        graph.add_edge(key, "leader")
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "leader")
    graph.add_edge("tools", "leader")
    graph.add_edge("curate", END)

    def after_leader(state: GraphState) -> str | list[Send]:
        last = state["messages"][-1]
        return hand_out(last, members) if isinstance(last, AIMessage) and wants_tools(last) else "curate"

    graph.add_conditional_edges("leader", after_leader, [*members, "tools", "curate"])
    return graph.compile(name=slug(spec.name))


def _members_by_slug(spec: TeamSpec) -> dict[str, Spec]:
    if not spec.members:
        raise ConfigurationError(f"team {spec.name!r} has no members: give it at least one agent or team.")
    members = {slug(member.name): member for member in spec.members}
    if len(members) < len(spec.members):
        names = ", ".join(repr(member.name) for member in spec.members)
        raise ConfigurationError(f"team {spec.name!r} has members that cannot be told apart ({names}): rename one.")
    return members


def delegate_tool(spec: TeamSpec) -> BaseTool:
    """The tool that a leader hands out work with.

    A call that names a member and a task goes to that member's node; the function answers only those that do not.
    """
    keys = [slug(member.name) for member in spec.members]
    roles = "\n".join(f"{key}: {member.role}" for key, member in zip(keys, spec.members, strict=True))

    def refuse(**wanted: Any) -> str:
        raise ToolException(f"Give member_id (one of {', '.join(keys)}) and a task that is not empty, not {wanted!r}.")

    return StructuredTool.from_function(
        refuse,
        name=DELEGATE,
        description=f"Give a member of the team a task. Call it several times at once for work in parallel.\n{roles}",
        args_schema={
            "type": "object",
            "properties": {
                "member_id": {"type": "string", "enum": keys},
                "task": {"type": "string", "description": "What to do, understandable by itself."},
            },
            "required": ["member_id", "task"],
        },
    )


def hand_out(message: AIMessage, members: dict[str, Spec]) -> list[Send]:
    """One Send for each delegation, and one for all other calls together: all run in one step, in parallel."""
    sends, rest = [], []
    for call in message.tool_calls:
        if (task := _delegation(call, members)) is not None:
            sends.append(Send(call["args"]["member_id"], task))
        else:
            rest.append(call)
    if rest or message.invalid_tool_calls:
        sends.append(Send("tools", {"messages": [message.model_copy(update={"tool_calls": rest})]}))
    return sends


def _delegation(call: ToolCall, members: Sequence[str] | dict[str, Spec]) -> MemberTask | None:
    task = call["args"].get("task")
    if call["name"] == DELEGATE and call["args"].get("member_id") in members and isinstance(task, str) and task.strip():
        return MemberTask(task=task, call_id=call["id"] or "")
    return None


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
        runtime.stream_writer(MemberStarted(team.name, member.name, task))
        error = None
        try:
            result = yield RunMember(graph, task, context)
            content = result["messages"][-1].text
        except GraphBubbleUp:
            raise
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
            content = f"{member.name} failed. {error}"
        runtime.stream_writer(MemberFinished(team.name, member.name, task, content, error))
        status = "error" if error else "success"
        answer = ToolMessage(content, tool_call_id=state["call_id"], name=slug(member.name), status=status)
        return {"messages": [answer]}

    return FlowNode(slug(member.name), steps)
