"""``coterie chat``: a conversation in one session."""

import sys

import typer

from coterie.cli.options import File, Model, RunDb, Session, User
from coterie.cli.run import warn_of_no_user
from coterie.cli.targets import load


def chat(file: File, user: User = None, session: Session = None, model: Model = None, db: RunDb = None) -> None:
    """Talk to an agent or a team. /memory shows what is remembered, /exit or Ctrl-D ends."""
    from coterie.cli.conversing import Chat

    target = load(file, db=db, model=model)
    warn_of_no_user(target, user)
    conversation = Chat(target, user, session)
    well = conversation.go_on()
    print(f"To go on with this conversation: --session {conversation.session_id}", file=sys.stderr)
    if not well:
        raise typer.Exit(1)
