import pytest
import torch

from spaceseed.ops.discriminant import ESTIMATORS
from spaceseed.ops.validation import area_under_curve, calibrate, cross_validate, p_value


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_area_counts_pairs():
    assert area_under_curve(torch.tensor([2.0, 3.0]), torch.tensor([1.0, 2.0])) == pytest.approx(3.5 / 4)
    assert area_under_curve(torch.ones(4), torch.ones(3)) == 0.5


@pytest.mark.parametrize("method", ESTIMATORS)
def test_random_labels_are_not_significant(method):
    found = [
        cross_validate(ESTIMATORS[method], normal(2 * seed, 8, 16), normal(2 * seed + 1, 8, 16), keep=0.75)
        for seed in range(12)
    ]
    assert sum(each.auc for each in found) / 12 == pytest.approx(0.5, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["mean", "logistic"])
def test_random_labels_are_significant_in_at_most_one_case_of_twenty(method):
    """The minimum over 200 streams of 40 pairs: the `p_value` at the most favourable moment."""
    runs = [p_value(ESTIMATORS[method], normal(2 * run, 40, 6), normal(2 * run + 1, 40, 6)) for run in range(200)]
    # At most 10 are expected. The probability of 16 or more is 4 % even then.
    assert sum(p <= 0.05 for p in runs) <= 15
    assert sum(p <= 0.5 for p in runs) <= 115
    assert max(runs) == 1


def test_the_p_value_is_the_minimum_over_all_moments():
    bad, good = normal(0, 20, 6) + 0.5, normal(1, 20, 6)
    values = [p_value(ESTIMATORS["mean"], bad[:n], good[:n]) for n in range(2, 21)]
    assert values == sorted(values, reverse=True)
    assert values[0] == 1


@pytest.mark.parametrize("method", ESTIMATORS)
def test_real_differences_are_significant_with_enough_examples(method):
    bad, good = 2 * normal(0, 80, 6), normal(1, 80, 6)  # the bad are a wider cluster
    bad[:, 0] += 1.5
    few, many = (p_value(ESTIMATORS[method], bad[:n], good[:n]) for n in (5, 80))
    assert few > 0.05
    assert many < 0.01


def test_examples_beyond_the_pairs_do_not_count():
    bad, good = normal(0, 20, 6) + 1, normal(1, 60, 6)
    assert p_value(ESTIMATORS["mean"], bad, good) == p_value(ESTIMATORS["mean"], bad, good[:20])


def test_held_out_examples_confirm_real_differences():
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


def test_a_few_well_separated_scores_give_no_certainty_and_reversed_ones_no_slope():
    slope, offset = calibrate(torch.tensor([5.0, 6.0]).double(), torch.tensor([1.0, 2.0]).double())
    assert 0.6 < torch.tensor(slope * 6 + offset).sigmoid() < 0.9
    assert calibrate(torch.tensor([1.0, 2.0]).double(), torch.tensor([5.0, 6.0]).double()) == (0, 0)
