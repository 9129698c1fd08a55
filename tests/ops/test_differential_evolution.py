import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.ops.crossover import binomial
from spaceseed.ops.differential_evolution import STRATEGIES, DifferentialEvolution, best_1, rand_1
from spaceseed.ops.selection import distinct_indices


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed))


@given(n=st.integers(4, 20), dims=st.integers(2, 10), weight=st.floats(0.1, 2), seed=st.integers(0, 99))
def test_donors_are_their_formulas(n, dims, weight, seed):
    population, scores, F = normal(n, dims), normal(n), torch.full((n, 1), weight)
    r = distinct_indices(n, 3, seeded(seed)).tolist()
    donors = rand_1(population, scores, F, seeded(seed))
    for i in range(n):
        r1, r2, r3 = r[i]
        assert torch.allclose(donors[i], population[r1] + weight * (population[r2] - population[r3]), atol=1e-5)
    r = distinct_indices(n, 2, seeded(seed)).tolist()
    best = population[max(range(n), key=lambda i: float(scores[i]))]
    donors = best_1(population, scores, F, seeded(seed))
    for i in range(n):
        r1, r2 = r[i]
        assert torch.allclose(donors[i], best + weight * (population[r1] - population[r2]), atol=1e-5)


def test_a_trial_replaces_its_own_target_only_when_it_is_better():
    de = DifferentialEvolution(6, population=5)
    first = de.ask()
    de.tell([5.0, 4.0, 3.0, 2.0, 1.0])
    assert torch.equal(de.population, first)
    trials = de.ask()
    de.tell([6.0, 4.0, 2.9, float("nan"), 1.5])
    assert de.scores.tolist() == [6.0, 4.0, 3.0, 2.0, 1.5]
    expected = [trials[0], first[1], first[2], first[3], trials[4]]
    assert torch.equal(de.population, torch.stack(expected))


def test_a_trial_is_the_crossed_donor():
    de = DifferentialEvolution(9, 7, "rand/1/bin", F=0.8, CR=0.4, dither=0, prior="free", seed=4)
    de.ask()
    de.tell(normal(7))
    generator = torch.Generator()
    generator.set_state(de.state_dict()["generator"])
    torch.rand(7, 1, generator=generator)  # the dither, which has no effect here
    donors = rand_1(de.population, de.scores, torch.full((7, 1), 0.8), generator)
    assert torch.allclose(de.ask(), binomial(de.population, donors, 0.4, generator), atol=1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_smallest_population_works(strategy):
    least = 4 if strategy.startswith("rand") else 3
    de = DifferentialEvolution(5, population=least, strategy=strategy)
    for _ in range(5):
        de.tell(-de.ask()[:, 0].square())
    assert de.evaluations == 5 * least


def test_dither_spreads_the_weight_of_the_difference_evenly():
    # With three members on a line and CR = 1, a donor's distance from its base determines its F.
    population = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    weights = []
    for seed in range(400):
        de = DifferentialEvolution(
            2, 3, "best/1/bin", F=0.6, CR=1.0, dither=0.3, prior="free", seed=seed, start=population
        )
        de.ask()
        de.tell([1.0, 0.0, 0.0])
        weights.append(float(de.ask()[0, 0].abs()))
    assert 0.3 <= min(weights) < 0.32
    assert 0.88 < max(weights) <= 0.9
    assert sum(weights) / 400 == pytest.approx(0.6, abs=0.03)


def test_a_state_with_a_trial_missing_is_refused():
    optimizer = DifferentialEvolution(5, population=6)
    for _ in range(2):
        optimizer.tell(optimizer.ask().sum(dim=1))
    good = optimizer.state_dict() | {"asked": optimizer.ask()}
    optimizer.load_state_dict(good)
    with pytest.raises(ArgumentError, match="state"):
        optimizer.load_state_dict(good | {"asked": good["asked"][1:]})
