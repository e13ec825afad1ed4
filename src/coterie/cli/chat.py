"""``coterie chat``: a conversation in one session."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from coterie.cli import failed
from coterie.cli.options import File, Model, RunDb, Session, User
from coterie.cli.run import warn_of_no_user
from coterie.cli.targets import load
from coterie.cli.texts import utf8
from coterie.errors import CoterieError

if TYPE_CHECKING:
    from coterie.teams.agent import Agent
    from coterie.teams.team import Team

HELP = "/memory shows what is remembered of you, /exit or Ctrl-D ends."


def chat(file: File, user: User = None, session: Session = None, model: Model = None, db: RunDb = None) -> None:
    """Talk to an agent or a team. /memory shows what is remembered, /exit or Ctrl-D ends."""
    from coterie.memory.ids import new_id

    target = load(file, db=db, model=model)
    warn_of_no_user(target, user)
    session = session or new_id()
    if _is_live():
        print(f"This is {target.name}. {HELP}", file=sys.stderr)
    codes = [_answer(target, line, user, session) for line in _lines()]
    print(f"To go on with this conversation: --session {session}", file=sys.stderr)
    if any(codes):
        raise typer.Exit(1)


def _is_live() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _lines() -> Iterator[str]:
    """What is said, line by line, until /exit, Ctrl-D or Ctrl-C."""
    talk = _is_live()
    if talk:
        import readline  # noqa: F401  # editing and history in input()
    while True:
        try:
            line = (input("> ") if talk else next(sys.stdin)).strip()
        except (EOFError, KeyboardInterrupt, StopIteration):
            break
        if line in ("/exit", "/quit"):
            return
        if line:
            yield line
    if talk:
        print(file=sys.stderr)


def _answer(target: "Agent | Team", line: str, user: str | None, session: str) -> int:
    """Answer one line, and return 0 or the exit code of what went wrong: the conversation goes on."""
    try:
        if line == "/memory":
            _show_memory(target, user)
        elif line.startswith("/"):
            print(HELP, file=sys.stderr)
        else:
            _print(target, utf8(line), user, session)
    except CoterieError as error:
        return failed(error)
    return 0


def _print(target: "Agent | Team", message: str, user: str | None, session: str) -> None:
    from coterie.teams.printing import Printer

    with Printer(message, repeat=not _is_live()) as printer:  # at the prompt it stands already
        for event in target.run(message, stream=True, user_id=user, session_id=session):
            printer.show(event)


def _show_memory(target: "Agent | Team", user: str | None) -> None:
    from coterie.cli.memories import print_memories
    from coterie.memory.values import Scope

    scope = Scope(user, as_owner=user is not None)
    print_memories(target.memory.db, scope, target.memory.db.newest(scope))
