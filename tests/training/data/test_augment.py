"""Augmentation: the transformations are DiffAugment's, independent for each image, and ADA's schedule works."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.training.data import augment as module
from spaceseed.training.data.augment import AdaptiveAugment, augment


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=8, side=16):
    return torch.rand(count, 3, side, side, generator=rng(99)) * 2 - 1


def colours(count):
    """Returns images of one colour, all the same, whose pixels are all equal."""
    return torch.tensor([0.5, 0.0, -0.2]).view(1, 3, 1, 1).expand(count, 3, 16, 16).clone()


@given(seed=st.integers(0, 2**32 - 1))
def test_a_probability_of_zero_changes_nothing(seed):
    images = pictures()
    assert torch.equal(augment(images, 0.0, rng(seed)), images)


@given(seed=st.integers(0, 2**32 - 1), probability=st.floats(0, 1))
def test_results_repeat_with_the_seed_and_stay_near_the_range(seed, probability):
    first, second = (augment(pictures(), probability, rng(seed)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.isfinite().all()
    assert (
        first.abs().max() <= 5
    )  # 1 + 0.5 of brightness, + 4/3 of saturation; times 1.5 of contrast about a mean within 1.5
    assert first.shape == (8, 3, 16, 16)


@given(probability=st.floats(0, 1))
def test_the_generator_state_does_not_depend_on_the_probability(probability):
    first, second = rng(), rng()
    augment(pictures(), probability, first)
    augment(pictures(), 1.0, second)
    assert torch.equal(first.get_state(), second.get_state())


def test_every_image_is_changed_by_its_own_draw_and_looks_at_no_other():
    images = pictures()
    same = augment(images[:1].expand(8, -1, -1, -1), 1.0, rng())
    assert len({tuple(image.flatten().tolist()) for image in same}) == 8
    others = images.clone()
    others[1:] = 0.3
    assert torch.equal(augment(images, 1.0, rng())[0], augment(others, 1.0, rng())[0])


@pytest.mark.parametrize("probability", [0.25, 0.6])
def test_each_change_is_made_as_often_as_asked(probability):
    image = torch.zeros(1, 3, 16, 16)
    image[:, 0], image[:, 1, :8] = 0.5, 0.5
    changed = augment(image.expand(2000, -1, -1, -1), probability, rng())
    # An image is unchanged if none of the five is applied, or if one is applied and has no effect by chance.
    unchanged = (changed == image).all(dim=(1, 2, 3)).float().mean().item()
    assert unchanged == pytest.approx((1 - probability) ** 5, abs=0.03)


def only(monkeypatch, colour=False, move=0.0, cut=0.0):
    monkeypatch.setattr(module, "MOVE", move)
    monkeypatch.setattr(module, "CUT", cut)
    if not colour:
        monkeypatch.setattr(module, "_spread", lambda x, factor, dims: x)


def test_cutouts_are_squares_of_half_the_side_whose_middle_lies_anywhere(monkeypatch):
    only(monkeypatch, cut=0.5)
    changed = augment(torch.full((3000, 3, 16, 16), 9.0), 1.0, rng())
    cut = (changed == 0).all(dim=1)
    assert torch.equal(cut, (changed == 0).any(dim=1))
    heights, widths = cut.any(dim=2).sum(dim=1), cut.any(dim=1).sum(dim=1)
    assert torch.equal(cut.sum(dim=(1, 2)), heights * widths)  # the cutouts are rectangles
    assert heights.max() == widths.max() == 8
    assert heights.min() == widths.min() == 4  # half of the cutout is outside
    middle = cut[:, 8, 8].float().mean().item()
    assert middle == pytest.approx((8 / 17) ** 2, abs=0.03)


def test_moves_go_up_to_an_eighth_of_the_side_and_leave_grey(monkeypatch):
    only(monkeypatch, move=1 / 8)
    image = torch.zeros(1, 3, 16, 16)
    image[:, :, 8, 8] = 100
    image[:, :, 0] = 50
    changed = augment(image.expand(1000, -1, -1, -1), 1.0, rng())
    rows, columns = (np.unravel_index(changed[:, 0].flatten(1).argmax(dim=1).numpy(), (16, 16))[i] - 8 for i in (0, 1))
    counts = np.zeros((5, 5))
    np.add.at(counts, (rows + 2, columns + 2), 1)
    assert counts.sum() == 1000
    assert counts.min() > 20  # each of the 25 shifts is equally likely
    for picture, down in zip(changed[:, 0], rows, strict=True):
        # The top row moves in or out, the bottom never shows it.
        assert (picture[-2:] < 2).all()
        assert (picture[max(down, 0)] > 40).any() == (down >= 0)


def test_brightness_moves_all_values_by_up_to_a_half(monkeypatch):
    only(monkeypatch)
    changes = augment(colours(2000), 1.0, rng()) - colours(2000)
    assert torch.allclose(changes, changes[:, :1, :1, :1].expand_as(changes), atol=1e-6)
    values = changes[:, 0, 0, 0]
    assert values.min().item() == pytest.approx(-0.5, abs=0.01)
    assert values.max().item() == pytest.approx(0.5, abs=0.01)
    assert values.mean().item() == pytest.approx(0, abs=0.03)


def test_saturation_keeps_each_pixels_mean_and_contrast_each_images(monkeypatch):
    images = pictures(2000, 4)
    monkeypatch.setattr(module, "MOVE", 0.0)
    monkeypatch.setattr(module, "CUT", 0.0)
    changed = augment(images, 1.0, rng())
    centred = changed - changed.mean(dim=(1, 2, 3), keepdim=True)
    before = images - images.mean(dim=(1, 2, 3), keepdim=True)
    grey, grey_before = centred.mean(dim=1, keepdim=True), before.mean(dim=1, keepdim=True)
    contrast = (grey * grey_before).sum(dim=(1, 2, 3)) / grey_before.square().sum(dim=(1, 2, 3))
    assert torch.allclose(grey, contrast.view(-1, 1, 1, 1) * grey_before, atol=1e-4)
    colour, colour_before = centred - grey, before - grey_before
    both = (colour * colour_before).sum(dim=(1, 2, 3)) / colour_before.square().sum(dim=(1, 2, 3))
    assert torch.allclose(colour, both.view(-1, 1, 1, 1) * colour_before, atol=1e-4)
    saturation = both / contrast
    assert (contrast.min().item(), contrast.max().item()) == pytest.approx((0.5, 1.5), abs=0.01)
    assert (saturation.min().item(), saturation.max().item()) == pytest.approx((0, 2), abs=0.02)


def test_gradients_pass_twice():
    images = pictures(2, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: augment(x, 1.0, rng()), images)
    assert torch.autograd.gradgradcheck(lambda x: augment(x, 1.0, rng()).square(), images)


def test_gradients_of_images_that_were_not_cut_reach_every_pixel(monkeypatch):
    only(monkeypatch, colour=True)
    images = pictures().requires_grad_()
    augment(images, 0.5, rng()).square().sum().backward()
    assert (images.grad.abs().flatten(1) > 0).float().mean() > 0.95


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_type_of_numbers_stays(dtype):
    assert augment(pictures().to(dtype), 1.0, rng()).dtype == dtype


@pytest.mark.parametrize(("signs", "expected"), [(1.0, 1.0), (0.7, 1.0), (0.6, 0.0), (0.2, 0.0), (-1.0, 0.0)])
def test_a_discriminator_too_sure_gets_to_the_full_probability_and_another_to_none(signs, expected):
    adaptive = AdaptiveAugment(images=1600)
    for _ in range(200):
        adaptive.update(signs, 8)
    assert adaptive.probability == pytest.approx(expected)


def test_the_probability_crosses_its_range_in_the_images_stated():
    adaptive, course = AdaptiveAugment(images=320, interval=4), []
    for _ in range(40):
        adaptive.update(0.9, 8)
        course.append(adaptive.probability)
    assert course == pytest.approx([(i + 1) // 4 * 0.1 for i in range(40)])
    for _ in range(4):
        adaptive.update(0.1, 8)
    assert adaptive.probability == pytest.approx(0.9)


def test_the_mean_over_all_batches_since_the_last_adjustment_decides():
    adaptive = AdaptiveAugment(images=320)
    for signs in (1.0, 1.0, 0.0, 0.5):  # 0.625
        adaptive.update(signs, 8)
    assert adaptive.probability == pytest.approx(0.1)
    for signs in (1.0, 1.0, 0.0, 0.3):  # 0.575
        adaptive.update(signs, 8)
    assert adaptive.probability == pytest.approx(0)


@given(signs=st.lists(st.floats(-1, 1), max_size=30), cut=st.integers(0, 30))
def test_an_interrupted_schedule_goes_on_alike(signs, cut):
    whole, first, rest = (AdaptiveAugment(images=200) for _ in range(3))
    for value in signs:
        whole.update(value, 8)
    for value in signs[:cut]:
        first.update(value, 8)
    rest.load_state_dict(first.state_dict())
    for value in signs[cut:]:
        rest.update(value, 8)
    assert rest.state_dict() == whole.state_dict()
    assert 0 <= whole.probability <= 1
