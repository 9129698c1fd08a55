"""The menu of pictures: it opens on every picture, by pointer, finger and keys, and each entry does what it says."""

import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from spaceseed.images import to_uint8
from spaceseed.recipes.recipe import Recipe
from tests.ui.searches import find_some

ENTRIES = [
    "Enlarge",
    "Keep",
    "Breed from it",
    "Steer it",
    "Paint on it",
    "Search for more like it",
    "Mark as bad",
    "Download",
    "Share",
]


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def menu(page):
    return page.locator("#picture-menu [role=menu]")


def choose(page, entry):
    page.get_by_role("menuitem", name=entry, exact=True).click()


def toasts(page):
    return page.get_by_test_id("toast-text")


def first_tile(page):
    return page.locator("#breed-picker button.tile").first


def keep_two(page):
    for i in (0, 1):
        page.locator("#breed-picker button.tile").nth(i).click()
    page.locator("#breed-keep").click()
    expect(toasts(page)).to_contain_text("Kept 2")


def opens_by(page, picture, click=True):
    """Whether the menu of a picture opens by all that should open it, and closes."""
    ways = [lambda: picture.click(button="right"), lambda: (picture.focus(), page.keyboard.press("Enter"))]
    for way in [*ways, picture.click] if click else ways:
        way()
        expect(menu(page)).to_be_visible()
        expect(menu(page).get_by_role("menuitem")).to_have_text(ENTRIES)
        page.keyboard.press("Escape")
        expect(menu(page)).to_be_hidden()


def test_pictures_of_a_search_have_the_menu(visitor):
    find_some(visitor)
    for place in ("best", "top", "film"):
        opens_by(visitor, visitor.locator(f"#search-{place} [data-find]").first)
    opens_by(visitor, visitor.locator("#search-wall .tile").nth(2), click=False)


def test_pictures_of_steering_and_of_the_basket_have_the_menu(visitor):
    keep_two(visitor)
    open_tab(visitor, "Found seeds")
    opens_by(visitor, visitor.locator("#finds-picker .tile").first, click=False)
    opens_by(visitor, visitor.locator("#finds-image [data-find]"))
    open_tab(visitor, "Steer")
    expect(visitor.locator("#steer-strip [data-find]")).to_have_count(7)
    for place in ("before", "after", "strip"):
        opens_by(visitor, visitor.locator(f"#steer-{place} [data-find]").first)
    open_tab(visitor, "Mix")
    for row in ("rows", "columns"):
        for i in (0, 1):
            visitor.locator(f"#mix-{row} .tile").nth(i).click()
    visitor.locator("#mix-go").click()
    expect(visitor.locator("#mix-grid td [data-find]")).to_have_count(4)
    opens_by(visitor, visitor.locator("#mix-grid td [data-find]").nth(1))


def test_examples_of_what_is_bad_have_the_menu(visitor):
    first_tile(visitor).dblclick()
    open_tab(visitor, "Avoid")
    opens_by(visitor, visitor.locator("#avoid-bad .tile"), click=False)


def test_the_keyboard_moves_in_the_menu_and_comes_back(visitor):
    first_tile(visitor).focus()
    visitor.keyboard.press("Enter")
    item = visitor.get_by_role("menuitem")
    expect(item.nth(0)).to_be_focused()
    visitor.keyboard.press("ArrowUp")
    expect(item.last).to_be_focused()
    visitor.keyboard.press("ArrowDown")
    visitor.keyboard.press("ArrowDown")
    expect(item.nth(1)).to_be_focused()
    visitor.keyboard.press("End")
    expect(item.last).to_be_focused()
    visitor.keyboard.press("Tab")
    expect(menu(visitor)).to_be_hidden()
    expect(first_tile(visitor)).to_be_focused()
    expect(first_tile(visitor)).to_have_attribute("data-mark", "0")


def test_a_button_on_the_picture_opens_the_menu_and_a_click_elsewhere_closes_it(visitor):
    first_tile(visitor).hover()
    visitor.locator("#breed-picker .more").first.click()
    expect(menu(visitor)).to_be_visible()
    visitor.locator("#model-header").click()
    expect(menu(visitor)).to_be_hidden()
    expect(first_tile(visitor)).to_have_attribute("data-mark", "0")


def test_a_long_press_opens_the_menu_and_marks_nothing(visit):
    page = visit(width=390, height=844, has_touch=True, is_mobile=True)
    box = first_tile(page).bounding_box()
    touch = page.context.new_cdp_session(page)
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(menu(page)).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(menu(page)).to_be_visible()
    expect(first_tile(page)).to_have_attribute("data-mark", "0")
    within = menu(page).bounding_box()
    assert within["x"] >= 0
    assert within["x"] + within["width"] <= 390
    assert all(item.bounding_box()["height"] >= 40 for item in page.get_by_role("menuitem").all())
    page.get_by_role("menuitem", name="Keep").tap()
    expect(toasts(page)).to_contain_text("Kept 1")


