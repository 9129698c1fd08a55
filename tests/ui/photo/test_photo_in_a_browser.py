"""A visitor's own picture: dropped, framed, found, compared, and gone on with; nothing of it stays."""

import re
import time
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder
from PIL import Image
from playwright.sync_api import expect

from spaceseed.ui.state import pages
from tests.conftest import PAGE_WAIT


@pytest.fixture
def photo_page(visitor):
    """The Photo tab of a new visitor."""
    return open_photo(visitor)


def open_photo(page):
    page.get_by_role("tab", name="Photo").click()
    expect(page.locator("#photo-go")).to_be_visible()
    return page


def steps(page, count):
    box = page.locator("#photo-steps input[type=number]")
    box.fill(str(count))
    box.press("Tab")


def drop(page, path):
    page.locator("#photo-picture input[type=file]").set_input_files(path)


def wait_for(page, words):
    expect(page.locator("#photo-status p")).to_contain_text(re.compile(words))


def toast(page):
    return page.get_by_test_id("toast-text").last


def files_like(picture):
    """The files in Gradio's folder that hold the picture's bytes, or have its name."""
    folder, data = Path(get_upload_folder()), picture.read_bytes()
    files = [path for path in folder.rglob("*") if path.is_file()]
    same = [path for path in files if path.stat().st_size == len(data) and path.read_bytes() == data]
    return same + [path for path in files if path.name == picture.name]


def test_a_picture_is_found_kept_and_gone_on_with(photo_page, picture):
    for button in ("go", "keep", "steer", "breed"):
        photo_page.locator(f"#photo-{button}").click()
        expect(toast(photo_page)).to_contain_text(re.compile("Drop a picture first|drop a picture first"))
    before = [photo_page.locator(f"#photo-{part}").bounding_box() for part in ("framed", "found", "status", "keep")]
    steps(photo_page, 8)
    drop(photo_page, picture)
    expect(photo_page.locator("#photo-framed img")).to_be_visible()
    expect(photo_page.locator("#photo-found img")).to_be_visible()
    wait_for(photo_page, r"Done: 8 steps in \d+ s\.")
    after = [photo_page.locator(f"#photo-{part}").bounding_box() for part in ("framed", "found", "status", "keep")]
    assert after == before
    expect(photo_page.locator("#photo-told")).to_contain_text("The middle of your picture")
    expect(photo_page.locator("#photo-figures")).to_contain_text(re.compile(r"0\.\d\d; 1 is the same picture"))
    expect(photo_page.locator("#photo-figures")).to_contain_text(re.compile(r"\d+ of 11 agree"))
    expect(photo_page.locator("#photo-compare img")).to_have_count(2)
    expect(photo_page.locator("#photo-stop")).to_be_disabled()
    expect(photo_page.locator("#photo-picture input[type=file]")).to_be_attached()  # ready for another one
    assert files_like(picture) == []
    sources = photo_page.locator("#tab-photo img").evaluate_all("images => images.map(image => image.src.slice(0, 5))")
    assert set(sources) == {"data:"}

    photo_page.locator("#photo-keep").click()
    expect(toast(photo_page)).to_contain_text("Kept 1 in Found seeds.")
    photo_page.locator("#photo-steer").click()
    expect(photo_page.locator("#steer-before img")).to_be_visible()
    expect(photo_page.locator("#steer-shelf .caption")).to_contain_text("from a picture")
    open_photo(photo_page)
    photo_page.locator("#photo-breed").click()
    expect(photo_page.locator("#breed-picker [data-mark='1']")).to_have_count(1)
    expect(toast(photo_page)).to_contain_text("one style for all layers")
    open_photo(photo_page)
    photo_page.locator("#photo-found button").click()
    expect(photo_page.get_by_role("menuitem", name="Download")).to_be_visible()


def test_the_same_picture_stays_in_search(visitor, find, generator, tmp_path):
    picture = tmp_path / "searched.png"  # one that other tests do not look for on disk
    find(9).save(picture, generator, min_side=256)
    visitor.get_by_role("tab", name="Search").click()
    visitor.locator("#search-picture input[type=file]").set_input_files(picture)
    shown = visitor.locator("#search-picture img")
    expect(shown).to_be_visible()
    open_photo(visitor)
    steps(visitor, 1)
    drop(visitor, picture)
    wait_for(visitor, "Done: 1 step")
    visitor.get_by_role("tab", name="Search").click()
    visitor.locator("#search-go").click()
    expect(visitor.locator("#search-wall img")).not_to_have_count(0)


