"""Past runs, with what is needed to show one: its records, its drawing, and the memory as it was before it."""

from typing import Any

from coterie.graphs.replay import run_data
from coterie.graphs.trace import Record
from coterie.memory.db import Db
from coterie.memory.values import Scope, StoredRun, UserMemory
from coterie.ui.asking import OfRun, OfRuns


def listed(db: Db, asked: OfRuns) -> list[StoredRun]:
    """The runs of a user, the newest first."""
    return db.runs(asked.user_id, limit=asked.limit)


def one(db: Db, asked: OfRun) -> dict[str, Any]:
    """One run as a page shows it. One that has just begun may have no records yet.

    Raises:
        NotFoundError: the user has no such run.
        InputError: its records cannot be read: a newer coterie wrote them.
    """
    run = db.run(asked.user_id, asked.run_id)
    records = db.records(run.user_id, run.run_id)
    if not records:
        return {"run": run, "title": run.name, "svg": "", "picture": None, "records": [], "memories": None}
    return {"run": run, **run_data(records, _memories(db, run, records))}


def _memories(db: Db, run: StoredRun, records: list[Record]) -> list[UserMemory] | None:
    """What was remembered when it began. None: it has no user, or its records do not say what was changed then."""
    if run.user_id is None or not records[0].get("contents"):
        return None
    return db.as_of(Scope(run.user_id, as_owner=True), run.started_at)
