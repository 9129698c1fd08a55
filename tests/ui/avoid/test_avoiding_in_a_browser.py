"""A visitor's way through the Avoid tab: mark, learn, compare, switch on, take the file home, and what is refused."""

import re

import pytest
import torch
from playwright.sync_api import expect
from safetensors.torch import load_file, save_file

from spaceseed.filters.filter import LatentFilter
from spaceseed.latent_space import LatentSpace
from tests.conftest import PAGE_WAIT


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def toasts(page):
    return page.get_by_test_id("toast-text")


def shelf(page, kind):
    return page.locator(f"#avoid-{kind} button.tile")


def face(page, i):
    return page.locator("#breed-picker button.tile").nth(i)


def show_fresh(page, generation):
    page.locator("#breed-fresh").click()
    expect(page.locator("#breed-picker .title")).to_contain_text(f"Generation {generation}:")


def seeds(page):
    return [int(text.split()[1]) for text in page.locator("#breed-picker .caption").all_inner_texts()]


def learn(page):
    page.locator("#avoid-learn").click()
    expect(page.locator("#avoid-before img")).to_have_count(12)
    expect(page.locator("#avoid-strip img")).to_have_count(7)


def wall(page):
    return page.locator("#avoid-wall button.tile")


def fold(page, name):
    page.locator(f"#avoid-{name} > button").click()


def show_others(page):
    before = wall(page).first.get_attribute("data-id")
    page.locator("#avoid-others").click()
    expect(wall(page).first).not_to_have_attribute("data-id", re.compile(f"^({before}|place.*)$"))
    expect(page.locator("#avoid-wall img")).to_have_count(12)


def choose(page, setting, title):
    page.locator(f"#avoid-{setting} input").click()
    page.get_by_role("option", name=title).click()


def load(page, path):
    page.locator("#avoid-drop input[type=file]").set_input_files(path)


@pytest.fixture
def marked(visitor):
    """A visitor on the Avoid tab who marked six bad and six good faces on two pages."""
    for generation in (0, 1):
        for i in range(6):
            face(visitor, i).click(click_count=1 if i < 3 else 2)
        if not generation:
            show_fresh(visitor, 1)
    open_tab(visitor, "Avoid")
    expect(shelf(visitor, "bad")).to_have_count(6)
    expect(shelf(visitor, "good")).to_have_count(6)
    return visitor


def test_marks_of_all_pages_become_a_filter_that_breed_keeps_to(marked, tmp_path, generator):
    expect(marked.locator("#avoid-shown")).to_be_hidden()
    # These marks mean nothing, so a soft filter would refuse next to nothing.
    fold(marked, "settings")
    choose(marked, "method", "From latents (logistic)")
    choose(marked, "how", "Draw bad ones again (reject)")
    learn(marked)
    expect(marked.locator("#avoid-after img")).to_have_count(12)
    expect(marked.locator("#avoid-verdict")).to_contain_text("trust it")
    expect(marked.locator("#avoid-facts")).to_be_hidden()
    fold(marked, "numbers")
    expect(marked.locator("#avoid-facts")).to_contain_text("6 bad and 6 good ones")
    expect(marked.locator("#avoid-facts")).to_contain_text("0.50 is chance")
    expect(marked.locator("#avoid-replaced")).to_contain_text("of 12 faces are replaced")

    with marked.expect_download() as download:
        marked.locator("#avoid-download").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    avoid = LatentFilter.open(path)
    assert (path.name, avoid.model, avoid.marks) == ("spaceseed-filter-avatars.safetensors", "avatars", (6, 6))
    space = LatentSpace(generator, avoid.space)

    expect(marked.locator("#breed-avoid")).to_be_hidden()
    marked.get_by_label("Use it in Breed").check()
    open_tab(marked, "Breed")
    expect(marked.locator("#breed-avoid")).to_contain_text("keep away from what you avoid")
    kept = space.restricted(avoid)
    for generation in (2, 3):
        show_fresh(marked, generation)
        shown = seeds(marked)
        assert torch.equal(kept.draw(shown), space.draw(shown))

    open_tab(marked, "Avoid")
    marked.get_by_label("Use it in Breed").uncheck()
    open_tab(marked, "Breed")
    expect(marked.locator("#breed-avoid")).to_be_hidden()
    for generation in range(4, 16):  # the filter refuses every second draw
        show_fresh(marked, generation)
        shown = seeds(marked)
        if not torch.equal(kept.draw(shown), space.draw(shown)):
            break
    else:
        pytest.fail("No fresh face of 144 is one that the filter refuses.")


