"""The search loop and its spaces, with a small random generator and an objective with a known optimum."""

import copy
import dataclasses
import math
import pickle
import textwrap

import pytest
import torch

import spaceseed as ss
from spaceseed.errors import ArgumentError
from spaceseed.evolution.finds import TOP, evaluate
from spaceseed.evolution.objectives import Objective
from spaceseed.evolution.search import search
from spaceseed.latent_space import LatentSpace
from spaceseed.models.generators.generator import DirectGenerator, latents_from_seeds
from spaceseed.models.generators.stylegan2 import StyleGAN2
from spaceseed.ops.cma import CMAES
from spaceseed.ops.differential_evolution import DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.random_search import RandomSearch
from spaceseed.ops.termination import Termination
from spaceseed.recipes.recipe import Recipe


class Redness(Objective):
    """The mean of red minus the mean of the other colours."""

    prompt, judge = "red", "eye"

    def __init__(self):
        self.batches = []

    def __call__(self, images):
        self.batches.append(len(images))
        return images[:, 0].mean(dim=(1, 2)) - images[:, 1:].mean(dim=(1, 2, 3))


@pytest.mark.parametrize("space", ["z", "w", "ws"])
def test_a_search_climbs_and_counts(generator, space):
    dims = LatentSpace(generator, space).dims
    optimizer = DifferentialEvolution(dims, population=12, prior=LatentSpace(generator, space).prior, seed=1)
    generations = list(search(generator, Redness(), optimizer, space=space, generations=8))
    assert [g.number for g in generations] == list(range(1, 9))
    assert [g.evaluations for g in generations] == [12 * n for n in range(1, 9)]
    best = [g.best_score for g in generations]
    assert best == sorted(best)
    assert best[-1] > best[0]
    assert [g.reason for g in generations] == [None] * 7 + ["generations"]


def test_the_top_is_the_best_of_all_that_was_seen(generator):
    objective, seen = Redness(), []
    space = LatentSpace(generator, "z", 0.7)
    optimizer = RandomSearch(space.dims, population=20, seed=2)
    for generation in search(generator, objective, optimizer, space=space, generations=3):
        seen += optimizer.population.tolist()
        top = generation.top
    scores = sorted(evaluate(space, [objective], torch.tensor(seen)).scores[:, 0].tolist())
    assert len(top) == TOP
    assert [find.score for find in top] == pytest.approx(sorted((f.score for f in top), reverse=True))
    assert top[0].score >= scores[-1] - 1e-6


@pytest.mark.parametrize("space", ["z", "w", "ws"])
def test_the_recipe_of_a_find_draws_the_same_image(generator, space):
    space = LatentSpace(generator, space, truncation=0.8)
    optimizer = RandomSearch(space.dims, population=6, prior=space.prior, seed=3)
    (generation,) = search(generator, Redness(), optimizer, space=space, generations=1)
    recipe = generation.best
    torch.testing.assert_close(recipe.render(generator)[0], generation.top[0].image, atol=1e-4, rtol=1e-4)
    assert recipe.found.prompt == "red"
    assert recipe.found.settings == {"population": 6, "prior": space.prior, "seed": 3}
    assert recipe.found.score == pytest.approx(generation.best_score)


def test_images_are_drawn_in_small_batches_and_a_cancel_ends_within_one(generator):
    objective = Redness()
    optimizer = RandomSearch(16, population=100, seed=0)
    found = list(search(generator, objective, optimizer, cancelled=lambda: len(objective.batches) >= 2))
    assert found == []
    assert len(objective.batches) == 2
    assert max(objective.batches) <= 16


def test_limits_end_a_search(generator):
    for limit, reason in [
        (Termination(evaluations=50), "evaluations"),
        (Termination(target=-100.0), "target"),
        (Termination(seconds=1e-9), "seconds"),
        (Termination(patience=2), "patience"),
    ]:
        optimizer = RandomSearch(16, population=20, seed=0)
        *_, last = search(generator, Redness(), optimizer, termination=limit)
        assert last.reason == reason


