"""``coterie chat``: a conversation in one session."""

import shlex
import sys
from typing import TYPE_CHECKING

import typer

from coterie.cli.options import File, Model, RunDb, User, Watch
from coterie.cli.recorded import Contents, Traced, TraceTo, found_by, kept_in, record, traced
from coterie.cli.sessions import Continue, Session, session_of
from coterie.cli.targets import load

if TYPE_CHECKING:
    from coterie.cli.conversing import Chat
    from coterie.teams.agent import Agent
    from coterie.teams.team import Team
    from coterie.teams.tracing import Trace


def chat(
    file: File,
    user: User = None,
    session: Session = None,
    go_on: Continue = False,
    model: Model = None,
    db: RunDb = None,
    watch: Watch = False,
    trace: Traced = False,
    trace_to: TraceTo = None,
    contents: Contents = False,
) -> None:
    """Talk to an agent or a team. /memory shows what is remembered, /exit or Ctrl-D ends."""
    from coterie.cli.conversing import Chat

    target = load(file, db=db, model=model)
    going_on = session_of(target, user, session, go_on)
    recording = traced(trace, trace_to, contents)
    record(target, recording)
    _warn_of_no_user(target, user)
    conversation = Chat(target, user, going_on, watch=watch)
    well = conversation.go_on()
    print(f"To go on with this conversation: --session {shlex.quote(conversation.session_id)}", file=sys.stderr)
    if recording is not None:
        _say_what_shows_it(target, conversation, recording)
    if not well:
        raise typer.Exit(1)


def _warn_of_no_user(target: "Agent | Team", user: str | None) -> None:
    """Say that nothing will be remembered, where something could be."""
    if user is None and target.update_memory_on_run:
        print("Nothing is remembered without a user: say who with --user ID.", file=sys.stderr)


def _say_what_shows_it(target: "Agent | Team", conversation: "Chat", trace: "Trace") -> None:
    """Say what lists the runs that were recorded in the store."""
    db = kept_in(target)
    if trace.to is None and db is not None:
        whose = [] if conversation.user_id is None else ["--user", conversation.user_id]
        which = [*whose, "--session", conversation.session_id, *found_by(db)]
        print(f"What was recorded: {shlex.join(['coterie', 'runs', 'list', *which])}", file=sys.stderr)
