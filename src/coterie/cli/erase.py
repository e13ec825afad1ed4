"""``coterie memory erase``: everything about a person is removed."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from coterie.cli.asking import DryRun, Yes, make_sure, say_if_dry
from coterie.cli.jsons import print_json
from coterie.cli.options import DEFAULT_DB, Db, Json, OneUser
from coterie.cli.progress import waiting
from coterie.cli.stores import changing
from coterie.text import one_line, several

if TYPE_CHECKING:
    from coterie.memory.edits import Erased


def erase(user: OneUser, db: Db = DEFAULT_DB, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> None:
    """Remove a user: memories with their history, turns, sessions, runs. This cannot be undone."""
    with changing(db, dry_run=dry_run, must_exist=True) as opened:
        if not (dry_run or yes):
            counts = _counts(opened.erase(user, dry_run=True))
            make_sure(f"remove everything about user {user!r} from {opened.name} ({counts})")
        with waiting("erasing"):
            erased = opened.erase(user, dry_run=dry_run)
    if json:
        print_json(erased)
    else:
        print(f"{'Would be erased' if dry_run else 'Erased'} of {one_line(user)}: {_counts(erased)}")
    say_if_dry(dry_run)


def _counts(erased: "Erased") -> str:
    """How many rows of each kind."""
    one = {"memories": "memory"}
    counts = {name: count for name, count in asdict(erased).items() if name != "user_id"}
    return ", ".join(several(count, one.get(name, name[:-1]), name) for name, count in counts.items())
