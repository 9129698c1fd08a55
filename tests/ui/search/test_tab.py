"""The Search tab's events, called as Gradio calls them, on the bundled networks."""

import gradio as gr
import pytest
import torch

from spaceseed.models.judges.clip import load_judge
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.kit.picker import Picked
from spaceseed.ui.search import results, tab
from spaceseed.ui.search.climb import Climb, climb
from spaceseed.ui.state.session import Session

ASKED = {"prompt": "a man with a beard", "algorithm": "Random search", "generations": 1, "warm_start": 0}
NO_MARKS = Picked({}, None)


@pytest.fixture(scope="module")
def judge():
    return load_judge()


@pytest.fixture
def visitor(generator):
    return Session.on(generator)


@pytest.fixture
def ended(generator, judge, visitor, said):
    """A search that has ended."""
    job = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED | {"Random search": {"population": 10}})
    *_, state = climb(generator, judge, job, visitor)
    return state


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


def test_drawing_fills_every_output(ended):
    status, best, film, top, curve, kept = results.draw(ended).values()
    assert status["share"] == 1
    assert status["text"].startswith("Done: 10 images")
    assert (len(best), len(film), len(top)) == (1, 1, 8)
    assert best[0]["image"]["path"] == top[0]["image"]["path"]
    assert film[0]["caption"] == "start"
    assert "after generation 1 of 1" in curve["label"]
    assert kept is ended


def test_drawing_before_the_first_face_changes_the_line_alone(visitor):
    settings = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED).settings
    shown = results.draw(Climb(settings, status="Stopped at once."))
    assert shown == {"status": {"text": "Stopped at once.", "share": 0}}


def test_stop_asks_the_search_to_end(visitor):
    tab.ask_to_stop(visitor)  # nothing runs: nothing happens
    job = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED)
    tab.ask_to_stop(visitor)
    assert job.ticket.stopped


def test_nothing_found_is_said_in_a_sentence(networks, visitor):
    for event in (
        lambda: tab.send_to_breed(networks, visitor, None),
        lambda: tab.write_png(networks, None),
    ):
        with pytest.raises(gr.Error, match="Nothing is found yet: start a search first"):
            event()


def test_finds_go_to_breed_as_liked(networks, visitor, ended):
    tab.send_to_breed(networks, visitor, ended)
    page = visitor.breeding.page
    assert page.latents[:8].equal(torch.stack([recipe.latent for recipe in ended.recipes(8)]))
    assert page.marks == dict.fromkeys(range(8), 1)


def test_finds_of_w_breed_in_w(networks, generator, judge, visitor):
    job = tab.ask(visitor, visitor.workspace.view, NO_MARKS, ASKED | {"space": "w", "Random search": {"population": 4}})
    *_, state = climb(generator, judge, job, visitor)
    tab.send_to_breed(networks, visitor, state)
    assert (visitor.breeding.page.space, visitor.breeding.page.kept) == ("w", len(state.latest.top))


def test_the_png_holds_the_best_find(networks, ended):
    recipe = Recipe.open(tab.write_png(networks, ended))
    assert recipe == ended.recipes(1)[0]
    assert recipe.found.prompt == "a man with a beard"
    assert recipe.found.judge == "avatars"
