"""The nodes that use the shared memory, `recall_node` and `curator_node`: they fit into any graph with messages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime

from coterie.errors import ConflictError, CoterieError, CurationError, NotFoundError
from coterie.graphs.events import MemoryCurated, MemoryRecalled
from coterie.graphs.hooks import answered, heard
from coterie.graphs.memory_checks import checked_use
from coterie.graphs.nodes import FlowNode, Update
from coterie.graphs.notes import notes_read, with_notes
from coterie.graphs.prompts import cut, memory_block, state_block, storable
from coterie.graphs.quiet import quietly
from coterie.graphs.spec import AgentSpec, MemoryUse, Spec, asks_model, memory_of_prompts
from coterie.graphs.state import (
    Asked,
    GraphState,
    RunContext,
    asked_by,
    asking,
    here,
    member_work,
    question,
    tell,
    this_turn,
)
from coterie.graphs.waiting import each_within
from coterie.memory.db import Db
from coterie.memory.flow import Flow
from coterie.memory.ids import new_id
from coterie.memory.report import CurationReport
from coterie.memory.tokens import estimate_tokens
from coterie.memory.values import Message, Turn


@dataclass(frozen=True)
class Whose:
    """Who uses the memory."""

    memory: MemoryUse | None
    name: str
    """The source of the events."""
    agent_id: str | None = None
    team_id: str | None = None


def whose(spec: Spec) -> Whose:
    """An agent, or a team."""
    if isinstance(spec, AgentSpec):
        return Whose(spec.memory, spec.name, agent_id=spec.agent_id)
    return Whose(spec.memory, spec.name, team_id=spec.team_id)


def recall_node(
    memory: MemoryUse | None, *, name: str = "recall", agent_id: str | None = None, team_id: str | None = None
) -> FlowNode:
    """A node that reads the session's last turns and the memories that fit the question.

    It sets everything in `GraphState` but the messages; ``name`` is the source of its events. A member of a team has
    what its team gives it, mostly its task alone, so no history is read for it; with a checkpointer the earlier
    messages are in the state already, and none are read.
    """
    who = Whose(checked_use("recall_node", memory), name, agent_id, team_id)
    return FlowNode("recall", lambda state, runtime: recalled(who, state, runtime))


def recall(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Recall for the agent or team whose graph is running: also the session's state, and what other members found.

    The pre_hooks of a nested graph, a member's say, are called here: once, also when it goes on after an interrupt.
    """
    spec, context = here(runtime).spec, asking(runtime)
    given = state
    if context.nested:
        state = yield from heard(state, here(runtime), context)
    update = yield from recalled(replace(whose(spec), memory=memory_of_prompts(spec)), state, runtime)
    if state is not given:
        update["messages"] = state["messages"]
    if not asks_model(spec):
        return update
    told = [*update["history"], *state["messages"]]
    shown = context.session.get() if spec.conduct.session_in_prompt and context.session else {}
    return {**update, "notes": notes_read(told, runtime), "session_state": state_block(shown)}


