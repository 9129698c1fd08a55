"""A visitor's way through the Found seeds tab: keep, look, rename, remove, take home, bring back."""

import io
import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from spaceseed.images import to_uint8
from spaceseed.recipes.recipe import Found, Recipe, open_any


def open_finds(page):
    page.get_by_role("tab", name="Found seeds").click()


def tiles(page):
    return page.locator("#finds-picker button.tile")


def captions(page):
    return [text.strip() for text in page.locator("#finds-picker .caption").all_inner_texts()]


def keep(page, *faces):
    for i in faces:
        page.locator("#breed-picker button.tile").nth(i).click()
    page.locator("#breed-keep").click()
    open_finds(page)
    expect(tiles(page)).to_have_count(len(faces))


def drop(page, *files):
    page.locator("#finds-drop input[type=file]").set_input_files(list(files))


def download(page, button, folder):
    with page.expect_download() as waiting:
        page.locator(f"#finds-{button}").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def shown_pixels(page):
    """The pixels of the large picture, fetched from where the page has them."""
    source = page.locator("#finds-image img").get_attribute("src")
    return np.asarray(Image.open(io.BytesIO(page.request.get(source).body())).convert("RGB"))


def toasts(page):
    return page.get_by_test_id("toast-text")


@pytest.fixture
def keeper(visit_link):
    """A visitor with two finds, who looks at the second."""
    page = visit_link("/?seed=42&truncation=0.7")
    keep(page, 0, 1)
    expect(page.locator("#finds-name").locator("input, textarea")).to_have_value(re.compile(r"seed \d+"))
    return page


def test_an_empty_basket_says_how_to_fill_it(visitor):
    visitor.locator("#breed-keep").click()
    expect(toasts(visitor).last).to_contain_text("Like at least one")
    open_finds(visitor)
    expect(visitor.locator("#finds-picker .title")).to_contain_text("Nothing here yet")
    expect(visitor.locator("#finds-detail")).to_be_hidden()
    visitor.locator("#finds-zip").click()
    expect(toasts(visitor).last).to_contain_text("nothing to download")
    visitor.locator("#finds-picker .begin").click()
    expect(visitor.locator("#breed-next")).to_be_visible()
    visitor.get_by_role("tab", name="Steer").click()
    expect(visitor.locator("#steer-shelf .begin")).to_have_text("Keep one from Breed")


def test_a_find_downloads_in_every_format_and_comes_back_in_each(keeper, visit, tmp_path, generator, app_url):
    tiles(keeper).nth(0).click()
    expect(keeper.locator("#finds-facts dd").get_by_text("42", exact=True)).to_be_visible()
    link = keeper.locator("#finds-link").locator("input, textarea")
    expect(link).to_have_value(f"{app_url}/?model=avatars&seed=42&truncation=0.7")
    expected = shown_pixels(keeper)
    other = visit()
    open_finds(other)
    for button, name in (
        ("png", "seed-42.png"),
        ("json", "seed-42.json"),
        ("npz", "seed-42.npz"),
        ("large", "seed-42-large.png"),
    ):
        path = download(keeper, button, tmp_path)
        assert path.name == name
        assert np.array_equal(to_uint8(Recipe.open(path).render(generator))[0], expected)
        drop(other, path)
        expect(tiles(other)).to_have_count(1)
        expect(other.locator("#finds-image img")).to_be_visible()
        assert np.array_equal(shown_pixels(other), expected)
        assert captions(other) == ["seed 42"]
        tiles(other).first.click()
        other.locator("#finds-remove").click()
        expect(tiles(other)).to_have_count(0)
    with Image.open(path) as picture:
        assert np.array_equal(np.asarray(picture), expected.repeat(8, axis=0).repeat(8, axis=1))


def test_files_are_called_as_the_find_is_in_any_script(keeper, tmp_path):
    box = keeper.locator("#finds-name").locator("input, textarea")
    for name in ("Élodie Müller", "हिन्दी चेहरा"):
        box.fill(name)  # as if it were pasted
        box.blur()
        expect(tiles(keeper).last).to_have_attribute("aria-label", f"{name}, not marked")
        path = download(keeper, "json", tmp_path)
        assert path.name == f"{name.lower().replace(' ', '-')}.json"
        assert Recipe.open(path).name == name
        with zipfile.ZipFile(download(keeper, "zip", tmp_path)) as archive:
            assert any(entry.endswith(f"-{path.stem}.png") for entry in archive.namelist())


def test_the_zip_holds_the_chosen_or_all_and_comes_back(keeper, visit, tmp_path):
    path = download(keeper, "zip", tmp_path)
    assert len(open_any(path)) == 2
    tiles(keeper).nth(0).click()
    assert [recipe.seed for recipe in open_any(download(keeper, "zip", tmp_path))] == [42]
    other = visit()
    open_finds(other)
    expect(tiles(other)).to_have_count(0)  # each visitor has a basket of their own
    drop(other, tmp_path / path.name)
    expect(tiles(other)).to_have_count(1)


