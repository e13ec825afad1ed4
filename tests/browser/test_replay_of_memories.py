"""The memory in the page of a run: what the store held before it, and what was changed, word by word."""

from playwright.sync_api import expect

from coterie.graphs.picture import as_json
from coterie.graphs.replay import replay
from coterie.memory.values import UserMemory
from tests.browser.conftest import Opening
from tests.support.recorded import long_run, picture, team_run

GRAPH = as_json(picture())


def test_words_that_were_only_added_cross_nothing_out(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    diff = "([before, after]) => coterie.diff(before, after)"
    added = [["same", "short"], ["new", ","], ["same", " "], ["new", "concise "], ["same", "answers"]]
    assert page.evaluate(diff, ["short answers", "short, concise answers"]) == added
    replaced = [["gone", "red cars"], ["new", "blue bikes"]]
    assert page.evaluate(diff, ["red cars", "blue bikes"]) == replaced


def test_of_very_many_memories_those_of_the_run_and_the_newest_are_listed(open_page: Opening) -> None:
    many = [UserMemory(memory_id=f"m{place}", memory=f"Statement {place}") for place in reversed(range(5000))]
    page = open_page(replay(long_run(2000, GRAPH), many))
    page.get_by_role("tab", name="Memory").click()
    page.keyboard.press("End")
    table = page.get_by_role("table", name="Memories that hold")
    expect(table.locator("tbody tr")).to_have_count(300)
    expect(table).to_contain_text("Statement 4999")
    expect(table).to_contain_text("is about backups")
    panel = page.locator("#panel")
    expect(panel).to_contain_text("5,021 memories")
    expect(panel).to_contain_text("4,721 older ones are not listed. 4,700 of them are not in this page")


def test_a_page_has_of_very_many_memories_what_the_run_has_to_do_with(open_page: Opening) -> None:
    many = [UserMemory(memory_id=f"m{place}", memory=f"Statement {place}") for place in reversed(range(5000))]
    records = team_run(GRAPH)
    *_, recalled = (record for record in records if record["kind"] == "memory_recalled")
    old = many[-1].model_copy(update={"memory_id": recalled["hits"][0]["memory_id"], "memory": "Is of old"})
    html = replay(records, [*many, old])
    assert len(html) - len(replay(records, many[:300])) < 1000
    page = open_page(html)
    page.get_by_role("tab", name="Memory").click()
    page.evaluate("at => coterie.store.goToIndex(at)", records.index(recalled) + 1)
    expect(page.get_by_role("table", name="Memories that hold")).to_contain_text("Is of old")


def test_what_is_first_read_while_a_run_goes_on_is_not_counted_twice(open_page: Opening, run_html: str) -> None:
    page = open_page(run_html)
    held = """hits => {
        const memories = new coterie.Memories([], 10, 1);
        memories.take({ kind: "memory_recalled", index: 0, hits: [] });
        memories.take({ kind: "memory_recalled", index: 1, hits });
        return coterie.held(memories.at(2));
    }"""
    assert page.evaluate(held, [{"memory_id": "m1", "memory": "Likes tea"}]) == 10


def test_what_the_store_held_before_the_run_is_in_the_table(open_page: Opening) -> None:
    held = UserMemory(memory_id="m-old", memory="Grace likes tea", user_id="ada")
    page = open_page(replay(team_run(GRAPH), [held]))
    page.get_by_role("tab", name="Memory").click()
    page.keyboard.press("Home")
    expect(page.locator("#panel")).to_contain_text("Grace likes tea")
