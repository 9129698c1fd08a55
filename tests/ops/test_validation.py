import pytest
import torch

from spaceseed.ops.discriminant import ESTIMATORS
from spaceseed.ops.validation import area_under_curve, calibrate, chance_of, cross_validate


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_area_counts_pairs():
    assert area_under_curve(torch.tensor([2.0, 3.0]), torch.tensor([1.0, 2.0])) == pytest.approx(3.5 / 4)
    assert area_under_curve(torch.ones(4), torch.ones(3)) == 0.5


def test_the_chance_is_that_of_mann_and_whitney():
    from scipy.stats import mannwhitneyu

    bad, good = normal(0, 30) + 0.4, normal(1, 40)
    found = mannwhitneyu(bad, good, alternative="greater", method="asymptotic", use_continuity=False)
    assert chance_of(area_under_curve(bad, good), 30, 40) == pytest.approx(found.pvalue, rel=1e-9)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_where_nothing_is_to_be_learned_nothing_is_claimed(method):
    areas, chances = [], []
    for seed in range(12):
        found = cross_validate(ESTIMATORS[method], normal(2 * seed, 8, 16), normal(2 * seed + 1, 8, 16), keep=0.75)
        areas.append(found.auc)
        chances.append(found.chance)
    assert sum(areas) / 12 == pytest.approx(0.5, abs=0.1)
    assert sum(chance < 0.05 for chance in chances) <= 2


def test_held_out_examples_confirm_what_is_there():
    bad = normal(0, 100, 8)
    bad[:, 0] += 3
    found = cross_validate(ESTIMATORS["mean"], bad, normal(1, 100, 8), keep=0.9)
    assert found.auc > 0.95
    assert found.chance < 1e-6
    assert found.bad_refused > 0.85
    assert found.good_allowed == pytest.approx(0.9, abs=0.07)
    assert found.slope == pytest.approx(1, abs=0.3)  # Gaussians of covariance I: the score is the log odds
    assert found.offset == pytest.approx(0, abs=0.5)
    assert found == cross_validate(ESTIMATORS["mean"], bad, normal(1, 100, 8), keep=0.9)
    assert found != cross_validate(ESTIMATORS["mean"], bad, normal(1, 100, 8), keep=0.9, seed=1)


def test_a_few_well_parted_scores_give_no_certainty_and_reversed_ones_nothing():
    slope, offset = calibrate(torch.tensor([5.0, 6.0]).double(), torch.tensor([1.0, 2.0]).double())
    assert 0.6 < torch.tensor(slope * 6 + offset).sigmoid() < 0.9
    assert calibrate(torch.tensor([1.0, 2.0]).double(), torch.tensor([5.0, 6.0]).double()) == (0, 0)