def test_each_broken_file_gets_a_sentence_and_good_ones_come_in(keeper, visit, tmp_path):
    good = download(keeper, "png", tmp_path)
    broken = {
        "cut.png": good.read_bytes()[:200],
        "plain.png": _plain_png(),
        "letter.json": b"Dear Ada",
        "numbers.npz": b"PK\x03\x04",
        "<b>bold.zip": b"",
    }
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
    other = visit()
    open_finds(other)
    drop(other, good, *(tmp_path / name for name in broken))
    expect(tiles(other)).to_have_count(1)
    expect(toasts(other)).to_have_count(len(broken) + 1)  # and one that says what came in
    said = toasts(other).all_inner_texts()
    for name in ("cut.png", "plain.png", "letter.json", "numbers.npz"):
        [sentence] = [text for text in said if text.startswith(name)]
        assert sentence.endswith(".")
    assert toasts(other).locator("b").count() == 0


def test_what_a_stranger_wrote_is_shown_as_text(visitor, tmp_path, find):
    written = "<img src=x onerror=\"document.title='broken'\"> ${7*6} {{value}} `'&amp;"
    find(1).replace(name=written[:60], found=Found(by="search", prompt=written)).save(tmp_path / "find.json")
    open_finds(visitor)
    drop(visitor, tmp_path / "find.json")
    expect(visitor.locator("#finds-facts dd").nth(1)).to_have_text(written)
    assert captions(visitor) == [written[:60]]
    visitor.get_by_role("tab", name="Steer").click()
    expect(visitor.locator("#steer-shelf .caption")).to_have_text(written[:60])
    assert visitor.title() == "spaceseed"


def test_a_find_is_renamed(keeper, tmp_path):
    name = keeper.locator("#finds-name").locator("input, textarea")
    name.fill("")
    name.press_sequentially("Ada <i>Love lace</i>", delay=20)
    expect(keeper.locator("#finds-picker .caption").nth(1)).to_have_text(re.compile("Ada <i>Love lace</i>"))
    path = download(keeper, "json", tmp_path)
    assert path.name == "ada-i-love-lace-i.json"
    assert Recipe.open(path).name == "Ada <i>Love lace</i>"


def test_a_name_half_typed_outlasts_a_look_at_another_tab(keeper, tmp_path):
    name = keeper.locator("#finds-name").locator("input, textarea")
    name.fill("Ada")
    keeper.get_by_role("tab", name="Breed").click()
    open_finds(keeper)
    download(keeper, "zip", tmp_path)  # what turning the tab began is over by then
    expect(name).to_have_value("Ada")
    expect(keeper.locator("#finds-picker .caption").nth(1)).to_have_text("Ada")
    expect(name).to_have_value("Ada")
    tiles(keeper).nth(0).click()
    expect(name).to_have_value("seed 42")


def test_finds_are_removed(keeper):
    keeper.locator("#finds-remove").click()
    expect(toasts(keeper).last).to_contain_text("Choose some finds first")
    left = captions(keeper)[1]
    tiles(keeper).nth(0).click()
    keeper.locator("#finds-remove").click()
    expect(tiles(keeper)).to_have_count(1)
    assert captions(keeper) == [left]
    keeper.locator("#finds-undo").click()
    expect(tiles(keeper)).to_have_count(2)
    assert captions(keeper)[1] == left
    expect(keeper.locator("#finds-undo")).to_be_disabled()
    for i in (0, 1):
        tiles(keeper).nth(i).click()
    keeper.locator("#finds-remove").click()
    expect(tiles(keeper)).to_have_count(0)
    expect(keeper.locator("#finds-detail")).to_be_hidden()


def test_finds_breed_on(keeper):
    tiles(keeper).nth(0).click()
    keeper.locator("#finds-breed").click()
    faces = keeper.locator("#breed-picker button.tile")
    expect(keeper.locator("#breed-picker .title")).to_contain_text("Generation 1:")
    expect(keeper.locator("#breed-picker")).to_be_visible()
    assert keeper.locator("#breed-picker .caption").first.inner_text().startswith("seed 42")
    expect(faces.nth(0)).to_have_attribute("data-mark", "1")
    keeper.locator("#breed-next").click()
    expect(keeper.locator("#breed-picker .title")).to_contain_text("Generation 2:")
    assert keeper.locator("#breed-picker .caption").first.inner_text().startswith("seed 42")


def test_finds_survive_a_reload(keeper):
    before = captions(keeper)
    keeper.reload()
    open_finds(keeper)
    expect(tiles(keeper)).to_have_count(2)
    assert captions(keeper) == before


def test_a_link_reopens_a_bred_face(visit, app_url):
    page = visit()
    page.locator("#breed-picker button.tile").nth(0).click()
    page.locator("#breed-next").click()
    expect(page.locator("#breed-picker .title")).to_contain_text("Generation 1:")
    page.locator("#breed-picker .clear").click()  # the parent is still liked
    keep(page, 3)
    link = page.locator("#finds-link").locator("input, textarea")
    expect(link).to_have_value(re.compile(re.escape(app_url) + r"/\?find=."))
    expected = shown_pixels(page)
    other = visit(link.input_value().removeprefix(app_url))
    expect(other.locator("dialog[open] h2")).to_have_text("g1-3")
    other.keyboard.press("Escape")
    open_finds(other)
    expect(other.locator("#finds-image img")).to_be_visible()
    assert captions(other) == ["g1-3"]
    assert np.array_equal(shown_pixels(other), expected)


def test_a_bad_link_gets_a_sentence_and_faces(visit):
    page = visit("/?find=nonsense")
    expect(toasts(page)).to_contain_text("This link is damaged")
    expect(page.locator("#breed-picker button.tile")).to_have_count(12)


def _plain_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, format="PNG")
    return file.getvalue()
