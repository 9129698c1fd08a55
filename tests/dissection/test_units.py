from dataclasses import replace

import pytest
import torch

from spaceseed.dissection.units import UnitTable
from spaceseed.errors import ArgumentError, DissectionError
from spaceseed.recipes.recipe import Recipe, RecipeError
from tests.dissection.oracle import BOTH, GREEN, IDLE, RED, Shapes


def drawn(shapes, *edits, seed=0):
    z = torch.tensor([0.3, 1.0, 0.1, 0.2])
    return Recipe.of(shapes, z, edits=edits).render(shapes)[0]


def test_units_that_are_switched_off_draw_nothing(shapes, units):
    plain, without = drawn(shapes), drawn(shapes, units.edit("red", count=1))
    assert (plain[0] > 0).any()
    assert not (without[0] > 0).any()
    assert torch.equal(plain[1], without[1])


def test_units_that_are_inserted_draw_where_the_mask_says(shapes, units):
    mask = torch.zeros(4, 4)
    mask[3, 0] = 1
    painted = drawn(shapes, units.edit("red", "insert", 1, mask=mask))
    assert (painted[0, 12:, :4] > 0).all()
    assert torch.equal(painted[0, :12], drawn(shapes)[0, :12])


def test_half_strength_makes_half_the_change(shapes, units):
    plain, half = drawn(shapes), drawn(shapes, units.edit("red", count=1, strength=0.5))
    assert torch.allclose((half[0] + 1) * 2, plain[0] + 1)


def test_units_can_be_given_by_number(shapes, units):
    assert torch.equal(drawn(shapes, units.edit([RED])), drawn(shapes, units.edit("red", count=1)))
    edit = units.edit([RED, GREEN], "insert")
    assert edit.values.tolist() == units.high[[RED, GREEN]].tolist()


def test_a_level_sets_one_unit_everywhere(shapes, units):
    assert torch.equal(drawn(shapes, units.level(RED, 0)), drawn(shapes, units.edit([RED])))
    assert (drawn(shapes, units.level(RED, 1))[0] > 0).all()


def test_edits_say_what_they_do(units):
    assert units.edit("red").name == "red erased"
    assert units.edit("red", "insert").name == "red added"
    assert units.edit([2]).name == "unit 2 erased"
    assert units.level(2, 0.5).name == "unit 2 at 0.5"


def test_units_are_counted_under_their_best_class(units):
    counted = units.counted()
    assert list(counted) == list(units.classes)
    assert counted["red"] >= 1
    assert counted["green"] >= 1
    assert sum(counted.values()) <= len(units)


def test_top_is_ordered_and_as_long_as_asked(units):
    assert len(units.top("red", 3)) == 3
    assert len(units.top("red", 100_000)) == 4
    overlaps = units.iou[list(units.top("red", 4)), 1]
    assert (overlaps.diff() <= 0).all()
    assert units.top("red", 2)[1] == BOTH


def test_a_file_holds_all(tmp_path, shapes, units):
    units.save(tmp_path / "units.safetensors")
    again = UnitTable.open(tmp_path / "units.safetensors")
    again.check(shapes)
    for name in ("model", "sha256", "layer", "segmenter", "classes", "count", "seed", "truncation"):
        assert getattr(again, name) == getattr(units, name)
    for name in ("iou", "thresholds", "values", "high", "seeds"):
        assert torch.equal(getattr(again, name), getattr(units, name))
    assert again.edit("red") == units.edit("red")


@pytest.mark.parametrize(
    "change",
    [
        {"iou": torch.zeros(4, 2)},
        {"high": torch.zeros(3)},
        {"values": torch.full([4, 3], float("nan"))},
        {"seeds": torch.full([4, 4], -1)},
        {"seeds": torch.zeros(4, 2)},
        {"thresholds": torch.tensor(1.0)},
        {"values": torch.full([4, 3], 1e300, dtype=torch.float64)},
        {"iou": torch.full([4, 3], 5.0)},
    ],
)
def test_a_damaged_file_is_refused(tmp_path, units, change):
    path = tmp_path / "units.safetensors"
    replace(units, **change).save(path)
    with pytest.raises(DissectionError, match="damaged"):
        UnitTable.open(path)


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "units.safetensors"
    path.write_bytes(b"no table")
    with pytest.raises(DissectionError, match="damaged"):
        UnitTable.open(path)


def test_another_model_is_refused(shapes, units):
    other = Shapes()
    other.card = replace(shapes.card, sha256="ef" * 32)
    with pytest.raises(DissectionError, match="other weights"):
        units.check(other)
    with pytest.raises(DissectionError, match="layer"):
        replace(units, layer="b8.conv1").check(shapes)
    with pytest.raises(RecipeError, match="other weights"):
        Recipe.of(other, torch.zeros(4), edits=[units.edit("red")])


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda units: units.top("blue"), "class"),
        (lambda units: units.top("red", 0), "count"),
        (lambda units: units.edit("red", "paint"), "mode"),
        (lambda units: units.edit([4]), "units"),
        (lambda units: units.edit([]), "units"),
        (lambda units: units.edit([1, 1]), "units"),
        (lambda units: units.edit(range(100_000)), "units"),
        (lambda units: units.edit("red", strength=2), "strength"),
        (lambda units: units.level(-1, 1), "units"),
        (lambda units: units.level(IDLE, float("nan")), "amount"),
    ],
)
def test_bad_arguments_are_named(units, ask, name):
    with pytest.raises(ArgumentError, match=name):
        ask(units)


@pytest.mark.parametrize("mask", [torch.ones(4), torch.full([4, 4], 2.0), torch.ones(65, 65), torch.ones(0, 4)])
def test_bad_masks_are_refused(units, mask):
    with pytest.raises(RecipeError):
        units.edit("red", mask=mask)
