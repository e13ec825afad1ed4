"""Stopping those who are at work: the members of a team, because one of them failed; everybody, at Ctrl-C."""

from copy import copy

from langgraph.runtime import RunControl

from coterie.errors import RunError

INTERRUPTED = "interrupted"
"""Why a run ends at Ctrl-C."""


class Inner(RunControl):
    """Drained, LangGraph's word for a run that begins no further step, also when the run around it is."""

    __slots__ = ("outer",)

    def __init__(self, outer: RunControl | None) -> None:
        super().__init__()
        self.outer = outer

    @property
    def drain_requested(self) -> bool:
        """Whether it is to begin no further step."""
        return super().drain_requested or (self.outer is not None and self.outer.drain_requested)

    @property
    def drain_reason(self) -> str | None:
        """Why."""
        return super().drain_reason or (self.outer.drain_reason if self.outer is not None else None)


class Stop(Inner):
    """What stops a run at its next steps. Interrupted, it does not even wait for what is at work in threads."""

    __slots__ = ("interrupted", "interruptible")

    def __init__(self, outer: RunControl | None) -> None:
        super().__init__(outer)
        self.interruptible = False
        """Whether it may be interrupted: whether Ctrl-C comes to it."""
        self.interrupted = False

    def interrupt(self) -> None:
        """Stop it at once. For signal handlers, too."""
        self.interrupted = True
        self.request_drain(INTERRUPTED)


def stop_of(control: RunControl | None) -> Stop | None:
    """What may interrupt the run that somebody with this control is at work in. None: nothing does."""
    while isinstance(control, _MembersControl):
        control = control.outer
    return control if isinstance(control, Stop) and control.interruptible else None


class Halt:
    """What the members of a team that are at work in one run have in common: whether they are to stop."""

    error: RunError | None = None
    """What the team's run fails with. None: they go on."""

    def check(self) -> None:
        """Raise the error, if there is one: each member one of its own, to which LangGraph adds where it was raised."""
        if self.error is not None:
            raise copy(self.error) from self.error.__cause__

    def stop(self, reason: str, cause: Exception) -> None:
        """Let all stop. The error is that of the first one that failed."""
        if self.error is None:
            error = RunError(reason)
            if isinstance(cause, RunError):
                error.agent, error.path, error.node, error.attempt = cause.agent, cause.path, cause.node, cause.attempt
            error.__cause__ = cause
            self.error = error

    def control(self, outer: RunControl | None) -> RunControl:
        """What a member's run looks at before each of its steps: this, and what stops the run around it."""
        return _MembersControl(outer, self)


class _MembersControl(Inner):
    """Drained as well when its team halts."""

    __slots__ = ("_halt",)

    def __init__(self, outer: RunControl | None, halt: Halt) -> None:
        super().__init__(outer)
        self._halt = halt

    @property
    def drain_requested(self) -> bool:
        return super().drain_requested or self._halt.error is not None

    @property
    def drain_reason(self) -> str | None:
        return str(self._halt.error) if self._halt.error is not None else super().drain_reason
