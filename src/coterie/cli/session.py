"""``coterie session``: what was said in a conversation, its state and its summary."""

import sys
from typing import Annotated

import typer

from coterie.cli.ids import whole
from coterie.cli.jsons import as_text, print_json
from coterie.cli.memories import print_turns
from coterie.cli.options import DEFAULT_DB, Db, Json, User
from coterie.cli.stores import store
from coterie.cli.texts import argument, columns
from coterie.text import one_line

app = typer.Typer(no_args_is_help=True, help="Look into conversations.")

Id = Annotated[
    str, typer.Argument(metavar="ID", callback=argument, show_default=False, help="A session's id, or its beginning.")
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]


@app.command("list")
def list_sessions(user: User = None, db: Db = DEFAULT_DB, limit: Limit = 20, json: Json = False) -> None:
    """List a user's sessions, the last used first; without --user those of nobody in particular."""
    with store(db, must_exist=True) as opened:
        sessions = opened.sessions(user, limit)
    if json:
        print_json(sessions)
        return
    if not sessions:
        print("Nothing.", file=sys.stderr)
    for session_id, session in zip(columns([session.session_id for session in sessions]), sessions, strict=True):
        about = one_line(session.summary or ", ".join(session.state))
        print(f"{session_id}  {session.updated_at:%Y-%m-%d %H:%M}  {about}".rstrip())


@app.command()
def show(session_id: Id, user: User = None, db: Db = DEFAULT_DB, limit: Limit = 20, json: Json = False) -> None:
    """Show a session: its summary, its state, and the last turns."""
    with store(db, must_exist=True) as opened:
        session = opened.session(user, whole(opened, "session", user, session_id))
        turns = opened.turns(user, session.session_id, limit)
    if json:
        print_json({"session": session, "turns": turns})
        return
    for name in ("session_id", "user_id", "team_id", "agent_id", "created_at", "updated_at"):
        if (value := getattr(session, name)) is not None:
            print(f"{name:<12} {as_text(value) if name.endswith('_at') else one_line(value)}")
    for key, value in session.state.items():
        print(f"{'state':<12} {one_line(key)} = {one_line(str(value))}")
    for line in (session.summary or "").splitlines():
        print(f"{'summary':<12} {one_line(line)}")
    print()
    print_turns(turns)
