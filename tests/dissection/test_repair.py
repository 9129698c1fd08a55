from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from spaceseed.dissection.repair import Repair, telling
from spaceseed.errors import ArgumentError, DissectionError
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import DirectGenerator, ModelCard
from spaceseed.recipes.recipe import Recipe

FAULT, FACE = 1, 0


class Faulty(DirectGenerator):
    """Draws a red face, and in a third of the images a blue fault. Two layers do the same; the second one decides."""

    z_dim = w_dim = 6
    resolution = 8
    layers = ("early", "late")  # of 2 x 2 and of 4 x 4 cells
    card = ModelCard("faulty", "Faulty", "oracle", 8, "none", "", "test", 1, "cd" * 32, None, False)

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def compute_images(self, ws, tap):
        z = ws[:, 0]
        x = torch.zeros(len(z), 3, 2, 2)
        x[:, FACE] = 1 + 0.1 * z[:, 0, None, None]
        x[:, FAULT, 0] = torch.where(z[:, 1] > 0.43, 3.0, 0.1)[:, None] + 0.05 * z[:, 2, None]
        x[:, 2] = z[:, 3, None, None]
        x = tap("late", tap("early", x).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))
        colours = torch.stack([x[:, FACE], 0.01 * x[:, 2], x[:, FAULT]], dim=1) / 3
        return colours.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3) * 2 - 1


def features(images):
    return nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)


@pytest.fixture(scope="module")
def space():
    return LatentSpace(Faulty(), "z", 1.0)


@pytest.fixture(scope="module")
def marks(space):
    vectors = space.draw(range(1000, 1060))
    bad = vectors[:, 1] > 0.43
    return vectors[bad], vectors[~bad]


@pytest.fixture(scope="module")
def repair(space, marks):
    return Repair.fit(space, features, *marks)


def test_the_unit_that_draws_the_fault_is_found(repair):
    assert {edit.units for edit in repair.edits} == {(FAULT,)}
    assert repair.count == 2
    assert repair.before > 0.25
    assert repair.after < 0.1 * repair.before


def test_repaired_images_have_no_fault_and_good_ones_stay(space, repair):
    vectors = space.draw(range(200))
    bad = vectors[:, 1] > 0.43
    before, after = space.images(vectors), space.repaired(repair).images(vectors)
    assert before[bad, 2].amax(dim=(1, 2)).min() > 0.9
    assert after[:, 2].max() < -0.8
    assert torch.equal(after[:, :2], before[:, :2])
    assert (after[~bad] - before[~bad]).abs().max() < 0.1


def test_recipes_name_the_repair_and_draw_it_again(space, repair, tmp_path):
    repaired = space.repaired(repair)
    vector = space.draw(3)
    recipe = repaired.recipe(vector[0])
    assert {edit.name for edit in recipe.edits} == {str(repair)}
    recipe.save(tmp_path / "find.json")
    assert torch.equal(Recipe.open(tmp_path / "find.json").render(space.generator), repaired.images(vector))
    assert str(repair) in repr(repaired)
    assert repr(space.repaired(None)) == repr(space)


def test_other_changes_follow_the_repair(space, repair):
    seen = []
    space.repaired(repair).synthesize(space.ws(space.draw(range(20))), {"late": lambda x: seen.append(x) or x})
    assert seen[0][:, FAULT].max() < 1


def test_a_dozen_marks_of_each_are_enough(space, marks):
    few = Repair.fit(space, features, marks[0][:12], marks[1][:12])
    assert {edit.units for edit in few.edits} == {(FAULT,)}


def test_layers_can_be_chosen(space, marks):
    assert [edit.layer for edit in Repair.fit(space, features, *marks, layers=["late"]).edits] == ["late"]


def test_a_repair_of_the_space_does_not_count(space, marks, repair):
    again = Repair.fit(space.repaired(repair), features, *marks)
    assert str(again) == str(repair)


