"""Changing the model, without the page: what is kept, what is said, and what happens when it fails."""

import gradio as gr
import pytest

from spaceseed.batches import batch_size
from spaceseed.evolution.breeding import LIKED
from spaceseed.models.generators.generator import Generator
from spaceseed.recipes.recipe import Recipe, RecipeError
from spaceseed.ui.avoid import tab as avoid_tab
from spaceseed.ui.breed import tab as breed_tab
from spaceseed.ui.breed.page import paint
from spaceseed.ui.finds.detail import fill
from spaceseed.ui.finds.tab import galleries
from spaceseed.ui.kit.menu import PictureMenu
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.photo import tab as photo_tab
from spaceseed.ui.search import tab as search_tab
from spaceseed.ui.shell import model_bar, switching
from spaceseed.ui.shell.entry import enter, follow
from spaceseed.ui.shell.model_line import loading
from spaceseed.ui.shell.switching import switch, values_for, values_for_new_page
from spaceseed.ui.state.basket import from_browser, to_browser, zip_file
from spaceseed.ui.state.marks import leave, marks_of
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.session import Session
from spaceseed.ui.state.share import SeedLink, write_query
from tests.ui.standins import REFUSAL, find_of

NOTHING = Picked({}, None)


def move(networks, visitor, model):
    *lines, generator = switch(networks, visitor, model)
    assert isinstance(generator, Generator)
    return lines


def last(steps):
    *_, step = steps
    return step


@pytest.mark.parametrize(
    "model", ["tiny-stylegan2", "tiny-classes", "tiny-attributes", "tiny-biggan", "tiny-stylegan3", "tiny-pggan"]
)
def test_every_family_draws_a_page_and_every_control_has_a_value(tiny_networks, newcomer, model):
    move(tiny_networks, newcomer, model)
    generator = tiny_networks.generator(model)
    drawn = last(paint(generator, newcomer))
    assert len({tile.path for tile in drawn.tiles}) == 12
    values = values_for(tiny_networks, newcomer)
    assert values[0].value == model
    assert values[2].visible == (model in ("tiny-classes", "tiny-attributes", "tiny-biggan"))
    assert values[3].visible == (model == "tiny-stylegan3")


def test_coming_back_finds_the_page_as_it_was(tiny_networks, newcomer):
    avatars = tiny_networks.generator("avatars")
    newcomer.breeding.next({2: LIKED})
    page = newcomer.breeding.page
    leave(newcomer, avatars, Picked({"g1-5": 1, "g0-1": 1}, None), [0.4, [], 0, 0, 0])
    move(tiny_networks, newcomer, "tiny-classes")
    assert newcomer.breeding.page.number == 0
    move(tiny_networks, newcomer, "avatars")
    assert newcomer.breeding.page.latents is page.latents
    assert newcomer.breeding.page.marks == {5: LIKED}
    assert newcomer.workspace.view.truncation == 0.4
    assert newcomer.breeding.can_undo


def test_the_menu_of_classes_suits_the_model_and_keeps_what_was_chosen(tiny_networks, newcomer):
    for model, label, most, begin in (
        ("tiny-classes", "Kinds (classes)", 4, [0]),
        ("tiny-attributes", "Attributes", 8, []),
    ):
        generator = tiny_networks.generator(model)
        move(tiny_networks, newcomer, model)
        menu = values_for(tiny_networks, newcomer)[2]
        assert (menu.label, menu.max_choices, menu.value) == (label, most, begin)
        assert menu.choices == [(name, i) for i, name in enumerate(generator.card.classes)]
        leave(newcomer, generator, NOTHING, [0.7, [3, 1], 0, 0, 0])
        move(tiny_networks, newcomer, "avatars")
        move(tiny_networks, newcomer, model)
        assert values_for(tiny_networks, newcomer)[2].value == [3, 1]


