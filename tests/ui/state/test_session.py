from copy import deepcopy

import gradio as gr
import pytest
import torch

from spaceseed.evolution.breeding import LIKED
from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.state.session import MAX_FINDS, Session


def test_keeps_each_picture_once(generator, session, find):
    assert session.keep([find(1), find(2), find(1)]) == (2, None)
    assert session.keep([find(2).replace(name="again")]) == (0, None)
    assert [recipe.seed for recipe in session.finds.values()] == [1, 2]


def test_looks_at_what_was_kept_last(session, find):
    session.keep([find(1), find(2)])
    assert session.shown == find(2).id
    session.keep([find(1)])
    assert session.shown == find(1).id


def test_a_full_basket_says_so_and_loses_nothing(session, find):
    session.keep([find(seed) for seed in range(MAX_FINDS - 1)])
    kept, sentence = session.keep([find(seed) for seed in range(1000, 1003)])
    assert kept == 1
    assert "2 did not fit" in sentence
    assert len(session.finds) == MAX_FINDS


def test_a_copy_of_the_pristine_session_is_independent(session, find):
    visitor = deepcopy(session)
    visitor.keep([find(1)])
    visitor.breeding.next({0: LIKED})
    assert session.finds == {}
    assert session.breeding.page.number == 0


def test_breeds_from_finds_of_z_alone(generator, session, find):
    w = Recipe.of(generator, generator.w_avg, space="w")
    sentence = session.breed_from([find(5), w])
    page = session.breeding.page
    assert torch.equal(page.latents[:1], latents_from_seeds([5], generator.z_dim))
    assert (page.seeds[0], page.kept, page.marks) == (5, 1, {0: LIKED})
    assert sentence.startswith("1 were left out")
    with pytest.raises(ValueError, match="space z"):
        session.breed_from([w])


def test_announces_each_change_by_another_number(generator):
    session = Session.on(generator)
    assert session.changed() != session.changed()


def test_a_box_is_not_filled_again_with_what_it_was_given(session):
    assert session.refill("name", ("find", "Ada"), "Ada") == "Ada"
    assert session.refill("name", ("find", "Ada"), "Ada") == gr.skip()
    assert session.refill("other", ("find", "Ada"), "Ada") == "Ada"
    assert session.refill("name", ("another", "Ada"), "Ada") == "Ada"
    session.boxes["name"] = "another", "typed"
    assert session.refill("name", ("another", "Ada"), "Ada") == "Ada"
    session.boxes["name"] = "another", "typed"
    assert session.refill("name", ("another", "typed"), "typed") == gr.skip()
