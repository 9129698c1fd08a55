"""Makes the pictures of the documentation: grids of faces, and the app's tabs as a visitor sees them.

Run it as `python -m docs.pictures`; it needs Playwright (requirements-dev.txt) and Debian's chromium.
"""

import io
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from torch import Tensor

import spaceseed as ss
from spaceseed.directions.cache import directions_of
from spaceseed.images import to_grid, to_uint8
from spaceseed.mixing.styles import style_groups
from spaceseed.ops.styles import crossed
from spaceseed.training.bundled.avatars import render, sample
from spaceseed.ui.demo import LAUNCH, build

HERE = Path(__file__).parent
COLUMNS, ROWS, SCALE = 8, 4, 2
STRIP_SEED = 3
DRAWN_SEED = 5_000_000  # of the drawing that is dropped
STRIPS = {
    "attributes": ("glasses", "eyes closed", "dark skin", "black hair"),
    "sefa": ("bald",),
    "ganspace": ("beard",),
}
MIXED_ROWS, MIXED_COLUMNS = (3, 13, 28), (4, 5, 9, 12, 15, 19, 30, 34)
WIDTH, HEIGHT = 1280, 800  # of the browser's page
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def save(images: Tensor, columns: int, name: str) -> None:
    """Saves images in rows, enlarged."""
    grid = to_grid(to_uint8(images), columns)
    grid.resize((grid.width * SCALE, grid.height * SCALE), Image.Resampling.BICUBIC).save(HERE / name)


def faces(generator: ss.Generator, seeds: Sequence[int]) -> Tensor:
    """The ws of integer seeds."""
    return generator.map(ss.latents_from_seeds(seeds, generator.z_dim), truncation=0.7)


def samples(generator: ss.Generator) -> None:
    """Draws the faces of the first integer seeds, none left out."""
    save(generator.synthesize(faces(generator, range(COLUMNS * ROWS))), COLUMNS, "samples.png")


def strips(generator: ss.Generator) -> None:
    """Moves one face along some directions, from -3 to +3 standard deviations, a row each."""
    ws = faces(generator, [STRIP_SEED])
    rows = []
    for method, names in STRIPS.items():
        directions = directions_of(generator, method)
        for name in names:
            index = directions.names.index(name)
            styles = torch.cat([directions.apply(ws, index, amount) for amount in torch.linspace(-3, 3, 9).tolist()])
            rows.append(generator.synthesize(styles))
    save(torch.cat(rows), 9, "strips.png")


def mixture(generator: ss.Generator) -> None:
    """Crosses faces: each child has the coarse styles of the face above and the others of the face on its left."""
    rows, columns = faces(generator, MIXED_ROWS), faces(generator, MIXED_COLUMNS)
    coarse = style_groups(generator)["coarse"]
    ws = torch.cat([columns, *(torch.cat([row, crossed(row, columns, coarse)]) for row in rows.split(1))])
    images = generator.synthesize(ws)
    save(torch.cat([torch.ones_like(images[:1]), images]), 1 + len(columns), "mix.png")


def breed(page: Page) -> None:
    """Marks three faces."""
    faces = page.locator("#breed-picker [data-id]")
    page.locator("dialog[open] img").wait_for(timeout=60_000)  # the address names a seed, which is shown large
    page.keyboard.press("Escape")
    for index in (1, 4, 9):
        faces.nth(index).click()
    shoot(page, "breed")


def search(page: Page) -> None:
    """Searches by words until the search ends."""
    page.get_by_role("tab", name="Search").click()
    page.locator("#search-prompt textarea").fill("a smiling woman with long red hair")
    page.locator("#search-go").click()
    page.locator("#search-again:not([disabled])").wait_for(timeout=120_000)
    shoot(page, "search", height=1_450)


