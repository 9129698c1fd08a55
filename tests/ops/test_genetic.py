from functools import partial

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.ops.crossover import CROSSOVERS, sbx
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.mutation import MUTATIONS
from spaceseed.ops.selection import REPLACEMENTS, SELECTIONS, tournament, truncation

DIMS = 16
seeds = torch.randn(12, DIMS, generator=torch.Generator().manual_seed(1))


def first_coordinate(x):
    return x[:, 0]


def rows(x):
    return {tuple(row) for row in x.tolist()}


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("crossover", CROSSOVERS)
@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_every_combination_climbs(selection, crossover, mutation, replacement):
    ga = GeneticAlgorithm(DIMS, 12, selection, crossover, mutation, replacement=replacement)
    bests = []
    for _ in range(12):
        ga.tell(first_coordinate(ga.ask()))
        bests.append(float(ga.scores.max()))
    assert bests == sorted(bests)  # elites: the best is never lost
    assert bests[-1] > bests[0]


def test_automatic_search_spends_no_evaluation_on_elites():
    ga = GeneticAlgorithm(DIMS, population=12, elites=3, mutation_rate=1.0)
    ga.tell(first_coordinate(ga.ask()))
    for _ in range(5):
        best = rows(ga.population[ga.scores.argsort(descending=True)[:3]])
        children = ga.ask()
        assert children.shape == (9, DIMS)
        assert not rows(children) & best
        ga.tell(first_coordinate(children))
        assert best <= rows(ga.population)
    assert ga.evaluations == 12 + 5 * 9


def test_elitist_replacement_lets_every_child_in_and_worst_only_the_better_ones():
    survivors = {}
    for replacement in REPLACEMENTS:
        ga = GeneticAlgorithm(DIMS, population=12, elites=2, replacement=replacement)
        ga.tell(range(12))
        children = ga.ask()
        ga.tell(torch.full((10,), -1.0))
        survivors[replacement] = len(rows(ga.population) & rows(children))
    assert survivors == {"elitist": 10, "worst": 0}


def test_a_person_sees_the_liked_first_and_unchanged():
    ga = GeneticAlgorithm(DIMS, population=12, re_evaluate=True, start=seeds)
    page = ga.ask()
    assert torch.equal(page, seeds)
    marks = torch.zeros(12)
    marks[[7, 2, 9]], marks[4] = 1.0, -1.0
    ga.tell(marks)
    ga.elites = 3
    page = ga.ask()
    assert page.shape == (12, DIMS)
    assert torch.equal(page[:3], seeds[[2, 7, 9]])
    assert not rows(page[3:]) & rows(seeds)
    # The person changes the marks: an elite is no longer liked, a child is.
    marks = torch.zeros(12)
    marks[0], marks[5] = 1.0, 1.0
    ga.tell(marks)
    ga.elites = 2
    assert torch.equal(ga.ask()[:2], page[[0, 5]])


def test_only_the_liked_breed_when_selection_takes_their_share():
    still = partial(GeneticAlgorithm, DIMS, population=12, re_evaluate=True, crossover="uniform", mutation_rate=0.0)
    ga = still(selection=partial(truncation, share=2 / 12), prior="free", start=seeds)
    ga.ask()
    ga.tell([1.0, 0, 0, 0, 0, 1.0, 0, 0, -1.0, 0, 0, 0])
    ga.elites = 2
    children = ga.ask()[2:]
    assert bool(((children == seeds[0]) | (children == seeds[5])).all())


def test_bad_ones_are_never_parents_under_roulette():
    ga = GeneticAlgorithm(
        DIMS, 12, "roulette", "uniform", mutation_rate=0.0, re_evaluate=True, prior="free", start=seeds
    )
    ga.ask()
    ga.tell([-1.0] + [0.0] * 10 + [1.0])
    for column, child in enumerate(ga.ask()[2:].T):
        assert seeds[0, column] not in child


def test_everything_liked_leaves_everything():
    ga = GeneticAlgorithm(DIMS, population=12, elites=12, re_evaluate=True, start=seeds)
    ga.ask()
    ga.tell([1.0] * 12)
    assert torch.equal(ga.ask(), seeds)


def test_a_page_may_grow_and_shrink():
    ga = GeneticAlgorithm(DIMS, population=12, re_evaluate=True, start=seeds)
    ga.ask()
    ga.tell([1.0] * 4 + [0.0] * 8)
    ga.elites = 4
    for size in (20, 6):
        ga.size = size
        page = ga.ask()
        assert page.shape == (size, DIMS)
        assert torch.equal(page[:4], seeds[:4])
        ga.tell([1.0] * 4 + [0.0] * (size - 4))
        assert ga.population.shape == (size, DIMS)


def test_immigrants_come_last_and_are_draws_of_the_prior():
    ga = GeneticAlgorithm(
        DIMS, population=500, elites=100, immigrants=400, prior="free", start=torch.full((500, DIMS), 3.0)
    )
    ga.tell(first_coordinate(ga.ask()))
    assert float(ga.ask().mean()) == pytest.approx(0, abs=0.05)
    ga.immigrants = 0
    ga.tell(first_coordinate(ga.ask()))
    assert ga.ask().shape == (400, DIMS)
    mixed = GeneticAlgorithm(
        DIMS, population=10, immigrants=3, mutation_rate=0, prior="free", start=torch.full((10, DIMS), 3.0)
    )
    mixed.tell(first_coordinate(mixed.ask()))
    children = mixed.ask()
    assert torch.equal(children[:5], torch.full((5, DIMS), 3.0))
    assert not (children[5:] == 3.0).any()


@pytest.mark.parametrize(
    ("name", "value"), [("elites", 12), ("immigrants", -1), ("mutation_rate", float("nan")), ("mutation_sigma", -1.0)]
)
def test_settings_changed_between_generations_are_checked(name, value):
    ga = GeneticAlgorithm(DIMS, population=12)
    ga.tell(first_coordinate(ga.ask()))
    setattr(ga, name, value)
    with pytest.raises(ArgumentError, match=name):
        ga.ask()


def test_settings_are_restored():
    ga = GeneticAlgorithm(DIMS, population=12)
    ga.elites, ga.mutation_sigma = 5, 0.1
    other = GeneticAlgorithm(DIMS, population=12)
    other.load_state_dict(ga.state_dict())
    assert (other.elites, other.mutation_sigma) == (5, 0.1)


def test_operators_may_be_functions_with_parameters():
    named = GeneticAlgorithm(DIMS, population=12, selection="tournament", crossover="sbx")
    same = GeneticAlgorithm(DIMS, population=12, selection=tournament, crossover=partial(sbx, eta=15.0))
    other = GeneticAlgorithm(DIMS, population=12, selection=tournament, crossover=partial(sbx, eta=2.0))
    for ga in (named, same, other):
        ga.tell(first_coordinate(ga.ask()))
    assert torch.equal(named.ask(), same.ask())
    assert not torch.equal(named.ask(), other.ask())
