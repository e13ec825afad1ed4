"""The page of a run whose records are not whole, or not as they should be."""

from playwright.sync_api import expect

from coterie.graphs.replay import replay
from tests.browser.conftest import Opening
from tests.browser.test_replay import GRAPH, text
from tests.support.recorded import team_run
from tests.support.tape import Tape, head


def test_a_run_that_was_killed_is_not_said_to_go_on(open_page: Opening) -> None:
    page = open_page(replay(team_run(GRAPH)[:20]))
    page.keyboard.press("End")
    expect(page.locator("#status")).to_have_text("no end recorded")
    page.get_by_role("tab", name="Run").click()
    assert "it goes on, or its process was killed" in text(page)
    page.keyboard.press("Home")
    expect(page.locator("#status")).to_have_text("running")


def test_calls_of_one_id_are_shown_each(open_page: Opening) -> None:
    tape = Tape()
    tape.tell(0, "run_started", **head(GRAPH, True), message="Look.")
    tools = tape.begin(0.1, "desk/scout/tools")
    for at, kind, said in ((0.1, "started", "arguments"), (0.2, "finished", "content")):
        for thing in ("cups", "pots"):
            given = {said: thing if said == "content" else {"what": thing}}
            tools.tell(at, f"tool_{kind}", tool="look", call_id="call_1", failed=False, **given)
    page = open_page(replay(tape.sorted()))
    page.keyboard.press("End")
    page.locator('[data-id="desk/scout/tools"]').click()
    assert [text(page).count(thing) for thing in ("cups", "pots")] == [2, 2]
    assert "interrupted" not in text(page)
