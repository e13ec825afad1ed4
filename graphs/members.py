"""The members of a team: the functions that they are called by, and the node in which one works."""

import re
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime

from coterie.errors import RunError
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


def function_name(key: str, place: int) -> str:
    """The function that a leader calls a member by: ASCII, as OpenAI wants it. ``place`` is the member's, from 1."""
    return f"ask_{key}" if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", key) else f"ask_member_{place}"


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


def working(key: str, task: str, runtime: Runtime[RunContext]) -> Flow[Answer]:
    """Let a member work. ``key`` is the name of its node.

    A member that fails is reported in the answer and in the stream; the others go on.

    Raises:
        RunError: it failed, and the team is to stop then.
    """
    team, graph = here(runtime).spec, here(runtime).members[key]
    assert isinstance(team, TeamSpec)
    member = member_of(team, key)
    context = replace(asking(runtime), team_id=team.team_id, member=True)
    tell(runtime, MemberStarted(team.name, member.name, task))
    content, error, cause = "", None, None
    try:
        result = yield RunMember(graph, task, context)
        content = result["messages"][-1].text
    except GraphBubbleUp:
        raise
    except Exception as raised:
        error, cause = f"{type(raised).__name__}: {raised}", raised
    agent_id = None if isinstance(member, TeamSpec) else member.agent_id
    answer = Answer(member.name, task, content, error, agent_id)
    tell(runtime, MemberFinished(team.name, member.name, task, answer.said, error))
    if cause is not None and team.on_member_error == "stop":
        raise RunError(f"{team.name} stopped, because {answer.said}") from cause
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
        artifact={WORK: work_of(answer)},
    )


def as_message(answer: Answer) -> AIMessage:
    """A member's answer where nobody called it: as something that was said."""
    return AIMessage(answer.said, name=slug(answer.member), additional_kwargs={WORK: work_of(answer)})


def work_of(answer: Answer) -> MemberWork:
    """What is kept beside an answer."""
    return MemberWork(agent_id=answer.agent_id, task=answer.task, error=answer.error)


def member_of(team: TeamSpec, key: str) -> Spec:
    """The member whose node has this name."""
    return next(member for member in team.members if slug(member.name) == key)
