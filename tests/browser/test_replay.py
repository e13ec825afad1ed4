from typing import Any

import pytest
from playwright.sync_api import Page, expect

from coterie.graphs.picture import as_json
from coterie.graphs.replay import replay
from tests.browser.conftest import Opening
from tests.support.recorded import long_run, picture, team_run
from tests.support.tape import Record, Tape, head

GRAPH = as_json(picture())


def index(page: Page) -> int:
    """How many records have been told at the moment that is shown."""
    return int(page.evaluate("coterie.store.index"))


def go(page: Page, seconds: float) -> None:
    """Go to a moment, and wait until it is drawn."""
    page.evaluate("(ms) => coterie.store.goToTime(ms)", 1000 * seconds)
    page.wait_for_function("() => coterie.still()")


def text(page: Page) -> str:
    """What the pane says when it is drawn."""
    page.wait_for_function("() => coterie.still()")
    return page.locator("#panel").inner_text()


def node(page: Page, id: str) -> str:
    """The classes of a node of the graph."""
    return page.locator(f'[data-id="{id}"]').get_attribute("class") or ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("contents", [True, False])
def test_it_opens_from_a_file_and_asks_for_nothing(open_page: Opening, scheme: str, contents: bool) -> None:
    page = open_page(replay(team_run(GRAPH, contents=contents)), color_scheme=scheme)
    assert page.title() == "desk"
    assert page.locator("#title").inner_text() == "desk"
    assert page.locator("html").get_attribute("data-theme") == scheme
    assert page.locator("#totals dd").first.inner_text() == "10.12 s"
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert text(page)


def test_the_scrubber_moves_the_moment(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    slider = page.get_by_role("slider", name="Moment of the run")
    box = slider.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.19, box["y"] + box["height"] / 2)
    page.wait_for_function("() => coterie.still()")
    assert 1800 < page.evaluate("coterie.store.time") < 2050
    assert "of 10.12 s" in (slider.get_attribute("aria-valuetext") or "")
    assert page.locator("#clock").inner_text().endswith("/ 10.12 s")
    assert "running" in node(page, "desk/checker/model")
    assert "running" in node(page, "desk/scout")
    assert "done" in node(page, "desk/leader")
    assert "running" not in node(page, "desk/writer")
    assert page.locator("#status").inner_text() == "running"


