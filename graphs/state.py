"""What travels through a graph: the state that its nodes write, and the context that says who is asking."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, NotRequired, Protocol
from uuid import UUID

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables.config import RunnableConfig, ensure_config, var_child_runnable_config
from langgraph.graph import MessagesState
from langgraph.runtime import Runtime, get_runtime
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypedDict

from coterie.graphs.events import Event
from coterie.graphs.halting import Halt
from coterie.graphs.session import SessionState, session_of
from coterie.graphs.spec import Built, TeamSpec
from coterie.memory.ids import checked_id, new_id
from coterie.memory.values import Scope


@dataclass(frozen=True)
class RunContext:
    """Who is asking: LangGraph's runtime context, never part of the messages.

    Raises:
        InputError: an id is empty, too long or holds a NUL.
    """

    user_id: str | None = None
    """Whose memories are recalled and made. None: nobody's."""
    session_id: str | None = None
    """Which conversation is continued. None: the config's ``thread_id``, else a new one."""
    run_id: str | None = None
    """Names this run in revisions and turns. None: a new id."""
    team_id: str | None = None
    """The team that an agent works in; the team sets it."""
    member: bool = False
    """Whether this is a member at work: its team keeps the turn and curates it."""
    nested: bool = False
    """Whether this graph is a node of another one, or called in one: given its input again when that goes on after an
    interrupt. The graph sets it."""
    new_session: bool = False
    """Whether the session begins with this run: then nobody looks for what was said in it before."""
    session: SessionState | None = field(default=None, repr=False)
    """The session's state, for tools: ``runtime.context.session.update({"basket": []})``. None: there is no store, or
    the run names no session."""
    noted: set[str] | None = field(default=None, repr=False)
    """The teams that have notes of this run, so that nobody looks for notes that cannot be. None: it is not known."""
    halt: Halt | None = field(default=None, repr=False)
    """Whether the members of the team are to stop; a team sets it."""
    built: Built | None = field(default=None, repr=False)
    """Whose graph this is; the graph sets it."""
    listen: Callable[[Event], None] | None = field(default=None, repr=False)
    """Who is told of the run's events, at once and in any thread; they are streamed as well. None: nobody. Streaming
    them costs 1 ms a run."""

    def __post_init__(self) -> None:
        for name in ("user_id", "session_id", "run_id", "team_id"):
            checked_id(name, getattr(self, name))

    def scope(self, agent_id: str | None, team_id: str | None = None) -> Scope:
        """What a node of this agent or team may read."""
        return Scope(self.user_id, team_id or self.team_id, agent_id)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """What a tool that takes ``ToolRuntime[RunContext, ...]`` is given is not looked into; Studio shows the ids."""
        text = core_schema.typed_dict_field(core_schema.nullable_schema(core_schema.str_schema()), required=False)
        ids = core_schema.typed_dict_schema(dict.fromkeys(("user_id", "session_id", "run_id"), text))
        return core_schema.json_or_python_schema(json_schema=ids, python_schema=core_schema.is_instance_schema(cls))


class Running(Protocol):
    """What nodes and tools are given of the run: LangGraph's ``Runtime`` or ``ToolRuntime``."""

    @property
    def context(self) -> RunContext:
        """Who is asking."""

    @property
    def stream_writer(self) -> Callable[[Any], None]:
        """Writes to the custom stream."""


def inherited_context(
    context: RunContext | Mapping[str, Any] | None, built: Built, config: RunnableConfig | None
) -> RunContext:
    """The context of a run of this agent or team: the one that is given, else the one of the run it is part of."""
    if context is None:
        outer = run_around()
        if outer is not None:
            context = replace(run_context(outer.context), new_session=False)
    given = in_thread_of(context if isinstance(context, RunContext) else RunContext(**(context or {})), config)
    nested = bool(ensure_config(config).get("configurable", {}).get("checkpoint_ns"))
    spec, session = built.spec, given.session
    if session is None and given.session_id is not None:
        session = session_of(spec, given.user_id, given.session_id)
    halt = Halt() if isinstance(spec, TeamSpec) else None
    return replace(given, built=built, session=session, halt=halt, run_id=given.run_id or new_id(), nested=nested)


def run_around() -> Runtime[Any] | None:
    """The run of LangGraph's that this code is called in. None: there is none."""
    return get_runtime() if var_child_runnable_config.get() else None


def asking(runtime: Running) -> RunContext:
    """The run's context; outside ``Agent.run`` it may be missing, and ``thread_id`` then names the session."""
    return in_thread_of(run_context(runtime.context), None)


