"""The limits of one run: how often a model is asked, how many tools may be called, how many steps it takes."""

import random
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.types import RetryPolicy

from coterie.errors import ConfigurationError
from coterie.graphs.spec import Conduct, Spec, slug
from coterie.graphs.state import this_turn


def checked_conduct(owner: str, conduct: Conduct) -> Conduct:
    """Refuse limits that cannot be kept.

    Raises:
        ConfigurationError: with the setting, as people write it.
    """
    if conduct.retry is not None and not isinstance(conduct.retry, RetryPolicy):
        raise ConfigurationError(
            f"{owner}: retry_policy={conduct.retry!r} is none: give langgraph.types.RetryPolicy(max_attempts=3)."
        )
    if conduct.timeout is not None and not _number(conduct.timeout) > 0:
        raise ConfigurationError(f"{owner}: timeout={conduct.timeout!r} is no time to wait: give seconds above 0.")
    if conduct.tool_call_limit is not None and not _whole(conduct.tool_call_limit) >= 0:
        raise ConfigurationError(f"{owner}: tool_call_limit={conduct.tool_call_limit!r}: give a whole number from 0.")
    if not _whole(conduct.max_steps) > 0:
        raise ConfigurationError(f"{owner}: max_steps={conduct.max_steps!r}: give a whole number from 1.")
    for name in ("pre_hooks", "post_hooks", "tool_hooks"):
        if wrong := [hook for hook in getattr(conduct, name) if not callable(hook)]:
            raise ConfigurationError(f"{owner}: {name} has {wrong[0]!r}: give functions.")
    return conduct


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else -1


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def pause_before_next(policy: RetryPolicy | None, attempt: int, error: Exception) -> float | None:
    """Seconds to wait before what failed is tried again; None: it is not.

    Args:
        policy: LangGraph's, read as LangGraph reads it for a node.
        attempt: which one failed, from 1.
        error: how it failed.
    """
    if policy is None or attempt >= policy.max_attempts or not _retried(policy, error):
        return None
    interval = min(policy.max_interval, policy.initial_interval * policy.backoff_factor ** (attempt - 1))
    return interval + random.uniform(0, 1) if policy.jitter else interval


def _retried(policy: RetryPolicy, error: Exception) -> bool:
    kinds = policy.retry_on
    if isinstance(kinds, Sequence):
        return isinstance(error, tuple(kinds))
    return isinstance(error, kinds) if isinstance(kinds, type) else kinds(error)


def calls_left(spec: Spec, messages: list[AnyMessage]) -> int | None:
    """How many tools it may still call in this run, a leader's calls of members counted. None: any number."""
    limit = spec.conduct.tool_call_limit
    if limit is None:
        return None
    own = (message for message in this_turn(messages) if isinstance(message, AIMessage))
    made = sum(len(_calls(message)) for message in own if message.name == slug(spec.name))
    return max(limit - made, 0)


def within_limit(answer: AIMessage, left: int | None, limit: int | None) -> list[AnyMessage]:
    """The answer as it is kept: at the end the calls that may be made, before them those beyond the limit, refused.

    Args:
        answer: with any number of calls.
        left: how many may be made, at least one. None: any number.
        limit: how many a run may make, for the refusals.
    """
    calls = _calls(answer)
    if left is None or len(calls) <= left:
        return [answer]
    over = calls[left:]
    refused = [
        ToolMessage(
            f"The limit of {limit} tool calls is reached, this one was not made. Answer from what you have.",
            tool_call_id=call["id"] or "",
            name=call["name"],
            status="error",
        )
        for call in over
    ]
    kept = _with_calls(answer, calls[:left], {"content": "", "id": None})
    return [_with_calls(answer, over, {"content": answer.text}), *refused, kept]


def without_calls(answer: AIMessage) -> AIMessage:
    """The answer alone."""
    return _with_calls(answer, [], {"content": answer.text}) if _calls(answer) else answer


def _calls(message: AIMessage) -> list[Any]:
    """All calls, those with arguments that cannot be read last."""
    return [*message.tool_calls, *message.invalid_tool_calls]


def _with_calls(answer: AIMessage, calls: Sequence[Any], update: dict[str, Any]) -> AIMessage:
    kept = {
        "tool_calls": [call for call in answer.tool_calls if any(call is each for each in calls)],
        "invalid_tool_calls": [call for call in answer.invalid_tool_calls if any(call is each for each in calls)],
        "additional_kwargs": {key: value for key, value in answer.additional_kwargs.items() if key != "tool_calls"},
    }
    return answer.model_copy(update=kept | update)
