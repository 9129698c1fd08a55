"""The Search tab's events, called as Gradio calls them, on the bundled networks."""

import re

import gradio as gr
import pytest
import torch
from PIL import Image

from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.kit.turns import Turns
from spaceseed.ui.search import results, tab
from spaceseed.ui.search.begin import begin
from spaceseed.ui.search.climb import climb
from spaceseed.ui.state.session import Session

ASKED = {"prompt": "a man with a beard", "algorithm": "Random search", "generations": 1, "warm_start": 8, "space": "z"}
NO_MARKS = Picked({}, None)


@pytest.fixture
def visitor(generator):
    return Session.on(generator)


@pytest.fixture
def ended(generator, judge, visitor, said):
    """A search that has ended."""
    job = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED | {"Random search": {"population": 10}})
    *_, first = begin(generator, judge, None, job, visitor)
    *_, state = climb(first, visitor, Turns(2, 1.0))
    results.draw(state, visitor)
    return state


def test_an_example_suits_the_model(tiny_networks, visitor):
    assert tab.example_prompt(tiny_networks, visitor) == "smiling woman, long red hair"
    visitor.model = "tiny-classes"
    with pytest.raises(ValueError, match="type what you want to see"):
        tab.example_prompt(tiny_networks, visitor)


def test_a_search_that_cannot_begin_leaves_the_running_one_alone(visitor):
    running = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED)
    with pytest.raises(ValueError, match="Type what to look for first"):
        tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED | {"prompt": ""})
    with pytest.raises(ValueError, match="Like some images in Breed first"):
        tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED | {"origin": "Images liked in Breed"})
    assert visitor.ticket is running.ticket
    assert not running.ticket.stopped


def test_liked_faces_are_read_from_the_page(visitor):
    picked = Picked({"g0-3": 1, "g0-5": -1, "g0-9": 1, "g7-1": 1}, None)
    job = tab.ask(visitor, visitor.workspace.view, picked, ASKED | {"origin": "Images liked in Breed"})
    assert job.liked.equal(visitor.breeding.page.latents[[3, 9]])


def test_drawing_fills_every_output(ended, visitor):
    status, best, met, top, film, curve, kept = results.draw(ended, visitor).values()
    assert status["share"] == 1
    assert status["text"].startswith("Done: 10 images")
    assert (len(best), len(film), len(top.tiles)) == (1, 1, 8)
    assert met.startswith(("Has ", "Lacks "))
    assert "look different from each other" in top.title
    assert all(re.fullmatch("has all 2|lacks (man|beard|man, beard)", tile.caption) for tile in top.tiles)
    assert best[0]["image"]["path"] == top.tiles[0].path
    assert [visitor.picture(tile.find) for tile in top.tiles] == ended.recipes(8)
    assert film[0]["caption"] == "start"
    assert "after round 1 of 1" in curve["label"]
    assert kept is ended


def test_drawing_before_the_first_face_changes_the_line_alone(generator, judge, visitor, said):
    *_, first = begin(generator, judge, None, tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED), visitor)
    first.stop()
    assert results.draw(first, visitor) == {"status": {"text": "Stopped at once.", "share": 0}}


def test_only_a_search_that_has_ended_goes_on(visitor, ended):
    ticket = ended.job.ticket
    assert tab.go_on(visitor, ended) is ended
    assert visitor.ticket is ended.job.ticket is not ticket
    ended.ended = False
    for state in (None, ended):
        with pytest.raises(ValueError, match="no search that could go on"):
            tab.go_on(visitor, state)
    ended.ended, visitor.model = True, "other"
    with pytest.raises(ValueError, match="of another model"):
        tab.go_on(visitor, ended)


def test_chosen_seeds_go_to_breed_as_liked(visitor, ended):
    seeds = ended.wall.seeds
    assert len(seeds) == 8
    tiles = ended.wall.draw(visitor).tiles
    assert [tile.caption for tile in tiles] == [f"seed {seed}" for seed in seeds]
    assert [visitor.picture(tile.find).seed for tile in tiles] == seeds
    picked = Picked({tiles[3].id: 1, tiles[1].id: 1, "stranger-7": 1}, None, ended.wall.key)
    tab.plant_seeds(visitor, picked, ended)
    page = visitor.breeding.page
    assert page.seeds[:2] == (seeds[1], seeds[3])
    assert page.latents[:2].equal(latents_from_seeds([seeds[1], seeds[3]], 32))
    assert page.marks == {0: 1, 1: 1}
    assert visitor.breeding.can_undo