def test_a_picture_is_shown_large_kept_and_shared(visit, app_url):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    first_tile(page).click(button="right")
    choose(page, "Enlarge")
    large = page.locator("dialog[open]")
    expect(large.locator("h2")).to_have_text(re.compile(r"seed \d+"))
    page.wait_for_function("document.querySelector('dialog img').src.endsWith('.png')")
    source = large.locator("img").get_attribute("src")
    assert Image.open(io.BytesIO(page.request.get(source).body())).size == (64, 64)
    assert large.locator("img").evaluate("(image) => getComputedStyle(image).imageRendering") == "pixelated"
    large.get_by_role("button", name="Keep").click()
    expect(toasts(page)).to_contain_text("Kept 1")
    large.get_by_role("button", name="Share").click()
    expect(large.locator(".said")).to_have_text("The link is copied.")
    seed = large.locator("h2").inner_text().removeprefix("seed ")
    assert page.evaluate("navigator.clipboard.readText()") == f"{app_url}/?model=avatars&seed={seed}&truncation=0.7"
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(first_tile(page)).to_be_focused()


def test_a_browser_without_a_clipboard_shows_the_link(visitor, app_url):
    visitor.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    first_tile(visitor).click(button="right")
    choose(visitor, "Share")
    expect(visitor.locator("dialog .said")).to_have_text("Copy the link above.")
    expect(visitor.locator("dialog .link input")).to_have_value(re.compile(re.escape(app_url) + r"/\?model=avatars"))


def test_a_find_of_a_search_is_bred_steered_and_looked_for(visitor):
    find_some(visitor)
    visitor.locator("#search-top .tile").nth(1).click()
    choose(visitor, "Steer it")
    expect(visitor.locator("#steer-after img")).to_be_visible()
    expect(visitor.locator("#tab-steer-button")).to_have_attribute("aria-selected", "true")
    open_tab(visitor, "Search")
    visitor.locator("#search-top .tile").nth(1).click()
    choose(visitor, "Breed from it")
    expect(visitor.locator("#breed-picker [data-mark='1']")).to_have_count(1)
    expect(visitor.locator("#breed-picker .title")).to_contain_text("Generation 1")
    visitor.locator("#breed-picker .tile").first.click(button="right")
    choose(visitor, "Search for more like it")
    expect(visitor.locator("#search-picture img")).to_be_visible()
    expect(visitor.locator("#search-status")).to_contain_text(re.compile(r"Done: .*\. Best score"))
    expect(visitor.locator("#search-wall img")).to_have_count(6)
    expect(visitor.locator("#search-prompt textarea")).to_have_value("")


def test_a_page_takes_the_mark_and_avoid_takes_other_pictures(visitor):
    first_tile(visitor).click(button="right")
    choose(visitor, "Mark as bad")
    expect(first_tile(visitor)).to_have_attribute("data-mark", "-1")
    find_some(visitor)
    visitor.locator("#search-top .tile").first.click()
    choose(visitor, "Mark as bad")
    expect(toasts(visitor).last).to_contain_text("Marked as bad")
    open_tab(visitor, "Avoid")
    expect(visitor.locator("#avoid-bad .tile")).to_have_count(2)


def test_a_download_is_large_and_comes_back_as_it_was(visitor, tmp_path, generator):
    first_tile(visitor).click(button="right")
    with visitor.expect_download() as waiting:
        choose(visitor, "Download")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    pixels = np.asarray(Image.open(path).convert("RGB"))
    assert pixels.shape == (512, 512, 3)
    assert np.array_equal(pixels[::8, ::8], to_uint8(Recipe.open(path).render(generator))[0])


def test_finds_of_a_search_are_chosen_by_a_check_mark(visitor):
    find_some(visitor)
    tiles = visitor.locator("#search-top li")
    for i in (0, 3):
        tiles.nth(i).hover()
        tiles.nth(i).locator(".check").click()
    expect(visitor.locator("#search-keep-all")).to_have_text("Keep 2 chosen")
    visitor.locator("#search-keep-all").click()
    expect(toasts(visitor)).to_contain_text("Kept 2")
    tiles.nth(3).locator(".tile").focus()
    visitor.keyboard.press("Space")
    expect(visitor.locator("#search-keep-all")).to_have_text("Keep 1 chosen")


def test_the_large_view_fits_the_window(visitor):
    for width, height in ((1280, 800), (390, 844)):
        visitor.set_viewport_size({"width": width, "height": height})
        first_tile(visitor).click(button="right")
        choose(visitor, "Enlarge")
        box = visitor.locator("dialog[open]").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
        visitor.keyboard.press("Escape")