def test_marks_of_another_models_page_do_not_count(tiny_networks, newcomer):
    page = Picked({"g0-3": 1}, None, "avatars 0")
    assert marks_of(newcomer, page) == {3: LIKED}
    leave(newcomer, tiny_networks.generator("avatars"), page, [0.7, [], 0, 0, 0])
    move(tiny_networks, newcomer, "tiny-classes")
    assert marks_of(newcomer, page) == {}
    leave(newcomer, tiny_networks.generator("tiny-classes"), page, [0.7, [], 0, 0, 0])  # told twice
    assert newcomer.breeding.page.marks == {}


def test_a_download_is_told_and_happens_once(tiny_networks, newcomer, catalogue):
    lines = move(tiny_networks, newcomer, "tiny-stylegan3")
    assert lines[0] == "Loading Tiny stylegan3..."
    move(tiny_networks, newcomer, "avatars")
    move(tiny_networks, newcomer, "tiny-stylegan3")
    assert catalogue.downloads == ["tiny-stylegan3"]


@pytest.mark.parametrize("model", ["lost", "/etc/passwd", "hub:a/b/c@d", ""])
def test_a_model_that_cannot_be_had_changes_nothing(tiny_networks, newcomer, said, model):
    page = newcomer.breeding.page
    move(tiny_networks, newcomer, model)
    assert newcomer.model == "avatars"
    assert newcomer.breeding.page is page
    assert len(said) == 1
    assert said[0].endswith("You stay with Avatars.")
    if model == "lost":
        assert said[0].startswith(REFUSAL)


def test_a_choice_told_twice_is_refused_once(tiny_networks, newcomer, said, catalogue):
    move(tiny_networks, newcomer, "lost")
    move(tiny_networks, newcomer, "lost")
    assert len(said) == 1
    newcomer.refused["lost"] -= 60
    move(tiny_networks, newcomer, "lost")
    assert len(said) == 2


@pytest.fixture
def page(tiny_networks, newcomer):
    """The events that change the model, of an app laid out for them."""
    with gr.Blocks():
        bar = model_bar.create_model_bar(tiny_networks)
        session, basket = gr.State(newcomer), gr.State(0)
        breed = breed_tab.create_breed_tab(tiny_networks, session, basket, bar.view)
        with gr.Tabs() as tabs, gr.Tab() as tab:
            search = search_tab.create_search_tab(tiny_networks, session, basket, PictureMenu(), breed, tabs)
            photo = photo_tab.create_photo_tab(tiny_networks, session, basket, breed, tabs)
            avoid = avoid_tab.create_avoid_tab(tiny_networks, session, breed, [], tabs, tab)
        return switching.Switching(tiny_networks, session, basket, bar, breed, search, photo, avoid)


def nothing(values):
    return all(value == gr.skip() for value in values)


def test_controls_are_filled_once_after_a_model_was_loaded(page, newcomer):
    lines = list(page.choose(newcomer, "tiny-classes", NOTHING))
    assert lines[0] == loading("Loading Tiny classes...")
    assert all("loading" in line for line in lines)
    assert page.fill(newcomer)[0].value == "tiny-classes"
    assert page.fill(newcomer) == gr.skip()


def test_a_choice_told_twice_fills_no_control_a_second_time(page, newcomer):
    """The visitor may have moved a slider of the new model between the two."""
    for _ in range(2):
        list(page.choose(newcomer, "tiny-classes", NOTHING))
    assert page.fill(newcomer) != gr.skip()
    assert page.fill(newcomer) == gr.skip()
    list(page.choose(newcomer, "tiny-classes", NOTHING))
    assert page.fill(newcomer) == gr.skip()


def test_a_choice_told_twice_at_once_is_followed(page, newcomer, monkeypatch):
    """The second event runs in the midst of the first one's beginning."""
    begin, second = newcomer.tasks.begin, []

    def interrupted(task):
        if task == "switch" and not second:
            second.append(page.choose(newcomer, "tiny-classes", NOTHING))
            next(second[0])
        return begin(task)

    monkeypatch.setattr(newcomer.tasks, "begin", interrupted)
    list(page.choose(newcomer, "tiny-classes", NOTHING))
    list(second[0])
    assert newcomer.model == "tiny-classes"
    assert page.fill(newcomer)[0].value == "tiny-classes"


