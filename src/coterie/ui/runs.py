"""Past runs, with what is needed to show one: its records, its drawing, and the memory as it was before it."""

from collections.abc import Mapping, Sequence
from typing import Any

from coterie.memory.db import Db
from coterie.memory.values import Scope, StoredRun, UserMemory
from coterie.ui.asking import OfRun, OfRuns


def listed(db: Db, asked: OfRuns) -> list[StoredRun]:
    """The runs of a user, the newest first."""
    return db.runs(asked.user_id, limit=asked.limit)


def one(db: Db, asked: OfRun) -> dict[str, Any]:
    """One run as a page shows it; ``memories`` are those of its user when it began, None where it has no user."""
    run = db.run(asked.user_id, asked.run_id)
    records = db.records(asked.user_id, run.run_id)
    graph = next((record["graph"] for record in records if record.get("graph")), None)
    return {
        "run": run,
        "title": run.name,
        "records": records,
        "picture": graph,
        "svg": _svg(graph, run.name),
        "memories": _memories(db, run),
    }


def _svg(graph: Mapping[str, Any] | None, title: str) -> str | None:
    if graph is None:
        return None
    from coterie.graphs.picture import from_json
    from coterie.graphs.svg import svg

    return svg(from_json(graph), title=title)


def _memories(db: Db, run: StoredRun) -> Sequence[UserMemory] | None:
    return None if run.user_id is None else db.as_of(Scope(run.user_id, as_owner=True), run.started_at)
