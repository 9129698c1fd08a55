import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.models.generators.generator import ModelCard
from spaceseed.recipes.edits import UnitEdit, activation_edits
from spaceseed.recipes.recipe import Edit, Recipe, RecipeError
from tests.models.families import FAMILIES

FIELDS = {"model": "m", "sha256": "ab" * 32, "latent": torch.zeros(8)}


def unit_edit(**fields):
    return UnitEdit(**{"layer": "b8.conv1", "units": (0, 2), "values": torch.tensor([1.0, -1.0])} | fields)


def test_units_are_replaced_and_the_others_kept():
    x = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    changed = unit_edit().apply(x)
    assert torch.equal(changed[:, [0, 2]], torch.tensor([1.0, -1.0])[:, None, None].expand(2, 2, 3, 3))
    assert torch.equal(changed[:, [1, 3]], x[:, [1, 3]])


@given(st.floats(0, 1), st.integers(0, 2**31))
def test_strength_and_mask_blend_old_and_new(strength, seed):
    rng = torch.Generator().manual_seed(seed)
    x, mask = torch.randn(1, 4, 3, 3, generator=rng), torch.rand(3, 3, generator=rng)
    changed = unit_edit(strength=strength, mask=mask).apply(x)
    alpha = strength * mask
    expected = x[:, [0, 2]] * (1 - alpha) + torch.tensor([1.0, -1.0])[:, None, None] * alpha
    assert torch.allclose(changed[:, [0, 2]], expected, atol=1e-6)


def test_a_cell_takes_the_largest_value_of_a_finer_mask():
    mask = torch.zeros(8, 8)
    mask[1, 5] = 1
    changed = unit_edit(mask=mask).apply(torch.zeros(1, 3, 2, 2))
    assert changed[0, 0].tolist() == [[0, 1], [0, 0]]


def test_a_coarser_mask_is_spread():
    changed = unit_edit(mask=torch.tensor([[1.0, 0.0], [0.0, 0.0]])).apply(torch.zeros(1, 3, 4, 4))
    assert changed[0, 0, :2, :2].tolist() == [[1, 1], [1, 1]]
    assert changed[0, 0].sum() == 4


def test_styles_are_edited_without_places():
    assert unit_edit().apply(torch.zeros(2, 3)).tolist() == [[1, 0, -1]] * 2
    with pytest.raises(RecipeError, match="no places"):
        unit_edit(mask=torch.ones(2, 2)).apply(torch.zeros(2, 3))


def test_a_limit_lowers_only_what_is_above_it():
    x = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    changed = unit_edit(how="limit").apply(x)
    assert torch.equal(changed[:, 0], x[:, 0].clamp(max=1))
    assert torch.equal(changed[:, 2], x[:, 2].clamp(max=-1))


def test_each_cell_can_have_its_own_value():
    values = torch.arange(8.0).view(2, 4)
    changed = unit_edit(values=values).apply(torch.zeros(1, 3, 2, 2))
    assert changed[0, 0].flatten().tolist() == [0, 1, 2, 3]
    assert changed[0, 2].flatten().tolist() == [4, 5, 6, 7]
    spread = unit_edit(values=values).apply(torch.zeros(1, 3, 4, 4))
    assert spread[0, 0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]


