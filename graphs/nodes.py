"""The nodes that agent and team graphs are made of. `recall_node` and `curator_node` fit into any StateGraph."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime, get_runtime

from coterie.errors import ConflictError, CoterieError, RunError
from coterie.graphs.events import MemoryCurated, MemoryRecalled, ToolFinished, ToolStarted
from coterie.graphs.prompts import memory_block, system_prompt
from coterie.graphs.spec import MemoryUse, Spec, slug
from coterie.graphs.state import GraphState, RunContext, asking, question, this_turn
from coterie.memory.flow import Flow, adrive, drive
from coterie.memory.ids import new_id
from coterie.memory.values import Message, Turn

Update = dict[str, Any]


class Node(Protocol):
    """A node that waits for no model: LangGraph runs it in a worker thread under ``ainvoke``."""

    def __call__(self, state: GraphState, *, runtime: Runtime[RunContext]) -> Update:
        """Take the state, return what changes."""


MAX_EARLIER_TURNS = 3
"""How many turns that are still owed one run curates besides its own."""
ABANDONED = timedelta(minutes=5)
"""A turn that is pending for longer, without a failure, was left by a process that died."""


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


Steps = Callable[[Any, Runtime[RunContext]], Flow[Update]]


class FlowNode(Runnable[Any, Update]):
    """A node for steps that wait for a model: one body, for ``invoke`` and ``ainvoke`` alike.

    LangGraph calls it within the run's config, so the models and graphs that the steps wait for belong to the run. It
    adds no span of its own to a trace, unlike a RunnableLambda, and costs a fifth of it.
    """

    def __init__(self, name: str, steps: Steps) -> None:
        self.name = name
        self._steps = steps

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Take the steps in this thread."""
        return drive(self._steps(input, get_runtime(RunContext)))

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Take the steps, awaiting the models."""
        return await adrive(self._steps(input, get_runtime(RunContext)))


def recall_node(memory: MemoryUse | None, *, agent_id: str | None = None, team_id: str | None = None) -> Node:
    """A node that reads the session's last turns and the memories that fit the question.

    It sets ``history`` and ``recalled`` of `GraphState`. A member of a team is given its task alone, so it has no
    history; with a checkpointer the earlier messages are in the state already, and none are read.
    """

    def recall(state: GraphState, *, runtime: Runtime[RunContext]) -> Update:
        context = asking(runtime)
        update: Update = {
            "run_id": context.run_id or new_id(),
            "session_id": context.session_id or new_id(),
            "history": [],
            "recalled": "",
        }
        if memory is None:
            return update
        db, messages = memory.manager.db, state["messages"]
        if memory.history_runs and context.session_id and not context.member and not _has_answers(messages):
            turns = db.turns(context.user_id, context.session_id, limit=memory.history_runs)
            update["history"] = [message for turn in turns for message in _as_history(turn)]
        if memory.recall:
            found = db.recall(context.scope(agent_id, team_id), question(messages), token_budget=memory.token_budget)
            update["recalled"] = memory_block(found)
            runtime.stream_writer(MemoryRecalled(agent_id or team_id or "", found))
        return update

    return recall


def _has_answers(messages: Sequence[AnyMessage]) -> bool:
    return any(isinstance(message, AIMessage) for message in messages)


def _as_history(turn: Turn) -> Iterator[AnyMessage]:
    """A stored turn as the model sees it later: what was said and what was answered, without the work between."""
    said = [message for message in turn.messages if message.role == "user"]
    answers = [message for message in turn.messages if message.role == "assistant"]
    yield from (HumanMessage(message.content, name=message.name) for message in said)
    yield from (AIMessage(message.content, name=message.name) for message in answers[-1:])


def model_node(spec: Spec, tools: Sequence[BaseTool]) -> FlowNode:
    """The node that asks the model, with instructions, memories, history and the messages so far."""
    model: Runnable[Any, Any] = spec.model.bind_tools(list(tools)) if tools else spec.model

    def steps(state: GraphState, _: Runtime[RunContext]) -> Flow[Update]:
        system = SystemMessage(system_prompt(spec, state.get("recalled", "")))
        try:
            answer = yield Invoke(model, [system, *state.get("history", []), *state["messages"]])
        except (GraphBubbleUp, CoterieError):
            raise
        except Exception as error:
            raise RunError(f"{spec.name}: its model failed: {type(error).__name__}: {error}") from error
        return {"messages": [answer.model_copy(update={"name": slug(spec.name)})]}

    return FlowNode("model", steps)


def wants_tools(message: AnyMessage) -> bool:
    """Whether the model asked for tools, be it with arguments that cannot be read."""
    return isinstance(message, AIMessage) and bool(message.tool_calls or message.invalid_tool_calls)


def tools_node(name: str, tools: Sequence[BaseTool]) -> FlowNode:
    """The node that runs the tools the model called, in parallel; every call gets its answer.

    A tool that raises, one that does not exist and arguments that are not JSON are answered with the error, which the
    model reads and `ToolFinished` shows.
    """
    node = ToolNode(list(tools), handle_tool_errors=True)

    def steps(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
        call = state["messages"][-1]
        assert isinstance(call, AIMessage)
        for wanted in call.tool_calls:
            runtime.stream_writer(ToolStarted(name, wanted["name"], wanted["args"], wanted["id"] or ""))
        unreadable = [
            ToolMessage(
                f"The arguments are not valid JSON: {wanted['args']!r}. Call it again with valid ones.",
                tool_call_id=wanted["id"] or "",
                name=wanted["name"],
                status="error",
            )
            for wanted in call.invalid_tool_calls
        ]
        found = (yield Invoke(node, dict(state))) if call.tool_calls else {"messages": []}
        answers = [*found["messages"], *unreadable]
        for answer in answers:
            runtime.stream_writer(
                ToolFinished(name, answer.name, answer.text, answer.tool_call_id, answer.status == "error")
            )
        return {"messages": answers}

    return FlowNode("tools", steps)


def curator_node(
    memory: MemoryUse | None, *, name: str = "curator", agent_id: str | None = None, team_id: str | None = None
) -> FlowNode:
    """The node that keeps the turn and has it curated: the last one of an agent's or a team's graph.

    The turn is stored first, with its curation owed, and curated then. Turns of the same user that an earlier run could
    not have curated come before it. A curator that fails is reported in the stream, and the turn stays pending.
    """

    def steps(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
        context = asking(runtime)
        if memory is None or context.member:
            return {}
        owed = memory.curate and context.user_id is not None
        turn = Turn(
            turn_id=state["run_id"],
            session_id=state["session_id"],
            run_id=state["run_id"],
            messages=tuple(_as_messages(this_turn(state["messages"]))),
            at=datetime.now(UTC),
            user_id=context.user_id,
            team_id=team_id or context.team_id,
            agent_id=agent_id,
            status="pending" if owed else "none",
        )
        memory.manager.db.record_turn(turn)
        for each in [*_left_behind(memory, turn), turn] if owed else []:
            with suppress(ConflictError):  # another process has curated it meanwhile
                report = yield from memory.manager.curating(each)
                runtime.stream_writer(MemoryCurated(name, report))
                if report.error is not None:
                    break
        return {}

    return FlowNode("curate", steps)


def _left_behind(memory: MemoryUse, turn: Turn) -> list[Turn]:
    """Earlier turns of the same user that failed, or whose process died."""
    owed = memory.manager.db.pending_turns(turn.user_id, limit=MAX_EARLIER_TURNS + 1)
    stale = [each for each in owed if each.attempts or turn.at - each.at > ABANDONED]
    return [each for each in stale if each.turn_id != turn.turn_id][:MAX_EARLIER_TURNS]


def _as_messages(messages: Sequence[AnyMessage]) -> Iterator[Message]:
    """What is worth keeping of a turn: everything that was said, and what tools and members answered."""
    for message in messages:
        text = _storable(message.text)
        if isinstance(message, HumanMessage):
            yield Message("user", text, message.name)
        elif isinstance(message, ToolMessage):
            yield Message("tool", text, message.name)
        elif isinstance(message, AIMessage) and text:
            yield Message("assistant", text, message.name)


def _storable(text: str) -> str:
    """What a model or a tool said, without the two things no database takes: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
