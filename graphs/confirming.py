"""Tools that wait for a person's word: the interrupt before any tool of a message runs, and what was decided.

LangGraph runs a node from its top again when it is resumed, so nothing is told and nothing is called before the word.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.types import Interrupt, interrupt

from coterie.errors import ConfigurationError, InputError
from coterie.graphs.pausing import Confirmation, Decision, Question, Waiting
from coterie.graphs.spec import Built, Spec

CONFIRM = "confirm_tools"
"""The key by which the value of an interrupt is known as ours: under it are the calls that wait."""

UNLISTED = "coterie:unlisted"
"""The tag of tools that `unlisted` makes."""


@dataclass(frozen=True)
class Confirmed:
    """A message of a model after a person's word on its tool calls."""

    message: AIMessage
    """With the calls that are to be made."""
    refused: list[ToolMessage] = field(default_factory=list)
    """Answers to the others."""
    changed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The arguments that a person put in place of the model's, by the ids of calls."""

    def noted(self, answer: ToolMessage) -> None:
        """Have the answer say that the tool was called with other arguments than the model asked for."""
        if (arguments := self.changed.get(answer.tool_call_id)) is not None:
            note = f"(A person had it called with {dict(arguments)!r} instead.)"
            said = answer.content
            answer.content = f"{note}\n{said}" if isinstance(said, str) else [note, *said]


def unlisted(name: str) -> BaseTool:
    """What stands in a drawing for tools of a server that was not asked for them. Nobody can call it."""

    def refuse() -> None:
        raise NotImplementedError(f"{name} stands for tools that are not known")

    return StructuredTool.from_function(refuse, name=name, description="Not asked yet.", tags=[UNLISTED])


def check_confirmed(spec: Spec, tools: Iterable[BaseTool]) -> None:
    """Refuse names in ``confirm_tools`` that are no tools; none while not all tools are known.

    Raises:
        ConfigurationError: with the names that there are.
    """
    tools = list(tools)
    if any(UNLISTED in (tool.tags or ()) for tool in tools):
        return
    names = [tool.name for tool in tools]
    for unknown in sorted(spec.conduct.confirm.difference(names)):
        there = f"its tools are {', '.join(names)}" if names else "it has no tools"
        raise ConfigurationError(f"{spec.name}: confirm_tools has {unknown!r}, which is none of its tools: {there}.")


def confirmed(message: AIMessage, built: Built) -> Confirmed:
    """Wait for a person's word on the calls that need one, all at once. The other calls are as they were."""
    waiting = {str(place): call for place, call in enumerate(message.tool_calls) if call["name"] in built.confirm}
    if not waiting:
        return Confirmed(message)
    decisions: dict[str, Decision] = {}
    while left := {place: call for place, call in waiting.items() if place not in decisions}:
        decisions |= _read(interrupt(_asked(left, built)), left)
    calls, refused, changed = [], [], {}
    for place, call in enumerate(message.tool_calls):
        decision = decisions.get(str(place), Decision(True))
        if not decision.allow:
            refused.append(_refusal(call, decision.reason))
            continue
        if decision.arguments is not None:
            changed[call["id"] or ""] = decision.arguments
            call = ToolCall(name=call["name"], args=dict(decision.arguments), id=call["id"], type="tool_call")
        calls.append(call)
    return Confirmed(message.model_copy(update={"tool_calls": calls}), refused, changed)


def _asked(calls: Mapping[str, ToolCall], built: Built) -> dict[str, Any]:
    """The value of the interrupt: plain JSON, which any checkpointer takes."""
    return {
        "agent": built.spec.name,
        "path": built.path,
        CONFIRM: [
            {"place": place, "tool": call["name"], "arguments": call["args"], "call_id": call["id"] or ""}
            for place, call in calls.items()
        ],
    }


def _refusal(call: ToolCall, reason: str) -> ToolMessage:
    said = f"Not allowed: {reason}" if reason else "Not allowed."
    return ToolMessage(said, tool_call_id=call["id"] or "", name=call["name"], status="error")


def _read(answer: Any, places: Collection[str]) -> dict[str, Decision]:
    """The decisions in the value that a run was resumed with, by the places of the calls that they are on.

    Raises:
        InputError: it is none: somebody resumed the graph itself, with another value.
    """
    if isinstance(answer, bool):
        return dict.fromkeys(places, Decision(answer))
    if not isinstance(answer, dict):
        raise InputError(f"{answer!r} is no decision on tool calls: resume with True, False or by `resume`.")
    return {place: Decision(**answer[place]) for place in places if place in answer}


def waiting_for(interrupts: Iterable[Interrupt]) -> tuple[Waiting, ...]:
    """What a run waits for: questions, then calls by where their agents stand."""
    found = [each for one in interrupts for each in _asked_by(one.id, one.value)]
    return tuple(sorted(found, key=lambda each: each.path if isinstance(each, Confirmation) else ""))


def _asked_by(interrupt_id: str, value: Any) -> list[Waiting]:
    if not isinstance(value, dict) or CONFIRM not in value:
        return [Question(interrupt_id, value)]
    return [
        Confirmation(
            id=f"{interrupt_id}.{call['place']}",
            agent=value["agent"],
            path=value["path"],
            tool=call["tool"],
            arguments=call["arguments"],
            call_id=call["call_id"],
        )
        for call in value[CONFIRM]
    ]


def answers_of(decided: Mapping[str, Any]) -> dict[str, Any]:
    """The values to resume interrupts with, by the interrupts' ids, from what was decided by the ids of what waits."""
    answers: dict[str, Any] = {}
    for waiting_id, said in decided.items():
        interrupt_id, _, place = waiting_id.partition(".")
        if place:
            answers.setdefault(interrupt_id, {})[place] = asdict(said)
        else:
            answers[interrupt_id] = said
    return answers
