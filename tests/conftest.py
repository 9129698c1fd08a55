"""Settings and fixtures of all tests: reproducible runs, and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Tests that run at the same time do not meet in Gradio's folder, and those that run later find it empty.
GRADIO_FOLDER = tempfile.TemporaryDirectory(prefix="gradio-", ignore_cleanup_errors=True)
os.environ["GRADIO_TEMP_DIR"] = GRADIO_FOLDER.name
# Networks this small are no faster with a second thread, and much slower if another process uses its core.
torch.set_num_threads(1)

# The same examples in every run, and no deadlines, which would depend on the machine's speed.
settings.register_profile("spaceseed", derandomize=True, deadline=None, database=None)
settings.load_profile("spaceseed")

# How long a test in a browser waits for what a page should show, in milliseconds. Machines that test can be several
# times slower than usual.
PAGE_WAIT = 120_000
# The shell has no window and loads pages in three quarters of the time.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# No sandbox, because CI runs as root; no requests to the browser maker's hosts, because tests need no network.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port() -> int:
    """Returns a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def app_process(
    port: int, python: str = sys.executable, cwd: Path | None = None, module: str = "spaceseed.ui", **settings: str
) -> Iterator[str]:
    """The app in a process of its own, with the bundled model to begin with; gives its address once it answers.

    Args:
        port: where it answers.
        python: the interpreter, with the environment to run the app in.
        cwd: where to run it.
        module: what runs it.
        **settings: variables of its environment.
    """
    settings = os.environ | {"GRADIO_SERVER_PORT": str(port), "SPACESEED_MODEL": "avatars"} | settings
    with subprocess.Popen([python, "-m", module], cwd=cwd, env=settings, stdout=subprocess.DEVNULL) as app:
        try:
            yield _answering(f"http://127.0.0.1:{port}", app)
        finally:
            app.terminate()


def _answering(url: str, app: "subprocess.Popen[bytes]") -> str:
    """Waits until the app answers; returns its address."""
    for _ in range(600):
        assert app.poll() is None, "the app ended"
        try:
            with urllib.request.urlopen(url):
                return url
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the app did not answer")


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that use a browser, skips them if there is none, and puts them last.

    They are last because they are the slowest, and Playwright leaves an event loop running in this thread.
    """
    browser_required = os.environ.get("SPACESEED_REQUIRE_BROWSER") == "1"
    no_browser = pytest.mark.skip(reason=f"No browser: none of {', '.join(CHROMIUM_NAMES)} is on PATH.")
    for item in items:
        if "chromium_path" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
            if not (browser_required or find_chromium()):
                item.add_marker(no_browser)
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of Chromium."""
    path = find_chromium()
    if path is None:
        pytest.fail(f"SPACESEED_REQUIRE_BROWSER=1, but none of {', '.join(CHROMIUM_NAMES)} is on PATH.")
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> "Iterator[Browser]":
    """A headless Chromium. Each test opens its own `browser.new_context()`, which is a separate visitor."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
