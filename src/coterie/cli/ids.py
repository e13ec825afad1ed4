"""Ids as people give them: whole, or their beginning. Those of memories are looked for by the store's own verbs."""

from typing import TYPE_CHECKING

from coterie.errors import NotFoundError

if TYPE_CHECKING:
    from coterie.memory.db import Db
    from coterie.memory.prefixes import Kind

_LISTED: "dict[Kind, str]" = {
    "session": "session list",
    "turn": "session show ID --json",
    "run": "runs list",
    "proposal": "memory review",
    "change": "memory history ID --json",
    "changing run": "memory history ID --json",
    "changing turn": "memory history ID --json",
    "session of runs": "runs list --json",
}
"""What shows the ids."""


def whole(db: "Db", kind: "Kind", user: str | None, given: str) -> str:
    """The id of a user's that is meant.

    Raises:
        NotFoundError: there is none; it says what shows them.
        InputError: several begin so; it names them.
    """
    try:
        return db.full_id(kind, user, given)
    except NotFoundError as error:
        shown = f"`coterie {_LISTED[kind]}`, with the same --user and --db, shows the ids."
        raise NotFoundError(f"{str(error).rstrip('.')}: {shown}") from error