@pytest.mark.parametrize("make", [DifferentialEvolution, CMAES, RandomSearch, GeneticAlgorithm])
def test_a_search_goes_on_with_the_same_optimizer_and_loses_nothing(generator, make):
    optimizer = make(16, population=12, seed=0)
    *_, before = search(generator, Redness(), optimizer, generations=4)
    for generation in search(generator, Redness(), optimizer, generations=2):
        assert generation.best_score >= before.best_score
        scores = [find.score for find in generation.top]
        assert scores == sorted(scores, reverse=True)
        assert len({tuple(find.vector.tolist()) for find in generation.top}) == TOP
    assert generation.number == 6
    assert generation.evaluations == optimizer.evaluations
    assert generation.reason == "generations"
    optimizer.belongs_to = None  # another objective is refused otherwise
    kept = next(iter(search(generator, lambda images: [-9.0] * len(images), optimizer, generations=1)))
    assert kept.best_score == generation.best_score
    assert torch.equal(kept.top[0].vector, optimizer.best[0])
    torch.testing.assert_close(kept.best.render(generator)[0], kept.top[0].image, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("space", ["z", "w"])
@pytest.mark.parametrize("make", [DifferentialEvolution, CMAES, RandomSearch, GeneticAlgorithm])
def test_a_saved_search_goes_on_where_it_stood(generator, space, make):
    space = LatentSpace(generator, space)
    # Far from the mean, so that in w the space has a penalty.
    start = 2 * space.draw(range(12))
    optimizer = make(space.dims, population=12, prior="free", seed=0, start=start)
    *_, before = search(generator, redness, optimizer, space=space, generations=3)
    assert (space.name == "z") == bool((space.penalty(start) == 0).all())
    restored = make(space.dims, population=12, prior="free", seed=7)
    restored.load_state_dict(optimizer.state_dict())
    for other in (optimizer, restored):
        first = next(iter(search(generator, redness, other, space=space)))
        assert first.number == before.number + 1
        assert first.evaluations == other.evaluations > before.evaluations
        assert first.best_score >= before.best_score
        assert first.best_score == pytest.approx(other.best_score, abs=1e-6)
        expected = evaluate(space, [redness], torch.stack([find.vector for find in first.top])).scores[:, 0].tolist()
        assert [find.score for find in first.top] == pytest.approx(expected, abs=1e-5)
    assert torch.equal(optimizer.population, restored.population)


def other_redness(images):
    return -redness(images)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"objective": other_redness}, "other_redness"),
        ({"objective": Redness()}, "Redness"),
        ({"truncation": 0.5}, "truncation 0.5"),
        ({"space": "w"}, "w, truncation 0.7"),
    ],
)
def test_an_optimizer_that_has_searched_something_else_is_refused(generator, arguments, words):
    optimizer = DifferentialEvolution(16, population=6, seed=0)
    same = {"generator": generator, "objective": redness, "optimizer": optimizer, "generations": 1}
    list(search(**same))
    assert optimizer.belongs_to == "tiny 00000000, z, truncation 0.7, noise const: redness"
    restored = DifferentialEvolution(16, population=6, seed=1)
    restored.load_state_dict(optimizer.state_dict())
    for used in (optimizer, restored):
        with pytest.raises(ArgumentError, match=f"tiny 00000000, z, truncation 0.7.*{words}"):
            list(search(**same | {"optimizer": used} | arguments))
        assert used.generation == 1
        list(search(**same | {"optimizer": used}))
    optimizer.belongs_to = None
    list(search(**same | arguments))
    assert optimizer.belongs_to.endswith(words) or words in optimizer.belongs_to


def test_another_model_is_refused_and_a_cancelled_first_round_claims_nothing(generator):
    optimizer = RandomSearch(16, population=4)
    list(search(generator, redness, optimizer, generations=1, cancelled=lambda: True))
    assert optimizer.belongs_to is None
    optimizer.tell(redness(LatentSpace(generator).images(optimizer.ask())))  # a round without `search` claims nothing
    list(search(generator, redness, optimizer, generations=1))
    other = copy.deepcopy(generator)
    other.card = dataclasses.replace(generator.card, sha256="1" * 64)
    with pytest.raises(ArgumentError, match="tiny 11111111"):
        list(search(other, redness, optimizer, generations=1))


