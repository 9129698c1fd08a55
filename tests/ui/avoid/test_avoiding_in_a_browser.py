"""A visitor's way through the Avoid tab: mark, learn, compare, switch on, take the file home, and what is refused."""

import re

import pytest
import torch
from playwright.sync_api import expect
from safetensors.torch import load_file, save_file

from spaceseed.filters.filter import LatentFilter
from spaceseed.latent_space import LatentSpace


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
    expect(marked.locator("#avoid-download")).to_be_disabled()
    learn(marked)
    expect(marked.locator("#avoid-after img")).to_have_count(12)
    expect(marked.locator("#avoid-verdict")).to_contain_text("trust it")
    expect(marked.locator("#avoid-facts")).to_be_hidden()
    marked.locator("#avoid-numbers > button").click()
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
    for generation in (2, 3):
        show_fresh(marked, generation)
        assert avoid.allows(space.draw(seeds(marked))).all()

    open_tab(marked, "Avoid")
    marked.get_by_label("Use it in Breed").uncheck()
    open_tab(marked, "Breed")
    expect(marked.locator("#breed-avoid")).to_be_hidden()
    for generation in range(4, 16):  # Breed itself keeps from bad marks, so the filter would refuse one in nine
        show_fresh(marked, generation)
        if not avoid.allows(space.draw(seeds(marked))).all():
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
    load(other, path)
    expect(toasts(other)).to_contain_text("in the place of the one before")
    expect(other.locator("#avoid-before img")).to_have_count(12)
    assert other.locator("#avoid-verdict").inner_text() == verdict
    other.get_by_label("Use it in Search").check()
    open_tab(other, "Search")
    expect(other.locator("#search-avoid")).to_contain_text("6 bad and 6 good ones")

    tensors = load_file(path)
    damaged = tmp_path / "damaged.safetensors"
    save_file({**tensors, "linear": torch.full_like(tensors["linear"], torch.nan)}, damaged)
    load(marked, damaged)
    expect(toasts(marked).last).to_contain_text("holds no filter, or is damaged")
    assert marked.locator("#avoid-verdict").inner_text() == verdict
    expect(marked.locator("#avoid-download")).to_be_enabled()


def test_without_marks_it_says_what_to_do(visitor):
    open_tab(visitor, "Avoid")
    expect(visitor.locator("#avoid-bad")).to_contain_text("Bad: none yet")
    visitor.locator("#avoid-learn").click()
    expect(toasts(visitor)).to_contain_text("nothing to learn from yet")
    expect(visitor.get_by_label("Use it in Breed")).to_be_disabled()
    expect(visitor.get_by_label("Use it in Search")).to_be_disabled()


def test_words_find_examples_and_figures_can_be_stopped(visitor):
    open_tab(visitor, "Avoid")
    visitor.locator("#avoid-drawn input[type=number]").fill("100")
    visitor.locator("#avoid-text").locator("input, textarea").fill("glasses")
    visitor.keyboard.press("Enter")
    expect(visitor.locator("#avoid-finding")).to_contain_text("10 bad and 90 good ones were found")
    expect(shelf(visitor, "bad")).to_have_count(10)
    expect(visitor.locator("#avoid-good .title")).to_have_text(re.compile("Good: 90, 60 of them shown"))
    learn(visitor)
    expect(visitor.locator("#avoid-before img")).to_have_count(12)
    visitor.locator("#avoid-images input[type=number]").fill("2000")
    visitor.locator("#avoid-measure").click()
    expect(visitor.locator("#avoid-measuring")).to_contain_text("Drawing and measuring")
    visitor.locator("#avoid-measuring-stop").click()
    expect(visitor.locator("#avoid-measuring")).to_contain_text("Stopped")
    expect(visitor.locator("#avoid-measuring-stop")).to_be_hidden()
    visitor.locator("#avoid-images input[type=number]").fill("50")
    visitor.locator("#avoid-measure").click()
    expect(visitor.locator("#avoid-told")).to_contain_text("With the filter images are")
    visitor.locator("#avoid-measured > button").click()
    expect(visitor.locator("#avoid-figures")).to_contain_text("Frechet distance, avatar features")
    expect(visitor.locator("#avoid-figures tbody td").nth(2)).to_have_text("50")
