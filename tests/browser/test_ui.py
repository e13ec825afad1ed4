"""The live view in a real browser, over a real store: what is seen follows the database, what is clicked changes it."""

import random
import secrets
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from coterie.graphs.picture import as_json
from coterie.memory.edits import Add, Change, Curated, Delete, Ref, Update
from coterie.memory.incoming import turn_of
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, StoredRun, UserMemory
from coterie.ui.serving import Server
from tests.browser.conftest import Opening
from tests.support.live import serving
from tests.support.proposals import proposal
from tests.support.recorded import picture, team_run
from tests.support.tape import Record, timed
from tests.ui.conftest import remember

ANA = Scope("ana", as_owner=True)
HOSTILE = "<img src=x onerror=\"document.title='taken'\"> & <b>bold</b>"


def begin(db: SqliteDb, run_id: str, name: str = "desk", user_id: str = "ana", ago: float = 0) -> list[Record]:
    """A run begins, or began so many seconds ago. Returns the records that it will have."""
    started = datetime.now(UTC) - timedelta(seconds=ago)
    db.add_run(StoredRun(run_id, user_id, "s1", "desk", None, name, started))
    return timed(team_run(as_json(picture())), started)


def finish(db: SqliteDb, run_id: str, user_id: str = "ana") -> None:
    db.end_run(user_id, run_id, "finished", datetime.now(UTC) + timedelta(seconds=1))


def past(db: SqliteDb, run_id: str, name: str = "desk", user_id: str = "ana") -> None:
    """A run that has happened."""
    db.add_records(user_id, run_id, begin(db, run_id, name, user_id))
    finish(db, run_id, user_id)


def memories(db: SqliteDb) -> list[str]:
    return sorted(one.memory for one in db.newest(ANA))


def view(page: Page, name: str) -> None:
    page.locator("#views").get_by_role("button", name=name).click()


def sure(page: Page, verb: str) -> None:
    """Answer the question that is asked before anything is changed."""
    page.get_by_role("dialog").get_by_role("button", name=verb).click()


def test_it_loads_and_says_that_it_is_connected(server: Server, opened: Opening) -> None:
    page = opened(server.address)
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator("#runs")).to_contain_text("No run of user ana is recorded.")
    expect(page.locator("#user")).to_have_value("ana")


def test_a_run_appears_and_moves_while_it_happens(db: SqliteDb, server: Server, opened: Opening) -> None:
    page = opened(server.address)
    expect(page.locator("#connection")).to_have_text("Live")
    records = begin(db, "run-live")
    entry = page.locator("#runs .run")
    expect(entry).to_have_class("run running")
    expect(entry).to_have_attribute("aria-current", "true")
    half = next(place for place, record in enumerate(records) if record.get("node") == "tools") + 1
    db.add_records("ana", "run-live", records[:half])
    expect(page.locator("#drawing [data-id='desk/scout/tools'].running")).to_have_count(1)
    expect(page.locator("#drawing [data-id='desk/curate'].running")).to_have_count(0)
    expect(page.locator("#status")).to_have_text("running")
    db.add_records("ana", "run-live", records[half:])
    finish(db, "run-live")
    expect(page.locator("#status")).to_have_text("finished")
    expect(page.locator("#drawing .running")).to_have_count(0)
    expect(entry).to_have_class("run finished")


def test_the_next_run_is_opened_if_that_is_wanted(db: SqliteDb, server: Server, opened: Opening) -> None:
    past(db, "run-old")
    page = opened(server.address)
    current = page.locator("#runs [aria-current]")
    expect(current).to_have_attribute("data-run", "run-old")
    page.get_by_label("Follow what happens").uncheck()
    begin(db, "run-unwanted")
    expect(page.locator("#runs .run")).to_have_count(2)
    expect(current).to_have_attribute("data-run", "run-old")
    page.get_by_label("Follow what happens").check()
    begin(db, "run-wanted")
    expect(current).to_have_attribute("data-run", "run-wanted")


def test_past_runs_open_and_a_reload_keeps_the_one_that_is_shown(db: SqliteDb, server: Server, opened: Opening) -> None:
    past(db, "run-first", "first desk")
    past(db, "run-second", "second desk")
    page = opened(server.address)
    current = page.locator("#runs [aria-current]")
    expect(current).to_have_attribute("data-run", "run-second")
    page.get_by_role("button", name="first desk").click()
    expect(current).to_have_attribute("data-run", "run-first")
    expect(page.locator("#drawing [data-id='desk/scout/model']")).to_have_count(1)
    page.reload()
    expect(current).to_have_attribute("data-run", "run-first")
    expect(page.locator("#user")).to_have_value("ana")


