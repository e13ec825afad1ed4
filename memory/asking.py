"""Asking a chat model, also for an answer in a form."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from coterie.errors import CurationError
from coterie.memory.flow import Flow, adrive, drive
from coterie.memory.secrets import masked, without_login

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import Runnable

T = TypeVar("T", bound=BaseModel)

Prompt = Sequence["tuple[str, str] | BaseMessage"]
"""Messages for a model: LangChain's own, or pairs such as ``("system", "Be brief.")``."""

_FORMAT_REFUSED = frozenset({400, 422, 501})
_SHOWN_CHARACTERS = 200
_PARSED_CHARACTERS = 200_000


@dataclass(frozen=True)
class Ask:
    """The effect "call the model".

    Without a schema the answer is the model's message, and its errors are raised as they are. With one the answer is an
    instance of it, as `asking` gets it.
    """

    model: "BaseChatModel"
    messages: Prompt
    schema: type[BaseModel] | None = None

    def call(self) -> Any:
        """Wait for the answer in this thread."""
        if self.schema is None:
            return self.model.invoke(list(self.messages))
        return drive(asking(self.model, self.messages, self.schema))

    async def acall(self) -> Any:
        """Await the answer."""
        if self.schema is None:
            return await self.model.ainvoke(list(self.messages))
        return await adrive(asking(self.model, self.messages, self.schema))


@dataclass(frozen=True)
class _AskStructured:
    """The effect "call the model, its answer held to a schema"."""

    runnable: "Runnable[Any, Any]"
    messages: Prompt

    def call(self) -> Any:
        return self.runnable.invoke(list(self.messages))

    async def acall(self) -> Any:
        return await self.runnable.ainvoke(list(self.messages))


class Held(Generic[T]):
    """A model whose answers are held to the form of a schema. Making one costs a millisecond; it can be asked often.

    The schema is sent as JSON Schema, and not as "strict": OpenAI's strict mode refuses lengths, which small local
    models need. Only a model or server that refuses schemas is asked a second time, in plain words.

    Args:
        model: any LangChain chat model.
        schema: the class of the answer.
        json_schema: what is sent, where it says more than the class does (lengths, say).
    """

    def __init__(self, model: "BaseChatModel", schema: type[T], json_schema: Mapping[str, Any] | None = None) -> None:
        self._model = model
        self._schema = schema
        self._form = dict(json_schema or schema.model_json_schema())
        self._structured = held_to(model, self._form)

    def asking(self, messages: Prompt) -> Flow[T]:
        """Ask once. Each effect that it yields is one model call.

        Raises:
            CurationError: the model could not be reached, or its answer cannot be used; says what came back.
        """
        try:
            if self._structured is not None:
                try:
                    return _parsed((yield _AskStructured(self._structured, messages)), self._schema)
                except Exception as error:
                    if not refuses_schemas(error):
                        raise
            words = f"Answer with one JSON object and nothing else. Its JSON Schema: {json.dumps(self._form)}"
            return _parsed((yield Ask(self._model, [*messages, ("human", words)])), self._schema)
        except CurationError:
            raise
        except Exception as error:
            raise CurationError(
                f"{_described(self._model)} could not be asked: {type(error).__name__}:"
                f" {shortened(str(error)).rstrip('.')}. Is its server running, and does it know this model?"
            ) from error


def asking(
    model: "BaseChatModel", messages: Prompt, schema: type[T], json_schema: Mapping[str, Any] | None = None
) -> Flow[T]:
    """Ask a model once for an answer in the form of a schema: see `Held`."""
    return (yield from Held(model, schema, json_schema).asking(messages))


def _described(model: "BaseChatModel") -> str:
    """A model's name and, where it is known, its server's URL, for a message."""
    name = getattr(model, "model_name", None) or getattr(model, "model", None)
    client = getattr(model, "root_client", None)  # OpenAI's, which knows what the environment said
    url = getattr(client, "base_url", None) or getattr(model, "base_url", None)
    said = f"The model {name!r}" if isinstance(name, str) else f"The model ({type(model).__name__})"
    return said if url is None else f"{said} at {without_login(str(url))}"


