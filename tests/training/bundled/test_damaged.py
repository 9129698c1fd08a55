"""Damaged drawings."""

import numpy as np
import pytest

from spaceseed.training.bundled.damaged import KINDS, damage


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (200, 32, 32, 3), dtype=np.uint8)


def test_a_share_of_the_images_is_damaged_and_the_others_are_as_they_were(images):
    before = images.copy()
    changed, kinds = damage(images, 0.3, seed=1)
    assert np.array_equal(images, before)
    differs = (changed != images).any(axis=(1, 2, 3))
    assert np.array_equal(differs, kinds >= 0)
    assert differs.mean() == pytest.approx(0.3, abs=0.1)
    assert set(kinds) == {-1, *range(len(KINDS))}


def test_the_seed_decides(images):
    first, second, other = (damage(images, 0.5, seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_all_or_none_can_be_damaged(images):
    assert (damage(images, 0.0, 0)[1] == -1).all()
    assert (damage(images, 1.0, 0)[1] >= 0).all()
