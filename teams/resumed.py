"""A run that waited for somebody, and goes on."""

from dataclasses import replace
from typing import Any

from langgraph.types import Command, StateSnapshot

from coterie.errors import ConfigurationError, NotFoundError
from coterie.graphs.build import BoundGraph
from coterie.graphs.confirming import answers_of, waiting_for
from coterie.graphs.spec import Spec
from coterie.memory.flow import Flow
from coterie.teams.checkpoints import Claim, Thread, thread_name
from coterie.teams.deciding import decided
from coterie.teams.run import Run


class ResumedRun(Run):
    """A run that goes on with what somebody decided."""

    resumed = True

    def __init__(self, spec: Spec, graph: BoundGraph, run_id: str, decisions: Any, user_id: str | None) -> None:
        super().__init__(spec, graph, user_id, None, run_id)
        self.context = replace(self.context, noted=None)  # there may be notes of before it waited
        self.decisions = decisions
        self._found: StateSnapshot | None = None
        self._claim: Claim | None = None

    def check(self, *, asynchronous: bool) -> None:
        """Refuse to look where no run can wait.

        Raises:
            ConfigurationError: there is no checkpointer, or it cannot be used here.
        """
        if self.saver is None:
            raise ConfigurationError(
                f"{self.spec.name} has no checkpointer, so no run of it waits: give it the one that it ran with."
            )
        super().check(asynchronous=asynchronous)

    def opened(self) -> Flow[None]:
        """Find the run, and what it waits for.

        Raises:
            NotFoundError: no run of the user's with this id waits.
            InputError: a decision fits nothing that waits.
        """
        found = yield from self._thread.state()
        waiting = waiting_for(found.interrupts)
        if not waiting:
            whose = f"of user {self.context.user_id!r}" if self.context.user_id else "without a user"
            raise NotFoundError(
                f"No run {self.context.run_id!r} {whose} waits in {self.spec.name}'s checkpointer: it is finished, or"
                " never was, or is somebody else's."
            )
        self.input = Command(resume=answers_of(decided(waiting, self.decisions)))
        self._found, self.state = found, dict(found.values)
        self.context = replace(self.context, session_id=self.state["session_id"])

    def begun(self) -> Flow[None]:
        """Make sure that nobody else resumes it."""
        assert self._found is not None, "it is opened first"
        self._claim = yield from self._thread.claim(self._found)

    def closed(self) -> Flow[None]:
        """Forget the run if it is over. If it waits again, let others resume it."""
        if self.waiting:
            assert self._claim is not None, "it has begun"
            yield from self._claim.release()
        else:
            yield from self._thread.delete()

    @property
    def _thread(self) -> Thread:
        assert self.saver is not None, "it is checked first"
        return Thread(self.graph, self.saver, thread_name(self.context.user_id, self.context.run_id or ""))
