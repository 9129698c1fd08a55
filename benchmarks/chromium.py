"""The browser for studies of the page itself."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from spaceseed.ui.demo import LAUNCH, build

NAMES = ("chromium", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Starts a headless Chromium; each of its contexts is a visitor."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened_app() -> Iterator[tuple[Page, str]]:
    """Serves the app on the bundled faces; yields a new page of desktop size, and the app's address."""
    demo = build("avatars")
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **LAUNCH)
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1280, "height": 800}), url
    demo.close()
