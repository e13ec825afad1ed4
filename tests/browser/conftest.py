"""A real browser, and pages in it that may neither fail nor ask others for anything."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from coterie.graphs.picture import as_json
from coterie.graphs.replay import replay
from coterie.memory.sqlite import SqliteDb
from coterie.ui.serving import Server
from tests.support.browser import MISSING, chromium, find_chromium
from tests.support.live import serving
from tests.support.recorded import picture, team_run

SECONDS = 120
"""How long the browser may take for anything: the machine may be busy."""
expect.set_options(timeout=1000 * SECONDS)

PROGRAM = find_chromium()  # before the settings of the environment are taken away


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one file of tests: while it is there its loop runs in this thread, and other tests want theirs."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with chromium(PROGRAM) as opened:
        yield opened


Opening = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opening]:
    """Opens an address in a page of its own; at the end nothing has failed in it, and nothing was asked of others.

    With ``unanswered`` the server may refuse what it asks, or be gone.
    """
    contexts = []
    troubles: list[str] = []

    def open_(address: str, *, unanswered: bool = False, size: tuple[int, int] = (1280, 860), **options: Any) -> Page:
        viewport: Any = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=viewport, locale="en-GB", timezone_id="UTC", **options)
        context.set_default_timeout(1000 * SECONDS)
        contexts.append(context)
        page = context.new_page()
        own = address.partition("#")[0]

        def asked(request: Request) -> None:
            if not request.url.startswith((own, "data:", "blob:")):
                troubles.append(f"asked for {request.url}")

        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and not (unanswered and "Failed to load resource" in message.text):
                troubles.append(message.text)

        page.on("request", asked)
        page.on("pageerror", lambda error: troubles.append(f"failed: {error}"))
        page.on("console", said)
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def open_page(opened: Opening, tmp_path: Path) -> Opening:
    """Opens a page from its HTML, as a file, and waits until it is ready."""

    def open_(html: str, size: tuple[int, int] = (1500, 920), **options: Any) -> Page:
        file = tmp_path / "page.html"
        file.write_text(html, encoding="utf-8")
        page = opened(file.as_uri(), size=size, **options)
        page.wait_for_function("() => coterie.ready")
        return page

    return open_


@pytest.fixture(scope="session")
def run_html() -> str:
    """The replay of the team's run, with contents."""
    return replay(team_run(as_json(picture())))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SqliteDb]:
    """A fresh store."""
    with SqliteDb(tmp_path / "coterie.db") as db:
        yield db


@pytest.fixture
def server(db: SqliteDb) -> Iterator[Server]:
    """A live view of the store."""
    with serving(db) as server:
        yield server
