from typing import Any

import pytest
from playwright.sync_api import Page, expect

from coterie.graphs.page import page as page_of
from coterie.graphs.picture import as_json
from coterie.graphs.svg import svg
from tests.browser.conftest import Opening
from tests.support.recorded import picture

CONTROLS = {
    "button",
    "tab",
    "slider",
    "combobox",
    "searchbox",
    "textbox",
    "link",
    "image",
    "dialog",
    "tabpanel",
    "group",
}


def graph_html() -> str:
    """The page of a graph that has not run."""
    drawn = svg(picture())
    return page_of(
        {"mode": "graph", "title": "desk", "svg": drawn, "picture": as_json(picture()), "records": [], "memories": None}
    )


def accessible(page: Page) -> list[tuple[str, str]]:
    """Role and name of everything that a screen reader finds."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    told = [node for node in nodes if not node["ignored"]]
    return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in told]


def test_every_control_has_a_name(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    found = set()
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_function("() => coterie.still()")
        parts = accessible(page)
        assert [part for part in parts if part[0] in CONTROLS - {"group"} and not part[1].strip()] == []
        found |= {role for role, _ in parts}
    assert {"button", "tab", "tabpanel", "slider", "combobox", "searchbox", "table"} <= found
    names = {name for role, name in accessible(page) if role == "button"}
    assert {"Play", "Next event", "model of scout", "Lane of desk", "Show the whole graph"} <= names


def test_what_happens_is_said(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.get_by_role("status").first.text_content() == (
        "desk: reads 3 hits: How does SQLite handle many writers, and should we move to PostgreSQL?"
    )


def test_everything_can_be_reached_and_left_with_the_tab_key(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.dataset.id || ''"))
    for id in (
        "theme",
        "help",
        "desk/scout/model",
        "graph-fit",
        "tab-run",
        "panel",
        "play",
        "moment",
        "lanes-fit",
        "bars",
    ):
        assert id in reached


def test_tabs_are_chosen_by_arrows(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.locator("#tab-run").focus()
    before = page.evaluate("coterie.store.index")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.id") == "tab-agents"
    assert page.evaluate("coterie.store.index") == before


@pytest.mark.parametrize("size", [(390, 800), (700, 900), (1000, 700), (1500, 920)])
def test_nothing_lies_beside_the_window(open_page: Opening, run_html: str, size: tuple[int, int]) -> None:
    page = open_page(run_html, size=size)
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_function("() => coterie.still()")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        panel = page.locator("#panel")
        assert panel.evaluate("(panel) => panel.scrollWidth - panel.clientWidth") <= 0


def test_the_page_of_a_graph_tells_of_its_nodes(open_page: Opening) -> None:
    page = open_page(graph_html(), size=(1200, 800))
    assert not page.locator("#time").is_visible()
    page.locator('[data-id="desk/scout/tools"]').click()
    expect(page.locator("#panel")).to_contain_text("run_sql")
    page.locator("#panel").get_by_role("button", name="model of scout").first.click()
    page.wait_for_function("() => coterie.store.key === 'desk/scout/model'")
    expect(page.locator("#panel")).to_contain_text("gpt-4.1-mini")
    assert not [part for part in accessible(page) if part[0] in CONTROLS - {"group"} and not part[1].strip()]
    page.locator('[data-id="desk"]').click(position={"x": 20, "y": 20})
    expect(page.locator("#panel")).to_contain_text("writes the answer")


def test_the_graph_is_zoomed_and_fitted(open_page: Opening) -> None:
    page = open_page(graph_html())
    drawing = page.locator("#drawing svg")
    whole = drawing.get_attribute("viewBox")
    drawing.hover()
    page.mouse.wheel(0, -300)
    page.wait_for_function(
        "(whole) => document.querySelector('#drawing svg').getAttribute('viewBox') !== whole", arg=whole
    )
    page.get_by_role("button", name="Show the whole graph").click()
    assert drawing.get_attribute("viewBox") == whole


def test_steps_are_chosen_in_the_lanes_by_arrows(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.locator("#bars").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("coterie.store.step.key") == "desk/scout/model"
    page.wait_for_function("() => coterie.still()")  # before, the pane of the run has several headings
    expect(page.locator("#panel h2")).to_have_text("model")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("coterie.store.step.key") == "desk/curate"


def test_the_keyboard_stays_where_it_is_when_a_pane_is_drawn_again(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    page.locator('[data-id="desk/checker/model"]').press("Enter")
    before = page.get_by_role("button", name="The run of this node before")
    before.press("Enter")
    expect(page.locator(".turns")).to_contain_text("2 of 3")
    assert page.evaluate("document.activeElement.ariaLabel") == "The run of this node before"


def test_borders_move_by_keys(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    border = page.get_by_role("separator", name="Width of the details")
    before = page.locator("#side").bounding_box()
    border.press("ArrowLeft")
    after = page.locator("#side").bounding_box()
    assert before
    assert after
    assert after["width"] == pytest.approx(before["width"] + 24, abs=1)
    assert border.get_attribute("aria-valuenow") == str(round(after["width"]))


def test_a_lanes_label_keeps_the_keyboard_while_a_run_goes_on(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    label = page.get_by_role("button", name="Lane of desk")
    label.focus()
    page.evaluate("coterie.store.append([])")  # as the live view does, four times a second
    expect(label).to_be_focused()
