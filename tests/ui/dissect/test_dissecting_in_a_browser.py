"""A visitor's way through the Dissect tab: paint, undo, keep, look at units, and move one."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import spaceseed as ss
from spaceseed.dissection.bundled import bundled_layers
from spaceseed.images import to_uint8
from spaceseed.ui.state import dissecting


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def picture(page):
    return page.locator("#dissect-painter img")


def units(page):
    return page.locator("#dissect-wall button")


def words(page):
    return page.locator("#dissect-words p")


def shown(page):
    return picture(page).get_attribute("src")


def shows(page, address):
    """Waits until this picture is shown. Addresses hold whole pictures: too long for a report."""
    page.wait_for_function("address => document.querySelector('#dissect-painter img').src === address", arg=address)


def changes(page, act):
    """Does something, and waits until the picture is another."""
    before = shown(page)
    act()
    page.wait_for_function("address => document.querySelector('#dissect-painter img').src !== address", arg=before)


def stroke(page, height=0.5):
    """Paints across the picture; a finger does it where there is no mouse."""
    box = page.locator("#dissect-painter canvas").bounding_box()
    y = box["y"] + height * box["height"]
    page.mouse.move(box["x"] + 0.2 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], y, steps=5)
    page.mouse.up()


def painted(page):
    """How many pixels show the brush."""
    return page.locator("#dissect-painter canvas").evaluate(
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter(Boolean).length"
    )


@pytest.fixture
def painter(visit_link):
    """A visitor on the Dissect tab with the face of seed 42, which they looked at last."""
    return at_work(visit_link("/?seed=42&truncation=0.7"))


def at_work(page):
    page.locator("#breed-picker button.tile").first.click()
    page.locator("#breed-keep").click()
    expect(page.get_by_test_id("toast-text")).to_contain_text("Kept 1")
    open_tab(page, "Dissect")
    expect(picture(page)).to_be_visible()
    return page


def test_glasses_are_painted_undone_and_kept(painter, tmp_path):
    first = shown(painter)
    expect(painter.locator("#dissect-thing input")).to_have_value("glasses")
    expect(painter.locator("#dissect-undo")).to_be_disabled()
    painter.get_by_label("Strong: 15 units").check()
    changes(painter, lambda: stroke(painter))
    expect(words(painter)).to_have_text("glasses added")
    assert painted(painter) == 0
    glasses = shown(painter)
    painter.get_by_label("Erase", exact=True).check()
    changes(painter, lambda: painter.locator("#dissect-everywhere").click())
    expect(words(painter)).to_have_text("glasses added · glasses erased")
    changes(painter, lambda: painter.locator("#dissect-undo").click())
    shows(painter, glasses)
    changes(painter, lambda: painter.locator("#dissect-undo").click())
    shows(painter, first)
    changes(painter, lambda: painter.locator("#dissect-redo").click())
    shows(painter, glasses)

    painter.locator("#dissect-keep").click()
    expect(painter.get_by_test_id("toast-text").last).to_contain_text("Kept 1")
    open_tab(painter, "Found seeds")
    expect(painter.locator("#finds-picker .caption").last).to_contain_text("glasses added")
    expect(painter.locator("#finds-image img")).to_be_visible()
    with painter.expect_download() as download:
        painter.locator("#finds-png").click()
    download.value.save_as(tmp_path / "kept.png")
    with Image.open(tmp_path / "kept.png") as kept:
        drawn = to_uint8(ss.Recipe.open(tmp_path / "kept.png").render())[0]
        assert np.array_equal(np.asarray(kept.convert("RGB")), drawn)


def test_strokes_in_quick_succession_all_count(painter):
    painter.get_by_label("Strong: 15 units").check()
    first = shown(painter)
    for height in (0.3, 0.5, 0.7):
        stroke(painter, height)
    seen = ""
    while seen != shown(painter):  # until all are answered
        seen = shown(painter)
        painter.wait_for_timeout(1500)
    for _ in range(3):
        changes(painter, lambda: painter.locator("#dissect-undo").click())
    shows(painter, first)
    expect(painter.locator("#dissect-undo")).to_be_disabled()


def test_units_are_shown_and_one_is_moved_with_the_keyboard(painter):
    expect(painter.locator("#dissect-wall img")).to_have_count(12)
    expect(painter.locator("#dissect-level input[type=range]")).to_be_disabled()
    units(painter).nth(1).focus()
    painter.keyboard.press("Enter")
    expect(units(painter).nth(1)).to_have_attribute("aria-pressed", "true")
    name = re.match(r"Unit \d+", units(painter).nth(1).inner_text())[0]
    expect(units(painter).nth(1)).to_have_attribute("aria-label", re.compile(rf"{name}, overlap 0\.\d\d"))
    slider = painter.locator("#dissect-level input[type=range]")
    expect(slider).to_be_enabled()
    expect(painter.locator("#dissect-level")).to_contain_text(name)
    first = shown(painter)
    slider.focus()
    changes(painter, lambda: painter.keyboard.press("End"))
    expect(words(painter)).to_have_text(f"{name.lower()} stronger")
    changes(painter, lambda: painter.locator("#dissect-reset").click())
    shows(painter, first)
    expect(painter.locator("#dissect-level input[type=number]")).to_have_value("0")
    units(painter).nth(2).click()
    expect(units(painter).nth(1)).to_have_attribute("aria-pressed", "false")


def test_other_things_and_layers_show_other_units(painter):
    expect(painter.locator("#dissect-wall img")).to_have_count(12)
    before = units(painter).all_inner_texts()
    painter.locator("#dissect-thing input").click()
    painter.get_by_role("option").filter(has_not_text="glasses").first.click()
    expect(units(painter).first).not_to_have_text(before[0])
    other = units(painter).all_inner_texts()
    painter.locator("#dissect-layer input").click()
    painter.get_by_role("option", name="b32.conv0", exact=True).click()
    expect(units(painter).first).not_to_have_text(other[0])
    expect(painter.locator("#dissect-wall img")).to_have_count(12)


@pytest.fixture
def unknown(monkeypatch):
    """A model whose units nobody knows; the app runs in this process."""
    monkeypatch.setattr(
        dissecting, "bundled_layers", lambda generator: bundled_layers(generator) if generator.num_ws > 1 else ()
    )


@pytest.mark.usefixtures("unknown")
def test_a_model_of_which_nothing_is_known_is_dissected_until_it_is_stopped(painter):
    first = shown(painter)
    painter.locator("#model-choice input").click()
    painter.get_by_role("option", name="Flawed avatars").click()
    expect(painter.locator("#dissect-measure")).to_be_visible()
    expect(painter.locator("#dissect-cost")).to_contain_text("1,000 images are drawn and looked at")
    expect(units(painter)).to_have_count(0)
    assert shown(painter) != first
    stroke(painter)
    expect(words(painter)).to_contain_text("dissect the layer first")
    painter.locator("#dissect-measure").click()
    expect(painter.locator("#dissect-job p")).to_contain_text("Dissecting: ")
    painter.locator("#dissect-job-stop").click()
    expect(painter.locator("#dissect-job p")).to_have_text("Stopped: nothing has changed.")
    painter.locator("#model-choice input").click()
    painter.get_by_role("option", name="Avatars", exact=False).first.click()
    shows(painter, first)
    expect(painter.locator("#dissect-measure")).to_be_hidden()


def test_a_picture_is_painted_on_from_its_menu_and_steered_from_here(visitor):
    visitor.locator("#breed-picker .more").first.click()
    visitor.get_by_role("menuitem", name="Paint on it").click()
    expect(picture(visitor)).to_be_visible()
    changes(visitor, lambda: stroke(visitor))
    visitor.locator("#dissect-steer").click()
    expect(visitor.locator("#steer-before img")).to_be_visible()
    open_tab(visitor, "Dissect")
    changes(visitor, lambda: visitor.locator("#dissect-fresh").click())
    expect(words(visitor)).to_have_text("Paint on the picture and watch.")


def test_a_phone_paints_with_a_finger(visit_link):
    page = at_work(visit_link("/?seed=42&truncation=0.7", width=390, height=844, has_touch=True))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_label("Strong: 15 units").check()
    page.locator("#dissect-level").scroll_into_view_if_needed()
    expect(picture(page)).to_be_in_viewport(ratio=1)  # it stays in sight of what changes it
    box = page.locator("#dissect-painter canvas").bounding_box()
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    changes(page, lambda: page.touchscreen.tap(**at))
    expect(words(page)).to_have_text("glasses added")