def test_a_click_forgets_a_mark_for_good(marked):
    first = shelf(marked, "bad").first.get_attribute("data-id")
    shelf(marked, "bad").first.click()
    expect(shelf(marked, "bad")).to_have_count(5)
    open_tab(marked, "Breed")
    open_tab(marked, "Avoid")
    expect(shelf(marked, "bad")).to_have_count(5)
    assert first not in [tile.get_attribute("data-id") for tile in shelf(marked, "bad").all()]


def test_a_filter_comes_back_from_its_file_and_bad_files_change_nothing(marked, tmp_path, visit):
    learn(marked)
    with marked.expect_download() as download:
        marked.locator("#avoid-download").click()
    path = tmp_path / "mine.safetensors"
    download.value.save_as(path)
    verdict = marked.locator("#avoid-verdict").inner_text()

    other = visit()
    open_tab(other, "Avoid")
    fold(other, "settings")
    load(other, path)
    expect(toasts(other)).to_contain_text("in the place of the one before")
    expect(other.locator("#avoid-before img")).to_have_count(12)
    assert other.locator("#avoid-verdict").inner_text() == verdict
    other.get_by_label("Use it in Search").check()
    open_tab(other, "Search")
    expect(other.locator("#search-avoid")).to_contain_text("6 bad and 6 good ones")

    tensors = load_file(path)
    damaged = tmp_path / "damaged.safetensors"
    save_file({name: torch.full_like(values, torch.nan) for name, values in tensors.items()}, damaged)
    fold(marked, "settings")
    load(marked, damaged)
    expect(toasts(marked).last).to_contain_text("holds no filter, or is damaged")
    assert marked.locator("#avoid-verdict").inner_text() == verdict
    expect(marked.locator("#avoid-shown")).to_be_visible()
    expect(marked.locator("#avoid-drop input[type=file]")).to_be_attached()  # ready for another one


def test_an_empty_tab_leads_to_a_filter_in_use(visitor):
    open_tab(visitor, "Avoid")
    expect(visitor.locator("#avoid-wall .title")).to_contain_text("Mark a few images as bad or good")
    expect(visitor.locator("#avoid-count")).to_contain_text("Nothing is marked yet")
    for hidden in ("marks", "others", "shown"):
        expect(visitor.locator(f"#avoid-{hidden}")).to_be_hidden()
    visitor.locator("#avoid-learn").click()
    expect(toasts(visitor)).to_contain_text("nothing to learn from yet")

    visitor.get_by_role("button", name="Show me images to mark").click()
    expect(visitor.locator("#avoid-wall img")).to_have_count(12)
    for i in range(3):
        wall(visitor).nth(i).click()
    wall(visitor).nth(3).focus()
    for key in ("b", "ArrowRight", "b", "ArrowRight", "b"):
        visitor.keyboard.press(key)
    expect(visitor.locator("#avoid-count")).to_contain_text("3 bad, 3 good: mark 7 more bad and 7 more good ones")
    expect(shelf(visitor, "bad")).to_have_count(3)
    expect(shelf(visitor, "good")).to_have_count(3)
    shelf(visitor, "good").first.click()
    expect(visitor.locator("#avoid-wall [data-mark='1']")).to_have_count(2)

    shown = {tile.get_attribute("data-id") for tile in wall(visitor).all()}
    show_others(visitor)
    assert not shown & {tile.get_attribute("data-id") for tile in wall(visitor).all()}
    wall(visitor).first.click(click_count=2)
    expect(visitor.locator("#avoid-count")).to_contain_text("4 bad, 2 good")
    wall(visitor).first.click()
    expect(visitor.locator("#avoid-count")).to_contain_text("3 bad, 2 good")

    learn(visitor)
    expect(visitor.locator("#avoid-verdict")).to_contain_text("keeps each image with a probability")
    expect(visitor.locator("#avoid-before img")).to_have_count(12)
    expect(visitor.locator("#avoid-after img")).to_have_count(12)
    visitor.get_by_label("Use it in Breed").check()
    open_tab(visitor, "Breed")
    expect(visitor.locator("#breed-avoid")).to_contain_text("3 bad and 2 good ones, too few to be trusted")


