"""A visitor's way through the Breed tab, with real clicks and keys on the bundled weights."""

import re

from playwright.sync_api import expect

from spaceseed.ui.breed.page import paint
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.workspace import Workspace

ALL_DRAWN = "[...document.querySelectorAll('#breed-picker img')].every((i) => i.complete && i.naturalWidth > 0)"


def tiles(page):
    return page.locator("#breed-picker button.tile")


def marks(page):
    return [int(tile.get_attribute("data-mark")) for tile in tiles(page).all()]


def pixels(page):
    """Addresses of the pictures: they come from the bytes, so equal ones mean equal pictures."""
    return [image.get_attribute("src") for image in page.locator("#breed-picker img").all()]


def captions(page):
    return [text.strip() for text in page.locator("#breed-picker .caption").all_inner_texts()]


def wait_for_generation(page, number):
    expect(page.locator("#breed-picker .title")).to_contain_text(f"Generation {number}:")


def press(page, button, generation):
    page.locator(f"#breed-{button}").click()
    wait_for_generation(page, generation)


def start_from(page, seeds):
    page.locator("#breed-seeds").locator("input, textarea").fill(seeds)
    page.locator("#breed-start").click()


def toast(page):
    return page.get_by_test_id("toast-text")


def test_the_first_screen_shows_twelve_faces(visitor):
    expect(tiles(visitor)).to_have_count(12)
    visitor.wait_for_function(ALL_DRAWN)
    assert len(set(pixels(visitor))) == 12
    assert all(re.fullmatch(r"seed \d+", caption) for caption in captions(visitor))
    assert tiles(visitor).last.bounding_box()["y"] + tiles(visitor).last.bounding_box()["height"] < 800
    assert visitor.locator("#breed-next").bounding_box()["y"] < 760


def test_clicks_lead_from_liked_to_bad_to_unmarked(visitor):
    face, count = tiles(visitor).nth(2), visitor.locator("#breed-picker .counts")
    hint = visitor.locator("#breed-picker .none")
    expect(hint).to_have_text("like some, or the next page is all new")
    expect(hint).to_be_visible()
    face.click()
    expect(hint).to_be_hidden()
    expect(face).to_have_attribute("data-mark", "1")
    expect(face).to_have_attribute("aria-pressed", "true")
    expect(face).to_have_attribute("aria-label", re.compile("liked$"))
    expect(count).to_have_text(re.compile("1 liked · 0 bad"))
    face.click()
    expect(face).to_have_attribute("data-mark", "-1")
    expect(face).to_have_attribute("aria-label", re.compile("bad$"))
    expect(count).to_have_text(re.compile("0 liked · 1 bad"))
    face.click()
    expect(face).to_have_attribute("data-mark", "0")
    expect(face).to_have_attribute("aria-label", re.compile("not marked$"))
    expect(hint).to_be_visible()
    for i in (0, 3, 5):
        tiles(visitor).nth(i).click()
    visitor.locator("#breed-picker .clear").click()
    assert marks(visitor) == [0] * 12
    expect(visitor.locator("#breed-picker .clear")).to_be_hidden()


def test_the_liked_stay_first_and_the_rest_is_new(visitor):
    before = pixels(visitor)
    for i in (4, 1):
        tiles(visitor).nth(i).click()
    tiles(visitor).nth(7).dblclick()
    press(visitor, "next", 1)
    after = pixels(visitor)
    assert after[:2] == [before[1], before[4]]
    assert not set(after[2:]) & set(before)
    assert [caption.split()[-1] for caption in captions(visitor)] == ["kept"] * 2 + ["child"] * 9 + ["new"]
    assert marks(visitor) == [1] * 2 + [0] * 10


def test_undo_and_redo_bring_back_faces_and_marks(visitor):
    expect(visitor.locator("#breed-undo")).to_be_disabled()
    first = pixels(visitor)
    tiles(visitor).nth(1).click()
    tiles(visitor).nth(2).dblclick()
    press(visitor, "next", 1)
    second = pixels(visitor)
    tiles(visitor).nth(5).click()
    press(visitor, "undo", 0)
    assert pixels(visitor) == first
    assert marks(visitor) == [0, 1, -1] + [0] * 9
    expect(visitor.locator("#breed-undo")).to_be_disabled()
    press(visitor, "redo", 1)
    assert pixels(visitor) == second
    assert marks(visitor)[5] == 1
    expect(visitor.locator("#breed-redo")).to_be_disabled()


def test_typed_seeds_show_the_faces_of_those_seeds(visitor, generator):
    start_from(visitor, "1, 2, 40-43")
    wait_for_generation(visitor, 1)
    assert captions(visitor)[:6] == ["seed 1", "seed 2", "seed 40", "seed 41", "seed 42", "seed 43"]
    expect(tiles(visitor)).to_have_count(12)
    theirs = Session("avatars", {"avatars": Workspace.of(generator, [1, 2, 40, 41, 42, 43])})
    [drawn] = paint(generator, theirs)
    names = [tile.path.split("/")[-2] for tile in drawn.tiles]
    assert [source.split("/")[-2] for source in pixels(visitor)[:6]] == names


