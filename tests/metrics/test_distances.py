"""Distances between sets of features, compared with their definitions."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.metrics.distances import (
    FeatureStatistics,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)


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


def test_precision_and_recall_do_not_depend_on_where_the_features_lie():
    rng = torch.Generator().manual_seed(0)
    # Multiples of 2^-10, so that the shift is exact.
    real, generated = ((torch.randn(400, 16, generator=rng) * 2**10).round() / 2**10 for _ in range(2))
    expected = precision_recall(real, generated)
    assert 0 < min(expected) <= max(expected) < 1
    for shift in (100, 1000):
        assert precision_recall(real + shift, generated + shift) == expected
    real, generated = (1e6 + torch.randn(100, 1, generator=rng, dtype=torch.float64) for _ in range(2))
    expected = precision_recall(real - 1e6, generated - 1e6, neighbours=1)
    assert precision_recall(real, generated, neighbours=1) == expected


def test_features_of_other_precision_are_converted():
    a, b = features(30, 4, 5).half(), features(25, 4, 6).half()
    for measure in (precision_recall, frechet_distance, kernel_distance):
        assert measure(a, b) == measure(a.double(), b.float()) == measure(a.tolist(), b.numpy())


@pytest.mark.parametrize("number", [math.nan, math.inf])
@pytest.mark.parametrize("measure", [precision_recall, frechet_distance, kernel_distance])
def test_features_that_are_not_finite_or_of_another_width_are_named(measure, number):
    good, broken = features(30, 4, 5), features(30, 4, 5)
    broken[3, 2] = number
    for first, second in ((broken, good), (good, broken)):
        with pytest.raises(ArgumentError, match="NaN or infinity"):
            measure(first, second)
    with pytest.raises(ArgumentError, match="4"):
        measure(good, good[:, :3])
    with pytest.raises(ArgumentError, match="features"):
        FeatureStatistics(4).add(broken)


def test_too_few_rows_and_neighbours_are_named():
    rows = features(5, 3, 0)
    with pytest.raises(ArgumentError, match=r"generated = .* 6 rows of features or more"):
        precision_recall(features(9, 3, 0), rows, neighbours=5)
    for neighbours in (0, 1.5):
        with pytest.raises(ArgumentError, match="neighbours"):
            precision_recall(rows, rows, neighbours=neighbours)
    with pytest.raises(ArgumentError, match="features_a"):
        frechet_distance("features", rows)


@pytest.mark.parametrize("measure", [precision_recall, frechet_distance, kernel_distance])
def test_features_without_columns_are_named(measure):
    for first, second in ((features(9, 3, 0), torch.zeros(9, 0)), (torch.zeros(9, 0), features(9, 3, 0))):
        with pytest.raises(ArgumentError, match="0"):
            measure(first, second)


def test_other_faulty_numbers_are_named():
    for seed in (-1, 2**70, 1.5, None):
        with pytest.raises(ArgumentError, match="seed"):
            kernel_distance(features(9, 3, 0), features(9, 3, 1), seed=seed)
    for dims in (0, 2.0, None):
        with pytest.raises(ArgumentError, match="dims"):
            FeatureStatistics(dims)


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


def test_statistics_of_batches_are_those_of_the_whole():
    rows = features(200, 6, 7) + 1e4  # far from zero, where a sum of squares would lose precision
    whole = rows.double().numpy()
    statistics = FeatureStatistics(6)
    for batch in rows[:120].split(17):
        statistics.add(batch)
    statistics.add(rows[:0])
    statistics.merge(FeatureStatistics(6).add(rows[120:])).merge(FeatureStatistics(6))
    assert statistics.count == 200
    np.testing.assert_allclose(statistics.mean, whole.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(statistics.covariance, np.cov(whole, rowvar=False), rtol=1e-9, atol=1e-9)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 2**16))
def test_statistics_do_not_depend_on_how_rows_are_split(sizes, seed):
    rows = features(sum(sizes) + 2, 3, seed)
    parts = rows.split([*sizes, 2])
    split, merged, whole = FeatureStatistics(3), FeatureStatistics(3), FeatureStatistics(3).add(rows)
    for part in parts:
        split.add(part)
        merged.merge(FeatureStatistics(3).add(part))
    for statistics in (split, merged):
        np.testing.assert_allclose(statistics.mean, whole.mean, atol=1e-12)
        np.testing.assert_allclose(statistics.covariance, whole.covariance, atol=1e-12)
    assert frechet_distance(split, rows) == pytest.approx(0, abs=1e-9)


@pytest.mark.filterwarnings("ignore:The `disp` argument:DeprecationWarning")
def test_frechet_distance_is_pytorch_fids():
    import spaceseed.models.judges._torchvision  # noqa: F401 - pytorch_fid imports torchvision

    # isort: split
    from pytorch_fid.fid_score import calculate_frechet_distance

    for dims, shift in ((8, 0.0), (64, 0.5)):
        a, b = features(400, dims, 8).relu(), features(500, dims, 9, shift).relu()
        expected = calculate_frechet_distance(
            *(f(rows.double().numpy()) for rows in (a, b) for f in (lambda x: x.mean(axis=0), lambda x: np.cov(x.T)))
        )
        assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_inception_score_is_its_definition():
    p = features(95, 7, 10).softmax(dim=1)
    p[3] = torch.eye(7)[2]  # a zero probability adds nothing
    scores = []
    for i in range(10):
        part = p[i * 95 // 10 : (i + 1) * 95 // 10].double().tolist()
        marginal = [sum(column) / len(part) for column in zip(*part, strict=True)]
        divergences = [sum(x * math.log(x / m) for x, m in zip(row, marginal, strict=True) if x > 0) for row in part]
        scores.append(math.exp(sum(divergences) / len(part)))
    mean, deviation = inception_score(p)
    assert mean == pytest.approx(np.mean(scores), rel=1e-9)
    assert deviation == pytest.approx(np.std(scores), rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_inception_score_of_half_precision(dtype):
    p = features(200, 50, 10).softmax(dim=1)
    assert inception_score(p.to(dtype)) == pytest.approx(inception_score(p), rel=1e-2)


def test_inception_score_ranges_from_one_to_the_number_of_classes():
    assert inception_score(torch.full((20, 5), 0.2), splits=2) == pytest.approx((1, 0))
    assert inception_score(torch.eye(5).repeat(4, 1), splits=4) == pytest.approx((5, 0))


@pytest.mark.parametrize(
    ("probabilities", "splits"),
    [
        (torch.eye(3), 4),
        (torch.eye(3), 0),
        (torch.eye(3)[0], 1),
        (torch.zeros(0, 3), 1),
        (2 * torch.eye(3), 1),
        (torch.tensor([[1.5, -0.5]]), 1),
        (torch.eye(3) * torch.nan, 1),
    ],
)
def test_what_are_no_probabilities_is_refused(probabilities, splits):
    with pytest.raises(ArgumentError, match=r"splits|probabilities"):
        inception_score(probabilities, splits)


def test_kernel_distance_is_its_definition():
    a, b = features(12, 4, 11).double(), features(12, 4, 12).double()

    def k(x, y):
        return float((x @ y / 4 + 1) ** 3)

    def within(rows):
        return sum(k(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j) / (12 * 11)

    expected = within(a) + within(b) - 2 * sum(k(x, y) for x in a for y in b) / 144
    assert kernel_distance(a, b, subsets=2) == pytest.approx((expected, 0), rel=1e-9, abs=1e-9)


def test_kernel_distance_of_equal_distributions_is_zero_for_any_number_of_images():
    mixing = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    for size in (10, 100):
        rng = torch.Generator().manual_seed(size)
        a, b, c = (torch.randn(2000, 4, generator=rng) @ mixing for _ in range(3))
        mean, deviation = kernel_distance(a, b, size=size)
        assert abs(mean) < 3 * deviation / 10 + 0.1
        assert kernel_distance(a, c + 1, size=size)[0] > 5 * abs(mean)
        assert kernel_distance(a, b, size=size) == (mean, deviation)
        assert kernel_distance(a, b, size=size, seed=1) != (mean, deviation)


def test_kernel_distance_names_what_does_not_fit():
    rows = features(9, 4, 0)
    for arguments in ({"size": 1}, {"subsets": 0}):
        with pytest.raises(ArgumentError, match=next(iter(arguments))):
            kernel_distance(rows, rows, **arguments)
    with pytest.raises(ArgumentError, match="features_b"):
        kernel_distance(rows, features(9, 5, 0))
