"""A visitor's way through the Steer tab: slide, keep, undo, mix, film, and what is refused."""

import re

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import spaceseed as ss
from spaceseed.directions.cache import directions_of
from spaceseed.images import to_uint8
from spaceseed.recipes.recipe import Recipe


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def picture(page, which="after"):
    return page.locator(f"#steer-{which} img").get_attribute("src")


def slider(page, index):
    return page.locator(f"#steer-slider-{index} input[type=range]")


def number(page, index):
    return page.locator(f"#steer-slider-{index} input[type=number]")


def slide(page, index, value):
    """Moves a slider and waits for the picture."""
    before = picture(page)
    slider(page, index).fill(str(value))
    expect(page.locator("#steer-after img")).not_to_have_attribute("src", before)


def words(page):
    return page.locator("#steer-words .ss-status")


def toasts(page):
    return page.get_by_test_id("toast-text")


def shelf(page):
    return page.locator("#steer-shelf button.tile")


def fill(page, field, text):
    page.locator(f"#{field}").locator("input, textarea").first.fill(text)


@pytest.fixture
def steerer(visit_link):
    """A visitor with two finds, on the Steer tab, where the second is open."""
    page = visit_link("/?seed=42&truncation=0.7")
    for i in (0, 1):
        page.locator("#breed-picker button.tile").nth(i).click()
    page.locator("#breed-keep").click()
    expect(toasts(page)).to_contain_text("Kept 2")
    open_tab(page, "Steer")
    expect(page.locator("#steer-strip img")).to_have_count(7)
    expect(shelf(page)).to_have_count(2)
    return page


def test_an_empty_basket_still_has_a_face_to_steer(visitor):
    open_tab(visitor, "Steer")
    expect(visitor.locator("#steer-after img")).to_be_visible()
    slide(visitor, 0, 3)
    expect(words(visitor)).to_have_text("glasses +3")
    before = picture(visitor, "before")
    visitor.locator("#steer-fresh").click()
    expect(visitor.locator("#steer-before img")).not_to_have_attribute("src", before)
    expect(number(visitor, 0)).to_have_value("0")


def test_the_slider_moved_last_is_looked_at_and_named(visitor):
    open_tab(visitor, "Steer")
    name = visitor.locator("#steer-name").locator("input, textarea")
    expect(name).to_have_value("glasses")
    slide(visitor, 2, -1.5)
    expect(name).to_have_value("sad")
    slide(visitor, 0, 3)
    expect(name).to_have_value("glasses")


def test_a_kept_face_comes_back_with_its_sliders(steerer, visit, tmp_path, generator):
    second = picture(steerer, "before")
    shelf(steerer).nth(0).click()
    expect(steerer.locator("#steer-before img")).not_to_have_attribute("src", second)
    slide(steerer, 0, 3)
    slide(steerer, 2, -1.5)
    kept = picture(steerer)
    steerer.locator("#steer-keep").click()
    expect(shelf(steerer)).to_have_count(3)
    open_tab(steerer, "Found seeds")
    expect(steerer.locator("#finds-name").locator("input, textarea")).to_have_value("seed 42 · glasses +3, sad −1.5")
    expect(steerer.locator("#finds-png")).to_be_enabled()
    with steerer.expect_download() as waiting:
        steerer.locator("#finds-png").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert (to_uint8(Recipe.open(path).render(generator))[0] == np.asarray(Image.open(path))).all()
    other = visit()
    open_tab(other, "Found seeds")
    other.locator("#finds-drop input[type=file]").set_input_files(path)
    expect(other.locator("#finds-picker button.tile")).to_have_count(1)
    other.locator("#finds-steer").click()
    expect(number(other, 0)).to_have_value("3")
    other.wait_for_function("scrollY === 0")
    expect(number(other, 2)).to_have_value("-1.5")
    expect(other.locator("#steer-after img")).to_have_attribute("src", kept)


