"""How fast does the picture follow a slider? From its event in the browser to the new image, on the bundled faces.

    python -m benchmarks.steer_latency

The study starts the app and a headless Chromium, moves a slider of the Steer tab many times, and drags it once through
60 values, one in each frame of 60 a second.
"""

import os
from typing import Any

import numpy as np
from playwright.sync_api import Page

from benchmarks.chromium import opened_app
from benchmarks.report import arguments, save

MOVES, QUICK_MOVES = 60, 3
DRAG = 60
AIM = 150  # milliseconds

# Resolves with the milliseconds from the slider's event to the moment when the new picture can be painted.
MOVE = """(value) => new Promise((resolve) => {
  const slider = document.querySelector('#steer-slider-0 input[type=range]');
  const place = document.querySelector('#steer-after');
  const before = place.querySelector('img').src, start = performance.now();
  const watcher = new MutationObserver(async () => {
    const image = place.querySelector('img');
    if (image.src === before) return;
    watcher.disconnect();
    await image.decode();
    requestAnimationFrame(() => resolve(performance.now() - start));
  });
  watcher.observe(place, {subtree: true, childList: true, attributes: true});
  slider.value = value;
  slider.dispatchEvent(new Event('input', {bubbles: true}));
})"""

# Resolves with how many pictures a drag showed, and how long after its end the last one came.
DRAG_ALONG = """async (values) => {
  const slider = document.querySelector('#steer-slider-1 input[type=range]');
  const place = document.querySelector('#steer-after');
  let count = 0, last = performance.now();
  const watcher = new MutationObserver(() => { count += 1; last = performance.now(); });
  watcher.observe(place, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
  for (const value of values) {
    slider.value = value;
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    await new Promise(requestAnimationFrame);
  }
  const end = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  watcher.disconnect();
  return [count, last - end];
}"""


def main() -> None:
    """Measures and writes."""
    quick = (args := arguments(__doc__).parse_args()).quick
    with opened_app() as (page, url):
        figures = measure(page, url, QUICK_MOVES if quick else MOVES)
    figures |= {"cores": os.cpu_count(), "aim": AIM, "drag_values": DRAG}
    save(args, "steer_latency", figures)


def measure(page: Page, url: str, moves: int) -> dict[str, Any]:
    """Opens the Steer tab and moves its sliders.

    Args:
        page: a new one.
        url: of the app.
        moves: how many single moves.

    Returns:
        milliseconds of single moves, and what became of the drag.
    """
    page.goto(url)
    page.locator("#breed-picker img").first.wait_for(state="attached")
    page.get_by_role("tab", name="Steer").click()
    page.locator("#steer-strip img").first.wait_for()
    page.wait_for_timeout(2000)
    values = np.resize(np.linspace(-3, 3, 31), moves + 1).round(1)
    times = []
    for value in values:
        times.append(page.evaluate(MOVE, str(value)))
        page.wait_for_timeout(100)
    pictures, lag = page.evaluate(DRAG_ALONG, [str(v) for v in np.linspace(-4, 4, DRAG).round(2)])
    return {"moves": [round(t, 1) for t in times[1:]], "drag_pictures": pictures, "drag_lag": round(lag, 1)}


if __name__ == "__main__":
    main()
