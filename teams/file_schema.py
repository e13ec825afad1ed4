"""What a file may say of agents and teams: made from their own settings, so that a new one needs no second statement.

A setting that is plain data stands in the file as it is; a function, a class or another object, by reference.
"""

import ast
import inspect
import textwrap
from collections import abc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, ForwardRef, Literal, Union, get_args, get_origin, get_type_hints

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import RetryPolicy
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationInfo,
    create_model,
    model_validator,
)

from coterie.errors import ConfigurationError, CoterieError
from coterie.graphs.modes import MODES, Mode
from coterie.memory.db import Db
from coterie.memory.manager import MemoryManager
from coterie.memory.models import openai_model
from coterie.teams.agent import Agent
from coterie.teams.file_values import Expanded, Reference, SomePath, Store, loading, wrong
from coterie.teams.mcp import McpServer
from coterie.teams.team import Team
from coterie.teams.tools import Tool
from coterie.teams.tracing import Trace, TraceSetting

DATA = (str, bool, int, float, NoneType)
FUNCTION = Annotated[Any, Reference("a function", lambda value: callable(value) or isinstance(value, BaseTool))]
Maker = abc.Callable[..., Any]


class Record(BaseModel):
    """A mapping of which one object is made: its keys are the parameters."""

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())
    maker: ClassVar[Maker]
    near: ClassVar[Iterable[str]] = ()
    """Keys that may be meant by one that is not known. None: its own."""

    @model_validator(mode="before")
    @classmethod
    def _note_keys(cls, value: Any, info: ValidationInfo) -> Any:
        loading(info).keys[id(value)] = list(cls.near or cls.model_fields)
        return value

    def made(self) -> Any:
        """The object."""
        try:
            return type(self).maker(**{name: getattr(self, name) for name in self.model_fields_set})
        except CoterieError as error:
            raise wrong(error) from error


def record(maker: Maker, text: Any = str) -> Any:
    """The type of a mapping of which ``maker``, a class or a function, makes an object. ``text``: what texts may be."""
    texts = dict(_docstrings(maker))
    items = {
        name: (in_a_file(hint, text), _field(default, texts.get(name)))
        for name, (hint, default) in parameters(maker).items()
    }
    return _record(maker, items)


def _record(maker: Maker, items: dict[str, Any]) -> Any:
    model = create_model(maker.__name__, __base__=Record, __doc__="", **items)
    model.maker = staticmethod(maker)
    return Annotated[model, AfterValidator(Record.made)]


def parameters(maker: Maker) -> dict[str, tuple[Any, Any]]:
    """The types and the defaults of what ``maker`` takes."""
    has_fields = is_dataclass(maker) or hasattr(maker, "_fields")
    typed = maker if has_fields or not isinstance(maker, type) else maker.__init__  # type: ignore[misc]  # of a class
    hints = _hints(typed)
    return {each.name: (hints[each.name], each.default) for each in inspect.signature(maker).parameters.values()}


def _hints(typed: Any) -> dict[str, Any]:
    """Types by name. What is imported for type checkers alone, and not listed here, stands by reference."""
    names: dict[str, Any] = {
        kind.__name__: kind for kind in (BaseChatModel, BaseTool, RetryPolicy, BaseCheckpointSaver)
    }
    names["Tool"] = Tool
    while True:
        try:
            return get_type_hints(typed, localns=names, include_extras=True)
        except NameError as error:
            names[str(error.name)] = object


def _field(default: Any, text: str | None) -> Any:
    if default is inspect.Parameter.empty:
        return Field(description=text)
    if isinstance(default, DATA):
        return Field(default, description=text)
    return Field(default_factory=lambda: default, description=text)  # a JSON schema cannot say it


