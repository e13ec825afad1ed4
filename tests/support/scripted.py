"""A LangChain chat model that answers from a script: what agents and teams are tested with beside a real server."""

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable

from coterie.graphs.offline import OfflineModel

Script = Callable[[list[BaseMessage]], AIMessage | str]


def calls(*wanted: tuple[str, dict[str, Any]]) -> AIMessage:
    """An answer that calls tools: ``calls(("clock", {}), ("weather", {"city": "Oslo"}))``."""
    return AIMessage("", tool_calls=[{"name": n, "args": a, "id": f"call_{i}"} for i, (n, a) in enumerate(wanted)])


class ScriptedModel(OfflineModel):
    """Answers with ``script(messages)``; keeps what it was asked in ``seen``."""

    script: Script
    seen: list[list[BaseMessage]] = []  # noqa: RUF012  # a pydantic field
    delay: float = 0.0
    """Seconds to think."""
    busy: list[int] = [0, 0]  # noqa: RUF012  # a pydantic field
    """How many calls are under way, and the most that ever were."""
    lock: Any = None

    def model_post_init(self, context: Any) -> None:
        self.lock = self.lock or Lock()
        self.seen, self.busy = [], [0, 0]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self

    def answer(self, messages: list[BaseMessage]) -> AIMessage:
        with self.lock:
            self.seen.append(messages)
            self.busy[0] += 1
            self.busy[1] = max(self.busy)
        try:
            time.sleep(self.delay)
            answer = self.script(messages)
        finally:
            with self.lock:
                self.busy[0] -= 1
        return AIMessage(answer) if isinstance(answer, str) else answer.model_copy(deep=True)
