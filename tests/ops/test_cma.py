import math

import pytest
import torch

from spaceseed.ops.cma import CMAES, recombine

DIMS = 24


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_default_population_is_hansens_and_never_small():
    assert [CMAES(dims).size for dims in (32, 128, 512)] == [18, 18, 22]


def test_recombination_is_its_formula():
    candidates, scores = normal(9, 5), normal(9, seed=1)
    best = sorted(range(9), key=lambda i: -float(scores[i]))[:4]
    raw = [math.log(5) - math.log(rank + 1) for rank in range(4)]
    expected = sum(w / sum(raw) * candidates[i] for w, i in zip(raw, best, strict=True))
    assert torch.allclose(recombine(candidates, scores), expected, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_start_is_the_whole_first_generation(count):
    start = normal(count, DIMS)
    cma = CMAES(DIMS, population=10, start=start)
    assert torch.equal(cma.ask(), start)
    cma.tell(start[:, 0])
    assert cma.ask().shape == (10, DIMS)


def test_search_goes_on_around_a_single_start_at_the_step_size():
    start = normal(1, DIMS)
    for sigma in (0.01, 0.3):
        cma = CMAES(DIMS, population=200, sigma=sigma, prior="free", start=start)
        cma.tell(cma.ask()[:, 0])
        step = cma.ask() - start
        assert float(step.std()) == pytest.approx(sigma, rel=0.05)
        assert float(step.mean()) == pytest.approx(0, abs=0.05 * sigma)
