"""Fronts, crowding, and the genetic algorithm that spreads along a front."""

import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.errors import ArgumentError
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.pareto import crowded_fitness, crowding_distances, front_ranks, nsga2

# Few values, so that equal scores and equal rows are frequent.
score_tables = st.integers(2, 3).flatmap(
    lambda k: st.lists(st.lists(st.integers(-3, 3), min_size=k, max_size=k), min_size=1, max_size=20)
).map(lambda rows: torch.tensor(rows, dtype=torch.float32))  # fmt: skip


def dominates(a, b):
    return bool((a >= b).all() and (a > b).any())


@given(score_tables)
def test_ranks_follow_from_domination(scores):
    ranks = front_ranks(scores).tolist()
    rows = range(len(scores))
    for i in rows:
        above = [ranks[j] for j in rows if dominates(scores[j], scores[i])]
        assert ranks[i] == 1 + max(above, default=-1)


@given(score_tables, st.randoms())
def test_ranks_and_distances_do_not_depend_on_order_or_scale(scores, random):
    order = list(range(len(scores)))
    random.shuffle(order)
    assert torch.equal(front_ranks(scores)[order], front_ranks(scores[order]))
    distances = crowding_distances(scores, front_ranks(scores))
    assert torch.equal(front_ranks(8 * scores + 1), front_ranks(scores))
    assert torch.equal(crowding_distances(8 * scores + 1, front_ranks(scores)), distances)
    assert not distances.isnan().any()
    assert (distances >= 0).all()


@given(score_tables)
def test_fitness_is_the_front_first_and_then_the_distance(scores):
    ranks = front_ranks(scores)
    distances, fitness = crowding_distances(scores, ranks), crowded_fitness(scores)
    for i in range(len(scores)):
        for j in range(len(scores)):
            better = (-int(ranks[i]), float(distances[i])) > (-int(ranks[j]), float(distances[j]))
            assert bool(fitness[i] > fitness[j]) == better


def test_distances_of_a_known_front():
    scores = torch.tensor([[0.0, 4.0], [1.0, 3.0], [3.0, 1.0], [4.0, 0.0], [0.0, 0.0]])
    expected = torch.tensor([torch.inf, 1.5, 1.5, torch.inf, torch.inf])
    assert torch.equal(crowding_distances(scores, front_ranks(scores)), expected)


def test_failures_are_last():
    scores = torch.tensor([[-torch.inf, -torch.inf], [0.0, 1.0], [-torch.inf, -torch.inf], [-9.0, -9.0]])
    assert front_ranks(scores).tolist() == [2, 0, 2, 1]
    assert crowded_fitness(scores).argmin() in (0, 2)
    assert not crowding_distances(scores, front_ranks(scores)).isnan().any()


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("n", [1, 7, 60])
def test_parity_with_pymoo(n, k):
    sorting = pytest.importorskip("pymoo.util.nds.non_dominated_sorting")
    crowding = pytest.importorskip("pymoo.operators.survival.rank_and_crowding.metrics")
    scores = torch.randn(n, k, generator=torch.Generator().manual_seed(n + k))
    ranks = front_ranks(scores)
    distances = crowding_distances(scores, ranks)
    fronts = sorting.NonDominatedSorting().do(-scores.double().numpy())
    assert [sorted(front) for front in fronts] == [
        (ranks == rank).nonzero()[:, 0].tolist() for rank in range(int(ranks.max()) + 1)
    ]
    for front in (front for front in fronts if len(front) > 2):  # with fewer, pymoo replaces the numbers later
        theirs = crowding.calc_crowding_distance(-scores[front].double().numpy())  # the mean over the scores
        torch.testing.assert_close(distances[front].double(), k * torch.from_numpy(theirs), rtol=1e-4, atol=1e-5)


def test_survivors_are_the_fronts_and_the_least_crowded():
    scores = torch.tensor([[0.0, 4.0], [0.1, 3.9], [4.0, 0.0], [0.0, 0.0]])
    children = torch.tensor([[2.0, 2.0], [5.0, -1.0]])
    survivors, kept = nsga2(torch.arange(4.0)[:, None], scores, torch.arange(4.0, 6.0)[:, None], children)
    assert sorted(survivors[:, 0].tolist()) == [0, 2, 4, 5]
    assert torch.equal(kept, torch.cat([scores, children])[survivors[:, 0].long()])


