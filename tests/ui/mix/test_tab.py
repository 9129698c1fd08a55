"""Mixing without the page."""

import pytest
import torch

from spaceseed.mixing.styles import mix
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.mix.grid import MixGrid
from spaceseed.ui.mix.tab import cross, cross_again
from spaceseed.ui.shell.switching import switch
from tests.ui.mix.choosing import choose
from tests.ui.standins import find_of


def last(steps):
    *_, step = steps
    return step


def test_a_grid_crosses_rows_with_columns(tiny_networks, collector):
    shown = MixGrid().postprocess(
        last(cross(tiny_networks, collector, choose(collector, 1, 2), choose(collector, 3, 2), "coarse", ""))
    )
    assert [find["name"] for find in shown["columns"]] == ["seed 3", "seed 2"]
    assert [row["name"] for row in shown["rows"]] == ["seed 1", "seed 2"]
    assert [cell["name"] for row in shown["rows"] for cell in row["cells"]] == [
        "seed 1 x seed 3", "seed 1 x seed 2", "seed 2 x seed 3", "seed 2",
    ]  # fmt: skip
    assert all(cell["image"] for row in shown["rows"] for cell in row["cells"])


@pytest.mark.parametrize(
    ("group", "layers", "expected"), [("fine", "", range(8, 10)), ("own", "0, 4-5", (0, 4, 5)), (None, "9", (9,))]
)
def test_the_menu_of_a_child_refers_to_what_was_shown(tiny_networks, collector, group, layers, expected):
    generator, finds = tiny_networks.generator("avatars"), list(collector.basket.finds.values())
    shown = MixGrid().postprocess(
        last(cross(tiny_networks, collector, choose(collector, 1), choose(collector, 2, 3), group, layers))
    )
    child = collector.picture(shown["rows"][0]["cells"][1]["find"])
    assert child.id == mix(generator, finds[0], finds[2], expected).id
    assert child.name == "seed 1 x seed 3"
    assert torch.equal(Recipe.from_json(child.to_json()).render(generator), child.render(generator))


@pytest.mark.parametrize(
    ("rows", "columns", "group", "layers", "sentence"),
    [
        ([], [1], "coarse", "", "Choose some finds"),
        ([1], [1], "coarse", "", "One find cannot be mixed with itself"),
        ([1], [2], "own", "", "Write some style layers first: whole numbers from 0 to 9"),
        ([1], [2], "own", "5-2", "runs backwards"),
        ([1], [2], "own", "10", "go from 0 to 9"),
        (range(1, 10), [2], "coarse", "", "These are 9 finds: 8 are allowed"),
    ],
)
def test_what_cannot_be_mixed_is_said(tiny_networks, collector, rows, columns, group, layers, sentence):
    collector.basket.add([find_of(tiny_networks, "avatars", seed) for seed in range(4, 10)])
    asked = choose(collector, *rows), choose(collector, *columns)
    with pytest.raises(ValueError, match=sentence):
        last(cross(tiny_networks, collector, *asked, group, layers))
    assert collector.mixture is None


def test_finds_of_different_models_do_not_mix(tiny_networks, collector):
    list(switch(tiny_networks, collector, "tiny-stylegan2"))
    collector.basket.add([find_of(tiny_networks, "tiny-stylegan2", 1)])
    with pytest.raises(ValueError, match="different models"):
        last(cross(tiny_networks, collector, choose(collector, 1), choose(collector, 4), "coarse", ""))
    with pytest.raises(ValueError, match="load that model first"):
        last(cross(tiny_networks, collector, choose(collector, 1), choose(collector, 2), "coarse", ""))


def test_a_model_of_one_style_says_why_not(tiny_networks, collector):
    list(switch(tiny_networks, collector, "tiny-pggan"))
    collector.basket.add([find_of(tiny_networks, "tiny-pggan", seed) for seed in (1, 2)])
    with pytest.raises(ValueError, match="whole image from one style"):
        last(cross(tiny_networks, collector, choose(collector, 4), choose(collector, 5), "coarse", ""))


@pytest.mark.parametrize("model", ["tiny-biggan", "tiny-classes", "tiny-stylegan3"])
def test_other_families_mix_too(tiny_networks, collector, model):
    list(switch(tiny_networks, collector, model))
    collector.basket.add([find_of(tiny_networks, model, seed) for seed in (1, 2)])
    shown = last(cross(tiny_networks, collector, choose(collector, 4), choose(collector, 5), "coarse", ""))
    assert shown.children[0][0].space == "ws"


def test_an_empty_basket_is_said(tiny_networks, newcomer):
    with pytest.raises(ValueError, match="basket is empty"):
        last(cross(tiny_networks, newcomer, choose(newcomer), choose(newcomer), "coarse", ""))


def test_other_layers_draw_the_grid_again_but_not_the_first(tiny_networks, collector):
    last(cross_again(tiny_networks, collector, choose(collector), choose(collector), "fine", ""))
    assert collector.mixture is None
    last(cross(tiny_networks, collector, choose(collector, 1), choose(collector, 2), "coarse", ""))
    last(cross_again(tiny_networks, collector, choose(collector, 1), choose(collector, 2), "fine", ""))
    assert collector.mixture.layers == (8, 9)