def run_context(context: object) -> RunContext:
    """Who is asking, in a graph of any context: a `RunContext`, or something with the same ids.

    Of a context of another kind the attributes, or of a mapping the keys, ``user_id``, ``session_id`` and ``run_id``
    count; those that it lacks are None.

    Raises:
        InputError: an id is none.

    >>> run_context({"user_id": 7, "plan": "free"}).user_id
    '7'
    """
    if isinstance(context, RunContext):
        return context
    read = context.get if isinstance(context, Mapping) else partial(_attribute, context)
    return RunContext(*(_as_id(read(name)) for name in ("user_id", "session_id", "run_id")))


def _attribute(context: object, name: str) -> Any:
    return getattr(context, name, None)


def _as_id(value: Any) -> Any:
    """Others number their users; what can be no id, True for one, is left for `RunContext` to refuse."""
    return str(value) if isinstance(value, int | UUID) and not isinstance(value, bool) else value


def in_thread_of(context: RunContext, config: RunnableConfig | None) -> RunContext:
    """The context, with the config's ``thread_id`` where it names no session. None: the config of the run around."""
    if context.session_id is not None:
        return context
    thread = ensure_config(config).get("configurable", {}).get("thread_id")
    return context if thread is None else replace(context, session_id=str(thread))


def here(runtime: Running) -> Built:
    """Whose graph is running: the agent, or the team."""
    built = runtime.context.built
    assert built is not None, "the graph of an agent or a team sets it"
    return built


def tell(runtime: Running, event: Event) -> None:
    """Say what happened, and where: to LangGraph's custom stream, and to who listens to the run."""
    context, config = run_context(runtime.context), var_child_runnable_config.get() or RunnableConfig()
    step = config.get("configurable", {}).get("checkpoint_ns", "")
    path = context.built.path if context.built is not None else ""
    event = replace(event, path=path, node=config.get("metadata", {}).get("langgraph_node", ""), step=step)
    runtime.stream_writer(event)
    if context.listen is not None:
        context.listen(event)


class Asked(TypedDict):
    """Who began a turn, and with what."""

    user_id: str | None
    known: list[str]
    """The ids of the messages that were there when the run began."""
    asked: list[str]
    """Those of them that began this turn."""


class GraphState(MessagesState, total=False):
    """The state of agent and team graphs. What is not ``messages`` is set anew by the recall node of every run."""

    run_id: str
    turn_id: str
    session_id: str
    asked: Asked
    history: list[AnyMessage]
    """Earlier turns of the session, oldest first, from the store; a member's is what its team tells it."""
    recalled: str
    """What memory says, ready for the prompt."""
    summary: str
    """What the session was about before ``history``; empty if nobody summed it up."""
    notes: str
    """What other members found in this run, ready for the prompt."""
    session_state: str
    """The session's state, ready for the prompt."""
    closing: str
    """Why the model is to answer now, calling nothing more; it is told so. Empty: it may call functions."""
    handoff: str | None
    """The node of the member that the conversation is handed over to, by this agent or team, in its team."""
    handoffs_left: int
    """How often the conversation may still be handed over in this run."""
    active: str
    """The node of a swarm's member that has the conversation."""
    handed_over_by: str | None
    """The node of the member that had it before, in this run."""


KEPT: Final = "coterie"
"""The key under which the state of an agent of LangChain's has what is in a `GraphState` (`MemoryMiddleware`)."""


class MemberWork(TypedDict):
    """Which member answered, and what it was asked: kept beside the answer."""

    agent_id: str | None
    """None: a team did it."""
    task: str
    error: NotRequired[str | None]
    """Why it failed. None: it answered."""


WORK = "member_work"
"""The name of a `MemberWork` beside a member's answer."""


def member_work(message: AnyMessage) -> MemberWork | None:
    """Return whose answer a message is; None for a tool's, or the agent's own."""
    beside = message.artifact if isinstance(message, ToolMessage) else message.additional_kwargs
    found: MemberWork | None = beside.get(WORK) if isinstance(beside, dict) else None
    return found


def question(messages: list[AnyMessage]) -> str:
    """The last thing a person said, or an empty text."""
    return next((message.text for message in reversed(messages) if isinstance(message, HumanMessage)), "")


def this_turn(messages: list[AnyMessage]) -> list[AnyMessage]:
    """The messages since the answer before the person's last one. With a checkpointer the list has earlier turns."""
    asked = max((place for place, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    answers = (place for place in range(asked) if isinstance(messages[place], AIMessage))
    return messages[max(answers, default=-1) + 1 :]


def asked_by(user_id: str | None, messages: list[AnyMessage], before: Asked | None) -> list[AnyMessage]:
    """What a user asks in a turn that begins.

    Args:
        user_id: Who asks.
        messages: The conversation. What has no answer in it, since that run failed, is asked again.
        before: Of the run before, if there was one. What another user asked in it is not asked by this one.
    """
    others = set[str]() if before is None else {*before["known"]}
    if before is not None and before["user_id"] == user_id:
        others -= {*before["asked"]}
    return [message for message in this_turn(messages) if message.id not in others]
