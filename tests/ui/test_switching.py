"""Changing the model, without the page: what is kept, what is said, and what happens when it fails."""

import pytest

from spaceseed.batches import batch_size
from spaceseed.breed import LIKED
from spaceseed.models.generator import Generator
from spaceseed.recipe import Recipe, RecipeError
from spaceseed.ui import entry, switching
from spaceseed.ui.basket import from_browser, to_browser, zip_file
from spaceseed.ui.breed_page import leave, marks_of, paint
from spaceseed.ui.drawing import thumbnails
from spaceseed.ui.entry import enter
from spaceseed.ui.find_detail import fill
from spaceseed.ui.finds_tab import galleries
from spaceseed.ui.networks import Networks
from spaceseed.ui.picker import Picked
from spaceseed.ui.session import Session
from spaceseed.ui.share import SeedLink, write_query
from spaceseed.ui.switching import fit, follow, switch
from tests.ui.standins import REFUSAL, stand_in

NOTHING = Picked({}, None)


@pytest.fixture
def catalogue(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return stand_in(monkeypatch)


@pytest.fixture
def networks(catalogue):
    return Networks("avatars")


@pytest.fixture
def visitor(networks):
    return Session.on(networks.generator("avatars"))


@pytest.fixture
def said(monkeypatch):
    """The sentences that the visitor is shown."""
    sentences = []
    for module in (switching, entry):
        monkeypatch.setattr(module, "warn", sentences.append)
    return sentences


def move(networks, visitor, model):
    *lines, generator = switch(networks, visitor, model)
    assert isinstance(generator, Generator)
    return lines


def find_of(networks, model, seed=3):
    generator = networks.generator(model)
    bench = switching.fresh_bench(generator, (seed,))
    return bench.view.space(generator).recipe(bench.breeding.page.latents[0], seed=seed, name=f"seed {seed}")


def last(steps):
    *_, step = steps
    return step


@pytest.mark.parametrize("model", ["tiny-stylegan2", "tiny-classes", "tiny-biggan", "tiny-stylegan3", "tiny-pggan"])
def test_every_family_draws_a_page_and_every_control_has_a_value(networks, visitor, model):
    move(networks, visitor, model)
    generator = networks.generator(model)
    drawn = last(paint(generator, visitor))
    assert len({tile.path for tile in drawn.tiles}) == 12
    values = fit(networks, generator, visitor)
    assert values[0].value == model
    assert values[2].visible == (model in ("tiny-classes", "tiny-biggan"))
    assert values[3].visible == (model == "tiny-stylegan3")


def test_coming_back_finds_the_page_as_it_was(networks, visitor):
    avatars = networks.generator("avatars")
    visitor.breeding.next({2: LIKED})
    page = visitor.breeding.page
    leave(visitor, avatars, Picked({"g1-5": 1, "g0-1": 1}, None), [0.4, [], 0, 0, 0])
    move(networks, visitor, "tiny-classes")
    assert visitor.breeding.page.number == 0
    move(networks, visitor, "avatars")
    assert visitor.breeding.page.latents is page.latents
    assert visitor.breeding.page.marks == {5: LIKED}
    assert visitor.bench.view.truncation == 0.4
    assert visitor.breeding.can_undo


def test_marks_of_another_models_page_do_not_count(networks, visitor):
    page = Picked({"g0-3": 1}, None, "avatars 0")
    assert marks_of(visitor, page) == {3: LIKED}
    leave(visitor, networks.generator("avatars"), page, [0.7, [], 0, 0, 0])
    move(networks, visitor, "tiny-classes")
    assert marks_of(visitor, page) == {}
    leave(visitor, networks.generator("tiny-classes"), page, [0.7, [], 0, 0, 0])  # told twice
    assert visitor.breeding.page.marks == {}


def test_a_download_is_told_and_happens_once(networks, visitor, catalogue):
    lines = move(networks, visitor, "tiny-stylegan3")
    assert lines[0] == "Loading Tiny stylegan3..."
    move(networks, visitor, "avatars")
    move(networks, visitor, "tiny-stylegan3")
    assert catalogue.downloads == ["tiny-stylegan3"]


@pytest.mark.parametrize("model", ["lost", "/etc/passwd", "hub:a/b/c@d", ""])
def test_a_model_that_cannot_be_had_changes_nothing(networks, visitor, said, model):
    page = visitor.breeding.page
    move(networks, visitor, model)
    assert visitor.model == "avatars"
    assert visitor.breeding.page is page
    assert len(said) == 1
    assert said[0].endswith("You stay with Avatars.")
    if model == "lost":
        assert said[0].startswith(REFUSAL)


def test_a_choice_told_twice_is_refused_once(networks, visitor, said, catalogue):
    move(networks, visitor, "lost")
    move(networks, visitor, "lost")
    assert len(said) == 1
    visitor.refused["lost"] -= 60
    move(networks, visitor, "lost")
    assert len(said) == 2


def test_the_choice_made_last_wins(networks, visitor, said):
    slow = switch(networks, visitor, "lost")
    next(slow)
    move(networks, visitor, "tiny-classes")
    assert last(slow) is None
    assert visitor.model == "tiny-classes"
    assert said == []


def test_finds_outlive_their_model_and_come_alive_with_it(networks, visitor, catalogue):
    stranger = Session.on(networks.generator("avatars"))
    recipe = find_of(networks, "tiny-stylegan3")
    saved = to_browser_of(stranger, recipe)
    # Another day: nothing is loaded, and opening the page must load nothing.
    catalogue.local.remove("tiny-stylegan3")
    catalogue.downloads.clear()
    networks = Networks("avatars")
    assert from_browser(networks, visitor, saved) == 0
    [tile] = last(galleries(networks, visitor, NOTHING)).tiles
    assert (tile.path, tile.missing) == (None, "needs the model Tiny stylegan3")
    panel, image, load, *_ = last(fill(networks, visitor))
    assert panel.visible
    assert image is None
    assert load.visible
    assert catalogue.downloads == []
    assert Recipe.open(unzipped(zip_file(networks, visitor, [recipe]))) == recipe
    move(networks, visitor, "tiny-stylegan3")
    [tile] = last(galleries(networks, visitor, NOTHING)).tiles
    assert tile.path is not None
    _, image, load, *_ = last(fill(networks, visitor))
    assert Recipe.open(image) == recipe
    assert not load.visible


def to_browser_of(visitor, *recipes):
    visitor.keep(recipes)
    return to_browser(visitor)


def unzipped(path):
    assert path.endswith("spaceseed-finds.zip")
    return path


def test_a_find_that_does_not_fit_its_model_is_said_so(networks, visitor):
    recipe = find_of(networks, "tiny-classes").replace(sha256="0" * 64)
    visitor.keep([recipe])
    [tile] = last(galleries(networks, visitor, NOTHING)).tiles
    assert tile.missing == "does not fit its model"


def test_only_finds_of_the_present_model_breed(networks, visitor):
    mine, theirs = find_of(networks, "avatars"), find_of(networks, "tiny-pggan")
    assert "1 were left out" in (visitor.breed_from([mine, theirs]) or "")
    with pytest.raises(ValueError, match="of this model"):
        visitor.breed_from([theirs])


def test_a_recipe_of_no_model_here_is_refused(networks):
    with pytest.raises(RecipeError, match="not among the models here"):
        networks.check(find_of(networks, "avatars").replace(model="unheard-of"))


def test_a_link_to_a_seed_of_another_model_waits_for_it(networks, visitor, said):
    assert enter(networks, visitor, [], {"model": "tiny-classes", "seed": "7", "truncation": "0.5"}) == "breed"
    assert visitor.link == SeedLink("tiny-classes", 7, 0.5)
    move(networks, visitor, "tiny-classes")
    follow(networks.generator("tiny-classes"), visitor, visitor.link)
    assert visitor.breeding.page.seeds[0] == 7
    assert visitor.bench.view.truncation == 0.5
    assert said == []


def test_a_link_to_a_find_of_another_model_keeps_the_find_and_waits(networks, visitor, catalogue):
    recipe = find_of(networks, "tiny-biggan")
    query = write_query(recipe)
    assert enter(networks, visitor, [], {"find": query.removeprefix("?find=")}) == "finds"
    assert visitor.link == recipe
    assert list(visitor.finds) == [recipe.id]


def test_a_link_to_an_unknown_model_gets_a_sentence(networks, visitor, said):
    assert enter(networks, visitor, [], {"model": "<b>", "seed": "7"}) == "breed"
    assert visitor.link is None
    assert "'<b>'" in said[0]


def test_a_default_that_cannot_be_had_gives_way_to_the_bundled_model(catalogue):
    networks = Networks("lost")
    assert networks.default == "avatars"
    assert networks.problem == REFUSAL


def test_slow_pages_come_image_by_image_and_end_when_another_is_asked_for(networks, visitor, monkeypatch):
    generator = networks.generator("avatars")
    monkeypatch.setattr("spaceseed.batches.PIXELS", 5 * 64 * 64)
    assert batch_size(generator) == 5
    steps = visitor.newest("page", paint(generator, visitor))
    there = [sum(tile.path is not None for tile in next(steps).tiles) for _ in range(3)]
    assert there == [0, 5, 10]
    visitor.breeding.next({0: LIKED})
    other = visitor.newest("page", paint(generator, visitor))
    first = next(other)
    assert sum(tile.path is not None for tile in first.tiles) == 1  # the one that was kept
    assert list(steps) == [first]
    assert [sum(tile.path is not None for tile in drawn.tiles) for drawn in other] == [6, 11, 12]


def test_pictures_do_not_depend_on_the_batch(networks, visitor, monkeypatch):
    generator = networks.generator("tiny-classes")
    space = switching.fresh_bench(generator).view.space(generator)
    vectors = space.draw(range(6))
    whole = last(thumbnails(space, vectors, visitor))
    monkeypatch.setattr("spaceseed.batches.PIXELS", 1)
    assert last(thumbnails(space, vectors, Session.on(networks.generator("avatars")))) == whole
