"""``coterie run``: one message, one answer."""

import sys
from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import File, Json, Model, RunDb, User, Watch
from coterie.cli.recorded import Contents, Looked, Traced, TraceTo, traced
from coterie.cli.sessions import Continue, Session, session_of
from coterie.cli.targets import load
from coterie.cli.texts import argument, utf8
from coterie.errors import InputError

if TYPE_CHECKING:
    from coterie.graphs.events import Event
    from coterie.teams.output import RunOutput

Message = Annotated[
    str | None,
    typer.Argument(callback=argument, show_default=False, help="What to say; - or nothing reads stdin."),
]


def run(
    file: File,
    message: Message = None,
    user: User = None,
    session: Session = None,
    go_on: Continue = False,
    model: Model = None,
    db: RunDb = None,
    json: Json = False,
    watch: Watch = False,
    trace: Traced = False,
    trace_to: TraceTo = None,
    contents: Contents = False,
) -> None:
    """Run an agent or a team once and print its answer."""
    if json and watch:
        raise InputError("--watch shows a run to people, and --json to programs: give one of them.")
    said = _said(message)
    target = load(file, db=db, model=model)
    going_on = session_of(target, user, session, go_on)
    with Looked(target, traced(trace, trace_to, contents)) as looked:
        events = looked.seen(target.run(said, stream=True, user_id=user, session_id=going_on))
        if json:
            print_json(as_json(_last(events)))
        else:
            with target.printer(said, watch=watch) as printer:
                for event in events:
                    printer.show(event)


def _last(events: "Iterable[Event]") -> "RunOutput":
    """What the run came to."""
    from coterie.teams.output import RunFinished

    *_, last = events
    assert isinstance(last, RunFinished)
    return last.output


def _said(message: str | None) -> str:
    if message is not None and message != "-":
        return message
    if message is None and sys.stdin.isatty():
        raise InputError("What is to be said? Give a message, or pipe one in.")
    return utf8(sys.stdin.read()).strip()


def as_json(output: "RunOutput") -> dict[str, Any]:
    """What a run returned, by the names of `RunOutput`, without LangChain's messages."""
    names = [field.name for field in fields(output) if field.name != "messages"]
    return {name: getattr(output, name) for name in (*names, "memories_changed", "errors")}
