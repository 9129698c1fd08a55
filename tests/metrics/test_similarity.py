"""Structural similarity: scikit-image's numbers, and what a similarity must be."""

import pytest
import torch
from torch.nn import functional as F

from spaceseed.errors import ArgumentError
from spaceseed.metrics.similarity import structural_similarity


def noise_and_blurred(side):
    noise = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(side)) * 2 - 1
    return noise, F.avg_pool2d(noise, 3, 1, 1)


# scikit-image 0.26: structural_similarity of the gray images, gaussian_weights=True, sigma=1.5,
# use_sample_covariance=False, data_range=1; the mean over the places where the window is inside.
PUBLISHED = {64: (0.1787207, 0.1797379), 100: (0.16596, 0.1676722)}


@pytest.mark.parametrize("side", PUBLISHED)
def test_it_gives_the_numbers_of_scikit_image(side):
    found = structural_similarity(*noise_and_blurred(side))
    torch.testing.assert_close(found, torch.tensor(PUBLISHED[side]), rtol=1e-4, atol=1e-5)


def test_equal_images_are_at_one_and_unrelated_ones_near_zero():
    one, _ = noise_and_blurred(64)
    torch.testing.assert_close(structural_similarity(one, one), torch.ones(2))
    assert abs(float(structural_similarity(one[:1], one[1:]))) < 0.1


def test_many_are_compared_with_one():
    one, other = noise_and_blurred(32)
    found = structural_similarity(one, other[:1])
    torch.testing.assert_close(found[1:], structural_similarity(one[1:], other[:1]))


def test_only_what_the_mask_shows_counts():
    one, _ = noise_and_blurred(64)
    other = one.clone()
    other[..., 32:] = 0
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., :20] = 1
    torch.testing.assert_close(structural_similarity(one, other, mask), torch.ones(2))


@pytest.mark.parametrize(
    ("images", "others", "mask", "name"),
    [
        (torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8), None, "images"),
        (torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 12), None, "others"),
        (torch.zeros(3, 3, 16, 16), torch.zeros(2, 3, 16, 16), None, "others"),
        (torch.full((1, 3, 16, 16), torch.nan), torch.zeros(1, 3, 16, 16), None, "images"),
        (torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16), torch.zeros(1, 1, 16, 16), "mask"),
    ],
)
def test_bad_input_is_named(images, others, mask, name):
    with pytest.raises(ArgumentError, match=name):
        structural_similarity(images, others, mask)
