"""Which conversation a run goes on with."""

from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.texts import argument
from coterie.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from coterie.teams.agent import Agent
    from coterie.teams.team import Team

Session = Annotated[
    str | None,
    typer.Option(
        "--session",
        "-s",
        metavar="ID",
        callback=argument,
        help="The conversation to go on with, by its whole id, or to begin under that; else a new one.",
    ),
]
Continue = Annotated[
    bool, typer.Option("--continue", "-c", help="Go on with the last conversation that the user had with this one.")
]


def session_of(target: "Agent | Team", user: str | None, session: str | None, last: bool) -> str | None:
    """The session's id. None: a new one.

    Args:
        target: who is spoken with.
        user: who speaks.
        session: what ``--session`` gives.
        last: whether ``--continue`` is given.

    Raises:
        InputError: both are.
        NotFoundError: there is no last one.
        ConfigurationError: there is no store.
    """
    if not last:
        return session
    if session is not None:
        raise InputError(f"--continue means the last conversation, and --session {session}: give one of them.")
    from coterie.graphs.spec import TeamSpec

    spec, db = target.spec(), target.memory.db
    if isinstance(spec, TeamSpec):
        found = db.sessions(user, 1, team_id=spec.team_id)
    else:
        found = db.sessions(user, 1, agent_id=spec.agent_id)
    if not found:
        whose = "without a user" if user is None else f"of user {user!r}"
        raise NotFoundError(f"There is no conversation {whose} with {target.name} yet: leave out --continue.")
    return found[0].session_id