def test_the_same_marks_give_the_same_repair(space, marks, repair):
    again = Repair.fit(space, features, *marks)
    assert str(again) == str(repair)
    assert again.edits == repair.edits


def test_progress_rises_to_the_end(space, marks):
    told = []
    Repair.fit(space, features, *marks, progress=told.append)
    assert told[-1] == 1
    assert max(told) == 1


def test_a_file_holds_all(tmp_path, space, repair):
    repair.save(tmp_path / "repair.safetensors")
    again = Repair.open(tmp_path / "repair.safetensors")
    again.check(space.generator)
    assert str(again) == str(repair)
    assert again.edits == repair.edits
    assert (again.marks, again.before, again.after) == (repair.marks, repair.before, repair.after)


def header_and_tensors(path):
    with safe_open(path, "pt") as file:
        return file.metadata()["repair"], {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


@pytest.mark.parametrize(
    ("old", "new"),
    [('"units":[1]', '"units":[0,1]'), ('"units":[1]', '"units":[1,1]'), ('"units":[1]', '"units":[-1]'),
     ('"name":"late"', '"name":"early"'), ('"marks":[', '"more":1,"marks":[')],
)  # fmt: skip
def test_a_damaged_header_is_refused(tmp_path, repair, old, new):
    path = tmp_path / "repair.safetensors"
    repair.save(path)
    header, tensors = header_and_tensors(path)
    assert old in header
    save_file(tensors, path, {"repair": header.replace(old, new)})
    with pytest.raises(DissectionError, match="damaged"):
        Repair.open(path)


@pytest.mark.parametrize(
    "limits",
    [torch.zeros(1, 5), torch.zeros(1, 4096), torch.full([1, 4], float("nan")), torch.zeros([]), torch.zeros(2, 4)],
)
def test_damaged_limits_are_refused(tmp_path, repair, limits):
    path = tmp_path / "repair.safetensors"
    repair.save(path)
    header, tensors = header_and_tensors(path)
    save_file(tensors | {"late": limits.double()}, path, {"repair": header})
    with pytest.raises(DissectionError, match="damaged"):
        Repair.open(path)


def test_another_model_is_refused(repair):
    other = Faulty()
    other.card = replace(other.card, sha256="ef" * 32)
    with pytest.raises(DissectionError, match="other weights"):
        LatentSpace(other, "z", 1.0, repair=repair)
    for change in ({"layer": "b9"}, {"units": (9,)}):
        edits = tuple(edit.model_copy(update=change) for edit in repair.edits)
        with pytest.raises(DissectionError, match="units that this model does not have"):
            replace(repair, edits=edits).check(Faulty())
    with pytest.raises(ArgumentError, match="repair"):
        LatentSpace(Faulty(), "z", 1.0, repair="repair")


def test_marks_that_teach_nothing_are_refused(space):
    vectors = space.draw(range(40))
    with pytest.raises(DissectionError, match="mark more"):
        Repair.fit(space, features, vectors[:20], vectors[20:])
    with pytest.raises(DissectionError, match="5 bad and 5 good"):
        Repair.fit(space, features, vectors[:4], vectors[20:])


def test_bad_arguments_are_named(space, marks):
    with pytest.raises(ArgumentError, match="layer"):
        Repair.fit(space, features, *marks, layers=["b9"])
    with pytest.raises(ArgumentError, match="bad"):
        Repair.fit(space, features, marks[0][:, :2], marks[1])
    with pytest.raises(ArgumentError, match="features"):
        Repair.fit(space, lambda images: images, *marks)


def test_units_tell_bad_from_good_only_beyond_chance():
    rng = torch.Generator().manual_seed(0)
    bad, good = torch.randn(30, 8, generator=rng), torch.randn(50, 8, generator=rng)
    bad[:, 5] += 2
    bad[:, 6] -= 2
    assert telling(bad, good).tolist() == [5]
    assert telling(bad[:1], good).tolist() == []