def test_while_another_model_is_loaded_the_menu_stays_where_the_visitor_put_it(page, newcomer):
    slow = page.choose(newcomer, "tiny-stylegan3", NOTHING)
    next(slow)
    assert page.fill(newcomer) == gr.skip()
    list(slow)
    assert page.fill(newcomer)[0].value == "tiny-stylegan3"


def test_who_is_refused_a_model_gets_the_menu_back(page, newcomer, said):
    list(page.choose(newcomer, "lost", NOTHING))
    assert page.fill(newcomer)[0].value == "avatars"
    list(page.choose(newcomer, "lost", NOTHING))
    assert page.fill(newcomer) == gr.skip()


def test_a_page_that_opens_leaves_its_controls_to_the_visitor(page, tiny_networks, newcomer):
    enter(tiny_networks, newcomer, [], None, {})
    choice, *rest = values_for_new_page(tiny_networks, newcomer)
    assert "value" not in choice.constructor_args
    assert nothing(rest)
    list(page.follow_link(newcomer))
    assert page.fill(newcomer) == gr.skip()


def test_a_link_fills_the_controls_of_the_page_that_it_opens(tiny_networks, newcomer):
    enter(tiny_networks, newcomer, [], None, {"seed": "7", "truncation": "0.5"})
    values = [getattr(value, "value", None) for value in values_for_new_page(tiny_networks, newcomer)]
    assert 0.5 in values


def test_a_link_to_another_model_is_followed_and_shown(page, tiny_networks, newcomer):
    enter(tiny_networks, newcomer, [], None, {"model": "tiny-classes", "seed": "7", "truncation": "0.5"})
    list(page.follow_link(newcomer))
    assert newcomer.breeding.page.seeds[0] == 7
    assert 0.5 in [getattr(value, "value", None) for value in page.fill(newcomer)]


def test_the_choice_made_last_wins(tiny_networks, newcomer, said):
    slow = switch(tiny_networks, newcomer, "lost")
    next(slow)
    move(tiny_networks, newcomer, "tiny-classes")
    assert last(slow) is None
    assert newcomer.model == "tiny-classes"
    assert said == []


def test_finds_outlive_their_model_and_come_alive_with_it(tiny_networks, newcomer, catalogue):
    stranger = Session.on(tiny_networks.generator("avatars"))
    recipe = find_of(tiny_networks, "tiny-stylegan3")
    saved = to_browser_of(stranger, recipe)
    # Another day: nothing is loaded, and opening the page must load nothing.
    catalogue.local.remove("tiny-stylegan3")
    catalogue.downloads.clear()
    networks = Networks("avatars")
    assert from_browser(networks, newcomer.basket, saved) == 0
    [tile] = last(galleries(networks, newcomer, NOTHING)).tiles
    assert (tile.path, tile.missing) == (None, "needs the model Tiny stylegan3")
    panel, image, load, *_ = last(fill(networks, newcomer))
    assert panel.visible
    assert image.value == [None]
    assert load.visible
    assert catalogue.downloads == []
    assert Recipe.open(unzipped(zip_file(networks, newcomer.basket, [recipe]))) == recipe
    move(networks, newcomer, "tiny-stylegan3")
    [tile] = last(galleries(networks, newcomer, NOTHING)).tiles
    assert tile.path is not None
    _, image, load, *_ = last(fill(networks, newcomer))
    assert Recipe.open(image.value[0]["image"]["path"]) == recipe
    assert not load.visible


def to_browser_of(visitor, *recipes):
    visitor.basket.add(recipes)
    return list(to_browser(visitor.basket).put.values())


def unzipped(path):
    assert path.endswith("spaceseed-finds.zip")
    return path


