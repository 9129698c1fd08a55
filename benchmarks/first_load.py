"""How soon does a new visitor see faces, and how much must be transferred until then? With a browser that has no cache.

    python -m benchmarks.first_load

The study starts the app and a headless Chromium, and opens the page again and again, each time as a new visitor. The
machine should have nothing else to do. The first visit is not counted: the app is still loading the judge then.
"""

import os
from collections import Counter
from typing import Any

from playwright.sync_api import Browser

from benchmarks.busy import app
from benchmarks.chromium import chromium
from benchmarks.report import arguments, save

VISITS, QUICK_VISITS = 15, 1
PATIENCE = 60_000  # milliseconds
AIMS = {"kilobytes": 600, "milliseconds": 1500}

# Notes the milliseconds from the start of the visit to the first face, and to the last of the page.
WATCH = """() => {
  const times = window.faceTimes = {};
  const note = async (name, images) => {
    await Promise.all(images.map((image) => image.decode().catch(() => {})));
    requestAnimationFrame(() => { times[name] ??= performance.now(); });
  };
  const look = () => {
    const images = [...document.querySelectorAll('#breed-picker img')];
    if (images.length) note('first', images.slice(0, 1));
    if (images.length >= 12) note('all', images);
  };
  new MutationObserver(look).observe(document, {subtree: true, childList: true});
}"""


def main() -> None:
    """Measures and writes."""
    quick = (args := arguments(__doc__).parse_args()).quick
    with app() as (url, _), chromium() as browser:
        visit(browser, url)
        figures = measure(browser, url, QUICK_VISITS if quick else VISITS)
    save(args, "first_load", figures | {"aims": AIMS, "cores": os.cpu_count()})


def measure(browser: Browser, url: str, visits: int) -> dict[str, Any]:
    """Opens the page as several visitors, one after another.

    Args:
        browser: where they come from.
        url: of the app.
        visits: how many.

    Returns:
        for each visit the milliseconds to the first face and to all of them, and for the last one the bytes transferred
        until then, by what they are.
    """
    seen = [visit(browser, url) for _ in range(visits)]
    _, transferred, requests = seen[-1]
    return {"visits": [times for times, _, _ in seen], "bytes": transferred, "requests": requests}


def visit(browser: Browser, url: str) -> tuple[dict[str, int], dict[str, int], int]:
    """Opens the page as a new visitor.

    Returns:
        milliseconds to the first face and to all of them; bytes by kind; the number of requests.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    network = context.new_cdp_session(page)
    network.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    network.on(
        "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])})
    )
    network.send("Network.enable")
    page.add_init_script(f"({WATCH})()")
    page.goto(url, wait_until="commit")
    page.wait_for_function("window.faceTimes?.all", timeout=PATIENCE)
    times = {name: round(time) for name, time in page.evaluate("window.faceTimes").items()}
    transferred: Counter[str] = Counter()
    for request, size in sizes.items():
        transferred[kinds.get(request, "Other")] += size
    count = len(sizes)
    context.close()
    return times, dict(transferred.most_common()), count


if __name__ == "__main__":
    main()