@pytest.mark.parametrize("space", ["z", "w", "ws"])
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))], ids=["copy", "deepcopy", "pickle"]
)
def test_a_generation_outlives_its_generator(generator, space, again):
    mine = copy.deepcopy(generator)
    space = LatentSpace(mine, space)
    optimizer = RandomSearch(space.dims, population=40, prior=space.prior)
    (generation,) = search(mine, Redness(), optimizer, space=space, generations=1)
    recipes = [generation.recipe(rank) for rank in range(TOP)]
    with torch.no_grad():
        for parameter in mine.parameters():
            parameter.zero_()
    other = again(generation)
    assert [other.recipe(rank) for rank in range(TOP)] == recipes
    assert other.best == recipes[0]
    assert (other.number, other.best_score, other.reason) == (1, generation.best_score, "generations")
    assert all(torch.equal(a.image, b.image) for a, b in zip(other.top, generation.top, strict=True))
    # The images of the top alone, not of their batches.
    one = pickle.dumps(generation.top[0])
    assert len(one) < 4 * (space.dims + 3 * 8 * 8 + generation.top[0].thumbnail.numel()) + 2_000


def test_every_image_of_a_search_can_be_kept(generator):
    def objective(images):
        scores = redness(images)
        scores[0] = torch.nan
        return scores

    optimizer, asked, kept = RandomSearch(16, population=20, seed=0), [], []
    ask = optimizer.ask
    optimizer.ask = lambda: asked.append(ask()) or asked[-1]

    def evaluated(*batch):
        kept.append(batch)

    *_, last = search(generator, objective, optimizer, generations=2, evaluated=evaluated, batch=8)
    vectors, scores = map(torch.cat, zip(*kept, strict=True))
    assert [len(batch) for batch, _ in kept] == [8, 8, 4] * 2
    assert torch.equal(vectors, torch.cat(asked))
    assert int(scores.isnan().sum()) == 6
    assert float(scores[~scores.isnan()].max()) == last.best_score


def test_a_search_does_not_depend_on_its_batch(generator):
    ends = []
    for batch in (None, 1, 7, 64):
        objective = Redness()
        optimizer = DifferentialEvolution(16, population=12, seed=3)
        *_, last = search(generator, objective, optimizer, generations=4, batch=batch)
        assert batch is None or max(objective.batches) == min(batch, 12)
        ends.append([find.score for find in last.top])
    for end in ends[1:]:
        assert end == pytest.approx(ends[0], abs=1e-4)
    for wrong in (0, -1, 1.5, "8"):
        with pytest.raises(ArgumentError, match="batch"):
            next(search(generator, redness, RandomSearch(16), batch=wrong))


def gaps(finds):
    return torch.pdist(torch.stack([find.thumbnail for find in finds])) / 768**0.5


@pytest.mark.parametrize("apart", [0.2, 0.5])
def test_the_finds_differ_and_the_best_stays(generator, apart):
    def climb(apart):
        optimizer = DifferentialEvolution(16, population=12, seed=1)
        return list(search(generator, Redness(), optimizer, generations=40, apart=apart))

    crowded, differing = climb(0), climb(apart)
    assert [g.best_score for g in differing] == [g.best_score for g in crowded]
    for generation in differing:
        assert gaps(generation.top).min() >= apart - 1e-6
        scores = [find.score for find in generation.top]
        assert scores == sorted(scores, reverse=True)
    assert gaps(crowded[-1].top).max() < gaps(differing[-1].top).min()  # so without a distance they are one image
    assert len(crowded[-1].top) == TOP
    assert differing[-1].top[-1].score < crowded[-1].top[-1].score


def test_finds_that_are_continued_differ_too(generator):
    optimizer = DifferentialEvolution(16, population=12, seed=1)
    list(search(generator, redness, optimizer, generations=15))
    first = next(iter(search(generator, redness, optimizer, apart=0.3)))
    assert len(first.top) == 1 or gaps(first.top).min() >= 0.3 - 1e-6
    assert first.top[0].score == pytest.approx(optimizer.best_score, abs=1e-6)
    for wrong in (-0.1, 2.1, math.nan, "0.1"):
        with pytest.raises(ArgumentError, match="apart"):
            next(search(generator, redness, optimizer, apart=wrong))


@pytest.mark.parametrize("limit", [{"evaluations": 30}, {"patience": 1}, {"generations": 1}])
def test_limits_count_from_where_a_search_began(generator, limit):
    optimizer = RandomSearch(16, population=20, seed=0)
    list(search(generator, lambda images: [0.0] * len(images), optimizer, generations=3))
    rounds = list(search(generator, lambda images: [0.0] * len(images), optimizer, termination=Termination(**limit)))
    assert len(rounds) == (2 if "evaluations" in limit else 1)