def test_what_cannot_be_done_gets_a_sentence_and_changes_nothing(visitor):
    tiles(visitor).nth(1).click()
    before = pixels(visitor)
    for seeds, sentence in (
        ("-5", "'-5' is not a seed"),
        ("4294967296", "4294967296 is not among them"),
        ("<b>cat</b>", "'<b>cat</b>' is not a seed"),
        ("9-1", "The range 9-1 runs backwards"),
    ):
        start_from(visitor, seeds)
        expect(toast(visitor).last).to_contain_text(sentence)
        assert toast(visitor).locator("b").count() == 0
        assert pixels(visitor) == before
        assert marks(visitor)[1] == 1
    for i in (0, *range(2, 12)):
        tiles(visitor).nth(i).click()
    visitor.locator("#breed-next").click()
    expect(toast(visitor).last).to_contain_text("no room is left for children")
    assert marks(visitor) == [1] * 12


def test_fresh_faces_and_the_number_of_faces(visitor):
    before = pixels(visitor)
    visitor.locator("#breed-count input[type=number]").fill("24")
    press(visitor, "fresh", 1)
    expect(tiles(visitor)).to_have_count(24)
    assert not set(pixels(visitor)) & set(before)


def test_truncation_redraws_the_same_faces_and_keeps_marks(visitor):
    tiles(visitor).nth(3).click()
    before, names = pixels(visitor), captions(visitor)
    visitor.locator("#breed-truncation input[type=number]").fill("0")
    expect(visitor.locator("#breed-picker img").first).not_to_have_attribute("src", before[0])
    assert len(set(pixels(visitor))) == 1  # psi = 0 is the mean face
    assert captions(visitor) == names
    assert marks(visitor)[3] == 1


def test_the_keyboard_alone_is_enough(visitor):
    press_key = visitor.keyboard.press
    before = pixels(visitor)
    visitor.get_by_role("tab", name="Found seeds").focus()
    press_key("Tab")
    expect(tiles(visitor).nth(0)).to_be_focused()
    press_key("ArrowRight")
    press_key("Space")
    assert marks(visitor)[1] == 1
    press_key("ArrowDown")
    expect(tiles(visitor).nth(7)).to_be_focused()
    press_key("Space")
    press_key("Space")
    assert marks(visitor)[7] == -1
    press_key("End")
    press_key("l")
    assert marks(visitor)[11] == 1
    press_key("b")
    assert marks(visitor)[11] == -1
    press_key("Delete")
    assert marks(visitor)[11] == 0
    press_key("Home")
    expect(tiles(visitor).nth(0)).to_be_focused()
    press_key("Tab")
    expect(visitor.locator("#breed-next")).to_be_focused()
    press_key("Enter")
    wait_for_generation(visitor, 1)
    assert pixels(visitor)[0] == before[1]


def test_two_visitors_do_not_meet(visit):
    one, two = visit(), visit()
    theirs = pixels(two)
    assert pixels(one) != theirs
    tiles(one).nth(0).click()
    press(one, "next", 1)
    press(two, "fresh", 1)
    press(two, "undo", 0)
    assert pixels(two) == theirs
    expect(one.locator("#breed-picker .title")).to_contain_text("Generation 1:")


def test_a_phone_scrolls_down_alone_and_has_the_buttons_in_reach(visit):
    page = visit(width=390, height=700, has_touch=True)
    for tab in ("Breed", "Search", "Photo", "Dissect", "Avoid", "Found seeds"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("tab", name="Breed").click()
    expect(page.locator("#breed-next")).to_be_in_viewport(ratio=1)
    tiles(page).nth(1).tap()
    press(page, "next", 1)


def test_dark_mode_is_dark(visit):
    page = visit("/?__theme=dark")
    for element in ("body", "gradio-app"):
        background = page.locator(element).evaluate("(e) => getComputedStyle(e).backgroundColor")
        assert max(map(int, re.findall(r"\d+", background)[:3])) < 60


def test_a_share_link_puts_the_seed_first(visit_link):
    page = visit_link("/?seed=42&truncation=0.5")
    assert captions(page)[0] == "seed 42"
    expect(page.locator("#breed-truncation input[type=number]")).to_have_value("0.5")


def test_parents_stay_liked_and_children_can_be_alone(visitor):
    tiles(visitor).nth(3).click()
    press(visitor, "next", 1)
    first = captions(visitor)[0]
    press(visitor, "next", 2)  # without another click
    assert captions(visitor)[0] == first
    assert [caption.split()[-1] for caption in captions(visitor)].count("new") == 1
    visitor.locator("#breed-newcomers").get_by_role("checkbox").uncheck()
    press(visitor, "next", 3)
    assert [caption.split()[-1] for caption in captions(visitor)] == ["kept"] + ["child"] * 11