def refuses_schemas(error: Exception) -> bool:
    """Whether a server says by this error that it takes no schemas."""
    return getattr(error, "status_code", None) in _FORMAT_REFUSED


def held_to(model: "BaseChatModel", form: dict[str, Any]) -> "Runnable[Any, Any] | None":
    """The model held to a schema, its answer unparsed; None for a model that has no way to be.

    LangChain's parser is left out: it completes an answer that was cut off in the middle of a word, and takes minutes
    over long nonsense. So is the step that runs the model in a thread of its own, to put its message beside nothing.
    """
    from langchain_core.runnables import RunnableParallel, RunnableSequence

    for options in ({"method": "json_schema"}, {}):
        try:
            found: Any = model.with_structured_output(form, include_raw=True, **options)
        except (NotImplementedError, TypeError, ValueError):
            continue
        asked: Runnable[Any, Any] = found
        if isinstance(found, RunnableSequence) and isinstance(found.first, RunnableParallel):
            asked = found.first.steps__.get("raw", asked)
        return asked
    return None


def _parsed(answer: "AIMessage | Mapping[str, Any]", schema: type[T]) -> T:
    """Read a message, be it beside what LangChain made of it: the arguments of a tool call, or the JSON in its text."""
    raw = answer["raw"] if isinstance(answer, Mapping) else answer
    text = text_of(raw)
    called = [call["args"] for call in raw.tool_calls]
    candidates = called or list(objects_in(text))
    found = _fitting(candidates, schema)
    if found is not None:
        return found
    came = text or str(called or raw.additional_kwargs.get("refusal") or "")
    cut = raw.response_metadata.get("finish_reason") == "length"
    raise CurationError(
        f"The model's answer is not the JSON it was asked for{' (it was cut off)' if cut else ''}"
        f"{_misfit(candidates, schema)}: {shortened(came)!r}. Ask again, or use a model that can give structured"
        " output."
    )


def parsed_text(text: str, schema: type[T]) -> T | None:
    """Return what a text says in the form of a schema; None if it does not."""
    return _fitting(objects_in(text), schema)


def _fitting(candidates: Iterable[Any], schema: type[T]) -> T | None:
    for candidate in candidates:
        try:
            return schema.model_validate(candidate)
        except ValidationError:
            continue
    return None


def _misfit(candidates: Sequence[Any], schema: type[BaseModel]) -> str:
    """What is wrong with the first value, in brackets."""
    try:
        for candidate in candidates[:1]:
            schema.model_validate(candidate)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return f" ({'.'.join(map(str, wrong['loc']))}: {wrong['msg']})"
    return ""


def objects_in(text: str) -> Iterator[Any]:
    """The JSON objects in an answer that may have prose, code fences or the model's thoughts around them."""
    text = re.sub(r"<think>.*?</think>", "", text[:_PARSED_CHARACTERS], flags=re.DOTALL)
    decoder, at = json.JSONDecoder(), text.find("{")
    while at != -1:
        try:
            found, end = decoder.raw_decode(text, at)
            yield found
        except ValueError:
            end = at + 1
        except RecursionError:  # nothing that deep is an answer, and trying each depth would take long
            return
        at = text.find("{", end)


def text_of(message: "BaseMessage") -> str:
    """Return a message's text, whatever blocks it comes in."""
    content = message.content
    if isinstance(content, str):
        return content
    return "".join(block if isinstance(block, str) else str(block.get("text", "")) for block in content)


def shortened(text: str, limit: int = _SHOWN_CHARACTERS) -> str:
    """Return a text fit for an error message: one line, not long, secrets masked."""
    line = masked(" ".join(text[: 20 * limit].split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"