def redness(images):
    return images[:, 0].mean(dim=(1, 2)) - images[:, 1:].mean(dim=(1, 2, 3))


@pytest.mark.parametrize(
    "convert",
    [
        lambda scores: scores,
        lambda scores: scores.double(),
        lambda scores: scores[:, None],
        lambda scores: scores.numpy(),
        lambda scores: scores.tolist(),
        list,
    ],
    ids=["tensor", "double", "column", "array", "list", "list of tensors"],
)
def test_any_function_of_images_can_be_climbed(generator, convert):
    optimizers = [RandomSearch(16, population=5, seed=0) for _ in range(2)]
    (expected,) = search(generator, Redness(), optimizers[0], generations=1)
    (generation,) = search(generator, lambda images: convert(redness(images)), optimizers[1], generations=1)
    assert generation.best_score == expected.best_score
    assert generation.best.found.prompt is None
    assert generation.best.found.score == generation.best_score


@pytest.mark.parametrize(
    "scores",
    [
        lambda images: 1.0,
        lambda images: torch.tensor(1.0),
        lambda images: redness(images)[:-1],
        lambda images: images.mean(dim=(2, 3)),
        lambda images: "good",
        lambda images: None,
        lambda images: redness(images) * 1j,
    ],
    ids=["number", "scalar", "too few", "several", "text", "none", "complex"],
)
def test_anything_but_one_score_an_image_is_named(generator, scores):
    with pytest.raises(ArgumentError, match=r"objective.* one score for each of 5 images"):
        next(search(generator, scores, RandomSearch(16, population=5)))


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
def test_an_image_whose_score_is_not_finite_is_no_find(generator, number, tmp_path):
    def objective(images):
        scores = redness(images)
        scores[scores.argmax()] = number
        return scores

    optimizer = DifferentialEvolution(16, population=12, seed=0)
    for generation in search(generator, objective, optimizer, generations=4):
        assert all(math.isfinite(find.score) for find in generation.top)
        assert math.isfinite(generation.best_score)
        assert math.isfinite(generation.mean_score)
    assert optimizer.best_score == generation.best_score
    generation.best.save(tmp_path / "found.png", generator)
    assert Recipe.open(tmp_path / "found.png") == generation.best


def test_a_search_ends_in_a_sentence_where_no_image_has_a_score(generator):
    def fails_later(images):
        fails_later.rounds += 1
        return redness(images) * (1 if fails_later.rounds == 1 else torch.nan)

    with pytest.raises(ArgumentError, match="finite for at least one image"):
        next(search(generator, lambda images: redness(images) * torch.nan, RandomSearch(16, population=5)))
    fails_later.rounds = 0
    generations = list(search(generator, fails_later, RandomSearch(16, population=5), generations=3))
    assert len({generation.best_score for generation in generations}) == 1


def test_an_image_that_is_not_finite_is_not_shown_to_the_objective(generator):
    class Broken(StyleGAN2):
        def compute_images(self, ws, tap, **options):
            images = super().compute_images(ws, tap, **options)
            images[::2] = torch.nan
            return images

    torch.manual_seed(0)
    broken = Broken(16, 16, {4: 8, 8: 8}, mapping_layers=2).requires_grad_(False)
    seen = []
    optimizer = RandomSearch(16, population=6)
    (generation,) = search(broken, lambda images: seen.append(images) or redness(images), optimizer, generations=1)
    assert torch.cat(seen).isfinite().all()
    assert len(generation.top) == 3


def test_an_objective_that_changes_its_images_changes_no_find(generator):
    def objective(images):
        return redness(images.clamp_(0, 0.1))

    (generation,) = search(generator, objective, RandomSearch(16, population=5, seed=0), generations=1)
    find = generation.top[0]
    torch.testing.assert_close(find.image, LatentSpace(generator).images(find.vector[None])[0])