def photo(page: Page) -> None:
    """Drops a drawing that no generator has learned from, and finds it."""
    page.get_by_role("tab", name="Photo").click()
    content = io.BytesIO()
    Image.fromarray(render(sample(random.Random(DRAWN_SEED)))).resize((512, 512)).save(content, "PNG")
    file = {"name": "drawing.png", "mimeType": "image/png", "buffer": content.getvalue()}
    page.locator("#photo-picture input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_text("Done:").wait_for(timeout=120_000)
    page.locator("#photo-compare img").first.wait_for()
    shoot(page, "photo", height=1_400)


def steer(page: Page) -> None:
    """Takes the best find along to the Steer tab and moves two sliders."""
    page.get_by_role("tab", name="Search").click()
    page.locator("#search-keep-best").click()
    page.get_by_role("tab", name="Steer").click()
    page.locator("#steer-shelf [data-id]").first.click()
    for number, amount in ((0, "2.5"), (2, "-1.5")):
        page.locator(f"#steer-slider-{number} input[type=number]").fill(amount)
        page.keyboard.press("Enter")
        page.wait_for_timeout(1_000)
    shoot(page, "steer")


def dissect(page: Page) -> None:
    """Takes the glasses off a face."""
    page.get_by_role("tab", name="Dissect").click()
    page.locator("#dissect-wall img").nth(11).wait_for(timeout=60_000)
    page.get_by_label("Erase").check()
    page.get_by_label("Strong: 15 units").check()
    box = page.locator("#dissect-painter canvas").bounding_box()
    assert box is not None
    left, middle = box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move(left + 0.4 * box["width"], middle, steps=10)
    page.mouse.up()
    page.get_by_text("glasses erased").first.wait_for()
    page.mouse.move(0, 0)
    shoot(page, "dissect", height=1_450)


def mix(page: Page) -> None:
    """Keeps the liked faces, too, and mixes all."""
    page.locator("#steer-liked").click()
    page.locator("#steer-shelf [data-id]").nth(3).wait_for()
    page.get_by_role("tab", name="Mix").click()
    for row in ("rows", "columns"):
        for number in (1, 2, 3):
            page.locator(f"#mix-{row} [data-id]").nth(number).click()
    page.locator("#mix-go").click()
    page.wait_for_timeout(5_000)
    page.mouse.move(0, 0)
    shoot(page, "mix-tab", height=1_300)


def avoid(page: Page) -> None:
    """Finds bad images by words, learns a filter from them, and shows what it does."""
    page.get_by_role("tab", name="Avoid").click()
    page.get_by_role("button", name="Show me images to mark").click()
    page.locator("#avoid-wall img").nth(11).wait_for(timeout=60_000)
    page.locator("#avoid-more > button").click()
    page.locator("#avoid-text").locator("input, textarea").fill("sunglasses")
    page.locator("#avoid-words").click()
    page.get_by_text("Bad: 3").first.wait_for(timeout=60_000)
    page.locator("#avoid-more > button").click()
    page.locator("#avoid-learn").click()
    page.locator("#avoid-after img").nth(11).wait_for(timeout=60_000)
    shoot(page, "avoid", height=2_300)


def finds(page: Page) -> None:
    """Opens the basket."""
    page.get_by_role("tab", name="Found seeds").click()
    page.locator("#finds-image img").wait_for()
    shoot(page, "finds", height=1_000)


def shoot(page: Page, name: str, height: int = HEIGHT) -> None:
    """Saves what a page of this height shows, without messages."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(1_000)
    page.locator(".toast-wrap").evaluate_all("toasts => toasts.forEach((toast) => toast.remove())")
    page.screenshot(path=HERE / f"{name}.png")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def main() -> None:
    """Makes all of them."""
    generator = ss.load("avatars")
    samples(generator)
    strips(generator)
    mixture(generator)
    demo = build("avatars")
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **LAUNCH)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{url}?seed=1")
        breed(page)
        search(page)
        photo(page)
        steer(page)
        mix(page)
        dissect(page)
        avoid(page)
        finds(page)
        browser.close()
    demo.close()


if __name__ == "__main__":
    main()
