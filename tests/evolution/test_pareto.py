"""Searches with several objectives, with a small random generator."""

import copy
import math
import pickle

import pytest
import torch

import spaceseed as ss
from spaceseed.errors import ArgumentError
from spaceseed.evolution.finds import evaluate


class Colour(ss.Objective):
    """The mean of one colour minus the mean of the others."""

    judge = "eye"

    def __init__(self, channel):
        self.channel, self.prompt, self.batches = channel, f"colour {channel}", []

    def __call__(self, images):
        self.batches.append(len(images))
        means = images.mean(dim=(2, 3))
        return 1.5 * means[:, self.channel] - means.sum(dim=1) / 2


def make(seed=0, population=16, **options):
    return ss.GeneticAlgorithm(16, population=population, elites=0, replacement="nsga2", seed=seed, **options)


def wishes(k=2):
    return [Colour(channel) for channel in range(k)]


def dominates(a, b):
    return all(x >= y for x, y in zip(a, b, strict=True)) and a != b


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("space", ["z", "w"])
def test_a_front_holds_compromises_from_end_to_end(generator, k, space):
    space = ss.LatentSpace(generator, space)
    fronts = list(ss.pareto(generator, wishes(k), make(prior=space.prior), space=space, generations=6))
    assert [front.number for front in fronts] == [1, 2, 3, 4, 5, 6]
    assert [front.evaluations for front in fronts] == [16 * n for n in range(1, 7)]
    assert [front.reason for front in fronts] == [None] * 5 + ["generations"]
    for front in fronts:
        scores = [find.scores for find in front.finds]
        assert scores == sorted(scores)
        assert not any(dominates(a, b) for a in scores for b in scores)
        assert front.scores.tolist() == [list(each) for each in scores]
        vectors = torch.stack([find.vector for find in front.finds])
        expected = evaluate(space, wishes(k), vectors)
        torch.testing.assert_close(front.scores, expected.scores, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(torch.stack([f.image for f in front.finds]), expected.images, atol=1e-4, rtol=1e-4)
    # The front grows and gets better.
    assert len(fronts[-1].finds) > 3
    assert fronts[-1].scores.amax(dim=0).sum() > fronts[0].scores.amax(dim=0).sum()


def test_recipes_draw_the_same_image_and_tell_the_scores(generator, tmp_path):
    mine = copy.deepcopy(generator)
    *_, front = ss.pareto(mine, wishes(), make(), generations=2)
    for rank, find in enumerate(front.finds):
        recipe = front.recipe(rank)
        torch.testing.assert_close(recipe.render(mine)[0], find.image, atol=1e-4, rtol=1e-4)
        assert (recipe.found.settings["score 1"], recipe.found.settings["score 2"]) == find.scores
        assert recipe.found.prompt == "colour 0 | colour 1"
        assert (recipe.found.judge, recipe.found.score) == ("eye", None)
    recipe.save(tmp_path / "found.json")
    assert ss.Recipe.open(tmp_path / "found.json") == recipe
    again = pickle.loads(pickle.dumps(front))
    assert again.recipe(0) == front.recipe(0)


def test_a_search_for_a_front_goes_on(generator):
    optimizer = make()
    *_, before = ss.pareto(generator, wishes(), optimizer, generations=3)
    restored = make(seed=5)
    restored.load_state_dict(optimizer.state_dict())
    ends = [next(iter(ss.pareto(generator, wishes(), each))) for each in (optimizer, restored)]
    assert torch.equal(ends[0].scores, ends[1].scores)
    assert ends[0].number == 4
    assert not any(dominates(old.scores, new.scores) for old in before.finds for new in ends[0].finds)
    for other in (wishes()[::-1], wishes(3)):
        with pytest.raises(ArgumentError, match="belongs_to"):
            next(ss.pareto(generator, other, optimizer))
    optimizer.belongs_to = None
    with pytest.raises(ArgumentError, match="objectives"):
        next(ss.pareto(generator, wishes(3), optimizer))


def test_finds_that_are_known_are_not_drawn_again(generator, monkeypatch):
    optimizer = make()
    *_, before = ss.pareto(generator, wishes(), optimizer, generations=3)
    state, drawn = optimizer.state_dict(), []
    synthesize = generator.synthesize
    monkeypatch.setattr(generator, "synthesize", lambda ws, **o: drawn.append(len(ws)) or synthesize(ws, **o))
    fronts = []
    for known, count in ((before.finds, 0), (before.finds[1:], 1), ((), len(before.finds))):
        optimizer.load_state_dict(state)
        drawn.clear()
        fronts.append(next(iter(ss.pareto(generator, wishes(), optimizer, known=known))))
        assert sum(drawn) == 16 + count
    assert all(torch.equal(front.scores, fronts[0].scores) for front in fronts)
    with pytest.raises(ArgumentError, match="find"):
        next(iter(ss.pareto(generator, wishes(), optimizer, known=[1])))


def test_batches_cancelling_and_limits(generator):
    wish = wishes()
    cancelled = list(
        ss.pareto(generator, wish, make(), batch=5, cancelled=lambda: len(wish[0].batches) >= 2, generations=3)
    )
    assert (cancelled, wish[0].batches) == ([], [5, 5])
    fronts = [list(ss.pareto(generator, wishes(), make(), batch=b, generations=3))[-1] for b in (1, 16)]
    torch.testing.assert_close(fronts[0].scores, fronts[1].scores, atol=1e-4, rtol=1e-4)
    flat = [lambda images: [0.0] * len(images)] * 2
    *_, last = ss.pareto(generator, flat, make(), termination=ss.Termination(patience=3))
    assert (last.reason, last.number) == ("patience", 4)  # equal scores do not change a front


def test_an_image_without_a_score_is_not_on_the_front(generator):
    def fails(images):
        scores = images.mean(dim=(1, 2, 3))
        scores[::2] = math.inf
        return scores

    (front,) = ss.pareto(generator, [Colour(0), fails], make(), generations=1)
    assert front.scores.isfinite().all()
    with pytest.raises(ArgumentError, match="finite for at least one image"):
        next(ss.pareto(generator, [Colour(0), lambda images: [math.nan] * len(images)], make()))


def test_unfit_arguments_are_named(generator):
    for arguments, name in (
        ((generator, Colour(0), make()), "objectives"),
        ((generator, [Colour(0)], make()), "objectives"),
        ((generator, [Colour(0), "red"], make()), "objective"),
        ((generator, wishes(), ss.GeneticAlgorithm(16)), "optimizer"),
        ((generator, wishes(), ss.CMAES(16)), "optimizer"),
        ((generator, wishes(), ss.GeneticAlgorithm(17, elites=0, replacement="nsga2")), "optimizer.dims"),
    ):
        with pytest.raises(ArgumentError) as caught:
            next(ss.pareto(*arguments))
        assert caught.value.name == name
    with pytest.raises(ArgumentError, match="target"):
        next(ss.pareto(generator, wishes(), make(), termination=ss.Termination(target=1.0)))
    with pytest.raises(ArgumentError, match="one score for each candidate"):
        next(ss.search(generator, Colour(0), make()))
    with pytest.raises(ArgumentError, match=r"<lambda>\(images\)"):
        next(ss.pareto(generator, [Colour(0), lambda images: 1.0], make()))