def test_real_images_teach_without_marks(visitor):
    open_tab(visitor, "Avoid")
    visitor.get_by_label("Real images").check()
    visitor.locator("#avoid-learn").click()
    expect(visitor.locator("#avoid-learning")).to_contain_text("Looking at images")
    expect(visitor.locator("#avoid-learning")).to_contain_text("Learned", timeout=4 * PAGE_WAIT)
    expect(visitor.locator("#avoid-verdict")).to_contain_text("You can trust it")


def test_words_find_examples_and_figures_can_be_stopped(visitor):
    open_tab(visitor, "Avoid")
    fold(visitor, "more")
    visitor.locator("#avoid-drawn input[type=number]").fill("100")
    visitor.locator("#avoid-text").locator("input, textarea").fill("glasses")
    visitor.keyboard.press("Enter")
    expect(visitor.locator("#avoid-finding")).to_contain_text("10 bad and 90 good ones were found")
    expect(shelf(visitor, "bad")).to_have_count(10)
    expect(visitor.locator("#avoid-good .title")).to_have_text(re.compile("Good: 90, 60 of them shown"))
    learn(visitor)
    expect(visitor.locator("#avoid-before img")).to_have_count(12)
    fold(visitor, "numbers")
    visitor.locator("#avoid-images input[type=number]").fill("2000")
    visitor.locator("#avoid-measure").click()
    expect(visitor.locator("#avoid-measuring")).to_contain_text("Drawing and measuring")
    visitor.locator("#avoid-measuring-stop").click()
    expect(visitor.locator("#avoid-measuring")).to_contain_text("Stopped")
    expect(visitor.locator("#avoid-measuring-stop")).to_be_hidden()
    visitor.locator("#avoid-images input[type=number]").fill("50")
    visitor.locator("#avoid-measure").click()
    expect(visitor.locator("#avoid-told")).to_contain_text("With the filter images are")
    expect(visitor.locator("#avoid-figures")).to_contain_text("Frechet distance, avatar features")
    expect(visitor.locator("#avoid-figures tbody td").nth(2)).to_have_text("50")


def test_units_that_draw_what_is_bad_are_found_used_and_taken_home(visitor, tmp_path):
    open_tab(visitor, "Avoid")
    fold(visitor, "more")
    visitor.locator("#avoid-text").locator("input, textarea").fill("sunglasses")
    visitor.locator("#avoid-words").click()
    expect(visitor.get_by_text("Bad: 3").first).to_be_visible()
    visitor.locator("#avoid-repair > button").click()
    visitor.locator("#avoid-repair-find").click()
    expect(visitor.locator("#avoid-repair-after img")).to_have_count(12)
    expect(visitor.locator("#avoid-repair-told")).to_contain_text("Units that are limited")
    with visitor.expect_download() as download:
        visitor.locator("#avoid-repair-download").click()
    download.value.save_as(tmp_path / "repair.safetensors")
    visitor.get_by_label("Repair in Breed").check()
    open_tab(visitor, "Breed")
    expect(visitor.locator("#breed-avoid")).to_contain_text("Images are repaired")
    open_tab(visitor, "Avoid")
    visitor.get_by_label("Repair in Breed").uncheck()
    visitor.locator("#avoid-repair-drop input[type=file]").set_input_files(tmp_path / "repair.safetensors")
    expect(toasts(visitor).first).to_contain_text("The repair of this file is in the place of the one before.")
    open_tab(visitor, "Breed")
    expect(visitor.locator("#breed-avoid")).to_be_hidden()
