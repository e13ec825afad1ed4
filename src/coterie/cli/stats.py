"""``coterie memory stats``: how much is remembered, of what kind and by whom."""

import sys
from collections.abc import Iterator, Mapping
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, User
from coterie.cli.stores import store
from coterie.text import one_line

if TYPE_CHECKING:
    from coterie.memory.statistics import Statistics, Writer

Most = Annotated[
    int, typer.Option("--limit", "-n", min=1, help="How many topics, kinds and writers at most: the most frequent.")
]
_NAMES = 12
"""Columns of what a line is about."""


def stats(user: User = None, db: Db = DEFAULT_DB, limit: Most = 12, json: Json = False) -> None:
    """Say how much is remembered of a user, of what kind, and what is owed; without --user of all that there is.

    Sessions, recorded runs and edits that were not applied are counted for one user at a time.
    """
    with store(db, must_exist=True) as opened:
        found = opened.statistics(user, most=limit)
    if json:
        print_json(found)
        return
    width = get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for name, told in _told(found, limit):
        first, *others = wrap(told, width - _NAMES - 1, break_on_hyphens=False) or [""]
        print(f"{name:<{_NAMES}} {first}")
        for line in others:
            print(f"{'':<{_NAMES}} {line}")


def _told(found: "Statistics", most: int) -> Iterator[tuple[str, str]]:
    """What there is, each with its name."""
    if found.user_id is None:
        yield "users", f"{found.users:,}"
    else:
        yield "user", one_line(found.user_id)
    yield "memories", f"{found.memories:,} that hold now, {found.closed:,} closed"
    yield "changes", f"{found.revisions:,}, also to memories that were forgotten"
    if found.oldest and found.newest:
        yield "tokens", f"about {found.tokens:,}, of those that hold now"
        yield "stored", f"{found.oldest:%Y-%m-%d} the oldest, {found.newest:%Y-%m-%d} the newest"
        yield from _those_that_hold(found, most)
    yield "turns", _turns(found.turns)
    if found.user_id is not None:
        yield "sessions", f"{found.sessions:,}"
        yield "runs", f"{found.runs:,} recorded"
        yield "edits", f"{found.refused:,} refused, {found.held:,} waiting for a decision"


def _those_that_hold(found: "Statistics", most: int) -> Iterator[tuple[str, str]]:
    left = found.different_topics - len(found.topics)
    yield "topics", _numbers(found.topics) + (f", and {left:,} more" if left else "") or "none"
    yield "kinds", _numbers(found.kinds) + _more(len(found.kinds), most)
    yield "may read", _numbers({_READERS[to]: number for to, number in found.visibility.items()})
    yield (
        "written by",
        _numbers({_writer(one): one.memories for one in found.writers}) + _more(len(found.writers), most),
    )


_READERS = {"user": "every agent of the user", "team": "the writing team", "agent": "the writer alone"}


def _numbers(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{one_line(name)} {number:,}" for name, number in numbers.items())


def _more(named: int, most: int) -> str:
    return ", …" if named == most else ""


def _writer(writer: "Writer") -> str:
    if writer.agent_id is None:
        return f"team {writer.team_id}" if writer.team_id else "by hand"
    return f"{writer.agent_id} of {writer.team_id}" if writer.team_id else writer.agent_id


def _turns(numbers: Mapping[str, int]) -> str:
    """How many there are, and how their curation stands."""
    words = {"curated": "curated", "pending": "pending", "dead": "dead", "none": "not to be curated"}
    parts = [f"{numbers[status]:,} {word}" for status, word in words.items() if status in numbers]
    return f"{sum(numbers.values()):,}" + (f": {', '.join(parts)}" if parts else "")