DIMS = 12
ENDS = torch.randn(2, DIMS, generator=torch.Generator().manual_seed(5))


def two_wishes(x):
    return -torch.cdist(x, ENDS).square() / DIMS


def spread_out(rounds=60, **options):
    ga = GeneticAlgorithm(DIMS, **{"population": 24, "elites": 0, "replacement": "nsga2", "prior": "free"} | options)
    for _ in range(rounds):
        ga.tell(two_wishes(ga.ask()))
    return ga


def test_the_population_spreads_between_two_wishes():
    ga = spread_out()
    assert ga.ask().shape == (24, DIMS)
    assert ga.evaluations == 61 * 24 - 24
    assert torch.equal(ga.scores, two_wishes(ga.population))
    assert (front_ranks(ga.scores) == 0).all()
    # The best trade-offs lie on the line between the two ends: sqrt(-a) + sqrt(-b) is their distance.
    length = (ENDS[0] - ENDS[1]).norm() / DIMS**0.5
    assert ((-ga.scores).sqrt().sum(dim=1) / length).mean() < 1.15
    assert ga.scores.amax(dim=0).min() > 0.2 * two_wishes(ENDS).min()
    assert len(ga.scores.unique(dim=0)) == 24
    assert (ga.settings["replacement"], ga.best_score) == ("nsga2", -torch.inf)
    with pytest.raises(RuntimeError, match="several scores"):
        _ = ga.best


def test_a_spread_population_goes_on_from_its_state():
    ga = spread_out(5, elites=2)
    file = io.BytesIO()
    torch.save(ga.state_dict(), file)
    file.seek(0)
    other = GeneticAlgorithm(DIMS, population=24, elites=2, replacement="nsga2", prior="free", seed=9)
    fresh = other.state_dict()
    other.load_state_dict(torch.load(file, weights_only=True))
    for _ in range(2):
        assert torch.equal(other.ask(), ga.ask())
        ga.tell(two_wishes(ga.ask()))
        other.tell(two_wishes(other.ask()))
        assert torch.equal(other.scores, ga.scores)
        assert other.course == ga.course
    other.load_state_dict(fresh)
    assert other.generation == 0
    with pytest.raises(ArgumentError, match="state"):
        GeneticAlgorithm(DIMS, population=24).load_state_dict(ga.state_dict())
    with pytest.raises(ArgumentError, match="state"):
        other.load_state_dict(ga.state_dict() | {"population": ga.population[:0], "scores": ga.scores[:0]})


def test_a_candidate_with_one_failed_score_has_failed():
    ga = GeneticAlgorithm(DIMS, population=6, elites=0, replacement="nsga2")
    scores = torch.zeros(6, 2)
    scores[0] = torch.tensor([9.0, torch.nan])
    given = scores.clone()
    ga.tell(scores)
    assert torch.equal(scores.isnan(), given.isnan())  # what the caller holds is not changed
    assert (ga.scores == -torch.inf).all(dim=1).sum() == 1
    assert ga.scores.max() == 0


def test_the_course_counts_rounds_in_which_a_child_came_on_the_front():
    ga = GeneticAlgorithm(DIMS, population=4, elites=0, replacement="nsga2")
    for scores in ([0, 0], [-1, 0], [1, -1], [-2, -2], [torch.nan, 9]):
        ga.tell(torch.tensor(scores, dtype=torch.float32).expand(len(ga.ask()), 2))
    assert ga.course == [1, 1, 2, 2, 2]


@pytest.mark.parametrize("scores", [torch.zeros(6), torch.zeros(6, 1), torch.zeros(5, 2), [0.0] * 6, None])
def test_two_scores_or_more_are_needed(scores):
    ga = GeneticAlgorithm(DIMS, population=6, elites=0, replacement="nsga2")
    with pytest.raises(ArgumentError, match="scores"):
        ga.tell(scores)
    ga.tell(torch.zeros(6, 3))
    ga.ask()
    with pytest.raises(ArgumentError, match="3 scores for each candidate"):
        ga.tell(torch.zeros(6, 2))
    ga.tell(torch.zeros(6, 3).tolist())
