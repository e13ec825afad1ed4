"""A run in words: a line for each event that people want to see, and whose words may become the answer."""

from collections.abc import Iterator

from coterie.graphs.events import (
    AttemptFailed,
    Event,
    HandedOver,
    MemberFinished,
    MemberStarted,
    TaskChanged,
    ToolFinished,
    ToolStarted,
)
from coterie.graphs.handoffs import IGNORED
from coterie.graphs.modes import Route, Sequence, Swarm
from coterie.graphs.notes import SHARE
from coterie.graphs.spec import Spec, TeamSpec
from coterie.graphs.task_list import Task
from coterie.text import one_line

MOST = 200
"""Characters of a task or a note that are shown."""


def speakers(spec: Spec) -> Iterator[str]:
    """The names of those whose words may be the answer as they are: its own, and its members' where nobody sums up."""
    yield spec.name
    if isinstance(spec, TeamSpec) and isinstance(spec.mode, Route | Sequence | Swarm):
        for member in spec.members:
            yield from speakers(member)


def line_of(event: Event, said: str) -> str | None:
    """What happened, on one line. None: nothing that people want to see.

    Args:
        event: what happened.
        said: what the user said. It is left out where a member is given just that.
    """
    match event:
        case AttemptFailed():
            return f"{event.source}: attempt {event.attempt} failed: {one_line(event.error)}"
        case MemberStarted():
            return f"{event.source} asks {event.member}" + _task(event.task, said)
        case MemberFinished():
            return f"{event.member} failed: {one_line(event.error)}" if event.error else answered(event.member)
        case HandedOver():
            return f"{event.member} hands over to {event.to}"
        case TaskChanged():
            return _of_list(event.task, said)
        case ToolStarted() if event.tool == SHARE:
            return f"{event.source} tells the others: {one_line(str(event.arguments.get('text', '')), MOST)}"
        case ToolFinished() if event.failed:
            return f"{event.source} used {event.tool}: {one_line(event.content)}"
        case ToolFinished() if not (event.tool == SHARE or _handing_over(event)):
            return f"{event.source} used {event.tool}"
    return None


def answered(member: str) -> str:
    """The line for a member that has come back."""
    return f"{member} answered"


def _task(task: str, said: str) -> str:
    """A task without the answers of others that stand below it; nothing where it is what the user said."""
    first = task.partition("\n\n")[0]
    return "" if said and task.startswith(said) else f": {one_line(first, MOST)}"


def _of_list(task: Task, said: str) -> str | None:
    """A task of a list: when it is put there, and when it is over."""
    if task.status == "working":
        return None
    if task.status != "open":
        return f"task {task.id} {task.status}"
    after = f", after {', '.join(task.depends_on)}" if task.depends_on else ""
    return f"task {task.id} for {task.owner}{after}{_task(task.task, said)}"


def _handing_over(event: ToolFinished) -> bool:
    """Whether a tool is the function that hands over: `HandedOver` tells of it."""
    answers = event.content.startswith("Handed over to ") or event.content == IGNORED
    return event.tool.startswith("transfer_to_") and answers
