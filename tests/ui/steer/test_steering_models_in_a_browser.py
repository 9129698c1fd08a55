"""The Steer tab while models come and go, with tiny networks in the place of the public ones."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import launched, visits
from tests.ui.standins import stand_in


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path_factory.mktemp("home")))
        stand_in(patch)
        with launched() as address:
            yield address


@pytest.fixture
def visitor(url, browser):
    with visits(url, browser) as open_page:
        yield open_page()


def choose(page, title):
    page.locator("#model-choice input").click()
    page.get_by_role("option", name=re.compile(f"^{title}")).click()
    expect(page.locator("#model-choice input")).to_have_value(re.compile(f"^{title}"))


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def slider(page, index):
    return page.locator(f"#steer-slider-{index}")


def slide(page, index, value):
    after = page.locator("#steer-after img")
    before = after.get_attribute("src")
    slider(page, index).locator("input[type=range]").fill(str(value))
    expect(after).not_to_have_attribute("src", before)
    return after.get_attribute("src")


def test_work_waits_for_its_model(visitor):
    open_tab(visitor, "Steer")
    expect(slider(visitor, 0)).to_contain_text("glasses")
    steered = slide(visitor, 0, 3)
    choose(visitor, "Tiny stylegan2")
    expect(slider(visitor, 0)).to_contain_text("GANSpace 1")
    expect(slider(visitor, 0).locator("input[type=number]")).to_have_value("0")
    slide(visitor, 1, 4)
    visitor.locator("#steer-keep").click()
    expect(visitor.locator("#steer-shelf button.tile")).to_have_count(1)
    visitor.get_by_role("radio", name="From the weights (SeFa)").check()
    expect(slider(visitor, 0)).to_contain_text("SeFa 1")
    choose(visitor, "Avatars")
    expect(slider(visitor, 0)).to_contain_text("glasses")
    expect(slider(visitor, 0).locator("input[type=number]")).to_have_value("3")
    expect(visitor.locator("#steer-after img")).to_have_attribute("src", steered)
    # A find of the other model is offered with that model.
    visitor.locator("#steer-shelf button.tile").first.click()
    expect(visitor.get_by_test_id("toast-text").last).to_contain_text("of another model")
    visitor.locator("#steer-load").click()
    expect(visitor.locator("#model-choice input")).to_have_value(re.compile("^Tiny stylegan2"))
    expect(visitor.get_by_role("radio", name="By principal components (GANSpace)")).to_be_checked()
    expect(slider(visitor, 1).locator("input[type=number]")).to_have_value("4")
    expect(visitor.locator("#steer-load")).to_be_hidden()


def test_noise_is_offered_where_there_is_some(visitor):
    open_tab(visitor, "Steer")
    after, noise = visitor.locator("#steer-after img"), visitor.locator("#steer-noise")
    expect(after).to_be_visible()
    expect(noise).to_be_hidden()
    avatar = after.get_attribute("src")
    choose(visitor, "Tiny stylegan2")
    expect(after).not_to_have_attribute("src", avatar)  # else the new model's picture passes for the noise's
    for change in (noise.get_by_label("Random").check, visitor.locator("#steer-reseed").click):
        expect(noise).to_be_visible()
        before = after.get_attribute("src")
        change()
        expect(after).not_to_have_attribute("src", before)


def test_a_model_of_one_style_can_be_steered_and_says_why_it_cannot_be_mixed(visitor):
    choose(visitor, "Tiny pggan")
    expect(visitor.locator("#model-line")).to_contain_text("For tests alone.")
    open_tab(visitor, "Steer")
    expect(slider(visitor, 0)).to_contain_text("GANSpace 1")
    slide(visitor, 0, 4)
    expect(visitor.locator("#steer-truncation")).to_be_hidden()
    visitor.locator("#steer-keep").click()
    expect(visitor.locator("#steer-shelf button.tile")).to_have_count(1)
    slide(visitor, 1, 4)
    visitor.locator("#steer-keep").click()
    tiles = visitor.locator("#steer-shelf button.tile")
    expect(tiles).to_have_count(2)
    open_tab(visitor, "Mix")
    for field in ("rows", "columns"):
        for tile in visitor.locator(f"#mix-{field} button.tile").all():
            tile.click()
    visitor.locator("#mix-go").click()
    expect(visitor.get_by_test_id("toast-text").last).to_contain_text("whole image from one style")
