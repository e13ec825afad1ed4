"""A real browser: Chromium, as it is installed on this machine, driven by Playwright."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

ARGUMENTS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync""".split()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for each worker of the test run."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


Opening = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opening]:
    """Opens an address in a page of its own; at the end nothing has failed in it, and nothing was asked of others.

    With ``unanswered`` the server may refuse what it asks, or be gone.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(30_000)
    troubles: list[str] = []

    def open_(address: str, *, unanswered: bool = False) -> Page:
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
    context.close()
    assert troubles == []
