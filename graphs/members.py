"""The members of a team: the functions that they are called by, and the node in which one works."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime

from coterie.graphs.events import MemberFinished, MemberStarted
from coterie.graphs.modes import Answer
from coterie.graphs.nodes import Update
from coterie.graphs.spec import Graph, Spec, TeamSpec, slug
from coterie.graphs.state import WORK, MemberWork, RunContext, asking, here, tell
from coterie.memory.flow import Flow


class MemberTask(TypedDict):
    """What a team's leader sends to a member."""

    task: str
    call_id: str
    """The leader's tool call that the member's answer belongs to."""


def function_name(key: str, place: int, verb: str = "ask") -> str:
    """The function that reaches a member: ASCII, as OpenAI wants it. ``place`` is the member's, from 1."""
    name = f"{verb}_{key}"
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) else f"{verb}_member_{place}"


def asked_members(team: TeamSpec) -> dict[str, Spec]:
    """The members by the names of the functions that the leader calls them by."""
    return {function_name(slug(member.name), place): member for place, member in enumerate(team.members, start=1)}


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


@dataclass(frozen=True)
class RunMember:
    """The effect "let this member work", inside the team's run."""

    graph: Graph
    given: Mapping[str, Any]
    context: RunContext

    def call(self) -> Any:
        """Run the member's graph in this thread."""
        return self.graph.invoke(self.given, context=self.context)

    async def acall(self) -> Any:
        """Await the member's graph."""
        return await self.graph.ainvoke(self.given, context=self.context)


def working(key: str, task: str, runtime: Runtime[RunContext], given: Mapping[str, Any] | None = None) -> Flow[Answer]:
    """Let a member work. ``key`` is the name of its node, ``given`` the state it begins with, if not the task alone.

    A member that fails is reported in the answer and in the stream; the others go on.
    """
    given = given or {"messages": [HumanMessage(task)]}
    team, graph = here(runtime).spec, here(runtime).members[key]
    assert isinstance(team, TeamSpec)
    member = member_of(team, key)
    context = replace(asking(runtime), team_id=team.team_id, member=True)
    tell(runtime, MemberStarted(team.name, member.name, task))
    said, handoff, error = list[AnyMessage](), None, None
    try:
        result = yield RunMember(graph, given, context)
        said, handoff = result["messages"][len(given["messages"]) :], result.get("handoff")
    except GraphBubbleUp:
        raise
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    agent_id = None if isinstance(member, TeamSpec) else member.agent_id
    content = f"Handed over to {handoff}." if handoff else said[-1].text if said else ""
    answer = Answer(member.name, task, content, error, agent_id, tuple(said), handoff)
    tell(runtime, MemberFinished(team.name, member.name, task, answer.said, error))
    return answer


def work_as(key: str, state: MemberTask, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Let a member work, and answer the leader's call."""
    answer = yield from working(key, state["task"], runtime)
    return {"messages": [as_tool_message(answer, state["call_id"])]}


def as_tool_message(answer: Answer, call_id: str) -> ToolMessage:
    """A member's answer to a leader who called it."""
    return ToolMessage(
        answer.said,
        tool_call_id=call_id,
        name=slug(answer.member),
        status="error" if answer.error else "success",
        artifact={WORK: MemberWork(agent_id=answer.agent_id, task=answer.task)},
    )


def as_message(answer: Answer) -> AIMessage:
    """A member's answer where nobody called it: as something that was said."""
    work = MemberWork(agent_id=answer.agent_id, task=answer.task)
    return AIMessage(answer.said, name=slug(answer.member), additional_kwargs={WORK: work})


def member_of(team: TeamSpec, key: str) -> Spec:
    """The member whose node has this name."""
    return next(member for member in team.members if slug(member.name) == key)
