"""A run that answers a message."""

from copy import copy
from dataclasses import replace

from langchain_core.messages import HumanMessage

from coterie.errors import InputError
from coterie.graphs.build import BoundGraph
from coterie.graphs.spec import Spec
from coterie.memory.flow import Flow
from coterie.memory.ids import new_id
from coterie.memory.inputs import checked_text
from coterie.teams.run import Run
from coterie.teams.savers import Draft


class NewRun(Run):
    """A run that answers a message."""

    def __init__(
        self, spec: Spec, graph: BoundGraph, message: str, user_id: str | None, session_id: str | None = None
    ) -> None:
        super().__init__(spec, graph, user_id, session_id or new_id(), new_id())
        self.context = replace(self.context, new_session=session_id is None)
        self.input = self.state = {"messages": [HumanMessage(checked_message(message))]}
        self._draft: Draft | None = None
        if self.saver is not None:
            self._draft = Draft(self.saver)
            self.graph = copy(graph)
            self.graph.checkpointer = self._draft

    def closed(self) -> Flow[None]:
        """Keep it if it waits."""
        if self._draft is not None and self.waiting:
            yield from self._draft.keep()


def checked_message(message: str) -> str:
    """Refuse a message that says nothing, or that no database and no model takes.

    Raises:
        InputError: with what is wrong.
    """
    if not isinstance(message, str) or not message.strip():
        raise InputError(f"The message is {message!r}: say something.")
    return checked_text("message", message)
