"""What the controls of a view say, checked and put into latent spaces."""

import math

import pytest
import torch

from spaceseed.models.generators.generator import latents_from_seeds
from spaceseed.ui.state.networks import Networks
from spaceseed.ui.state.view import View
from tests.ui.standins import stand_in

UPRIGHT = [0.7, [], 0, 0, 0]


@pytest.fixture(scope="module")
def networks():
    with pytest.MonkeyPatch.context() as patch:
        stand_in(patch)
        yield Networks("avatars")


def test_a_model_without_classes_or_pose_has_neither(networks):
    generator = networks.generator("avatars")
    view = View.of(generator).changed(generator, [0.5, [3], 0.2, 0.2, 90])
    assert view == View(truncation=0.5)
    assert view.space(generator).labels is None
    assert view.space(generator).transform is None


def test_a_model_without_truncation_keeps_psi_at_one(networks):
    generator = networks.generator("tiny-pggan")
    assert View.of(generator).changed(generator, UPRIGHT).truncation == 1


def test_classes_are_mixed_in_equal_parts(networks):
    generator = networks.generator("tiny-classes")
    view = View.of(generator)
    assert view.classes == (0,)
    mixed = view.changed(generator, [0.7, [3, 1, 3], 0, 0, 0])
    assert mixed.space(generator).labels.tolist() == [0, 0.5, 0, 0.5, 0]
    assert mixed.changed(generator, UPRIGHT).classes == (3, 1)  # none chosen: as before


@pytest.mark.parametrize("classes", [[5], [-1], ["1"], [True], [0.5], "0", [0, 1, 2, 3, 4], {"a": 1}])
def test_classes_that_are_none_get_a_sentence(networks, classes):
    generator = networks.generator("tiny-classes")
    with pytest.raises(ValueError, match="Choose 1 to 4"):
        View.of(generator).changed(generator, [0.7, classes, 0, 0, 0])


def test_attributes_are_mixed_within_their_group_and_may_be_left_open(networks):
    generator = networks.generator("tiny-attributes")
    view = View.of(generator)
    assert view.classes == ()
    assert view.space(generator).labels.tolist() == [0, 0, 0, 0, 0]
    chosen = view.changed(generator, [0.7, [4, 1, 2], 0, 0, 0])
    assert chosen.space(generator).labels.tolist() == [0, 1, 0.5, 0, 0.5]
    assert chosen.values[1] == [4, 1, 2]
    for nothing in ([], None):
        assert chosen.changed(generator, [0.7, nothing, 0, 0, 0]) == view


@pytest.mark.parametrize("classes", [[5], [-1], ["1"], [True], [0.5], "0", 0, {"a": 1}, list(range(9))])
def test_attributes_that_are_none_get_a_sentence(networks, classes):
    generator = networks.generator("tiny-attributes")
    with pytest.raises(ValueError, match="Choose up to 8 of the model's attributes"):
        View.of(generator).changed(generator, [0.7, classes, 0, 0, 0])


@pytest.mark.parametrize(
    ("place", "value", "name"),
    [(0, math.nan, "truncation ψ."), (0, None, "truncation ψ."), (2, 0.6, "Right"), (3, "x", "Down"),
     (4, 181, "Turn"), (4, math.inf, "Turn")],
)  # fmt: skip
def test_numbers_out_of_range_get_a_sentence(networks, place, value, name):
    generator = networks.generator("tiny-stylegan3")
    values = [*UPRIGHT]
    values[place] = value
    with pytest.raises(ValueError, match=f"{name} must be a number from"):
        View.of(generator).changed(generator, values)


def test_a_pose_moves_the_image_to_the_right_and_down(networks):
    generator = networks.generator("tiny-stylegan3")
    z = latents_from_seeds([3], generator.z_dim)

    def draw(*pose):
        return View.of(generator).changed(generator, [0.7, [], *pose]).space(generator).images(z)[0]

    still = draw(0, 0, 0)
    step = 8 / still.shape[-1]
    for moved, shifted, kept in (
        (draw(step, 0, 0), still[..., :-8], lambda x: x[..., 8:]),
        (draw(0, step, 0), still[:, :-8], lambda x: x[:, 8:]),
    ):
        assert torch.corrcoef(torch.stack([shifted.flatten(), kept(moved).flatten()]))[0, 1] > 0.99


def test_a_turn_is_clockwise(networks):
    generator = networks.generator("tiny-stylegan3")
    space = View.of(generator).changed(generator, [0.7, [], 0, 0, 90]).space(generator)
    x_axis = space.transform @ torch.tensor([1.0, 0.0, 1.0])
    torch.testing.assert_close(x_axis, torch.tensor([0.0, 1.0, 1.0]), atol=1e-6, rtol=0)  # down, for y points down


def test_no_pose_is_no_transform(networks):
    generator = networks.generator("tiny-stylegan3")
    assert View.of(generator).changed(generator, UPRIGHT).space(generator).transform is None
