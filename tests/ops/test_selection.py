import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spaceseed.ops.selection import (
    REPLACEMENTS,
    SELECTIONS,
    best_first,
    distinct_indices,
    elitist,
    replace_worst,
    roulette,
    tournament,
    truncation,
)

INF = float("inf")
some_scores = st.lists(st.one_of(st.floats(-(2.0**100), 2.0**100, width=32), st.just(-INF)), min_size=1, max_size=30)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def share(indices, n):
    return torch.bincount(indices, minlength=n) / len(indices)


@pytest.mark.parametrize("name", SELECTIONS)
@given(scores=some_scores, count=st.integers(0, 50), seed=st.integers(0, 99))
def test_selection_gives_valid_indices_for_any_scores(name, scores, count, seed):
    values = torch.tensor(scores)
    picked = SELECTIONS[name](values, count, seeded(seed))
    assert picked.shape == (count,)
    assert picked.dtype == torch.int64
    assert bool(((picked >= 0) & (picked < len(scores))).all())
    assert torch.equal(picked, SELECTIONS[name](values, count, seeded(seed)))


@given(scores=some_scores, size=st.integers(1, 5), seed=st.integers(0, 99))
def test_tournament_is_the_best_of_those_drawn(scores, size, seed):
    drawn = torch.randint(len(scores), (20, size), generator=seeded(seed)).tolist()
    picked = tournament(torch.tensor(scores), 20, seeded(seed), size).tolist()
    assert picked == [max(row, key=lambda i: torch.tensor(scores)[i].item()) for row in drawn]


def test_tournament_pressure():
    # P(rank r of n wins) = ((r)^s - (r - 1)^s) / n^s, ranks from the worst up
    n, scores = 5, torch.arange(5.0)
    for size in (1, 2, 4):
        expected = torch.tensor([((r + 1) ** size - r**size) / n**size for r in range(n)])
        assert torch.allclose(share(tournament(scores, 20_000, seeded(), size), n), expected, atol=0.015)


def test_roulette_is_proportional_to_the_score_above_the_worst():
    scores = torch.tensor([-3.0, 1.0, -INF, -2.0, 3.0])
    expected = torch.tensor([0, 4, 0, 1, 6]) / 11
    assert torch.allclose(share(roulette(scores, 20_000, seeded()), 5), expected, atol=0.015)
    assert torch.equal(roulette(scores, 50, seeded()), roulette(scores + 4, 50, seeded()))


def test_roulette_without_differences_is_even_among_those_with_a_score():
    assert torch.allclose(share(roulette(torch.full((4,), 0.7), 9000, seeded()), 4), torch.tensor(0.25), atol=0.02)
    one_failed = share(roulette(torch.tensor([1.0, -INF, 1.0]), 9000, seeded()), 3)
    assert torch.allclose(one_failed, torch.tensor([0.5, 0, 0.5]), atol=0.02)
    all_failed = share(roulette(torch.full((4,), -INF), 9000, seeded()), 4)
    assert torch.allclose(all_failed, torch.tensor(0.25), atol=0.02)


def test_truncation_is_even_among_the_best():
    scores = torch.tensor([5.0, 1.0, 4.0, 2.0, 3.0, 0.0])
    expected = torch.tensor([1.0, 0, 1, 0, 1, 0]) / 3
    assert torch.allclose(share(truncation(scores, 9000, seeded()), 6), expected, atol=0.02)
    assert set(truncation(scores, 50, seeded(), share=0.01).tolist()) == {0}


@given(order=st.permutations(range(8)), seed=st.integers(0, 99))
def test_truncation_picks_the_same_members_in_whatever_order_they_stand(order, seed):
    scores = torch.tensor([3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0])
    members = scores[truncation(scores, 20, seeded(seed))]
    shuffled = scores[list(order)]
    assert torch.equal(shuffled[truncation(shuffled, 20, seeded(seed))], members)


@given(n=st.integers(4, 40), seed=st.integers(0, 999))
def test_distinct_indices_are_distinct(n, seed):
    for count in (2, 3):
        drawn = distinct_indices(n, count, seeded(seed))
        assert drawn.shape == (n, count)
        for i, row in enumerate(drawn.tolist()):
            assert len({i, *row}) == count + 1
            assert all(0 <= j < n for j in row)


def test_distinct_indices_are_uniform():
    counts = torch.zeros(5, 3, 5)
    for seed in range(4000):
        drawn = distinct_indices(5, 3, seeded(seed))
        counts.scatter_add_(2, drawn[..., None], torch.ones(5, 3, 1))
    expected = ((1 - torch.eye(5)) / 4)[:, None].expand(5, 3, 5)
    assert torch.allclose(counts / 4000, expected, atol=0.035)


@pytest.mark.parametrize("name", REPLACEMENTS)
@given(
    scores=st.lists(st.integers(-9, 9), min_size=2, max_size=12),
    child_scores=st.lists(st.integers(-9, 9), max_size=12),
    elites=st.integers(0, 3),
)
def test_members_keep_their_scores_and_the_best_never_gets_lost(name, scores, child_scores, elites):
    elites = min(elites, len(scores))
    child_scores = child_scores[: len(scores) - elites]
    old, new = torch.tensor(scores).float(), torch.tensor(child_scores).float()
    population, values = REPLACEMENTS[name](old[:, None] * 10, old, new[:, None] * 10, new, elites)
    assert torch.equal(population[:, 0], values * 10)
    assert values[:elites].tolist() == sorted(scores, reverse=True)[:elites]


def test_elitist_keeps_the_elites_first_and_all_children():
    population, scores = torch.arange(5.0)[:, None], torch.tensor([1.0, 5, 3, 5, 2])
    children, child_scores = torch.tensor([[7.0], [8], [9]]), torch.tensor([0.0, -1, 9])
    survivors, values = elitist(population, scores, children, child_scores, 2)
    assert survivors[:, 0].tolist() == [1, 3, 7, 8, 9]
    assert values.tolist() == [5, 5, 0, -1, 9]


def slow_replace_worst(scores, child_scores, elites):
    """Replaces the worst member that is not an elite by the best child, as long as the child is better."""
    scores, challengers = sorted(scores), sorted(child_scores, reverse=True)
    for place, challenger in enumerate(challengers[: len(scores) - elites]):
        scores[place] = max(scores[place], challenger)
    return sorted(scores)


@given(
    scores=st.lists(st.integers(-9, 9), min_size=1, max_size=12),
    child_scores=st.lists(st.integers(-9, 9), max_size=20),
    elites=st.integers(0, 12),
)
def test_replace_worst_is_a_challenge_from_the_bottom(scores, child_scores, elites):
    elites = min(elites, len(scores))
    old, new = torch.tensor(scores).float(), torch.tensor(child_scores).float()
    _, values = replace_worst(old[:, None], old, new[:, None], new, elites)
    assert sorted(values.tolist()) == slow_replace_worst(scores, child_scores, elites)


def test_replace_worst_without_elites_keeps_the_best_of_all():
    old, new = torch.tensor([1.0, 5, 3]), torch.tensor([4.0, 6, 2])
    _, values = replace_worst(old[:, None], old, new[:, None], new, 0)
    assert sorted(values.tolist()) == [4, 5, 6]


def test_equal_scores_keep_their_order():
    assert best_first(torch.tensor([1.0, 2.0, 1.0, 2.0, -INF])).tolist() == [1, 3, 0, 2, 4]