def test_stop_keeps_the_best_and_another_picture_takes_its_place(photo_page, picture, find, generator, tmp_path):
    steps(photo_page, 500)
    drop(photo_page, picture)
    wait_for(photo_page, r"Step \d+ of 500 · .* left")
    photo_page.locator("#photo-stop").click()
    wait_for(photo_page, r"Stopped after step \d+: the best so far is kept\.")
    expect(photo_page.locator("#photo-compare img")).to_have_count(2)
    photo_page.locator("#photo-go").click()
    wait_for(photo_page, r"Step \d+ of 500")
    steps(photo_page, 3)
    find(8).save(tmp_path / "other.png", generator, min_side=256)
    drop(photo_page, tmp_path / "other.png")
    wait_for(photo_page, r"Done: 3 steps")
    photo_page.wait_for_timeout(1500)  # time for the first search to speak up, were it still there
    wait_for(photo_page, r"Done: 3 steps")


def test_a_closed_page_takes_the_picture_along(visit, picture):
    page = open_photo(visit())
    steps(page, 500)
    drop(page, picture)
    wait_for(page, r"Step \d+ of 500")
    mine = [visitor for visitor in pages._pages.values() if visitor.photo is not None]
    assert mine
    page.close()
    until = time.monotonic() + PAGE_WAIT / 1000
    while any(visitor.photo is not None for visitor in mine) and time.monotonic() < until:
        time.sleep(0.1)
    assert all(visitor.photo is None for visitor in mine)


def test_the_picture_is_framed_and_painted_over_by_hand(photo_page, picture):
    steps(photo_page, 2)
    drop(photo_page, picture)
    wait_for(photo_page, "Done")
    shown = photo_page.locator("#photo-framed img")
    expect(photo_page.locator("#photo-framed svg")).to_be_hidden()
    photo_page.locator("#photo-hand > button").click()
    expect(photo_page.locator("#photo-framed svg")).to_be_visible()
    before = shown.get_attribute("src")
    zoom = photo_page.locator("#photo-zoom input[type=number]")
    zoom.fill("2")
    zoom.press("Tab")
    expect(photo_page.locator("#photo-told")).to_contain_text("Framed by hand")
    assert shown.get_attribute("src") != before
    photo_page.locator("#photo-centre").click()
    expect(photo_page.locator("#photo-told")).to_contain_text("The middle of your picture")
    expect(shown).to_have_attribute("src", before)
    photo_page.locator("#photo-leave-out > button").click()
    canvas = photo_page.locator("#photo-painter canvas")
    canvas.hover(position={"x": 20, "y": 20})
    photo_page.mouse.down()
    canvas.hover(position={"x": 120, "y": 120})
    photo_page.mouse.up()
    expect(shown).not_to_have_attribute("src", before)
    photo_page.get_by_role("button", name="Wipe off").click()
    expect(shown).to_have_attribute("src", before)
    assert files_like(picture) == []


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (
            lambda path: path.write_text("no picture of a visitor"),
            "Your picture could not be read: PNG, JPEG and WebP files",
        ),
        (lambda path: Image.new("RGB", (60, 60), "teal").save(path), "This picture shows only one colour."),
    ],
    ids=["text", "one colour"],
)
def test_a_picture_that_cannot_be_used_is_answered_in_a_sentence(photo_page, picture, tmp_path, write, sentence):
    steps(photo_page, 2)
    drop(photo_page, picture)
    wait_for(photo_page, "Done")
    write(tmp_path / "unusable.png")
    drop(photo_page, tmp_path / "unusable.png")
    expect(toast(photo_page)).to_contain_text(sentence)
    expect(photo_page.locator("#photo-found img")).to_be_visible()
    wait_for(photo_page, "Done")
    expect(photo_page.locator("#photo-picture img")).to_have_count(0)
    assert files_like(tmp_path / "unusable.png") == []
    photo_page.locator("#photo-go").click()
    wait_for(photo_page, "Done")


def test_a_phone_shows_it_all_without_scrolling_sideways(visit, picture):
    page = open_photo(visit(width=390, height=844))
    steps(page, 2)
    drop(page, picture)
    wait_for(page, "Done")
    expect(page.locator("#photo-compare img")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [page.locator(f"#photo-{part}").bounding_box()["y"] for part in ("picture", "framed", "go", "closeness")]
    assert tops == sorted(tops)
