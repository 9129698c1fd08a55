import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.ops.agreement import agreeing_levels, overlap, tally, top_levels


def test_a_small_case_by_hand():
    lit = torch.tensor([[True, True, False, False, True], [False] * 5])
    labels = torch.tensor([1, 1, 1, 0, 0])
    both, count, area = tally(lit, labels, 3)
    assert both.tolist() == [[1, 2, 0], [0, 0, 0]]
    assert count.tolist() == [3, 0]
    assert area.tolist() == [2, 3, 0]
    assert overlap(both, count, area).flatten().tolist() == pytest.approx([1 / 4, 2 / 4, 0, 0, 0, 0])


@given(st.integers(0, 2**31))
def test_overlap_is_symmetric_and_the_sums_of_parts_are_those_of_the_whole(seed):
    rng = torch.Generator().manual_seed(seed)
    lit = torch.rand(3, 40, generator=rng) > 0.6
    labels = torch.randint(4, (40,), generator=rng)
    whole = tally(lit, labels, 4)
    parts = [tally(lit[:, part], labels[part], 4) for part in (slice(0, 17), slice(17, 40))]
    for total, *halves in zip(whole, *parts, strict=True):
        assert torch.equal(total, sum(halves))
    iou = overlap(*whole)
    for unit in range(3):
        for name in range(4):
            one, other = lit[unit], labels == name
            union = int((one | other).sum())
            assert iou[unit, name] == pytest.approx(int((one & other).sum()) / union if union else 0)


def reference_levels(samples, labels, classes):
    """The published choice, number by number."""
    n = len(labels)
    shares = np.logspace(-3, 0, 100)[:-1]
    levels = []
    for unit in samples.numpy():
        ordered = np.sort(unit)[::-1]
        best, level = 0.0, ordered[int(0.005 * n)]
        for rank in sorted({int(share * n) for share in shares}):
            tried = ordered[rank]
            for name in range(classes):
                lit, true = unit > tried, labels.numpy() == name
                p = np.array(
                    [[np.mean(lit & true), np.mean(lit & ~true)], [np.mean(~lit & true), np.mean(~lit & ~true)]]
                )
                if tried <= 0 or p[0, 0] + p[1, 1] <= 0.8 or true.mean() < 1e-3:
                    continue
                entropy = -sum(v * np.log(v) for v in p.flatten() if v)
                marginals = -sum(v * np.log(v) for v in (*p.sum(0), *p.sum(1)) if v)
                told = (marginals - entropy) / entropy if entropy else 0
                if told > best + 1e-9:
                    best, level = told, tried
        levels.append(level)
    return torch.tensor(np.array(levels))


@pytest.mark.parametrize("seed", range(5))
def test_levels_are_the_published_ones(seed):
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (200,), generator=rng) * (torch.rand(200, generator=rng) > 0.5)
    samples = torch.randn(6, 200, generator=rng)
    samples[:3] += 2.0 * (labels == torch.tensor([0, 1, 2])[:, None])
    assert torch.allclose(agreeing_levels(samples, labels, 3), reference_levels(samples, labels, 3))


def test_a_unit_that_agrees_with_nothing_is_lit_at_the_top_half_percent():
    samples = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0)) - 10
    labels = torch.arange(1000) % 2
    assert torch.equal(agreeing_levels(samples, labels, 2), top_levels(samples, 0.005))


def test_top_levels_leave_their_share():
    samples = torch.randn(4, 1000, generator=torch.Generator().manual_seed(0))
    assert (samples > top_levels(samples, 0.1)[:, None]).sum(dim=1).tolist() == [100] * 4


def test_bad_arguments_are_named():
    with pytest.raises(ArgumentError, match="samples"):
        agreeing_levels(torch.zeros(3), torch.zeros(3).long(), 2)
    with pytest.raises(ArgumentError, match="share"):
        top_levels(torch.zeros(3, 3), 2)