def test_another_user_is_chosen_and_a_reload_keeps_them(db: SqliteDb, server: Server, opened: Opening) -> None:
    past(db, "run-ana", "anas desk")
    past(db, "run-ben", "bens desk", "ben")
    remember(db, "ben", "Likes gin")
    page = opened(server.address)
    expect(page.locator("#runs")).to_contain_text("anas desk")
    page.locator("#user").fill("ben")
    page.locator("#user").press("Enter")
    expect(page.locator("#runs")).to_contain_text("bens desk")
    expect(page.locator("#runs")).not_to_contain_text("anas desk")
    page.reload()
    expect(page.locator("#user")).to_have_value("ben")
    view(page, "Memory")
    expect(page.locator(".kept tbody")).to_contain_text("Likes gin")


def test_the_memory_is_searched_and_narrowed(db: SqliteDb, server: Server, opened: Opening) -> None:
    remember(db, "ana", "Likes green tea", topics=["food"])
    remember(db, "ana", "Likes tea rooms", agent="scout")
    remember(db, "ana", HOSTILE)
    page = opened(server.address)
    view(page, "Memory")
    rows = page.locator(".kept tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text(HOSTILE)
    page.get_by_label("Search").fill("green tea")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Likes green tea")
    expect(rows.first.locator(".bars")).to_have_attribute("aria-label", "Score 1.00: words 1.00")
    page.locator("#agent").select_option("scout")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Likes tea rooms")
    page.locator("#agent").select_option("")
    page.locator("#topic").select_option("food")
    expect(rows).to_have_count(1)
    expect(page).to_have_title("coterie")


def test_an_undo_in_the_page_changes_the_database(db: SqliteDb, server: Server, opened: Opening) -> None:
    (tea,) = remember(db, "ana", "Likes tea")
    db.apply(ANA, [Update(Ref(tea), "Likes strong tea", reason="she said so")], Change("curator"))
    page = opened(server.address)
    view(page, "Memory")
    page.locator(".kept").get_by_role("button", name="History").click()
    history = page.get_by_role("complementary", name="History")
    expect(history.locator("ol > li")).to_have_count(2)
    expect(history.locator("ol > li ins").first).to_contain_text("strong")
    expect(history).to_contain_text("she said so")
    history.get_by_role("button", name="Undo change").first.click()
    sure(page, "Cancel")
    assert memories(db) == ["Likes strong tea"]
    history.get_by_role("button", name="Undo change").first.click()
    sure(page, "Undo")
    expect(page.locator("#notice")).to_contain_text("Undone.")
    expect(page.locator(".kept tbody .what")).to_contain_text("Likes tea")
    assert memories(db) == ["Likes tea"]
    page.locator("#notice").get_by_role("button", name="Redo").click()
    expect(page.locator("#notice")).to_contain_text("Redone.")
    assert memories(db) == ["Likes strong tea"]


def test_a_memory_is_added_corrected_and_forgotten(db: SqliteDb, server: Server, opened: Opening) -> None:
    page = opened(server.address)
    view(page, "Memory")
    expect(page.locator("#remembered")).to_contain_text("Nothing is remembered of ana.")
    page.get_by_role("button", name="Add a memory").click()
    page.get_by_label("Statement").fill("Likes tea")
    page.get_by_label("Topics, with commas").fill("food, drinks")
    sure(page, "Remember")
    row = page.locator(".kept tbody tr")
    expect(row).to_contain_text("Likes tea")
    assert [(one.memory, one.topics) for one in db.newest(ANA)] == [("Likes tea", ["food", "drinks"])]
    row.get_by_role("button", name="Correct").click()
    page.get_by_label("Statement").fill("Likes gin")
    sure(page, "Replace")
    expect(row).to_contain_text("Likes gin")
    assert memories(db) == ["Likes gin"]
    row.get_by_role("button", name="Forget").click()
    sure(page, "Forget")
    expect(page.locator(".kept")).to_have_count(0)
    assert memories(db) == []
    page.locator("#notice").get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("Likes gin")
    assert memories(db) == ["Likes gin"]


def test_a_proposal_is_accepted_and_another_rejected(db: SqliteDb, server: Server, opened: Opening) -> None:
    (rum,) = remember(db, "ana", "Likes rum")
    db.record_turn(turn := turn_of("I like tea", None, "ana", None, None))
    change = {"op": "update", "targets": (Ref(rum, 1),), "before": ("Likes rum",), "quote": "I like tea"}
    kept = [
        proposal("ana", turn.turn_id, "Likes tea", status="held", why="it changes what is known", **change),
        proposal("ana", turn.turn_id, "Likes gin", status="held", why="it is not in the user's own words"),
        proposal("ana", turn.turn_id, HOSTILE),
    ]
    db.apply(Scope("ana"), [], Change("curator"), curated=Curated(turn.turn_id, kept=kept))
    page = opened(server.address)
    expect(page.locator("[data-view=review] .number")).to_have_text("2")
    view(page, "Review")
    tea = page.locator("#review li", has_text="it changes what is known")
    expect(tea.locator("del")).to_have_text("rum")
    expect(tea.locator("ins")).to_have_text("tea")
    tea.get_by_role("button", name="Accept").click()
    sure(page, "Accept")
    expect(page.locator("#review li")).to_have_count(1)
    assert memories(db) == ["Likes tea"]
    page.locator("#review").get_by_role("button", name="Reject").click()
    sure(page, "Reject")
    expect(page.locator("#review")).to_contain_text("Nothing waits for a decision.")
    assert (memories(db), db.proposals("ana", "held")) == (["Likes tea"], [])
    view(page, "Refused")
    expect(page.locator("#refused li")).to_contain_text(HOSTILE)


def test_the_memory_is_seen_as_it_was_and_compared(db: SqliteDb, server: Server, opened: Opening) -> None:
    tea, dog = remember(db, "ana", "Likes tea", "Has a dog")
    page = opened(server.address)
    view(page, "Memory")
    expect(page.locator(".kept tbody tr")).to_have_count(2)
    then = (datetime.now(UTC) + timedelta(seconds=1)).replace(microsecond=0)
    while datetime.now(UTC) < then:  # a field for times knows whole seconds
        time.sleep(0.05)
    db.apply(ANA, [Update(Ref(tea), "Likes gin"), Delete(Ref(dog)), Add(UserMemory(memory="Has a cat"))], Change())
    page.get_by_label("As of", exact=True).fill(f"{then:%Y-%m-%dT%H:%M:%S}")
    page.get_by_label("As of", exact=True).dispatch_event("change")
    expect(page.locator(".kept tbody")).to_contain_text("Has a dog")
    expect(page.locator(".kept tbody")).not_to_contain_text("Likes gin")
    expect(page.get_by_role("button", name="Forget")).to_have_count(0)
    page.get_by_label("Compare").check()
    expect(page.locator(".difference .changed")).to_contain_text("Likes teagin")
    expect(page.locator(".difference .removed")).to_contain_text("Has a dog")
    expect(page.locator(".difference .added")).to_contain_text("Has a cat")


def a_port() -> int:
    """A free one that the system gives to nobody who does not ask for it: it can be had twice."""
    for port in random.SystemRandom().sample(range(20_000, 30_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("a hundred ports are taken")


def test_a_lost_connection_is_shown_and_found_again(
    db: SqliteDb, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_urlsafe", lambda length: "the same again")
    with serving(db, port=a_port()) as server:
        page = opened(server.address, unanswered=True)
        expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator("#connection")).to_have_text("Connection lost. Trying again …")
    past(db, "run-meanwhile")
    with serving(db, port=server.port):
        expect(page.locator("#connection")).to_have_text("Live")
        expect(page.locator("#runs [data-run='run-meanwhile']")).to_have_count(1)


def test_an_address_of_a_server_that_has_ended_says_so(db: SqliteDb, server: Server, opened: Opening) -> None:
    remember(db, "ana", "Likes tea")
    page = opened(server.address.replace(server.token, "old"), unanswered=True)
    expect(page.locator("#connection")).to_contain_text("open the address that this one printed")
    view(page, "Memory")
    expect(page.locator("#remembered .sum")).to_contain_text("The token is missing")


def test_the_keys_of_the_timeline_rest_elsewhere(db: SqliteDb, server: Server, opened: Opening) -> None:
    past(db, "run-old")
    page = opened(server.address)
    expect(page.locator("#runs [aria-current]")).to_have_count(1)
    view(page, "Memory")
    before = page.evaluate("coterie.store.index")
    page.keyboard.press("Home")
    assert page.evaluate("coterie.store.index") == before > 0
    view(page, "Runs")
    page.keyboard.press("Home")
    assert page.evaluate("coterie.store.index") < before


def test_a_tab_that_nobody_sees_rests_and_catches_up(db: SqliteDb, server: Server, opened: Opening) -> None:
    page = opened(server.address)
    expect(page.locator("#connection")).to_have_text("Live")
    hide = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}})"
    with page.expect_event("requestfailed"):  # it is the page that ends what it follows
        page.evaluate(f"{hide.format('true')}; document.dispatchEvent(new Event('visibilitychange'))")
    past(db, "run-meanwhile")
    page.evaluate(f"{hide.format('false')}; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#runs [data-run='run-meanwhile']")).to_have_count(1)
    expect(page.locator("#connection")).to_have_text("Live")
