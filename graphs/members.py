"""The members of a team: the functions that they are called by, and the node in which one works."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.errors import GraphBubbleUp, GraphDrained
from langgraph.runtime import RunControl, Runtime

from coterie.errors import CoterieError
from coterie.graphs.events import MemberFinished, MemberStarted
from coterie.graphs.given import conversation
from coterie.graphs.modes import Answer
from coterie.graphs.nodes import Update
from coterie.graphs.notes import publish
from coterie.graphs.spec import Graph, Spec, TeamSpec, slug
from coterie.graphs.state import WORK, GraphState, MemberWork, RunContext, asking, here, tell
from coterie.memory.flow import Flow
from coterie.memory.values import Note


class Told(TypedDict, total=False):
    """What of a team's state its members are told from, where they are told the conversation."""

    messages: list[AnyMessage]
    history: list[AnyMessage]


class MemberTask(Told):
    """What a team's leader sends to a member."""

    task: str
    call_id: str
    """The leader's tool call that the member's answer belongs to."""


def told_members(team: TeamSpec, state: GraphState) -> Told:
    """What to send along with a member's task. Nothing where it would not be read: a checkpointer keeps all of it."""
    if team.member_context != "conversation":
        return Told()
    return Told(messages=state["messages"], history=state.get("history", []))


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
    control: RunControl
    """What stops it."""

    def call(self) -> Any:
        """Run the member's graph in this thread."""
        return self.graph.invoke(self.given, context=self.context, control=self.control)

    async def acall(self) -> Any:
        """Await the member's graph."""
        return await self.graph.ainvoke(self.given, context=self.context, control=self.control)


def working(
    key: str,
    task: str,
    runtime: Runtime[RunContext],
    state: Mapping[str, Any] | None = None,
    begin: Mapping[str, Any] | None = None,
) -> Flow[Answer]:
    """Let a member work, and tell the other members what it found.

    A member that fails is reported in the answer and in the stream, and the others go on; or, with
    ``on_member_error="stop"``, the others stop.

    Args:
        key: the name of the member's node.
        task: what it is to do.
        runtime: the team's.
        state: the team's, with its ``messages`` and ``history``: needed with ``member_context="conversation"``.
        begin: the state that the member begins with, where that is more than its task and what it is told.

    Raises:
        RunError: a member failed, and the team stops then.
    """
    built, halt = here(runtime), runtime.context.halt
    team = built.spec
    assert isinstance(team, TeamSpec)
    assert halt is not None, "a team's graph sets it"
    halt.check()
    member = member_of(team, key)
    context = replace(asking(runtime), team_id=team.team_id, member=True)
    tell(runtime, MemberStarted(team.name, member.name, task))
    begin = begin or given(team, member, task, state)
    said, handoff, error = yield from _result(
        RunMember(built.members[key], begin, context, halt.control(runtime.control))
    )
    agent_id = None if isinstance(member, TeamSpec) else member.agent_id
    content = f"Handed over to {handoff}." if handoff else str(said[-1].text) if said else ""
    if error is None and not handoff:
        note = Note(content, "", agent_id=agent_id, member=member.name, task=task)
        publish(built.told, note, runtime)
    failed = reason(error) if error is not None else None
    answer = Answer(member.name, task, "" if error else content, failed, agent_id, said, handoff)
    if error is not None and team.on_member_error == "stop":
        halt.stop(f"{built.path}: its member {member.name} failed, so the run was stopped. {failed}", error)
    kind = "" if error is None else type(error).__name__
    tell(runtime, MemberFinished(team.name, member.name, task, answer.said, failed, error_type=kind))
    halt.check()
    return answer


def reason(error: Exception) -> str:
    """Why a member failed. Our own errors say it themselves."""
    return str(error) if isinstance(error, CoterieError) else f"{type(error).__name__}: {error}"


def _result(work: RunMember) -> Flow[tuple[tuple[AnyMessage, ...], str | None, Exception | None]]:
    """What the member says, and the node it hands over to, if it does; or why it failed.

    Raises:
        RunError: its team stops, for another one that failed.
    """
    try:
        result = yield work
    except GraphDrained:
        assert work.context.halt is not None
        work.context.halt.check()
        raise
    except GraphBubbleUp:
        raise
    except Exception as error:
        return (), None, error
    return tuple(result["messages"][len(work.given["messages"]) :]), result.get("handoff"), None


def given(team: TeamSpec, member: Spec, task: str, state: Mapping[str, Any] | None) -> dict[str, Any]:
    """The state that a member begins with: its task, and what its team tells it of the conversation."""
    begin: dict[str, Any] = {"messages": [HumanMessage(task)]}
    if team.member_context != "conversation":
        return begin
    assert state is not None, "a mode hands the team's state to `working`: its members are told the conversation"
    return {**begin, "history": list(conversation(state, task, member.name))}


def work_as(key: str, state: MemberTask, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Let a member work, and answer the leader's call."""
    answer = yield from working(key, state["task"], runtime, state)
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