def test_a_find_that_does_not_fit_its_model_is_said_so(tiny_networks, newcomer):
    recipe = find_of(tiny_networks, "tiny-classes").replace(sha256="0" * 64)
    newcomer.basket.add([recipe])
    [tile] = last(galleries(tiny_networks, newcomer, NOTHING)).tiles
    assert tile.missing == "does not fit its model"


def test_only_finds_of_the_present_model_breed(tiny_networks, newcomer):
    mine, theirs = find_of(tiny_networks, "avatars"), find_of(tiny_networks, "tiny-pggan")
    generator = tiny_networks.generator("avatars")
    assert "1 were left out" in (newcomer.workspace.breed_from(generator, [mine, theirs]) or "")
    with pytest.raises(ValueError, match="of this model"):
        newcomer.workspace.breed_from(generator, [theirs])


def test_a_recipe_of_no_model_here_is_refused(tiny_networks):
    with pytest.raises(RecipeError, match="not among the models here"):
        tiny_networks.check(find_of(tiny_networks, "avatars").replace(model="unheard-of"))


def test_a_link_to_a_seed_of_another_model_waits_for_it(tiny_networks, newcomer, said):
    enter(tiny_networks, newcomer, [], None, {"model": "tiny-classes", "seed": "7", "truncation": "0.5"})
    assert newcomer.link == SeedLink("tiny-classes", 7, 0.5)
    move(tiny_networks, newcomer, "tiny-classes")
    follow(tiny_networks.generator("tiny-classes"), newcomer, newcomer.link)
    assert newcomer.breeding.page.seeds[0] == 7
    assert newcomer.workspace.view.truncation == 0.5
    assert said == []


def test_a_link_to_a_find_of_another_model_keeps_the_find_and_waits(tiny_networks, newcomer, catalogue):
    recipe = find_of(tiny_networks, "tiny-biggan")
    query = write_query(recipe)
    enter(tiny_networks, newcomer, [], None, {"find": query.removeprefix("?find=")})
    assert newcomer.link == recipe
    assert list(newcomer.basket.finds) == [recipe.id]


def test_a_link_to_an_unknown_model_gets_a_sentence(tiny_networks, newcomer, said):
    enter(tiny_networks, newcomer, [], None, {"model": "<b>", "seed": "7"})
    assert newcomer.link is None
    assert "'<b>'" in said[0]


def test_a_default_that_cannot_be_had_gives_way_to_the_bundled_model(catalogue):
    networks = Networks("lost")
    assert networks.default == "avatars"
    assert networks.problem == "The model that you would meet here first cannot be loaded now."


def test_slow_pages_come_image_by_image_and_end_when_another_is_asked_for(tiny_networks, newcomer, monkeypatch):
    generator = tiny_networks.generator("avatars")
    monkeypatch.setattr("spaceseed.batches.PIXELS", 5 * 64 * 64)
    assert batch_size(generator) == 5
    steps = newcomer.tasks.newest("page", paint(generator, newcomer))
    there = [sum(tile.path is not None for tile in next(steps).tiles) for _ in range(3)]
    assert there == [0, 5, 10]
    newcomer.breeding.next({0: LIKED})
    other = newcomer.tasks.newest("page", paint(generator, newcomer))
    first = next(other)
    assert sum(tile.path is not None for tile in first.tiles) == 1  # the one that was kept
    assert list(steps) == [first]
    assert [sum(tile.path is not None for tile in drawn.tiles) for drawn in other] == [6, 11, 12]


def test_a_choice_told_twice_fills_no_control_before_the_model_is_the_visitors(page, newcomer, monkeypatch):
    """The second event ends in the midst of the first one's end."""
    fresh, seen = switching.Workspace.fresh, []

    def interrupted(generator):
        list(page.choose(newcomer, "tiny-classes", NOTHING))
        seen.append(page.fill(newcomer))
        return fresh(generator)

    monkeypatch.setattr(switching.Workspace, "fresh", interrupted)
    list(page.choose(newcomer, "tiny-classes", NOTHING))
    assert seen == [gr.skip()]
    assert page.fill(newcomer)[0].value == "tiny-classes"
