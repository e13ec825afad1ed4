"""The live view of runs that were killed, and of names and statements that are very long."""

import pytest
from playwright.sync_api import expect

from coterie.memory.sqlite import SqliteDb
from coterie.ui.serving import Server
from tests.browser.conftest import Opening
from tests.browser.test_ui import begin, past, view
from tests.ui.conftest import remember


def test_a_run_that_was_killed_is_not_said_to_go_on(db: SqliteDb, server: Server, opened: Opening) -> None:
    db.add_records("ana", "run-dead", begin(db, "run-dead", ago=3600)[:20])
    page = opened(server.address)
    expect(page.locator("#status")).to_have_text("no end recorded")
    expect(page.locator("#runs .run")).to_have_class("run silent")
    expect(page.locator("#runs .state")).to_have_text("no end")


@pytest.mark.parametrize("width", [390, 1500])
def test_no_text_is_too_long_for_a_view_that_fills_the_window(
    db: SqliteDb, server: Server, opened: Opening, width: int
) -> None:
    long = "x" * 250
    remember(db, "ana", long, agent=long, topics=["y" * 100])
    past(db, "run-long", long)
    page = opened(server.address, size=(width, 860))
    for name in ("Runs", "Memory", "Review", "Refused"):
        view(page, name)
        if name == "Memory":
            expect(page.locator(".kept")).to_contain_text(long)
            page.get_by_role("button", name="History").click()
            expect(page.locator("#history li")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") == width, name
        if name != "Runs":
            bottom = "document.querySelector('.view:not([hidden])').getBoundingClientRect().bottom + scrollY"
            assert page.evaluate(bottom) >= 859, name
