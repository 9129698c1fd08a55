"""Distances between feature sets, against their definitions written out."""

import numpy as np
import pytest
import scipy.linalg
import torch

from spaceseed.errors import ArgumentError
from spaceseed.evaluate import frechet_distance, precision_recall


def features(count, dims, seed, shift=0.0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, dims, generator=rng) @ torch.randn(dims, dims, generator=rng) + shift


def test_frechet_distance_is_its_definition():
    a, b = features(60, 5, 0).double().numpy(), features(80, 5, 1, shift=2.0).double().numpy()
    root = scipy.linalg.sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    trace = np.trace(np.cov(a, rowvar=False) + np.cov(b, rowvar=False) - 2 * root)
    expected = np.square(a.mean(0) - b.mean(0)).sum() + trace
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_of_shifted_points_is_the_shift():
    a = features(100, 4, 2)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + 3.0) == pytest.approx(4 * 9.0, rel=1e-5)


def test_frechet_distance_with_fewer_points_than_dimensions():
    a, b = features(6, 16, 3), features(6, 16, 4)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-8)


def test_precision_and_recall_tell_lost_variety_from_lost_quality():
    rng = torch.Generator().manual_seed(0)
    real = torch.randn(400, 3, generator=rng)
    assert min(precision_recall(real, torch.randn(400, 3, generator=rng))) > 0.9
    precision, recall = precision_recall(real, 0.05 * torch.randn(400, 3, generator=rng))
    assert precision > 0.9
    assert recall < 0.1
    precision, recall = precision_recall(real, 20 + torch.randn(400, 3, generator=rng))
    assert precision == recall == 0


def test_precision_by_a_slow_loop():
    real, generated = features(30, 4, 5), features(25, 4, 6)
    inside = 0
    for point in generated:
        for centre in real:
            radius = (real - centre).norm(dim=1).sort().values[3]
            if (point - centre).norm() <= radius:
                inside += 1
                break
    assert precision_recall(real, generated)[0] == pytest.approx(inside / 25)


@pytest.mark.parametrize(("a", "b"), [((1, 4), (9, 4)), ((9, 4), (9, 5)), ((9,), (9, 4))])
def test_unfit_features_are_named(a, b):
    with pytest.raises(ArgumentError, match="features"):
        frechet_distance(torch.zeros(a), torch.zeros(b))
    with pytest.raises(ArgumentError, match="rows"):
        precision_recall(torch.zeros(3, 2), torch.zeros(9, 2))