def test_cells_and_masks_cover_the_image_and_continue_in_the_margin():
    x = torch.zeros(1, 3, 4, 4)
    changed = unit_edit(values=torch.arange(8.0).view(2, 4)).apply(x, margin=1)
    assert changed[0, 0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    masked = unit_edit(mask=torch.tensor([[1.0, 0.0], [0.0, 0.0]])).apply(x, margin=1)
    assert masked[0, 0].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_edits_of_a_layer_follow_each_other():
    first, second = (
        unit_edit(units=(0,), values=torch.ones(1)),
        unit_edit(units=(0,), values=torch.zeros(1), strength=0.5),
    )
    generator = carded("stylegan2")
    change = activation_edits(generator, [first, second])["b8.conv1"]
    assert change(torch.zeros(1, 1, 2, 2)).unique().tolist() == [0.5]
    change = activation_edits(generator, [second, first])["b8.conv1"]
    assert change(torch.zeros(1, 1, 2, 2)).unique().tolist() == [1]


@pytest.mark.parametrize(
    "change",
    [
        {"units": ()},
        {"units": (1, 1)},
        {"units": (-1, 1)},
        {"units": (0, 2**14)},
        {"values": torch.ones(3)},
        {"values": torch.tensor(1.0)},
        {"values": torch.ones(2, 5)},
        {"values": torch.ones(2, 4, 4)},
        {"values": torch.tensor([1.0, float("nan")])},
        {"how": "raise"},
        {"strength": 1.5},
        {"strength": float("nan")},
        {"mask": torch.ones(65, 2)},
        {"mask": torch.full([2, 2], -0.1)},
        {"mask": torch.ones(4)},
        {"layer": ""},
        {"unknown": 1},
    ],
)
def test_bad_edits_are_refused_with_one_sentence(change):
    with pytest.raises(RecipeError) as refused:
        unit_edit(**change)
    assert str(refused.value).count(".") >= 1
    assert "\n" not in str(refused.value)


def test_a_recipe_keeps_both_kinds_through_json():
    step = Edit(layers=(0,), vector=torch.ones(8), amount=1)
    recipe = Recipe(**FIELDS, edits=(unit_edit(mask=torch.rand(4, 4)), step, unit_edit(strength=0.5)))
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert again.id == recipe.id
    assert again.steps == (step,)
    assert [edit.strength for edit in again.unit_edits] == [1, 0.5]


def test_steps_come_first_whatever_the_order_given():
    step = Edit(layers=(0,), vector=torch.ones(8), amount=1)
    one, other = (Recipe(**FIELDS, edits=edits) for edits in ((step, unit_edit()), (unit_edit(), step)))
    assert one.id == other.id
    assert one == other


def test_edits_of_different_layers_may_change_places():
    a, b = unit_edit(), unit_edit(layer="b4.conv1")
    assert Recipe(**FIELDS, edits=(a, b)).id == Recipe(**FIELDS, edits=(b, a)).id


def test_names_change_no_id_and_numbers_do():
    ids = {Recipe(**FIELDS, edits=(unit_edit(**fields),)).id for fields in ({}, {"name": "glasses"})}
    assert len(ids) == 1
    for fields in (
        {"strength": 0.9},
        {"how": "limit"},
        {"mask": torch.ones(2, 2)},
        {"units": (0, 1)},
        {"layer": "b4.conv1"},
    ):
        assert Recipe(**FIELDS, edits=(unit_edit(**fields),)).id not in ids


def carded(family):
    torch.manual_seed(0)
    generator = FAMILIES[family]().requires_grad_(False)
    generator.card = ModelCard("m", "M", family, generator.resolution, "none", "", "test", 1, "ab" * 32, 0.7, False)
    return generator


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_draws_an_edited_recipe_again_to_the_pixel(family, tmp_path):
    generator = carded(family)
    labels = torch.eye(generator.num_classes)[0] if generator.num_classes else None
    z = torch.randn(generator.z_dim, generator=torch.Generator().manual_seed(1))
    plain = Recipe.of(generator, z, labels=labels)
    for layer in (*generator.layers, *generator.styles):
        edit = UnitEdit(layer=layer, units=(0, 1), values=torch.tensor([3.0, 0.0]))
        edited = plain.replace(edits=(edit,))
        edited.save(tmp_path / "find.json")
        image = edited.render(generator)
        assert torch.equal(Recipe.open(tmp_path / "find.json").render(generator), image)
    first = plain.replace(edits=(UnitEdit(layer=generator.layers[0], units=(0,), values=torch.tensor([3.0])),))
    assert not torch.equal(first.render(generator), plain.render(generator))


def test_edits_that_do_not_fit_the_model_are_refused():
    generator = carded("stylegan2")
    plain = Recipe.of(generator, torch.zeros(generator.z_dim))
    with pytest.raises(RecipeError, match="does not fit"):
        plain.replace(edits=(unit_edit(layer="b999.conv1"),)).render(generator)
    with pytest.raises(RecipeError, match="unit 99"):
        plain.replace(edits=(unit_edit(units=(0, 99)),)).render(generator)
    with pytest.raises(RecipeError, match="unit 99"):
        plain.replace(edits=(unit_edit(units=(0, 99)),)).ws(generator)  # before anything is drawn
    with pytest.raises(RecipeError, match="no places"):
        plain.replace(edits=(unit_edit(layer="b8.conv1.style", mask=torch.ones(2, 2)),)).ws(generator)
    with pytest.raises(RecipeError, match="cannot be drawn"):
        plain.replace(edits=(unit_edit(values=torch.full([2], 1e38)),)).render(generator)
