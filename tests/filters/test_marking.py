"""Active marking: what is proposed is uncertain and different, and never chosen twice."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.filters.marking import propose


def features(count, seed=0, dims=6):
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed))


NONE = torch.empty(0, 6)


@given(st.integers(1, 40), st.integers(0, 5), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_proposals_are_different_candidates(count, bad, good, seed):
    chosen = propose(features(40), features(bad, 1), features(good, 2), count, seed)
    assert len(set(chosen)) == len(chosen) == count
    assert set(chosen) <= set(range(40))
    assert chosen == propose(features(40), features(bad, 1), features(good, 2), count, seed)


def test_they_are_near_the_border_of_bad_and_good():
    rows = features(400)
    marked = features(60, 1)
    bad, good = marked[marked[:, 0] > 0.5], marked[marked[:, 0] <= 0.5]
    chosen = propose(rows, bad, good, 12)
    assert (rows[chosen, 0] - 0.5).abs().mean() < 0.5 * (rows[:, 0] - 0.5).abs().mean()


def test_without_marks_they_are_unlike_each_other():
    # Two clusters: a large one, and a small one that random choice would mostly miss.
    rows = torch.cat([0.1 * features(380), 8 + 0.1 * features(20, 1)])
    chosen = propose(rows, NONE, NONE, 6)
    assert any(i >= 380 for i in chosen)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("features", (features(9)[0], NONE, NONE, 3)),
        ("features", (features(1), NONE, NONE, 1)),
        ("features", (torch.ones(9, 6), NONE, NONE, 3)),
        ("features", (torch.ones(9, 0), NONE[:, :0], NONE[:, :0], 3)),
        ("bad", (features(9), features(2, dims=5), NONE, 3)),
        ("good", (features(9), NONE, features(2) * torch.nan, 3)),
        ("count", (features(9), NONE, NONE, 10)),
        ("count", (features(9), NONE, NONE, 0)),
        ("seed", (features(9), NONE, NONE, 3, -1)),
    ],
)
def test_what_does_not_fit_is_named(name, arguments):
    with pytest.raises(ArgumentError, match=name):
        propose(*arguments)
