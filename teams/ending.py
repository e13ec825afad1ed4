"""The end of a run: what is kept of one that breaks off, and what its trace says."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from coterie.errors import CoterieError, RunError
from coterie.graphs.trace import End
from coterie.memory.flow import Call, Flow
from coterie.memory.values import RunStatus

if TYPE_CHECKING:
    from coterie.teams.output import RunFinished
    from coterie.teams.run import Run

log = logging.getLogger("coterie")

IN_NODE = "During task with name "
"""How LangGraph's note on an error begins."""


def recorded(run: "Run", last: "RunFinished") -> "Flow[RunFinished]":
    """The last event of a run that went well, or waits, when its trace is written."""
    output = last.output
    status: RunStatus = "waiting" if output.waiting else "finished"
    notice = yield from _traced(run, End(status, output.content, len(output.waiting), output.notices))
    return replace(last, output=replace(output, notices=(*output.notices, notice))) if notice else last


def broken_off(run: "Run", error: BaseException) -> Flow[BaseException]:
    """Keep what was said in a run that failed, was cancelled or is not read any further, and return its error."""
    from coterie.graphs.notes import with_notes

    run.interrupts.clear()  # it is over: nothing of it waits
    _come_last(error)
    turn, memory = run.unfinished_turn(), run.spec.memory
    try:
        if turn is not None and memory is not None:
            memory.manager.db.record_turn(with_notes(memory.manager.db, turn))
    except CoterieError as lost:
        error.add_note(f"What was said is not kept: {lost}")
    try:
        yield from run.closed()
    except Exception as lost:
        error.add_note(f"Its checkpoints could not be removed: {lost}")
    status: RunStatus = "failed" if isinstance(error, Exception) else "cancelled"
    if notice := (yield from _traced(run, End(status, error=error))):
        error.add_note(notice)
    return error


def _come_last(error: BaseException) -> None:
    """Have what an error says be the last line that Python prints of it, since that is read.

    LangGraph adds below it which node failed: a `RunError` says so itself, of others it does not matter, nor which
    frames of LangGraph's a `RunError` came through. What caused it keeps its own.
    """
    if isinstance(error, RunError):
        error.__traceback__ = None
    if isinstance(error, CoterieError):
        error.__notes__ = [note for note in getattr(error, "__notes__", []) if not note.startswith(IN_NODE)]


def _traced(run: "Run", end: End) -> Flow[str | None]:
    """Have the trace, if there is one, written to its end. What is to be said of it is returned, and logged."""
    if run.recorder is None:
        return None
    run.record()
    problem = yield Call(run.recorder.end, (end,))
    if problem is None:
        return None
    notice = f"The trace of run {run.context.run_id} is incomplete: {problem.rstrip('.')}."
    log.warning(notice)
    return notice
