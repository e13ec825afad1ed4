"""The node that asks the model."""

from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime

from coterie.errors import CoterieError
from coterie.graphs.advice import advice, plainly, without_frames
from coterie.graphs.events import AttemptFailed, ToolFinished
from coterie.graphs.limits import calls_left, pause_before_next, within_limit, without_calls
from coterie.graphs.nodes import Invoke, Update, failure
from coterie.graphs.prompts import system_prompt
from coterie.graphs.spec import described, slug
from coterie.graphs.state import GraphState, RunContext, here, tell
from coterie.graphs.waiting import Pause, Within
from coterie.graphs.written_calls import with_written_calls
from coterie.memory.flow import Effect, Flow

ENOUGH = "You have made all the tool calls that you may. Answer now, from what you have."


def ask_model(state: GraphState, runtime: Runtime[RunContext]) -> Flow[Update]:
    """Ask the model, with instructions, memories, history and the messages so far.

    Calls beyond ``tool_call_limit`` are answered here, with a refusal. When none is left, the model is asked without
    tools, so that the run ends with an answer. Nobody is asked once the conversation is handed over.

    Raises:
        RunError: the model failed, as often as it was asked.
    """
    if state.get("handoff"):
        return {}
    built, closing = here(runtime), state.get("closing", "")
    spec, left = built.spec, calls_left(built.spec, state["messages"])
    system = system_prompt(built, state)
    before = [*state.get("history", []), *state["messages"]]
    if closing:
        prompt = [SystemMessage(system), *before, HumanMessage(closing)]
        answer = yield from _answer(Invoke(built.plain_model, prompt), runtime)
        return {"messages": [without_calls(answer)]}
    if left == 0:
        prompt = [SystemMessage(f"{system}\n\n{ENOUGH}"), *before]
        return {"messages": [(yield from _last_answer(prompt, runtime))]}
    answer = yield from _answer(Invoke(built.model, [SystemMessage(system), *before]), runtime)
    answer = with_written_calls(answer, {tool.name for tool in built.tools})
    new = within_limit(answer, left, spec.conduct.tool_call_limit)
    for message in new:
        if isinstance(message, ToolMessage):
            tell(runtime, ToolFinished(spec.name, message.name or "", message.text, message.tool_call_id, failed=True))
    return {"messages": new}


def _last_answer(prompt: list[AnyMessage], runtime: Runtime[RunContext]) -> Flow[AIMessage]:
    """What the model answers without tools. Calls that it makes all the same are left out.

    Raises:
        RunError: it failed, or there is nothing else in its answer.
    """
    built = here(runtime)
    answer = yield from _answer(Invoke(built.plain_model, prompt), runtime)
    last = without_calls(answer)
    if last is not answer and not last.text:
        limit = built.spec.conduct.tool_call_limit
        raise failure(runtime, f"its model answers with nothing but tool calls, beyond tool_call_limit={limit}.")
    return last


def _answer(asked: Invoke, runtime: Runtime[RunContext]) -> Flow[AIMessage]:
    """What the model answers, in the name of whoever asks it.

    Raises:
        RunError: it failed.
    """
    spec, attempts = here(runtime).spec, Attempts(runtime)
    try:
        answer: AIMessage = yield from attempts.at(asked)
    except (GraphBubbleUp, CoterieError):
        raise
    except Exception as error:
        often = f" {attempts.made} times" if attempts.made > 1 else ""
        reason = f"its model failed{often} ({described(spec.model)}): {plainly(error)}.{advice(error)}"
        raise failure(runtime, reason, attempts.made) from without_frames(error)
    return answer.model_copy(update={"name": slug(spec.name)})


@dataclass
class Attempts:
    """Asks a model: each call within ``timeout``, and again as ``retry_policy`` says."""

    runtime: Runtime[RunContext]
    made: int = 0
    """How many attempts there were at the last effect."""

    def at(self, effect: Effect) -> Flow[Any]:
        """Wait for this effect. What the last attempt raises is raised as it is; each is told."""
        conduct = here(self.runtime).spec.conduct
        once = Within(effect, conduct.timeout, self.runtime.control)
        self.made = 0
        while True:
            self.made += 1
            try:
                return (yield once)
            except (GraphBubbleUp, CoterieError):
                raise
            except Exception as error:
                self._tell(error)
                pause = pause_before_next(conduct.retry, self.made, error)
                if pause is None:
                    raise
            yield Pause(pause, self.runtime.control)

    def _tell(self, error: Exception) -> None:
        name = here(self.runtime).spec.name
        tell(self.runtime, AttemptFailed(name, self.made, plainly(error), error_type=type(error).__name__))
