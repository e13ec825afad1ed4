"""Ids that are given by their beginning: which one is meant."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from coterie.errors import InputError, NotFoundError
from coterie.memory import inputs, rows
from coterie.memory.prepared import Prepared
from coterie.memory.tables import PROPOSAL, REVISION, RUN, SESSION, TURN

SHOWN = 5
"""How many of the ids are named that begin so."""

SHORTEST = 4
"""Characters of a beginning, at least: with fewer a slip of the finger would mean something."""

Kind = Literal["session", "turn", "run", "proposal", "change", "changing run", "changing turn", "session of runs"]
"""What has an id. A changing run or turn is one by which memories were changed; it need not be stored itself."""

_COLUMNS: dict[Kind, sa.Column[str]] = {
    "session": SESSION.c.session_id,
    "turn": TURN.c.turn_id,
    "run": RUN.c.run_id,
    "proposal": PROPOSAL.c.proposal_id,
    "change": REVISION.c.change_id,
    "changing run": REVISION.c.run_id,
    "changing turn": REVISION.c.turn_id,
    "session of runs": RUN.c.session_id,
}
_UNSORTED = ("changing run", "changing turn")
"""PostgreSQL keeps these in the order of a language, in which what begins alike does not stand together."""


def begins(column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether an id begins so: by its index. `beginning` has the parameters."""
    return column.between(sa.bindparam("first"), sa.bindparam("last"))


def beginning(prefix: str) -> dict[str, Any]:
    """The parameters of `begins`, and a ``limit``: one more than are named."""
    return {"first": prefix, "last": prefix + chr(0x10FFFF), "limit": SHOWN + 1}


def meant(kinds: str, prefix: str, found: Sequence[str]) -> str | None:
    """The id that is meant, of those that begin so: the whole one, or the only one. None: there is none.

    Args:
        kinds: what has such ids, in the plural.
        prefix: what was given.
        found: the ids that begin so.

    Raises:
        InputError: there are several; it names them, or some of them. Or the beginning is shorter than `SHORTEST`.
    """
    if prefix in found:
        return prefix
    if len(found) > 1:
        named = ", ".join(found[:SHOWN]) + (", …" if len(found) > SHOWN else "")
        raise InputError(f"Several {kinds} begin with {prefix!r}: give more of the id ({named}).")
    if found and len(prefix) < SHORTEST:
        raise InputError(f"{prefix!r} is too little of an id: give {SHORTEST} characters at least ({found[0]}).")
    return found[0] if found else None


@cache
def _ids(kind: Kind) -> Prepared:
    column = _COLUMNS[kind]
    first = sa.bindparam("first", type_=sa.Text)
    so = sa.func.substr(column, 1, sa.func.length(first)) == first if kind in _UNSORTED else begins(column)
    found = sa.select(column).where(column.table.c.user_id == sa.bindparam("owner"), so)
    return Prepared(found.distinct().order_by(column).limit(sa.bindparam("limit", type_=sa.BigInteger)))


def full_id(connection: sa.Connection, kind: Kind, user_id: str | None, prefix: str) -> str:
    """The id of a user's that begins so."""
    thing = kind.removeprefix("changing ").removesuffix(" of runs")
    values = {"owner": rows.stored_owner(user_id), **beginning(inputs.key(f"the {thing}'s id", prefix))}
    found = meant(f"{thing}s", prefix, [one for (one,) in _ids(kind).rows(connection, values)])
    if found is None:
        whose = f"of user {user_id!r}" if user_id is not None else "without a user"
        raise NotFoundError(f"There is no {thing} {prefix!r} {whose}.")
    return found
