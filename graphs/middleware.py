"""`MemoryMiddleware`: what makes an agent of LangChain's ``create_agent`` remember its users.

Its steps are those of the nodes `recall_node` and `curator_node`.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any, NotRequired, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.runtime import Runtime
from langgraph.types import Command

from coterie.errors import ConfigurationError, CoterieError
from coterie.graphs.memory_checks import checked_curate, checked_store, no_store
from coterie.graphs.memory_nodes import Whose, kept_and_curated, recalled
from coterie.graphs.memory_tools import memory_tools
from coterie.graphs.metering import metered
from coterie.graphs.spec import Curate, MemoryUse
from coterie.graphs.state import KEPT, GraphState, asking, this_turn
from coterie.graphs.tool_events import told_error
from coterie.graphs.turn_kept import Kept, answered, begun, said, shown, told
from coterie.memory.db import Db
from coterie.memory.flow import Flow, adrive, drive
from coterie.memory.ids import checked_id
from coterie.memory.manager import MemoryManager

try:
    from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
    from langchain.agents.middleware.types import ExtendedModelResponse, PrivateStateAttr
except ImportError as missing:
    raise ConfigurationError(
        'MemoryMiddleware is for agents of LangChain, which is not installed: pip install "coterie[langchain]"'
    ) from missing

log = logging.getLogger("coterie")

Handler = Callable[[ModelRequest[Any]], ModelResponse[Any]]
AsyncHandler = Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
Response = ModelResponse[Any] | ExtendedModelResponse[Any]


class RememberingState(AgentState[Any]):
    """The agent's state, with what the middleware keeps there for itself: in no input, and in no output."""

    coterie: NotRequired[Annotated[Kept | None, PrivateStateAttr]]


class MemoryMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Gives an agent of ``langchain.agents.create_agent`` the shared memory.

    Before the agent begins, the memories that fit the question are read, with the session's summary and, where the
    messages have no answers yet, its last turns; each model call is told them. When the agent has answered, the turn is
    stored and curated, once. Who is asking is in the run's context: a `coterie.graphs.state.RunContext`, or anything
    with a ``user_id``, and perhaps a ``session_id`` and a ``run_id``, as attributes or keys. The config's ``thread_id``
    names the session where the context does not. Without a user nobody's memories are read or made.

    It comes first in the list of middleware, so that it keeps what the others leave of a message.

    Needs ``pip install 'coterie[langchain]'``.

    Args:
        db: the shared store.
        memory_manager: the manager to use, where the default one for ``db`` does not do. One without a model has the
            agent's.
        update_memory_on_run: have the curator go through every turn of a user. True: before the run ends;
            "background": in a thread of this process; "later": a `Worker` or ``coterie curate`` does it; False: turns
            are only stored.
        add_memories_to_context: put what is remembered into the prompt.
        enable_agentic_memory: give the agent tools to search, add, update and forget memories of the user itself.
        enable_session_summaries: have each session summed up in the background, and put the summary into the next
            prompt.
        num_history_runs: how many earlier turns of the session the model sees. With a checkpointer, or where the caller
            gives the whole conversation, the messages have them already, and none are read.
        history_tokens: the most that they may take of a prompt, in estimated tokens.
        memory_tokens: the most that memories may take of a prompt, in estimated tokens.
        agent_id: names the agent in the store: the author of its memories. None: nobody in particular.
        team_id: the team that it belongs to.

    Raises:
        ConfigurationError: no store, or two; a way of curating that there is not.
        InputError: a tag that can be no id.
    """

    state_schema = RememberingState

    def __init__(
        self,
        db: Db | None = None,
        *,
        memory_manager: MemoryManager | None = None,
        update_memory_on_run: Curate = True,
        add_memories_to_context: bool = True,
        enable_agentic_memory: bool = False,
        enable_session_summaries: bool = False,
        num_history_runs: int = 5,
        history_tokens: int = 2000,
        memory_tokens: int = 400,
        agent_id: str | None = None,
        team_id: str | None = None,
    ) -> None:
        store = checked_store(self.name, db, memory_manager)
        if store is None:
            raise no_store(self.name)
        self._given = memory_manager or MemoryManager()
        self._has_model = self._said_whose = False
        memory = MemoryUse(
            manager=self._given.completed(store, None),
            recall=add_memories_to_context,
            curate=checked_curate(self.name, update_memory_on_run),
            summaries=enable_session_summaries,
            history_runs=num_history_runs,
            history_tokens=history_tokens,
            token_budget=memory_tokens,
        )
        for name, value in (("agent_id", agent_id), ("team_id", team_id)):
            checked_id(name, value)
        self._whose = Whose(memory, agent_id or team_id or "agent", agent_id, team_id)
        self.tools = _tools(memory, self._whose) if enable_agentic_memory else []

    @property
    def memory(self) -> MemoryManager:
        """The memory manager in use."""
        return self._use.manager

    @property
    def _use(self) -> MemoryUse:
        assert self._whose.memory is not None
        return self._whose.memory

    def before_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any]:
        """Recall."""
        return drive(self._recalling(state, runtime))

    async def abefore_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any]:
        """Recall."""
        return await adrive(self._recalling(state, runtime))

    def wrap_model_call(self, request: ModelRequest[Any], handler: Handler) -> Response:
        """Tell the model what was recalled."""
        return _noted(request, handler(self._told(request)))

    async def awrap_model_call(self, request: ModelRequest[Any], handler: AsyncHandler) -> Response:
        """Tell the model what was recalled."""
        return _noted(request, await handler(self._told(request)))

    def after_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any]:
        """Keep the turn, and have it curated."""
        return drive(self._keeping(state, runtime))

    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any]:
        """Keep the turn, and have it curated."""
        return await adrive(self._keeping(state, runtime))

    def _recalling(self, state: AgentState[Any], runtime: Runtime[Any]) -> Flow[dict[str, Any]]:
        messages = state["messages"]
        self._say_if_nobody_speaks(asking(runtime).user_id)
        found = yield from metered(recalled(self._whose, {"messages": messages}, runtime), "recall", runtime)
        return {KEPT: begun(messages, asking(runtime).user_id, found, _kept(state))}

    def _say_if_nobody_speaks(self, user_id: str | None) -> None:
        if user_id is None and not self._said_whose:
            self._said_whose = True
            log.warning("MemoryMiddleware remembers nothing of a run whose context has no user_id: give one.")

    def _keeping(self, state: AgentState[Any], runtime: Runtime[Any]) -> Flow[dict[str, Any]]:
        kept, turn = _kept(state), GraphState(messages=this_turn(answered(state)))
        if kept is not None:
            turn = GraphState(
                messages=said(kept, state),
                run_id=kept["run_id"],
                turn_id=kept["turn_id"],
                session_id=kept["session_id"],
            )
            runtime = runtime.override(context=replace(asking(runtime), user_id=kept["user_id"]))
        if turn["messages"]:
            yield from metered(kept_and_curated(self._whose, turn, runtime), "curate", runtime)
        return {KEPT: None}

    def _told(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        self._meet(request.model)
        kept = _kept(request.state)
        if kept is None:
            return request
        system = told(request.system_message, kept)
        return request.override(system_message=system, messages=[*kept["history"], *request.messages])

    def _meet(self, model: BaseChatModel) -> None:
        """Take the agent's model for curating, where the manager has none. It is known when it is first asked."""
        if not self._has_model and isinstance(model, BaseChatModel):
            manager = self._given.completed(self.memory.db, model)
            self._whose = replace(self._whose, memory=replace(self._use, manager=manager))
            self._has_model = True


def _kept(state: AgentState[Any]) -> Kept | None:
    """What was recalled for this turn. None: other middleware ended the run before it was."""
    return cast(RememberingState, state).get(KEPT)


def _noted(request: ModelRequest[Any], response: ModelResponse[Any]) -> Response:
    """The response, and if it is news, what the model was shown of the turn."""
    kept = _kept(request.state)
    if kept is None or (now := shown(kept, request.state["messages"])) == kept:
        return response
    return ExtendedModelResponse(response, Command(update={KEPT: now}))


def _tools(memory: MemoryUse, whose: Whose) -> list[BaseTool]:
    """The memory tools. What goes wrong in one is told the model, as in an agent of ours; here it would end the run."""
    tools = memory_tools(memory, name=whose.name, agent_id=whose.agent_id, team_id=whose.team_id)
    return [tool.model_copy(update={"func": _telling(tool), "handle_tool_error": True}) for tool in tools]


def _telling(tool: StructuredTool) -> Callable[..., Any]:
    assert tool.func is not None
    function = tool.func

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except CoterieError as error:
            raise ToolException(told_error(error)) from error

    return called
