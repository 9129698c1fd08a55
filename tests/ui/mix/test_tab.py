"""Mixing without the page."""

import pytest
import torch

from spaceseed.mixing.styles import mix
from spaceseed.recipes.recipe import Recipe
from spaceseed.ui.mix.grid import MixGrid
from spaceseed.ui.mix.tab import cross, cross_again, keep_child
from spaceseed.ui.shell.switching import switch
from tests.ui.standins import find_of


def last(steps):
    *_, step = steps
    return step


def test_a_grid_crosses_rows_with_columns(tiny_networks, collector):
    shown = MixGrid().postprocess(last(cross(tiny_networks, collector, "1, 2", "3, 2", "coarse", "")))
    assert [find["name"] for find in shown["columns"]] == ["seed 3", "seed 2"]
    assert [row["name"] for row in shown["rows"]] == ["seed 1", "seed 2"]
    assert [cell["name"] for row in shown["rows"] for cell in row["cells"]] == [
        "seed 1 x seed 3", "seed 1 x seed 2", "seed 2 x seed 3", "seed 2",
    ]  # fmt: skip
    assert all(cell["image"] for row in shown["rows"] for cell in row["cells"])
    assert [cell["kept"] for row in shown["rows"] for cell in row["cells"]] == [False, False, False, True]


@pytest.mark.parametrize(
    ("group", "layers", "expected"), [("fine", "", range(8, 10)), ("own", "0, 4-5", (0, 4, 5)), (None, "9", (9,))]
)
def test_a_child_is_kept_as_it_was_shown(tiny_networks, collector, said, group, layers, expected):
    generator, finds = tiny_networks.generator("avatars"), list(collector.basket.finds.values())
    last(cross(tiny_networks, collector, "1", "2-3", group, layers))
    crosses, _ = keep_child(tiny_networks, collector, (0, 1))
    kept = list(collector.basket.finds.values())[-1]
    assert kept.id == mix(generator, finds[0], finds[2], expected).id
    assert kept.name == "seed 1 x seed 3"
    assert kept.id in crosses.kept
    assert torch.equal(Recipe.from_json(kept.to_json()).render(generator), kept.render(generator))
    keep_child(tiny_networks, collector, (0, 1))
    assert len(collector.basket.finds) == 4
    assert "already" in said[1]


@pytest.mark.parametrize("at", [None, (5, 0), (0, 9)])
def test_a_place_outside_the_grid_keeps_nothing(tiny_networks, collector, at):
    last(cross(tiny_networks, collector, "1", "2", "coarse", ""))
    keep_child(tiny_networks, collector, at)
    assert len(collector.basket.finds) == 3


@pytest.mark.parametrize(
    ("rows", "columns", "group", "layers", "sentence"),
    [
        ("", "1", "coarse", "", "Choose some finds"),
        ("1", "1", "coarse", "", "One find cannot be mixed with itself"),
        ("1", "4", "coarse", "", "go from 1 to 3"),
        ("1", "2", "own", "", "Write some style layers first: whole numbers from 0 to 9"),
        ("1", "2", "own", "5-2", "runs backwards"),
        ("1", "2", "own", "10", "go from 0 to 9"),
        ("1 1 1 1 1 1 1 1 1", "2", "coarse", "", "These are 9 finds: 8 are allowed"),
    ],
)
def test_what_cannot_be_mixed_is_said(tiny_networks, collector, rows, columns, group, layers, sentence):
    with pytest.raises(ValueError, match=sentence):
        last(cross(tiny_networks, collector, rows, columns, group, layers))
    assert collector.mixture is None


def test_finds_of_different_models_do_not_mix(tiny_networks, collector):
    list(switch(tiny_networks, collector, "tiny-stylegan2"))
    collector.basket.add([find_of(tiny_networks, "tiny-stylegan2", 1)])
    with pytest.raises(ValueError, match="different models"):
        last(cross(tiny_networks, collector, "1", "4", "coarse", ""))
    with pytest.raises(ValueError, match="load that model first"):
        last(cross(tiny_networks, collector, "1", "2", "coarse", ""))


def test_a_model_of_one_style_says_why_not(tiny_networks, collector):
    list(switch(tiny_networks, collector, "tiny-pggan"))
    collector.basket.add([find_of(tiny_networks, "tiny-pggan", seed) for seed in (1, 2)])
    with pytest.raises(ValueError, match="whole image from one style"):
        last(cross(tiny_networks, collector, "4", "5", "coarse", ""))


@pytest.mark.parametrize("model", ["tiny-biggan", "tiny-classes", "tiny-stylegan3"])
def test_other_families_mix_too(tiny_networks, collector, model):
    list(switch(tiny_networks, collector, model))
    collector.basket.add([find_of(tiny_networks, model, seed) for seed in (1, 2)])
    shown = last(cross(tiny_networks, collector, "4", "5", "coarse", ""))
    assert shown.children[0][0].space == "ws"


def test_an_empty_basket_is_said(tiny_networks, newcomer):
    with pytest.raises(ValueError, match="basket is empty"):
        last(cross(tiny_networks, newcomer, "1", "2", "coarse", ""))


def test_other_layers_draw_the_grid_again_but_not_the_first(tiny_networks, collector):
    last(cross_again(tiny_networks, collector, "", "", "fine", ""))
    assert collector.mixture is None
    last(cross(tiny_networks, collector, "1", "2", "coarse", ""))
    last(cross_again(tiny_networks, collector, "1", "2", "fine", ""))
    assert collector.mixture.layers == (8, 9)
