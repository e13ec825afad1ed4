"""Makes the pictures of the README and docs/live.md again, in Chromium.

    python -m docs.pictures.make

It is run in the folder of the project, with what tests need. The runs are those of the tests: a picture shows what
the page makes of records, not how clever a model is.
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from coterie.graphs.picture import as_json
from coterie.graphs.replay import replay
from coterie.memory.edits import Add, Change, Curated, Ref, Update
from coterie.memory.incoming import turn_of
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import RunStatus, Scope, StoredRun, UserMemory
from coterie.ui.serving import Server
from tests.support.browser import MISSING, chromium, find_chromium
from tests.support.live import serving
from tests.support.proposals import proposal
from tests.support.recorded import BEFORE, picture, team_run
from tests.support.tape import timed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
USER = "ana@example.com"
ANA = Scope(USER)
SIZE = (1280, 820)
STATUSES: tuple[RunStatus, ...] = ("finished", "waiting", "failed", "finished")


def main() -> None:
    """Make all of them."""
    program = find_chromium()
    if program is None:
        sys.exit(MISSING)
    with tempfile.TemporaryDirectory() as folder, chromium(program) as browser:
        replay_picture(browser, Path(folder, "run.html"))
        with SqliteDb(Path(folder, "coterie.db")) as db:
            remember(db)
            with serving(db, USER) as server:
                live_run(browser, db, server)
                memory(browser, server)


def replay_picture(browser: "Browser", file: Path) -> None:
    """A run at the moment at which its curator has changed the memory."""
    records = team_run(as_json(picture()))
    file.write_text(replay(records, [UserMemory(**one) for one in reversed(BEFORE)]), encoding="utf-8")
    page = opened(browser, file.as_uri(), "light")
    page.wait_for_function("() => coterie.ready")
    changed = next(place for place, record in enumerate(records) if record["kind"] == "memory_curated")
    page.evaluate(f"coterie.store.goToIndex({changed + 1}); coterie.show('memory')")
    taken(page, "replay.png")


def live_run(browser: "Browser", db: SqliteDb, server: Server) -> None:
    """A run that goes on."""
    records = timed(team_run(as_json(picture())), datetime.now(UTC) - timedelta(seconds=4))
    begun = datetime.fromisoformat(records[0]["at"])
    db.add_run(StoredRun("run-now", USER, "s1", "desk", None, "desk", begun))
    db.add_records(
        USER,
        "run-now",
        [one for one in records if datetime.fromisoformat(one["at"]) < begun + timedelta(seconds=3)],
    )
    page = opened(browser, server.address, "light")
    page.locator("#drawing .running").first.wait_for()
    page.get_by_role("tab", name="Log").click()
    taken(page, "live-run.png")
    db.end_run(USER, "run-now", "finished", datetime.now(UTC))


def memory(browser: "Browser", server: Server) -> None:
    """A search, with the history of what it found first."""
    page = opened(browser, f"{server.address}&view=memory", "dark", (1280, 640))
    page.get_by_label("Search").fill("short answers, vegetarian")
    page.locator(".worth").first.wait_for()
    page.get_by_role("button", name="History").first.click()
    page.locator("#history li").first.wait_for()
    taken(page, "live.png")


def opened(browser: "Browser", address: str, scheme: Literal["light", "dark"], size: tuple[int, int] = SIZE) -> "Page":
    """A page of its own."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB")
    page.goto(address)
    return page


def taken(page: "Page", name: str) -> None:
    """Keep what is seen, when it has come to rest."""
    page.wait_for_function("() => coterie.still()")
    page.screenshot(path=HERE / name)
    print(f"{name}: {(HERE / name).stat().st_size / 1000:.0f} kB")


def remember(db: SqliteDb) -> None:
    """What is remembered of Ana, how that came about, what waits for somebody, and runs of the days before."""
    (first,) = kept(db, "writer", "r1", Add(UserMemory(memory="Prefers short answers", topics=["style"])))
    for topic, text in (
        ("food", "Is vegetarian"),
        ("places", "Lives in Lisbon"),
        ("work", "Writes 40 rows/s to SQLite"),
    ):
        kept(db, "checker", "r1", Add(UserMemory(memory=text, topics=[topic])))
    concise = Update(Ref(first), "Prefers short, concise answers with bullets", reason="she asked for bullets")
    (second,) = kept(db, "writer", "r2", concise)
    kept(
        db,
        "checker",
        "r3",
        Update(Ref(second), "Prefers short, concise answers with bullets, no tables", reason="“no tables please”"),
    )
    db.record_turn(turn := turn_of("I moved to Porto.", None, USER, None, None))
    held = [
        proposal(USER, turn.turn_id, text, status="held", why="it is not in the user's own words")
        for text in ("Lives in Porto", "Likes the sea")
    ]
    db.apply(ANA, [], Change("curator"), curated=Curated(turn.turn_id, kept=held))
    for days, status in enumerate(STATUSES):
        begun = datetime.now(UTC) - timedelta(days=4 - days)
        run = StoredRun(f"run-{days}", USER, "s1", "desk", None, "desk", begun)
        db.add_run(run)
        db.add_records(USER, run.run_id, timed(team_run(as_json(picture())), begun))
        db.end_run(USER, run.run_id, status, begun + timedelta(seconds=10.1))


def kept(db: SqliteDb, agent: str, run_id: str, edit: Add | Update) -> list[str]:
    """What a curator changed: the ids of what there is now."""
    change = Change("curator", run_id=run_id, agent_id=agent)
    return [one.memory_id for one in db.apply(Scope(USER, agent_id=agent), [edit], change)]


if __name__ == "__main__":
    main()