def in_a_file(hint: Any, text: Any = str) -> Any:
    """The type of what stands in a file in place of a value of a type. ``text``: of a text."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is not Annotated and hint in KNOWN:
        return KNOWN[hint]
    if origin in (Literal, Annotated) or hint in DATA:
        return text if hint is str else hint
    if origin in (Union, UnionType):
        return _one_of(in_a_file(each, text) for each in inner)
    if origin is abc.Callable:
        return FUNCTION
    if origin is abc.Mapping:
        return dict[str, Any if inner[1] is Any else in_a_file(inner[1], text)]  # type: ignore[misc]  # known when it runs
    if origin is abc.Sequence:
        return list[in_a_file(inner[0], text)]  # type: ignore[misc]  # likewise
    if origin is type:
        return Annotated[Any, Reference(f"a subclass of {inner[0].__name__}", lambda value: _is_below(value, inner[0]))]
    if hint in (Any, object) or getattr(hint, "_is_protocol", False):
        return Annotated[Any, Reference("an object", lambda value: True)]
    if isinstance(hint, type) and is_dataclass(hint):
        return record(hint, text)
    return Annotated[Any, Reference(f"a {hint.__name__}", lambda value: isinstance(value, hint))]


def _one_of(types: Iterable[Any]) -> Any:
    return Union[tuple(types)]  # noqa: UP007  # how many there are shows when it runs


def _is_below(value: Any, base: type) -> bool:
    return isinstance(value, type) and issubclass(value, base)


def _docstrings(maker: Maker) -> Iterator[tuple[str, str]]:
    """The texts that stand under the fields of a class, and of those that it builds on."""
    for each in reversed(getattr(maker, "__mro__", ())):
        if each.__module__ in ("builtins", "abc"):
            continue
        with suppress(OSError):  # there are no sources here: then there is no help either
            (definition,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
            for statement, after in pairwise(definition.body):  # type: ignore[attr-defined]  # of a class
                match statement, after:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        yield name, inspect.cleandoc(text)


def model(
    name: str | None = None,
    use: BaseChatModel | None = None,
    base_url: Expanded | None = None,
    api_key: Expanded | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> BaseChatModel:
    """A model by its name, with its server and settings; or ``use``, any LangChain chat model by reference."""
    given = (base_url, api_key, temperature, max_tokens)
    if use is not None and name is None and not any(value is not None for value in given):
        return use
    if name is None or use is not None:
        raise ConfigurationError("give a model by its name, with settings, or by use alone.")
    return openai_model(name, base_url=base_url, api_key=api_key, temperature=temperature, max_tokens=max_tokens)


def mode(**given: Mode) -> Mode:
    """The one mode that is given with settings."""
    if len(given) != 1:
        raise ConfigurationError(f"give one mode and its settings, not {len(given)}.")
    return next(iter(given.values()))


def mcp(mcp: McpServer) -> McpServer:
    """The server that a tool stands for."""
    return mcp


def _described(value: Any) -> str:
    """Whether a team or an agent is described: a team, if anything is said that only teams have."""
    of_teams = {each.name for each in fields(Team)} - {each.name for each in fields(Agent)}
    return "team" if isinstance(value, Mapping) and of_teams & value.keys() else "agent"


KNOWN: dict[Any, Any] = {Db: Store, BaseTool: FUNCTION, Agent | Team: ForwardRef("Member")}
"""How values of some types stand in a file, where it does not follow from the type."""
KNOWN[BaseChatModel] = record(model)
KNOWN[BaseCheckpointSaver[Any]] = Annotated[
    Any, Reference("a checkpointer", lambda value: isinstance(value, BaseCheckpointSaver))
]
KNOWN[MemoryManager] = record(MemoryManager)
KNOWN[RetryPolicy] = record(RetryPolicy)
KNOWN[McpServer] = _record(mcp, {"mcp": (record(McpServer, Expanded), ...)})
KNOWN[str | Path | None] = SomePath | None
KNOWN[TraceSetting] = bool | SomePath | record(Trace)
KNOWN[Mode | str] = Literal[tuple(MODES)] | _record(mode, {name: (record(kind), None) for name, kind in MODES.items()})


@cache
def adapter() -> TypeAdapter[Agent | Team]:
    """What makes an agent or a team of what a file says. Give it a `Loading` as context."""
    agent, team = record(Agent), record(Team)
    member = _one_of([Annotated[agent, Tag("agent")], Annotated[team, Tag("team")]])
    described: Any = Annotated[member, Discriminator(_described)]
    get_args(team)[0].model_rebuild(_types_namespace={"Member": described})
    get_args(agent)[0].near = list(get_args(team)[0].model_fields)  # a team with a slip in it looks like an agent
    return TypeAdapter(described)
