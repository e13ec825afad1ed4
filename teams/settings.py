"""From what people write to what graphs are built from: models, tools, and how memory is used."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool, StructuredTool

from coterie.errors import ConfigurationError
from coterie.graphs.offline import OfflineModel
from coterie.graphs.spec import Curate, Inherited, MemoryUse, slug
from coterie.memory.db import Db
from coterie.memory.manager import MemoryManager
from coterie.memory.models import chat_model


class UsesMemory(Protocol):
    """The memory settings that agents and teams share."""

    name: str
    db: Db | None
    memory_manager: MemoryManager | None
    update_memory_on_run: Curate
    add_memories_to_context: bool | None
    enable_agentic_memory: bool
    enable_session_summaries: bool
    num_history_runs: int


NOTHING = Inherited()


def checked_name(name: str) -> str:
    """Refuse a name of which no node's name can be made."""
    if not isinstance(name, str) or not slug(name):
        raise ConfigurationError(f"The name is {name!r}: give a text with letters or digits.")
    return name


def listed(owner: str, what: str, values: Iterable[Any]) -> tuple[Any, ...]:
    """Values as a tuple; a single one in place of a list is refused."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"{owner}: {what}={values!r} is no list: write {what}=[...].")
    return tuple(values)


def checked_curate(owner: str, value: Curate) -> Curate:
    """Refuse a way of curating that there is not."""
    if value not in (True, False, "background"):
        raise ConfigurationError(f"{owner}: update_memory_on_run={value!r} is not known: give True or 'background'.")
    return value


def checked_store(owner: str, db: Db | None, manager: MemoryManager | None) -> Db | None:
    """The one store that is meant by ``db`` and by the memory manager.

    Raises:
        ConfigurationError: two stores, or something that is none.
    """
    if db is not None and not isinstance(db, Db):
        raise ConfigurationError(f"{owner}: db={db!r} is no store: give SqliteDb('team.db') or PostgresDb(db_url=...).")
    brought = manager.store if manager is not None else None
    if db is not None and brought is not None and db is not brought:
        raise ConfigurationError(f"{owner} has the store {db!r}, and its memory_manager {brought!r}: give one of them.")
    return db or brought


def usable_model(model: BaseChatModel | str | None, inherited: Inherited) -> BaseChatModel:
    """The chat model that is meant: its own, the team's, the environment's; without any, the offline model."""
    return chat_model(model if model is not None else inherited.model) or OfflineModel()


def usable_tools(owner: str, tools: Sequence[Callable[..., Any] | BaseTool]) -> tuple[BaseTool, ...]:
    """LangChain tools, made of functions where need be.

    Raises:
        ConfigurationError: something that is no tool, or a function without a docstring to tell the model what it does.
    """
    usable = []
    for tool in tools:
        if isinstance(tool, BaseTool):
            usable.append(tool)
        elif callable(tool):
            usable.append(_made_of(owner, tool))
        else:
            raise ConfigurationError(f"{owner}: {tool!r} is no tool: give a function or a LangChain tool.")
    return tuple(usable)


def _made_of(owner: str, function: Callable[..., Any]) -> BaseTool:
    import inspect

    try:
        if inspect.iscoroutinefunction(function):
            return StructuredTool.from_function(coroutine=function)
        return StructuredTool.from_function(function)
    except ValueError as error:
        raise ConfigurationError(
            f"{owner}: {getattr(function, '__name__', function)!r} cannot be a tool: {error} "
            "A docstring tells the model what it does."
        ) from error


def text_of(instructions: str | Sequence[str]) -> str:
    """Instructions as one text; a list becomes a list."""
    return instructions if isinstance(instructions, str) else "\n".join(f"- {each}" for each in instructions)


def memory_use(owner: UsesMemory, model: BaseChatModel, inherited: Inherited) -> MemoryUse | None:
    """How the owner's graph uses memory; None where there is no store.

    Raises:
        ConfigurationError: memory is asked for, but there is no store; or a member has another store than its team.
    """
    if inherited.memory is not None:
        manager: MemoryManager | None = inherited.memory.manager
        if owner.db is not None and owner.db is not inherited.memory.manager.db:
            raise ConfigurationError(
                f"{owner.name} has the store {owner.db!r}, its team {inherited.memory.manager.db!r}: a team shares one "
                "memory, so give both the same store, or the member none."
            )
    elif owner.db is None:
        manager = None
    else:
        manager = (owner.memory_manager or MemoryManager()).completed(owner.db, model)
    if manager is None:
        if (
            owner.update_memory_on_run
            or owner.add_memories_to_context
            or owner.enable_agentic_memory
            or owner.enable_session_summaries
        ):
            raise ConfigurationError(
                f"{owner.name} is to remember, but has no store: give it db=SqliteDb('team.db') or a memory_manager."
            )
        return None
    if owner.update_memory_on_run:
        _ = manager.curator  # so that a curator that cannot work is told of now, not after the first answer
    recall = owner.add_memories_to_context
    return MemoryUse(
        manager=manager,
        recall=True if recall is None else recall,
        curate=owner.update_memory_on_run,
        agentic=owner.enable_agentic_memory,
        summaries=owner.enable_session_summaries,
        history_runs=owner.num_history_runs,
    )
