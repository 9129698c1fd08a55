"""How soon does a wish show pictures? From the Enter key in the browser to the wall of seeds, on the bundled faces.

    python -m benchmarks.search_latency

The study starts the app and a headless Chromium, types wishes into the Search tab, and waits for each search to end.
The first wish also waits for what the app loads when it is needed first.
"""

import os
from typing import Any

from playwright.sync_api import Page

from benchmarks.chromium import opened_app
from benchmarks.report import arguments, save
from benchmarks.wishes import TUNING

WISHES, QUICK_WISHES = 9, 2
AIM = 1000  # milliseconds

# Notes the milliseconds from the Enter key to the first picture of the wall, to its last, and to the end of the search.
WATCH = """() => {
  const times = window.searchTimes = {};
  const wall = document.querySelector('#search-wall');
  const seen = new Set([...wall.querySelectorAll('img')].map((image) => image.src));
  let start = null;
  document.querySelector('#search-prompt textarea, #search-prompt input').addEventListener(
    'keydown', (event) => { if (event.key === 'Enter') start = performance.now(); }, {once: true});
  const note = async (name, image) => {
    await image.decode().catch(() => {});
    requestAnimationFrame(() => { times[name] ??= performance.now() - start; });
  };
  const look = () => {
    if (start === null) return;
    const images = [...wall.querySelectorAll('img')].filter((image) => image.src && !seen.has(image.src));
    if (images.length) note('first', images[0]);
    if (images.length >= %d) note('wall', images[images.length - 1]);
    const stop = document.querySelector('#search-stop');
    if (times.wall && stop && stop.disabled) times.end ??= performance.now() - start;
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


def main() -> None:
    """Measures and writes."""
    quick = (args := arguments(__doc__).parse_args()).quick
    with opened_app() as (page, url):
        figures = measure(page, url, QUICK_WISHES if quick else WISHES)
    save(args, "search_latency", figures | {"cores": os.cpu_count(), "aim": AIM})


def measure(page: Page, url: str, wishes: int) -> dict[str, Any]:
    """Opens the Search tab and searches for several wishes, one after another.

    Args:
        page: a new one.
        url: of the app.
        wishes: how many.

    Returns:
        milliseconds to the first picture, to the whole wall, and to the end, for each wish.
    """
    page.goto(url)
    page.locator("#breed-picker img").first.wait_for(state="attached")
    page.get_by_role("tab", name="Search").click()
    box = page.locator("#search-prompt textarea, #search-prompt input").first
    box.wait_for()
    page.wait_for_timeout(3000)  # a visitor reads the page, and types
    rows = []
    for prompt in TUNING[:wishes]:
        box.fill(prompt.text)
        page.evaluate(WATCH % 24)
        box.press("Enter")
        page.wait_for_function("window.searchTimes.end", timeout=180_000)
        rows.append({name: round(time) for name, time in page.evaluate("window.searchTimes").items()})
        page.wait_for_timeout(500)
    return {"searches": rows}


if __name__ == "__main__":
    main()