def test_undo_redo_and_reset(steerer):
    first = picture(steerer)
    slide(steerer, 0, 2)
    steered = picture(steerer)
    steerer.wait_for_timeout(1200)
    slide(steerer, 1, 3)
    for button, expected in (("undo", steered), ("undo", first), ("redo", steered)):
        steerer.locator(f"#steer-{button}").click()
        expect(steerer.locator("#steer-after img")).to_have_attribute("src", expected)
    expect(number(steerer, 0)).to_have_value("2")
    expect(number(steerer, 1)).to_have_value("0")
    steerer.locator("#steer-slider-0 button").click()  # its own reset
    expect(steerer.locator("#steer-after img")).to_have_attribute("src", first)
    slide(steerer, 4, 2)
    steerer.locator("#steer-reset").click()
    expect(steerer.locator("#steer-after img")).to_have_attribute("src", first)
    expect(number(steerer, 4)).to_have_value("0")


def test_sliders_follow_the_keyboard(steerer):
    before = picture(steerer)
    slider(steerer, 0).focus()
    for _ in range(10):
        steerer.keyboard.press("ArrowRight")
    expect(words(steerer)).to_have_text("glasses +1")
    assert picture(steerer) != before


def test_the_strip_follows_the_direction(steerer):
    strip = steerer.locator("#steer-strip img")
    before = strip.first.get_attribute("src")
    slide(steerer, 5, 1)
    expect(strip.first).not_to_have_attribute("src", before)
    expect(steerer.locator("#steer-looked input")).to_have_value("6. dark skin")
    fill(steerer, "steer-name", "frown")
    steerer.locator("#steer-name").locator("input, textarea").press("Enter")
    expect(steerer.locator("#steer-slider-5")).to_contain_text("frown")
    expect(words(steerer)).to_have_text("frown +1")


def test_a_slider_says_where_it_changes_nothing(steerer):
    first = steerer.locator("#steer-slider-0")
    slide(steerer, 0, 3)
    steerer.locator("#steer-group").get_by_label("fine").check()
    expect(first).to_contain_text("glasses: no visible change")
    expect(number(steerer, 0)).to_have_value("3")
    steerer.locator("#steer-group").get_by_label("all").check()
    expect(first).not_to_contain_text("no visible change")


def test_methods_layers_and_more_sliders(steerer):
    steerer.get_by_label("By principal components (GANSpace)").check()
    named = directions_of(ss.load("avatars"), "ganspace").names[0]
    expect(steerer.locator("#steer-slider-0")).to_contain_text(named)
    expect(slider(steerer, 8)).to_be_hidden()
    steerer.locator("#steer-more").click()
    expect(slider(steerer, 19)).to_be_visible()
    slide(steerer, 0, 3)
    everywhere = picture(steerer)
    steerer.locator("#steer-group").get_by_label("coarse").check()
    expect(steerer.locator("#steer-after img")).not_to_have_attribute("src", everywhere)
    fill(steerer, "steer-from", "5")
    fill(steerer, "steer-to", "2")
    steerer.keyboard.press("Enter")
    # Enter and the change of the field are two events, so that an older message may stand before this one.
    expect(toasts(steerer).filter(has_text="runs backwards: 5 comes after 2").first).to_be_visible()


def test_marks_of_the_breed_page_become_a_direction(steerer):
    steerer.get_by_label("From your marks").check()
    expect(toasts(steerer).last).to_contain_text("mark one at least as bad")
    expect(steerer.get_by_label("By attribute")).to_be_checked()
    open_tab(steerer, "Breed")
    bad = steerer.locator("#breed-picker button.tile").nth(3)
    bad.click()
    bad.click()
    open_tab(steerer, "Steer")
    steerer.get_by_label("From your marks").click()  # not `check`: opening the tab may fill the radio at this moment
    expect(steerer.locator("#steer-slider-0")).to_contain_text("your marks 1")
    slide(steerer, 0, 2)


def test_truncation(steerer):
    before = picture(steerer)
    steerer.locator("#steer-truncation input[type=range]").fill("0")
    expect(steerer.locator("#steer-after img")).not_to_have_attribute("src", before)