@pytest.mark.parametrize("space", ["z", "w", "ws"])
def test_a_users_generator_is_searched_without_a_card(space):
    example = {"ss": ss}
    exec(textwrap.dedent(DirectGenerator.__doc__.split("::\n\n")[1]), example)  # the example in the docstring
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(128, 3 * 64 * 64), torch.nn.Tanh(), torch.nn.Unflatten(1, (3, 64, 64))
    )
    optimizer = ss.DifferentialEvolution(128, population=12, seed=0)
    generations = list(ss.search(example["MyGenerator"](network), redness, optimizer, space=space, generations=5))
    assert generations[-1].best_score > generations[0].best_score
    assert generations[-1].top[0].image.shape == (3, 64, 64)
    with pytest.raises(ArgumentError, match="card"):
        _ = generations[-1].best


def test_seeds_mean_the_same_face_in_every_space(generator):
    expected = generator.map(latents_from_seeds([4, 5], 16), truncation=0.6)
    for name in ("z", "w", "ws"):
        space = LatentSpace(generator, name, truncation=0.6)
        torch.testing.assert_close(space.ws(space.draw([4, 5])), expected, atol=1e-5, rtol=1e-5)


def test_far_out_vectors_pay_and_draws_do_not(generator):
    for name in ("w", "ws"):
        space = LatentSpace(generator, name)
        draws = space.draw(range(400))
        assert draws.std(dim=0).mean().item() == pytest.approx(1, abs=0.1)
        assert space.penalty(torch.zeros(1, space.dims)).item() == 0
        assert (space.penalty(5 * draws) > 0.1).all()
    assert (LatentSpace(generator, "z").penalty(torch.full((3, 16), 9.0)) == 0).all()


def test_faults_are_named(generator):
    with pytest.raises(ArgumentError, match="dims"):
        next(search(generator, Redness(), RandomSearch(7, population=4)))
    optimizer = RandomSearch(16, population=4)
    with pytest.raises(ArgumentError, match="left out"):
        next(search(generator, Redness(), optimizer, generations=1, termination=Termination(generations=1)))
    with pytest.raises(ArgumentError, match="space"):
        LatentSpace(generator, "y")
    with pytest.raises(ArgumentError, match="truncation"):
        LatentSpace(generator, "z", float("nan"))
    with pytest.raises(ArgumentError, match="another generator"):
        next(search(copy.deepcopy(generator), Redness(), optimizer, space=LatentSpace(generator)))


def test_swapped_arguments_are_named(generator):
    optimizer = RandomSearch(16, population=4)
    for arguments, name in (
        ((Redness(), generator, optimizer), "generator"),
        ((generator, optimizer, Redness()), "objective"),
        ((generator, Redness(), generator), "optimizer"),
        ((generator, "red", optimizer), "objective"),
        ((generator, generator, optimizer), "objective"),
        ((generator, Redness, optimizer), "objective"),
    ):
        with pytest.raises(ArgumentError) as caught:
            next(search(*arguments))
        assert caught.value.name == name
    for space in (None, 3):
        with pytest.raises(ArgumentError, match="space"):
            next(search(generator, Redness(), optimizer, space=space))
    with pytest.raises(ArgumentError, match="termination"):
        next(search(generator, Redness(), optimizer, termination=3))
    for name in ("cancelled", "evaluated"):
        with pytest.raises(ArgumentError, match=name):
            next(search(generator, Redness(), optimizer, **{name: True}))


def test_finds_that_are_known_stay_and_are_not_drawn_again(generator):
    optimizer = ss.CMAES(generator.z_dim, seed=1)
    *_, first = ss.search(generator, redness, optimizer, generations=3)
    state = optimizer.state_dict()
    *_, drawn = ss.search(generator, redness, optimizer, generations=2)
    optimizer.load_state_dict(state)
    drawn_now = []
    keep = lambda vectors, _scores: drawn_now.extend(vectors.tolist())  # noqa: E731
    *_, known = ss.search(generator, redness, optimizer, generations=2, known=first.top, evaluated=keep)
    assert len(drawn_now) == 2 * optimizer.size
    assert known.best_score == drawn.best_score
    kept = {*map(tuple, drawn_now), *(tuple(find.vector.tolist()) for find in first.top)}
    assert {tuple(find.vector.tolist()) for find in known.top} <= kept
    assert [find.score for find in known.top] >= [find.score for find in first.top]
    with pytest.raises(ArgumentError, match="find"):
        next(ss.search(generator, redness, optimizer, known=["red"]))
