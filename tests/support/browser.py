"""A real browser for tests and measurements: the Chromium that is installed, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
).split()
MISSING = "no Chromium here: apt-get install chromium, or say where one is with COTERIE_CHROMIUM"


def find_chromium() -> str | None:
    """The program: what COTERIE_CHROMIUM says, else the first that is installed."""
    if named := os.environ.get("COTERIE_CHROMIUM"):
        return named
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium(program: str) -> Iterator["Browser"]:
    """A browser without a window, closed in the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, timeout=300_000)
        yield browser
        browser.close()
