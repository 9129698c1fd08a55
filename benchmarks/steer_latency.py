"""How fast does the picture follow the hand? From the event in the browser to the new image, on the bundled faces.

    python -m benchmarks.steer_latency

The study starts the app and a headless Chromium, moves a slider of the Steer tab many times, and drags it once through
60 values, one in each frame of 60 a second. Then it paints many strokes in the Dissect tab.
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

# Resolves with the milliseconds from `act` to the moment when a new picture can be painted in a place of the page.
SHOWN = """const shown = (place, act) => new Promise((resolve) => {
  const before = place.querySelector('img').src, start = performance.now();
  const watcher = new MutationObserver(async () => {
    const image = place.querySelector('img');
    if (image.src === before) return;
    watcher.disconnect();
    await image.decode();
    requestAnimationFrame(() => resolve(performance.now() - start));
  });
  watcher.observe(place, {subtree: true, childList: true, attributes: true});
  act();
});"""

MOVE = f"""(value) => {{
  {SHOWN}
  const slider = document.querySelector('#steer-slider-0 input[type=range]');
  return shown(document.querySelector('#steer-after'), () => {{
    slider.value = value;
    slider.dispatchEvent(new Event('input', {{bubbles: true}}));
  }});
}}"""

# Measured from the end of the stroke.
STROKE = f"""([x, y]) => {{
  {SHOWN}
  const place = document.querySelector('#dissect-painter'), canvas = place.querySelector('canvas');
  const box = canvas.getBoundingClientRect();
  const touch = (kind, dx) => canvas.dispatchEvent(new PointerEvent(kind, {{
    bubbles: true, pointerId: 1, clientX: box.left + (x + dx) * box.width, clientY: box.top + y * box.height}}));
  canvas.setPointerCapture = () => {{}};
  touch('pointerdown', 0);
  touch('pointermove', 0.1);
  return shown(place, () => touch('pointerup', 0.1));
}}"""

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
        moves = QUICK_MOVES if quick else MOVES
        figures = measure(page, url, moves) | {"strokes": measure_strokes(page, moves)}
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


def measure_strokes(page: Page, strokes: int) -> list[float]:
    """Opens the Dissect tab and paints.

    Args:
        page: of the app.
        strokes: how many.

    Returns:
        milliseconds of each.
    """
    page.get_by_role("tab", name="Dissect").click()
    page.locator("#dissect-wall img").nth(11).wait_for()
    page.wait_for_timeout(2000)
    times = []
    for i in range(strokes + 1):
        if i % 2:  # so that each stroke changes the picture
            page.locator("#dissect-mode").get_by_text("Erase").click()
        else:
            page.locator("#dissect-mode").get_by_text("Add").click()
        page.wait_for_timeout(200)
        times.append(page.evaluate(STROKE, [0.25 + 0.1 * (i % 5), 0.35 + 0.05 * (i % 3)]))
    return [round(t, 1) for t in times[1:]]


if __name__ == "__main__":
    main()
