import pytest
import torch

from spaceseed.dissection.causal import causal_effect, class_shares, optimized_units
from spaceseed.dissection.dissect import dissect
from spaceseed.errors import ArgumentError, DissectionError
from spaceseed.recipes.recipe import Edit, RecipeError
from tests.dissection.oracle import BOTH, GREEN, IDLE, RED
from tests.models.families import FAMILIES


def test_shares_of_classes_show_what_is_gone(shapes, segmenter, units):
    shares = class_shares(shapes, segmenter, [units.edit("red", count=1)], 20)
    assert shares.before["red"] == pytest.approx(16 / 256)
    assert shares.after["red"] == 0
    assert shares.change["red"] == -1
    assert shares.change["green"] == 0
    assert sum(shares.after.values()) == pytest.approx(1)


def test_units_that_draw_cause_and_units_that_only_agree_do_not(shapes, segmenter, units):
    assert causal_effect(shapes, segmenter, units, "red", [RED], 20) == 1
    assert causal_effect(shapes, segmenter, units, "red", [BOTH], 20) == 0
    assert causal_effect(shapes, segmenter, units, "red", [GREEN], 20) <= 0
    assert causal_effect(shapes, segmenter, units, "red", count=20) == 1


def test_optimised_units_are_those_that_cause(shapes, segmenter, units):
    found = optimized_units(shapes, segmenter, units, "green", 100)
    assert found.units[0] == GREEN
    assert found.alpha[GREEN] > 0.5
    assert found.alpha[IDLE] < 0.3
    assert found.alpha[BOTH] < found.alpha[GREEN]
    assert found.alpha.min() >= 0
    assert found.alpha.max() <= 1


def test_the_same_seed_gives_the_same_units(shapes, segmenter, units):
    one, other = (optimized_units(shapes, segmenter, units, "green", 5, seed=3) for _ in range(2))
    assert torch.equal(one.alpha, other.alpha)


def test_bad_arguments_are_named(shapes, segmenter, units):
    with pytest.raises(ArgumentError, match="class"):
        causal_effect(shapes, segmenter, units, "blue")
    with pytest.raises(ArgumentError, match="units"):
        causal_effect(shapes, segmenter, units, "red", [9])
    with pytest.raises(ArgumentError, match="steps"):
        optimized_units(shapes, segmenter, units, "red", 0)
    with pytest.raises(ArgumentError, match="places"):
        causal_effect(shapes, segmenter, dissect(shapes, segmenter, "colours", 4), "red")


def test_a_class_that_is_never_there_is_told(shapes, segmenter, units):
    shapes_off = type(shapes)()
    shapes_off.compute_images = lambda ws, tap: type(shapes).compute_images(
        shapes_off, torch.cat([ws[..., :1], -ws[..., 1:2].abs(), ws[..., 2:]], dim=-1), tap
    )
    with pytest.raises(DissectionError, match="shows green"):
        optimized_units(shapes_off, segmenter, units, "green", 2)


def test_layers_that_are_wider_than_the_image_have_an_effect_too(segmenter):
    torch.manual_seed(0)
    generator = FAMILIES["stylegan3 T"]().requires_grad_(False)
    layer = next(name for name in generator.layers if generator.margin(name))
    table = dissect(generator, segmenter, layer, 4)
    effects = [causal_effect(generator, segmenter, table, "red", [0], count=1, seed=seed) for seed in range(4)]
    assert all(-1 <= effect <= 1 for effect in effects)


def test_edits_of_other_weights_are_refused(shapes, segmenter, units):
    edit = units.edit("red").model_copy(update={"sha256": "ab" * 32})
    with pytest.raises(RecipeError, match="other weights"):
        class_shares(shapes, segmenter, [edit], 2)
    with pytest.raises(ArgumentError, match="edits"):
        class_shares(shapes, segmenter, [Edit(layers=(0,), vector=torch.ones(4), amount=1)], 2)
    with pytest.raises(ArgumentError, match="segmenter"):
        class_shares(shapes, None, [units.edit("red")], 2)
