"""Do all pictures arrive while the machine is busy, in searches and on Breed pages, for several visitors at once?

    python -m benchmarks.busy

The study starts the app and a headless Chromium, and keeps all cores busy with other processes. In each round all
visitors ask for the same pictures at the same moment, so one browser fetches a picture while it is drawn for another. A
picture is "dead" if the page shows a broken image.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from playwright.sync_api import Browser, Error, Page, Request, Response

from benchmarks.chromium import chromium
from benchmarks.report import arguments, save

ROOT = Path(__file__).parents[1]
VISITORS, SEARCH_ROUNDS, PAGE_ROUNDS = 5, 20, 15
QUICK_VISITORS, QUICK_ROUNDS = 2, 1
BUSY_PER_CORE = 2  # processes
PROMPT = "a smiling woman with red hair"
SETTINGS = {"generations": 10, "warm-start": 0, "cma-es-population": 10, "patience": 0}  # of searches: 100 images each
FACES = 12  # on a Breed page
PATIENCE = 300_000  # milliseconds: how long a busy machine may take for one step
RESULTS, PICKER = "#search-results", "#breed-picker"
WRONG_LENGTH = re.compile(r"^\S+: Too (?:much|little) data for declared Content-Length", re.MULTILINE)

# How many pictures there are, and how many of them are dead; null while some are on their way.
PICTURES = """(part) => {
  const pictures = [...document.querySelectorAll(part + ' img')];
  if (!pictures.every((picture) => picture.complete)) return null;
  return [pictures.length, pictures.filter((picture) => picture.naturalWidth === 0).length];
}"""


@dataclass
class Count:
    """Counts what visitors saw on one kind of page.

    Attributes:
        pages: how many.
        spoiled: pages with a dead picture.
        pictures: on all pages.
        dead: pictures that are.
    """

    pages: int = 0
    spoiled: int = 0
    pictures: int = 0
    dead: int = 0

    def look(self, page: Page, part: str) -> None:
        """Waits until the browser has loaded or given up each picture in a part of a page, and counts them."""
        pictures, dead = page.wait_for_function(PICTURES, arg=part).json_value()
        self.pages += 1
        self.spoiled += dead > 0
        self.pictures += pictures
        self.dead += dead


@dataclass
class Watch:
    """Watches the browser's requests to the app.

    Attributes:
        url: of the app.
        failed: requests that failed or were refused, except for those that the page itself gave up.
        short: files that arrived with another length than they have.
    """

    url: str
    failed: int = 0
    short: int = 0
    _files: list[Response] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Notes all requests of a page from now on."""
        page.on("requestfailed", self._note_failed)
        page.on("response", self._note)

    def measure(self) -> None:
        """Compares the files that arrived since the last call with those on the disk, while nobody writes any."""
        for response in self._files:
            with suppress(Error):  # those that failed have no body, and are counted already
                self.short += len(response.body()) != Path(unquote(response.url.partition("file=")[2])).stat().st_size
        self._files.clear()

    def _note_failed(self, request: Request) -> None:
        if request.url.startswith(self.url) and request.failure != "net::ERR_ABORTED":
            self.failed += 1

    def _note(self, response: Response) -> None:
        if not response.url.startswith(self.url):
            return
        if response.status >= 400:
            self.failed += 1
        elif "/file=" in response.url:
            self._files.append(response)


def main() -> None:
    """Measures and writes."""
    parser = arguments(__doc__)
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--busy", type=int, default=BUSY_PER_CORE * cores, help="processes that keep the cores busy, %(default)s here"
    )
    args = parser.parse_args()
    visitors, searches, pages, others = VISITORS, SEARCH_ROUNDS, PAGE_ROUNDS, args.busy
    if args.quick:
        visitors, searches, pages, others = QUICK_VISITORS, QUICK_ROUNDS, QUICK_ROUNDS, 0
    with app() as (url, log), chromium() as browser, busy(others):
        figures = measure(browser, url, visitors, searches, pages)
        figures["wrong_length_in_log"] = len(WRONG_LENGTH.findall(log.read_text()))
    figures |= {"visitors": visitors, "busy_processes": others, "cores": cores}
    save(args, "busy", figures)


@contextmanager
def app() -> Iterator[tuple[str, Path]]:
    """Starts the app with the bundled model in another process; gives its address and the file of its log."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        environment = os.environ | {
            "SPACESEED_MODEL": "avatars",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_TEMP_DIR": str(Path(folder) / "cache"),
            "PYTHONUNBUFFERED": "1",
        }
        with log.open("w") as stream, _running([sys.executable, "app.py"], stream, environment) as process:
            while not (address := re.search(r"http://\S+", log.read_text())):
                if process.poll() is not None:
                    raise RuntimeError(f"The app did not start: {log.read_text()}")
                time.sleep(0.1)
            yield address[0], log


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keeps cores busy with `count` processes."""
    if count == 0:
        yield
        return
    with _running([sys.executable, "-c", "while True: pass"]), busy(count - 1):
        yield


@contextmanager
def _running(
    command: list[str], output: Any = None, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=ROOT) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def measure(browser: Browser, url: str, visitors: int, searches: int, pages: int) -> dict[str, Any]:
    """Lets visitors search and look at Breed pages.

    Args:
        browser: where they come from.
        url: of the app.
        visitors: how many.
        searches: of each.
        pages: of each.

    Returns:
        what they saw in "searches" and "breed", and what became of their browsers' requests.
    """
    watch = Watch(url)
    here = [_visit(browser, watch) for _ in range(visitors)]
    figures: dict[str, Any] = {}
    for name, part, rounds, ask in (("breed", PICKER, pages, _breed), ("searches", RESULTS, searches, _search)):
        count = Count()
        for number in range(1, rounds + 1):
            _together(here, number, ask)
            for page in here:
                count.look(page, part)
            watch.measure()
            print(f"{name}, round {number} of {rounds}: {count.dead} of {count.pictures} pictures are dead", flush=True)
        figures[name] = asdict(count)
    return figures | {"failed_requests": watch.failed, "short_files": watch.short}


def _visit(browser: Browser, watch: Watch) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(PATIENCE)
    watch.follow(page)
    page.goto(watch.url)
    page.locator(f"{PICKER} img").first.wait_for(state="attached")
    return page


def _together(pages: Sequence[Page], number: int, ask: Callable[[Page, int], str]) -> None:
    """Asks on all pages before waiting for the first: `ask` gives a script that is true once the page is there."""
    for page, shown in [(page, ask(page, number)) for page in pages]:
        page.wait_for_function(shown)


def _breed(page: Page, number: int) -> str:
    first = FACES * number
    page.locator("#breed-seeds").locator("input, textarea").fill(f"{first}-{first + FACES - 1}")
    page.locator("#breed-start").click()
    return (
        f"document.querySelector('{PICKER} .title').innerText.startsWith('Generation {number}:')"
        f" && document.querySelectorAll('{PICKER} img').length === {FACES}"
    )


def _search(page: Page, number: int) -> str:
    if number == 1:
        page.get_by_role("tab", name="Search").click()
        page.locator("#search-settings > button").click()
        page.locator("#search-prompt textarea").fill(PROMPT)
    for name, value in (SETTINGS | {"seed": number}).items():
        box = page.locator(f"#search-{name} input[type=number], #search-{name} input").last
        box.fill(str(value))
        box.press("Tab")
    status = "document.querySelector('#search-status p')"
    page.evaluate(f"{status}.textContent = ''")  # it says how the last search ended
    page.locator("#search-go").click()
    return f"{status}.innerText.startsWith('Done')"


if __name__ == "__main__":
    main()
