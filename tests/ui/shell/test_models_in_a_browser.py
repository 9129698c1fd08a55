"""A visitor's way between models, with tiny networks in the place of the public ones."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from spaceseed.images import to_uint8
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.finds import tab as finds_tab
from spaceseed.ui.state.share import write_query
from spaceseed.ui.state.thumbnails import Thumbnails
from spaceseed.ui.state.workspace import Workspace
from tests.ui.conftest import launched, visits
from tests.ui.standins import FILES, stand_in


@pytest.fixture(scope="module")
def catalogue():
    with pytest.MonkeyPatch.context() as patch:
        yield stand_in(patch)


@pytest.fixture(scope="module")
def url(catalogue):
    with launched() as address:
        yield address


@pytest.fixture
def visit(url, browser):
    with visits(url, browser) as open_page:
        yield open_page


@pytest.fixture
def visitor(visit):
    return visit()


def choose(page, title):
    page.locator("#model-choice input").click()
    page.get_by_role("option", name=re.compile(f"^{title}")).click()


def switch(page, title):
    """Chooses another model and waits for its page."""
    before = pixels(page)
    choose(page, title)
    expect(page.locator("#model-line")).to_contain_text("For tests alone.")
    expect(page.locator("#model-choice input")).to_have_value(re.compile(f"^{title}"))
    another_page(page, before)


def all_drawn(page):
    expect(page.locator("#breed-picker ul.tiles")).to_have_attribute("aria-busy", "false")


def pixels(page):
    """The images of a page that is drawn to its end, all read at the same moment."""
    all_drawn(page)
    return page.locator("#breed-picker img").evaluate_all("images => images.map((image) => image.getAttribute('src'))")


def another_page(page, before):
    expect(page.locator("#breed-picker img").first).not_to_have_attribute("src", before[0])
    return pixels(page)


def keep_first(page):
    page.get_by_role("tab", name="Breed").click()
    page.locator("#breed-picker button.tile").first.click()
    page.locator("#breed-keep").click()
    expect(page.get_by_test_id("toast-text").last).to_contain_text("Kept")


def open_finds(page, count):
    page.get_by_role("tab", name="Found seeds").click()
    expect(page.locator("#finds-picker button.tile")).to_have_count(count)


def set_number(page, name, value):
    box = page.locator(f"#model-{name} input[type=number]")
    box.fill(str(value))
    box.press("Tab")


def toast(page):
    return page.get_by_test_id("toast-text").last


def drop(page, path):
    page.locator("#finds-drop input[type=file]").set_input_files(path)


def test_every_model_says_what_it_is(visitor, catalogue):
    expect(visitor.locator("#model-line")).to_contain_text("network StyleGAN2 · licence Apache-2.0")
    visitor.locator("#model-choice input").click()
    options = visitor.get_by_role("option").all_inner_texts()
    assert len(options) == len(catalogue.cards)
    assert "to download" in next(option for option in options if option.strip("✓ \n").startswith("Lost"))


def test_switching_keeps_the_finds_and_the_page_of_each_model(visitor):
    visitor.locator("#breed-picker button.tile").nth(3).click()
    before = pixels(visitor)
    switch(visitor, "Tiny stylegan2")
    assert not set(pixels(visitor)) & set(before)
    expect(visitor.locator("#breed-undo")).to_have_text("Undo")
    keep_first(visitor)
    choose(visitor, "Avatars")
    expect(visitor.locator("#breed-picker img").first).to_have_attribute("src", before[0])
    assert pixels(visitor) == before
    expect(visitor.locator("#breed-picker button.tile").nth(3)).to_have_attribute("data-mark", "1")
    open_finds(visitor, 1)
    expect(visitor.locator("#finds-picker img")).to_have_count(1)
    expect(visitor.locator("#finds-facts")).to_contain_text("tiny-stylegan2")


def test_a_model_that_cannot_be_had_leaves_the_one_before(visitor):
    before = pixels(visitor)
    choose(visitor, "Lost")
    expect(visitor.locator("#model-line")).to_contain_text(re.compile("Loading Lost|Downloading Lost: .* of 40 MB"))
    expect(toast(visitor)).to_contain_text("Lost: it cannot be downloaded now. You stay with Avatars.")
    expect(visitor.get_by_test_id("toast-text")).to_have_count(1)
    expect(visitor.locator("#model-choice input")).to_have_value(re.compile("^Avatars"))
    expect(visitor.locator("#model-line")).to_contain_text("Apache-2.0")
    assert pixels(visitor) == before
    visitor.locator("#breed-next").click()
    expect(visitor.locator("#breed-picker .title")).to_contain_text("Generation 1:")


def test_classes_are_searched_for_and_change_the_page(visitor):
    expect(visitor.locator("#model-classes")).to_be_hidden()
    switch(visitor, "Tiny biggan")
    before, names = pixels(visitor), visitor.locator("#breed-picker .caption").all_inner_texts()
    field = visitor.locator("#model-classes input")
    field.fill("kind 4")
    visitor.get_by_role("option", name="kind 4", exact=True).click()
    after = another_page(visitor, before)
    assert not set(after) & set(before)
    assert visitor.locator("#breed-picker .caption").all_inner_texts() == names
    keep_first(visitor)
    recipe = Recipe.open(_png(visitor))
    assert sorted(recipe.labels.nonzero().flatten().tolist()) == [0, 4]
    choose(visitor, "Avatars")
    expect(visitor.locator("#model-classes")).to_be_hidden()


def set_attributes(page, *names):
    for name in names:
        page.locator("#model-classes input").fill(name)
        page.get_by_role("option", name=name, exact=True).click()


def chosen_attributes(page):
    return page.locator("#model-classes .token").all_inner_texts()


def test_attributes_are_set_left_open_and_kept_while_other_models_draw(visit):
    page = visit(width=390, height=844)
    switch(page, "Tiny attributes")
    expect(page.locator("#model-classes")).to_contain_text("Attributes")
    assert chosen_attributes(page) == []
    undecided, names = pixels(page), page.locator("#breed-picker .caption").all_inner_texts()
    set_attributes(page, "hair: curly")
    curly = another_page(page, undecided)
    set_attributes(page, "mood: angry")
    both = another_page(page, curly)
    assert len({*undecided, *curly, *both}) == 36
    assert page.locator("#breed-picker .caption").all_inner_texts() == names
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    keep_first(page)
    open_finds(page, 1)
    expect(page.locator("#finds-facts")).to_contain_text("hair: curly, mood: angry")
    switch(page, "Tiny biggan")
    expect(page.locator("#model-classes")).to_contain_text("Kinds (classes)")
    choose(page, "Tiny attributes")
    expect(page.locator("#breed-picker img").first).to_have_attribute("src", both[0])
    assert pixels(page) == both
    assert [text.strip() for text in chosen_attributes(page)] == ["hair: curly", "mood: angry"]
    for _ in range(2):
        page.locator("#model-classes .token-remove").first.click()
    expect(page.locator("#breed-picker img").first).to_have_attribute("src", undecided[0])
    assert pixels(page) == undecided


def test_the_pose_moves_the_image_and_is_kept(visitor, catalogue):
    expect(visitor.locator("#model-pose")).to_be_hidden()
    switch(visitor, "Tiny stylegan3")
    before = pixels(visitor)
    set_number(visitor, "turn", 30)
    turned = another_page(visitor, before)
    assert not set(turned) & set(before)
    keep_first(visitor)
    recipe = Recipe.open(_png(visitor))
    assert recipe.transform is not None
    assert recipe.transform[1, 0] == pytest.approx(0.5)
    visitor.get_by_role("tab", name="Breed").click()
    set_number(visitor, "turn", 0)
    assert another_page(visitor, turned) == before  # drawn before, so it is back at once


def test_downloads_of_every_family_come_back_to_the_same_pixels(visit, catalogue, tmp_path):
    page, other = visit(), visit()
    open_finds(other, 0)
    for count, family in enumerate(("stylegan2", "classes", "biggan", "stylegan3", "pggan"), start=1):
        switch(page, catalogue.cards[f"tiny-{family}"].title)
        keep_first(page)
        open_finds(page, count)
        expect(page.locator("#finds-facts")).to_contain_text(f"tiny-{family}")
        for kind in ("png", "json"):
            with page.expect_download() as waiting:
                page.locator(f"#finds-{kind}").click()
            path = tmp_path / f"find.{kind}"
            waiting.value.save_as(path)
            drawn = to_uint8(Recipe.open(path).render(catalogue.load(f"tiny-{family}")))[0]
            if kind == "png":
                assert np.array_equal(np.asarray(Image.open(path).convert("RGB")), drawn)
            drop(other, path)
            expect(other.locator("#finds-image img")).to_be_visible()
            source = other.locator("#finds-image img").get_attribute("src")
            shown = np.asarray(Image.open(io.BytesIO(other.request.get(source).body())).convert("RGB"))
            assert np.array_equal(shown, drawn)
            other.locator("#finds-picker button.tile").click()
            other.locator("#finds-remove").click()
            expect(other.locator("#finds-picker button.tile")).to_have_count(0)


def test_a_find_of_a_model_that_is_not_here_waits_for_it(visit, catalogue, tmp_path):
    recipe = _find(catalogue, "tiny-stylegan")
    catalogue.local.discard("tiny-stylegan")
    catalogue.downloads.clear()
    (tmp_path / "find.json").write_text(recipe.to_json())
    page = visit()
    page.get_by_role("tab", name="Found seeds").click()
    drop(page, tmp_path / "find.json")
    expect(page.locator("#finds-picker .missing")).to_have_text("needs the model Tiny stylegan")
    page.reload()  # the browser has kept it, and opening the page downloads nothing
    open_finds(page, 1)
    expect(page.locator("#finds-load")).to_have_text("Load Tiny stylegan to see it")
    assert catalogue.downloads == []
    page.locator("#finds-load").click()
    expect(page.locator("#model-line")).to_contain_text("Tiny stylegan")
    expect(page.locator("#finds-picker img")).to_have_count(1)
    expect(page.locator("#finds-image img")).to_be_visible()
    expect(page.locator("#finds-load")).to_be_hidden()
    assert catalogue.downloads == ["tiny-stylegan"]


def test_finds_of_slow_models_are_drawn_once_their_tab_is_open(visitor, monkeypatch):
    drawn, draw = [], Thumbnails.draw_each
    monkeypatch.setattr(finds_tab, "is_slow", lambda card: True)
    monkeypatch.setattr(Thumbnails, "draw_each", lambda *of: drawn.append(of) or draw(*of))
    keep_first(visitor)
    visitor.wait_for_function("Object.keys(localStorage).some((key) => key.startsWith('spaceseed-finds:'))")
    other = visitor.context.new_page()  # if it were loaded anew, the page that has drawn this find would come back
    other.goto(visitor.url)
    all_drawn(other)
    assert not drawn
    open_finds(other, 1)
    expect(other.locator("#finds-picker img")).to_have_count(1)
    assert len(drawn) == 1


def test_a_link_to_another_model_loads_it(visit, catalogue):
    page = visit("/?model=tiny-classes&seed=42&truncation=0.5")
    expect(page.locator("#model-choice input")).to_have_value(re.compile("^Tiny classes"))
    expect(page.locator("#breed-picker .caption").first).to_contain_text("seed 42")
    expect(page.locator("#breed-truncation input[type=number]")).to_have_value("0.5")
    page = visit(f"/{write_query(_find(catalogue, 'tiny-biggan'))}")
    expect(page.locator("#model-choice input")).to_have_value(re.compile("^Tiny biggan"))
    expect(page.locator("dialog[open] img")).to_be_visible()


def test_a_link_to_a_model_that_cannot_be_had_gets_a_sentence_and_images(visit):
    page = visit("/?model=lost&seed=42")
    expect(toast(page)).to_contain_text("You stay with Avatars.")
    expect(page.locator("#breed-picker img")).to_have_count(12)


def test_a_phone_has_room_for_it_all(visit):
    page = visit(width=390, height=844)
    for title in ("Tiny biggan", "Tiny stylegan3"):
        switch(page, title)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for track in page.locator("#model-pose input[type=range]").all():
        assert track.evaluate(
            "(it) => it.getBoundingClientRect().right <= it.parentElement.getBoundingClientRect().right"
        )


def test_visitors_have_their_own_models(visit):
    one, two = visit(), visit()
    before = pixels(two)
    switch(one, "Tiny classes")
    two.reload()
    two.locator("#breed-picker img").first.wait_for(state="attached")
    expect(two.locator("#model-choice input")).to_have_value(re.compile("^Avatars"))
    switch(two, "Tiny pggan")
    expect(two.locator("#breed-truncation")).to_be_hidden()
    expect(one.locator("#breed-truncation")).to_be_visible()
    assert pixels(one) != before


def _find(catalogue, model):
    assert model in FILES
    generator = catalogue.load(model)
    workspace = Workspace.fresh(generator, (7,))
    space = workspace.view.space(generator)
    return space.recipe(workspace.breeding.page.latents[0], name="a find", seed=7)


def _png(page):
    """The PNG of the find that was kept last."""
    page.get_by_role("tab", name="Found seeds").click()
    with page.expect_download() as waiting:
        page.locator("#finds-png").click()
    return _with_suffix(waiting.value)


def _with_suffix(download):
    path = download.path().with_suffix(".png")
    download.save_as(path)
    return path