def test_it_plays(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.get_by_label("Speed").select_option("2")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => coterie.store.index > 0 && coterie.store.index < coterie.store.run.records.length")
    page.wait_for_function("() => coterie.store.index === coterie.store.run.records.length")
    page.get_by_role("button", name="Play", exact=True).wait_for()


def test_it_plays_from_event_to_event_where_motion_is_not_wanted(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html, reduced_motion="reduce")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_function("() => coterie.store.index >= 3")
    page.keyboard.press("Space")
    assert page.evaluate("coterie.store.time === coterie.store.run.records[coterie.store.index - 1].t")
    go(page, 5.449)
    assert "live" in (page.locator('.edge.read[data-target="desk/writer/recall"]').get_attribute("class") or "")
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_click_on_a_node_opens_its_step(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.locator('[data-id="desk/checker/tools"]').click()
    panel = page.locator("#panel")
    assert page.get_by_role("tab", name="Step").get_attribute("aria-selected") == "true"
    assert "SELECT p95(ms)" in text(page)
    assert panel.get_by_role("heading", name="tools").is_visible()
    panel.get_by_role("button", name="The run of this node before").click()
    page.wait_for_function("() => coterie.still()")
    assert "syntax error near SELEC" in text(page)
    assert "selected" in node(page, "desk/checker/tools")
    page.keyboard.press("Escape")
    page.wait_for_function("() => coterie.store.step === null")


def test_a_bar_of_the_timeline_opens_its_step(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    box = page.locator("#bars").bounding_box()
    assert box
    x, y = page.evaluate(
        """() => {
          const lane = coterie.placed(coterie.store.run, new Set()).lanes.find((one) => one.path === "desk/writer");
          return [coterie.view.x(6500), lane.top + lane.height / 2];
        }"""
    )
    page.mouse.click(box["x"] + x, box["y"] + y)
    page.wait_for_function("() => coterie.store.step?.key === 'desk/writer/model'")
    assert "1,890 → 212 tokens" in text(page)


def test_recalled_memories_are_shown_with_their_scores(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.locator('[data-id="desk/writer/recall"]').click()
    first = page.locator("#panel tbody tr").first
    assert "The user prefers short answers" in first.inner_text()
    assert first.get_by_role("img").get_attribute("aria-label") == "0.910: text 0.510 + vector 0.400"


def test_keys_move_zoom_and_explain(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    last = index(page)
    page.keyboard.press("ArrowLeft")
    assert index(page) == last - 1
    page.keyboard.press("Home")
    assert index(page) == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert index(page) == 2
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate("coterie.store.run.records[coterie.store.index - 1].kind") == "step_started"
    page.keyboard.press("End")
    assert index(page) == last
    whole = page.evaluate("coterie.view.right - coterie.view.left")
    page.keyboard.press("+")
    assert page.evaluate("coterie.view.right - coterie.view.left") < whole
    page.keyboard.press("0")
    assert page.evaluate("coterie.view.right - coterie.view.left") == pytest.approx(whole)
    page.keyboard.press("3")
    page.wait_for_selector("#tab-memory[aria-selected=true]")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_keys_typed_into_a_field_stay_there(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.get_by_role("tab", name="Log").click()
    page.get_by_label("Text in the record").type("0 run_sql?")
    assert page.get_by_label("Text in the record").input_value() == "0 run_sql?"
    assert not page.get_by_role("dialog").is_visible()


def test_the_memory_is_that_of_the_moment_with_what_changed(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.get_by_role("tab", name="Memory").click()
    panel = page.locator("#panel")
    go(page, 5.45)
    assert panel.locator("ins, del, s").count() == 0
    assert "The database is MySQL" in text(page)
    assert panel.locator("tr.read").count() == 3  # the writer's hits
    go(page, 10.06)
    panel.locator("ins").first.wait_for()
    row = panel.locator("tr", has_text="WAL mode")
    assert row.locator("del").all_inner_texts()[:2] == ["database", "MySQL"]
    assert row.locator("ins").first.inner_text() == "store"
    struck = panel.locator("s").all_inner_texts()
    assert "The report is due on Friday" in struck  # deleted
    assert "The user wants concise answers" in struck  # merged
    assert "The database is MySQL" not in struck  # its new words show it
    told = text(page)
    assert "a secret (an API key) is not kept" in told
    assert "about another person" in told
    assert told.startswith("4 memories · 4 reads · 4 writes by now")


def test_a_node_says_how_often_it_ran_from_twice_on(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.keyboard.press("End")
    expect(page.locator("[data-id='desk/leader'] .count")).to_have_text("×3")
    expect(page.locator("[data-id='desk/recall'] .count")).not_to_be_visible()


HOSTILE = """</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"><!--"""


def hostile(value: Any) -> Any:
    """The same record, with every text that somebody wrote made hostile."""
    if isinstance(value, dict):
        kept = ("kind", "at", "op", "path", "node", "status", "graph", "memory_id", "superseded_by", "actor")
        return {name: one if name in kept else hostile(one) for name, one in value.items()}
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


def test_hostile_text_is_text_everywhere(open_page: Opening) -> None:
    page = open_page(replay([hostile(record) for record in team_run(GRAPH)]))
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_function("() => coterie.still()")
        for _ in range(30):
            page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("End")
    page.get_by_role("tab", name="Memory").click()
    page.wait_for_function("() => coterie.still()")
    assert HOSTILE in (page.locator("#panel").text_content() or "")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2


def test_a_run_without_contents_says_so(open_page: Opening) -> None:
    page = open_page(replay(team_run(GRAPH, contents=False)))
    assert page.locator("#asked").inner_text() == "contents were not recorded"
    assert "Contents were not recorded" in text(page)
    page.get_by_role("tab", name="Memory").click()
    assert "m06-sqlite" in text(page)
    page.locator('[data-id="desk/scout/tools"]').click()
    assert text(page).count("not recorded") == 4  # arguments and answers of two calls


def test_two_thousand_steps_are_moved_through(open_page: Opening) -> None:
    page = open_page(replay(long_run(2000, GRAPH)))
    assert page.evaluate("coterie.store.run.steps.length") >= 2000
    page.get_by_role("tab", name="Log").click()
    for place in range(51):
        page.evaluate("(share) => coterie.store.goToTime(coterie.store.run.length * share)", place / 50)
    page.wait_for_function("() => document.querySelector('.log .now')")
    assert 0 < page.locator(".log li").count() < 100  # those in sight
    assert index(page) == page.evaluate("coterie.store.run.records.length")
    assert page.evaluate("coterie.scale.gaps.length") == 3  # the waits are shortened
    assert page.evaluate("coterie.scale.length < coterie.store.run.length / 1.5")


def test_no_two_steps_of_a_lane_stand_on_each_other(open_page: Opening) -> None:
    page = open_page(replay(long_run(300, GRAPH)))
    lanes = page.evaluate(
        """() => coterie.placed(coterie.store.run, new Set()).lanes.map((lane) => ({
          path: lane.path, rows: lane.rows,
          bars: lane.bars.filter((bar) => !bar.around).map((bar) => [bar.row, bar.step.start, bar.step.end]),
        }))"""
    )
    assert {lane["path"]: lane["rows"] for lane in lanes}["desk/scout"] == 2  # it runs twice at once
    for lane in lanes:
        ends: dict[int, float] = {}
        for row, start, end in sorted(lane["bars"], key=lambda bar: float(bar[1])):
            assert start >= ends.get(row, 0) - 1e-6
            ends[row] = end


def test_lanes_fold(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    assert page.locator(".lane").all_inner_texts() == ["desk", "scout", "checker", "writer", "memory"]
    fold = page.get_by_role("button", name="Lane of desk")
    assert fold.get_attribute("aria-expanded") == "true"
    fold.press("Enter")
    assert page.locator(".lane").all_inner_texts() == ["desk", "memory"]
    assert fold.get_attribute("aria-expanded") == "false"


def test_the_colours_can_be_chosen(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html, color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    box = '#drawing .node[data-id="/end"] .box'
    drawn = page.evaluate("(box) => getComputedStyle(document.querySelector(box)).fill", box)
    page.get_by_role("button", name="Colours").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert page.evaluate("(box) => getComputedStyle(document.querySelector(box)).fill", box) != drawn


def resumed() -> list[Record]:
    """A run that waited an hour in its tools, and went on."""
    tape = Tape()
    tape.tell(0, "run_started", **head(GRAPH, True), message="Book it.")
    tape.begin(0.1, "desk/leader").end(1.0)
    tape.begin(1.0, "desk/tools")
    tape.tell(1.2, "run_finished", status="waiting", seconds=1.2, error=None, waiting=1, notices=[], content="")
    tape.tell(3600, "run_resumed", **head(None, True))
    tape.begin(3600.1, "desk/tools").end(3601)
    tape.tell(3601.5, "run_finished", status="finished", seconds=1.5, error=None, waiting=0, notices=[], content="Done")
    return tape.sorted()


def test_a_run_that_waited_is_one_run(open_page: Opening) -> None:
    page = open_page(replay(resumed()))
    assert page.locator("#status").inner_text() == "finished"
    assert page.evaluate("coterie.store.run.steps.map((step) => step.cut)") == [False, True, False]
    assert page.evaluate("coterie.scale.gaps.length") == 1
    go(page, 1.2)
    assert page.locator("#status").inner_text() == "waits for an answer"