def pick(page, row, *places):
    """Clicks finds in a row of Mix or Film."""
    for place in places:
        page.locator(f"#{row} button.tile").nth(place).click()


def test_a_grid_of_mixes_is_drawn_and_a_child_kept(steerer):
    open_tab(steerer, "Mix")
    pick(steerer, "mix-rows", 0, 1)
    pick(steerer, "mix-columns", 0, 1)
    expect(steerer.locator("#mix-rows .badge").nth(1)).to_have_text("2")
    steerer.locator("#mix-go").click()
    children = steerer.locator("#mix-grid td button")
    expect(children).to_have_count(4)
    expect(children.locator("img")).to_have_count(4)
    children.nth(1).focus()
    steerer.keyboard.press("Enter")
    steerer.get_by_role("menuitem", name="Keep").click()
    expect(toasts(steerer).last).to_contain_text("Kept")
    expect(children.nth(1)).to_be_focused()
    expect(steerer.locator("#mix-rows button.tile")).to_have_count(3)
    expect(steerer.locator("#mix-rows .badge").nth(1)).to_have_text("2")


def test_a_film_is_made_and_downloaded(steerer, tmp_path):
    open_tab(steerer, "Film")
    pick(steerer, "film-order", 1, 0)
    expect(steerer.locator("#film-order .badge").nth(1)).to_have_text("1")
    steerer.locator("#film-seconds input[type=number]").fill("0.5")
    steerer.locator("#film-go").click()
    expect(steerer.locator("#film-words .ss-status")).to_contain_text("24 frames, 1 second")
    steerer.wait_for_function("document.querySelector('#film-video video')?.readyState >= 2")
    with steerer.expect_download() as waiting:
        steerer.locator("#film-mp4").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert imageio_ffmpeg.count_frames_and_secs(str(path))[0] == 24
    with steerer.expect_download() as waiting:
        steerer.locator("#film-gif").click()
    waiting.value.save_as(tmp_path / "film.gif")
    assert Image.open(tmp_path / "film.gif").n_frames == 24
    steerer.locator("#film-frame").click()
    expect(steerer.locator("dialog h2")).to_have_text(re.compile(r"frame \d+"))
    steerer.locator("dialog [data-act=keep]").click()
    expect(toasts(steerer).last).to_contain_text("Kept")


def test_a_film_is_cancelled(steerer):
    open_tab(steerer, "Film")
    pick(steerer, "film-order", 0, 1)
    steerer.locator("#film-seconds input[type=number]").fill("10")
    steerer.locator("#film-go").click()
    expect(steerer.locator("#film-words .ss-status")).to_contain_text(re.compile(r"Frame \d+ of 480"))
    steerer.locator("#film-stop").click()
    expect(toasts(steerer).last).to_contain_text("Cancelled")
    expect(steerer.locator("#film-go")).to_be_enabled()
    expect(steerer.locator("#film-mp4")).to_be_disabled()


def test_what_cannot_be_done_is_said(steerer):
    open_tab(steerer, "Mix")
    steerer.locator("#mix-go").click()
    expect(toasts(steerer).last).to_contain_text("Choose some finds to mix first")
    pick(steerer, "mix-rows", 0)
    pick(steerer, "mix-columns", 0)
    steerer.locator("#mix-go").click()
    expect(toasts(steerer).last).to_contain_text("One find cannot be mixed with itself")
    open_tab(steerer, "Film")
    pick(steerer, "film-order", 0)
    steerer.locator("#film-go").click()
    expect(toasts(steerer).last).to_contain_text("A film needs two finds or more")
    expect(steerer.locator("#film-go")).to_be_enabled()


def test_a_phone_shows_the_picture_beside_the_sliders(visit):
    page = visit(width=390, height=844)
    open_tab(page, "Steer")
    expect(page.locator("#steer-strip img")).to_have_count(7)
    slider(page, 7).scroll_into_view_if_needed()
    expect(page.locator("#steer-after img")).to_be_in_viewport(ratio=0.9)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
