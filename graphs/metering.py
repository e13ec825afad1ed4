"""What a step costs: how long it took, and the model calls that it made, with their tokens."""

from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from langchain_core.messages import AIMessage
from langgraph.errors import GraphBubbleUp

from coterie.graphs.events import ModelCall, StepFinished, StepStarted
from coterie.graphs.state import Running, run_context, tell
from coterie.memory.flow import Effect, Flow, through

T = TypeVar("T")


def metered(steps: Flow[T], node: str, runtime: Running) -> Flow[T]:
    """The same steps, between `StepStarted` and `StepFinished`, which says what they cost, be it an error.

    An interrupt is no end: the node begins anew when the run is resumed.
    """
    calls: list[ModelCall] = []
    built = run_context(runtime.context).built
    name = built.spec.name if built else node
    started, begin = datetime.now(UTC), perf_counter()

    def tell_end(error: Exception | None = None) -> None:
        kind = "" if error is None else type(error).__name__
        failed, seconds = f"{kind}: {error}" if kind else None, perf_counter() - begin
        tell(runtime, StepFinished(name, started, seconds, tuple(calls), failed, error_type=kind))

    tell(runtime, StepStarted(name, at=started))

    try:
        result = yield from _watched(steps, calls)
    except GraphBubbleUp:
        raise
    except Exception as error:
        tell_end(error)
        raise
    tell_end()
    return result


def _watched(steps: Flow[T], calls: list[ModelCall]) -> Flow[T]:
    """The same steps; a model's answer that they wait for is noted."""
    return through(steps, partial(_noted, calls))


def _noted(calls: list[ModelCall], effect: Effect) -> Flow[Any]:
    started, begin = datetime.now(UTC), perf_counter()
    answer = yield effect
    if (message := _answered(answer)) is not None:
        calls.append(_model_call(message, started, perf_counter() - begin))
    return answer


def _answered(answer: Any) -> AIMessage | None:
    """A model's message, if that is what was waited for; with structured output it is called "raw"."""
    message = answer.get("raw") if isinstance(answer, dict) else answer
    return message if isinstance(message, AIMessage) else None


def _model_call(message: AIMessage, started: datetime, seconds: float) -> ModelCall:
    usage, said = message.usage_metadata, message.response_metadata
    return ModelCall(
        model=str(said.get("model_name") or said.get("model") or ""),
        started=started,
        seconds=seconds,
        input_tokens=usage["input_tokens"] if usage else None,
        output_tokens=usage["output_tokens"] if usage else None,
    )