def recalled(who: Whose, state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """What `recall_node` does."""
    context, memory = asking(runtime), who.memory
    update: Update = {
        "run_id": context.run_id or new_id(),
        "turn_id": new_id(),
        "session_id": context.session_id or new_id(),
        "asked": _asked(context.user_id, state),
        "recalled": "",
        "handoff": None,
        "handed_over_by": None,
        **_told_by_team(state if context.member else {}),
    }
    if memory is None:
        return update
    db, messages = memory.manager.db, state["messages"]
    session_id = None if context.member or context.new_session else context.session_id
    if memory.history_runs and session_id and not _has_answers(messages):
        turns = db.turns(context.user_id, session_id, limit=memory.history_runs)
        update["history"] = within(memory.history_tokens, [list(_as_history(turn)) for turn in turns])
    if memory.summaries and session_id:
        update["summary"] = _summary(db, context.user_id, session_id)
    if memory.recall:
        scope = context.scope(who.agent_id, who.team_id)
        found = db.recall(scope, query := question(messages), token_budget=memory.token_budget)
        update["recalled"] = memory_block(found)
        tell(runtime, MemoryRecalled(who.name, found, query=query))
    return update
    yield  # it waits for no model: a flow like the others all the same


def _asked(user_id: str | None, state: GraphState) -> Asked:
    """Who asks what in the turn that begins."""
    turn, asked = this_turn(state["messages"]), asked_by(user_id, state["messages"], state.get("asked"))
    return Asked(user_id=user_id, known=[each.id or "" for each in turn], asked=[each.id or "" for each in asked])


def _told_by_team(state: Mapping[str, Any]) -> Update:
    """What a member has of the conversation: what its team put into its state. Nothing for one that is no member."""
    return {name: state.get(name, nothing) for name, nothing in (("history", []), ("summary", ""), ("closing", ""))}


def _has_answers(messages: Sequence[AnyMessage]) -> bool:
    return any(isinstance(message, AIMessage) for message in messages)


def within(budget: int, turns: Sequence[list[AnyMessage]]) -> list[AnyMessage]:
    """The messages of the last turns that fit into so many tokens. Of the very last, if it alone does not, a part."""
    kept: list[AnyMessage] = []
    for turn in reversed(turns):
        tokens = sum(estimate_tokens(message.text) for message in turn)
        if tokens > budget and not kept:
            parts = [cut(message.text, estimate_tokens(message.text) * budget // tokens) for message in turn]
            return [message.model_copy(update={"content": part}) for message, part in zip(turn, parts, strict=True)]
        budget -= tokens
        if budget < 0:
            break
        kept[:0] = turn
    return kept


def _summary(db: Db, user_id: str | None, session_id: str) -> str:
    """What the session was about; nothing if it is new."""
    try:
        return db.session(user_id, session_id).summary or ""
    except NotFoundError:
        return ""


def _as_history(turn: Turn) -> Iterator[AnyMessage]:
    """A stored turn as the model sees it later: what was said and what was answered, without the work between."""
    said = [message for message in turn.messages if message.role == "user"]
    answers = [message for message in turn.messages if message.role == "assistant"]
    yield from (HumanMessage(message.content, name=message.name) for message in said)
    yield from (AIMessage(message.content, name=message.name) for message in answers[-1:])


def curator_node(
    memory: MemoryUse | None, *, name: str = "curator", agent_id: str | None = None, team_id: str | None = None
) -> FlowNode:
    """The node that keeps the turn and has it curated: the last one of an agent's or a team's graph.

    The turn is stored first, with its curation owed, and curated then. One earlier turn of the same user and agent or
    team that is due, because its run failed to have it curated, comes before it. A curator that fails is reported in
    the stream, and its turn stays pending. With ``curate="background"`` or ``"later"`` the node stores the turn, and is
    done.
    """
    who = Whose(checked_use("curator_node", memory), name, agent_id, team_id)
    return FlowNode("curate", lambda state, runtime: kept_and_curated(who, state, runtime))


def curate(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Keep and curate the turn of the agent or team whose graph is running, with the answer that its hooks leave."""
    changed = yield from answered(state, runtime)
    if changed:
        state = {**state, "messages": [*state["messages"][:-1], *changed]}
    spec = here(runtime).spec
    yield from each_within(spec.conduct.timeout, kept_and_curated(whose(spec), state, runtime))
    return {"messages": changed} if changed else {}


def kept_and_curated(who: Whose, state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """What `curator_node` does."""
    context, memory = asking(runtime), who.memory
    if memory is None or context.member:
        return {}
    curating = memory.curate if context.user_id is not None else False
    run_id = state.get("run_id") or context.run_id or new_id()
    turn = Turn(
        turn_id=state.get("turn_id") or new_id(),
        session_id=state.get("session_id") or context.session_id or new_id(),
        run_id=run_id,
        messages=tuple(stored_messages(_turn_of(state))),
        at=datetime.now(UTC),
        user_id=context.user_id,
        team_id=who.team_id or context.team_id,
        agent_id=who.agent_id,
        status="pending" if curating else "none",
        lease=new_id() if curating is True else None,
    )
    db = memory.manager.db
    if who.team_id is not None and context.noted != set():
        turn = with_notes(db, turn)
    db.record_turn(turn)
    if curating == "background":
        memory.manager.curate_in_background(turn)
    for each in [db.claim_turn(like=turn), turn] if curating is True else []:
        report = (yield from _curated(memory, each)) if each else None
        if report is not None:
            tell(runtime, MemoryCurated(who.name, report))
    if memory.summaries:
        memory.manager.summarize_in_background(turn.session_id, turn.user_id)
    return {}


def _turn_of(state: GraphState) -> list[AnyMessage]:
    """The messages of the turn: without what another user asked in a run that failed."""
    asked = state.get("asked")
    others = {*asked["known"]} - {*asked["asked"]} if asked is not None else set[str]()
    return [message for message in this_turn(state["messages"]) if message.id not in others]


def _curated(memory: MemoryUse, turn: Turn) -> Flow[CurationReport | None]:
    """Curate a turn that is safe in the store. The answer is there: what fails now is reported, and owed."""
    try:
        return (yield from quietly(memory.manager.curating(turn)))
    except ConflictError:  # another process has curated it meanwhile
        return None
    except CoterieError as error:
        return CurationReport(turn.turn_id, error=CurationError(str(error)))


def stored_messages(messages: Sequence[AnyMessage]) -> Iterator[Message]:
    """What is worth keeping of a turn: everything that was said, and what tools and members answered."""
    for message in messages:
        text, work = storable(message.text), member_work(message)
        done = {"agent_id": work["agent_id"], "task": storable(work["task"])} if work else {}
        if isinstance(message, HumanMessage):
            yield Message("user", text, message.name)
        elif isinstance(message, ToolMessage):
            yield Message("tool", text, message.name, **done)
        elif isinstance(message, AIMessage) and text:
            yield Message("assistant", text, message.name, **done)