def test_without_chosen_seeds_nothing_is_bred(visitor, ended):
    page = visitor.breeding.page
    with pytest.raises(gr.Error, match="Choose seeds first"):
        tab.plant_seeds(visitor, NO_MARKS, ended)
    with pytest.raises(gr.Error, match="start a search first"):
        tab.plant_seeds(visitor, NO_MARKS, None)
    visitor.workspaces["other"], visitor.model = visitor.workspace, "other"
    with pytest.raises(gr.Error, match="of another model"):
        tab.plant_seeds(visitor, Picked({ended.wall.draw(visitor, []).tiles[0].id: 1}, None), ended)
    assert visitor.breeding.page is page


def test_a_picture_takes_the_place_of_words(visitor, tmp_path):
    with pytest.raises(ValueError, match="add a picture"):
        tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED | {"prompt": ""})
    Image.new("CMYK", (1, 1), "red").save(tmp_path / "a.jpg")
    path = str(tmp_path / "a.jpg")
    job = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED | {"prompt": ""}, path)
    assert job.picture.shape == (1, 3, 1, 1)
    assert job.settings.title == "like a picture"
    both = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED, path)
    assert both.settings.title == "a man with a beard, like a picture"


@pytest.mark.parametrize("data", [b"", b"no picture", b"GIF89a"])
def test_a_file_that_is_no_picture_is_refused_in_a_sentence(visitor, tmp_path, data):
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(ValueError, match=r"^Your picture could not be read: PNG, JPEG and WebP files .*\.$"):
        tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED, str(tmp_path / "a.png"))


def test_stop_asks_the_search_to_end(visitor):
    tab.ask_to_stop(visitor)  # nothing runs: nothing happens
    job = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED)
    tab.ask_to_stop(visitor)
    assert job.ticket.stopped


def test_nothing_found_is_said_in_a_sentence(networks, visitor):
    for event in (
        lambda: tab.breed_from(networks, visitor, NO_MARKS),
        lambda: tab.write_png(networks, visitor),
        lambda: tab.keep_the_best(visitor),
        lambda: tab.keep_found(visitor, NO_MARKS),
    ):
        with pytest.raises(ValueError, match="Nothing is found yet: start a search first"):
            event()


def test_finds_go_to_breed_as_liked(networks, visitor, ended):
    tab.breed_from(networks, visitor, NO_MARKS)
    page = visitor.breeding.page
    assert page.latents[:8].equal(torch.stack([recipe.latent for recipe in ended.recipes(8)]))
    assert page.marks == dict.fromkeys(range(8), 1)


def test_chosen_finds_go_alone(networks, visitor, ended):
    third, first = (ended.recipes(8)[rank].id for rank in (2, 0))
    picked = Picked({third: 1, first: 1, "stranger": 1}, None)
    tab.keep_found(visitor, picked)
    assert list(visitor.basket.finds) == [first, third]
    assert tab.label_keep(picked).value == "Keep 3 chosen"
    tab.breed_from(networks, visitor, picked)
    assert visitor.breeding.page.kept == 2
    tab.keep_found(visitor, NO_MARKS)
    assert len(visitor.basket.finds) == 8


def test_a_picture_of_the_page_is_searched_for(networks, visitor, ended):
    prompt, path, _ = tab.ask_for_more(networks, visitor, visitor.thumbnails.show(ended.recipes(1)[0]))
    assert prompt == ""
    assert Recipe.open(path).id == ended.recipes(1)[0].id
    with pytest.raises(ValueError, match="no longer known"):
        tab.ask_for_more(networks, visitor, "stranger")


def test_finds_of_w_breed_in_w(networks, generator, judge, visitor):
    job = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED | {"space": "w", "Random search": {"population": 4}})
    *_, first = begin(generator, judge, None, job, visitor)
    *_, state = climb(first, visitor, Turns(2, 1.0))
    results.draw(state, visitor)
    tab.breed_from(networks, visitor, NO_MARKS)
    assert (visitor.breeding.page.space, visitor.breeding.page.kept) == ("w", len(state.latest.top))


def test_the_png_holds_the_best_find(networks, visitor, ended):
    recipe = Recipe.open(tab.write_png(networks, visitor))
    assert recipe == ended.recipes(1)[0]
    assert recipe.found.prompt == "a man with a beard"
    assert recipe.found.judge == "avatars"
