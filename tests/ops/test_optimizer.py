"""Properties of all optimizers."""

import io
import math
from collections.abc import Callable
from functools import partial

import pytest
import torch

from spaceseed.errors import ArgumentError
from spaceseed.ops.cma import CMAES
from spaceseed.ops.differential_evolution import STRATEGIES, DifferentialEvolution
from spaceseed.ops.genetic import GeneticAlgorithm
from spaceseed.ops.interpolate import slerp
from spaceseed.ops.optimizer import Optimizer
from spaceseed.ops.random_search import RandomSearch

DIMS, SIZE = 32, 12
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    **{s: partial(DifferentialEvolution, population=SIZE, strategy=s, dither=0.2) for s in STRATEGIES},
    "ga": partial(GeneticAlgorithm, population=SIZE),
    "ga, person": partial(GeneticAlgorithm, population=SIZE, re_evaluate=True, immigrants=1),
    "cma": partial(CMAES, population=SIZE),
    "random": partial(RandomSearch, population=SIZE),
}
every_optimizer = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=list(OPTIMIZERS))


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


TARGET = normal(DIMS, seed=77)
ROTATION = torch.linalg.qr(normal(DIMS, DIMS, seed=78)).Q
CONDITION = torch.logspace(0, 2, DIMS)


def sphere(x):
    return -(x - TARGET).square().sum(dim=1)


def ellipsoid(x):
    return -((x - TARGET) @ ROTATION).square() @ CONDITION


def run(optimizer, rounds, objective=sphere):
    """Returns the candidates of several rounds."""
    asked = [torch.empty(0, optimizer.dims)]
    for _ in range(rounds):
        asked.append(optimizer.ask())
        optimizer.tell(objective(asked[-1]))
    return torch.cat(asked)


@every_optimizer
def test_shapes_counters_and_aligned_scores(make):
    optimizer = make(DIMS)
    assert optimizer.population.shape == (0, DIMS)
    assert optimizer.best_score == -math.inf
    for generation in range(4):
        asked = optimizer.ask()
        assert asked.shape[1] == DIMS
        assert asked.dtype == torch.float32
        evaluations = optimizer.evaluations
        optimizer.tell(sphere(asked))
        assert optimizer.generation == generation + 1
        assert optimizer.evaluations == evaluations + len(asked)
        assert optimizer.population.shape == (SIZE, DIMS)
        assert torch.equal(optimizer.scores, sphere(optimizer.population))


@every_optimizer
def test_runs_depend_on_the_seed_and_not_on_the_global_generator(make):
    torch.manual_seed(1)
    first = run(make(DIMS, seed=5), 4)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert torch.equal(run(make(DIMS, seed=5), 4), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(run(make(DIMS, seed=6), 4), first)


@every_optimizer
def test_asking_again_gives_the_same_and_what_is_returned_may_be_changed(make):
    optimizer = make(DIMS)
    for _ in range(3):
        asked = optimizer.ask()
        asked_before = asked.clone()
        asked.zero_()
        assert torch.equal(optimizer.ask(), asked_before)
        optimizer.tell(sphere(asked_before))


@every_optimizer
@pytest.mark.parametrize("asked", [False, True], ids=["between rounds", "between ask and tell"])
@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_a_restored_run_goes_on_identically(make, asked, rounds):
    optimizer = make(DIMS, seed=3)
    run(optimizer, rounds)
    if asked:
        optimizer.ask()
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    rest = run(optimizer, 3)
    file.seek(0)
    restored = make(DIMS, seed=99)
    restored.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(run(restored, 3), rest)
    assert torch.equal(restored.population, optimizer.population)
    assert torch.equal(restored.scores, optimizer.scores)
    assert torch.equal(restored.best[0], optimizer.best[0])
    for name in ("best_score", "generation", "evaluations", "course"):
        assert getattr(restored, name) == getattr(optimizer, name)


@every_optimizer
def test_a_state_is_a_snapshot(make):
    optimizer = make(DIMS)
    run(optimizer, 2)
    state = optimizer.state_dict()
    rest = run(optimizer, 3)
    for _ in range(2):
        optimizer.load_state_dict(state)
        assert torch.equal(run(optimizer, 3), rest)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (RandomSearch(9, population=20), "RandomSearch of 9 dims"),
        (RandomSearch(8, population=40), "a population of 40"),
        (GeneticAlgorithm(8, population=20), "GeneticAlgorithm of 8 dims"),
    ],
)
def test_a_state_of_another_optimizer_is_refused_in_a_sentence(other, words):
    run(other, 1, lambda x: x.sum(dim=1))
    optimizer = RandomSearch(8, population=20)
    asked = optimizer.ask()
    with pytest.raises(ArgumentError, match=f"state = .*{words}.* RandomSearch of 8 dims and a population of 20"):
        optimizer.load_state_dict(other.state_dict())
    assert torch.equal(optimizer.ask(), asked)


@every_optimizer
@pytest.mark.parametrize("start", [3, 64])
def test_a_state_after_a_start_of_any_length_is_taken(make, start):
    optimizer = make(DIMS, start=torch.randn(start, DIMS, generator=torch.Generator().manual_seed(0)))
    optimizer.tell(optimizer.ask().sum(dim=1))
    other = make(DIMS)
    other.load_state_dict(optimizer.state_dict())
    assert torch.equal(other.ask(), optimizer.ask())


@every_optimizer
def test_a_damaged_state_is_refused_and_changes_nothing(make):
    optimizer = make(DIMS)
    run(optimizer, 2)
    asked = optimizer.ask()
    good = optimizer.state_dict()
    damages = [None, [], {}, *({name: good[name] for name in good if name != left_out} for left_out in good)]
    changes = {"population": torch.zeros(3, 5), "scores": torch.zeros(99), "best": 7, "course": (1, 2)}
    changes |= {"asked": torch.full((3, DIMS), torch.nan), "generator": torch.zeros(3), "made": {"optimizer": 1}}
    damages += [good | {name: value} for name, value in changes.items()]
    damages += [
        good | {"best": None},
        good | {"best": (good["best"][0], math.nan)},
        good | {"course": []},
        good | {"course": [math.nan]},
    ]
    damages += [good | {"course": course} for course in ([], [math.nan])]
    damages += [good | {"scores": good["scores"] * math.nan}]
    for damaged in damages:
        with pytest.raises(ArgumentError, match="state"):
            optimizer.load_state_dict(damaged)
        assert torch.equal(optimizer.ask(), asked)
    optimizer.load_state_dict(good)


@every_optimizer
def test_best_is_the_best_ever_told(make):
    optimizer = make(DIMS)
    asked = run(optimizer, 6)
    scores = torch.cat([sphere(row[None]) for row in asked])
    latent, score = optimizer.best
    assert score == pytest.approx(float(scores.max()), rel=1e-5)
    assert torch.equal(latent, asked[scores.argmax()])


@every_optimizer
def test_nan_is_worse_than_every_score(make):
    optimizer = make(DIMS)
    optimizer.tell(torch.full((len(optimizer.ask()),), torch.nan))
    assert optimizer.best[1] == -math.inf
    optimizer.tell(torch.full((len(optimizer.ask()),), torch.nan))
    scores = torch.full((len(optimizer.ask()),), torch.nan)
    scores[2] = -1e30
    failed = optimizer.ask()
    optimizer.tell(scores)
    assert torch.equal(optimizer.best[0], failed[2])
    assert bool(optimizer.ask().isfinite().all())
    assert not optimizer.scores.isnan().any()


@every_optimizer
def test_one_score_for_each_candidate(make):
    optimizer = make(DIMS)
    with pytest.raises(RuntimeError, match="best"):
        _ = optimizer.best
    n = len(optimizer.ask())
    for wrong in (torch.zeros(n + 1), torch.zeros(1, n), torch.tensor(0.0), 0.0, "scores", None, torch.zeros(n) * 1j):
        with pytest.raises(ArgumentError, match=f"scores = .* one score for each of {n} candidates"):
            optimizer.tell(wrong)
    optimizer.tell([float(i) for i in range(n)])
    with pytest.raises(RuntimeError, match="ask"):
        optimizer.tell(torch.zeros(n))


@every_optimizer
def test_scores_may_be_of_any_dtype_and_carry_a_gradient(make):
    plain, other = make(DIMS), make(DIMS)
    for _ in range(3):
        scores = sphere(plain.ask())
        plain.tell(scores)
        other.tell(sphere(other.ask()).double().requires_grad_())
    assert torch.equal(plain.population, other.population)
    assert not other.scores.requires_grad


@every_optimizer
def test_scores_may_be_in_any_container(make):
    plain, others = make(DIMS), [make(DIMS) for _ in range(4)]
    for _ in range(3):
        scores = sphere(plain.ask())
        plain.tell(scores)
        for other, same in zip(
            others, (scores[:, None], scores.tolist(), scores.numpy(), scores.double()), strict=True
        ):
            other.ask()
            other.tell(same)
    for other in others:
        assert torch.equal(plain.population, other.population)


@every_optimizer
def test_an_infinite_score_is_a_failure_too(make):
    optimizer = make(DIMS)
    for _ in range(3):
        scores = torch.zeros(len(optimizer.ask()))
        scores[0], scores[1] = torch.inf, 1.0
        best = optimizer.ask()[1]
        optimizer.tell(scores)
        assert optimizer.best_score == 1.0
    assert not (optimizer.scores == torch.inf).any()
    assert best.isfinite().all()


@every_optimizer
def test_the_course_is_the_best_score_after_each_round(make):
    optimizer = make(DIMS)
    for score in (0.0, -1.0, 2.0, torch.nan, 1.0):
        optimizer.tell(torch.full((len(optimizer.ask()),), score))
    assert optimizer.course == [0, 0, 2, 2, 2]
    assert optimizer.generation == 5


@every_optimizer
def test_shell_keeps_all_candidates_on_the_prior(make):
    norms = run(make(DIMS, prior="shell"), 8, ellipsoid).norm(dim=1)
    assert torch.allclose(norms, torch.tensor(math.sqrt(DIMS)), rtol=1e-5)


@every_optimizer
def test_shrink_keeps_all_candidates_in_the_typical_range(make):
    norms = run(make(DIMS, prior="shrink"), 8, lambda x: x.norm(dim=1)).norm(dim=1)
    middle, reach = math.sqrt(DIMS - 0.5), 3 * math.sqrt(0.5)
    assert bool(((norms - middle).abs() <= reach + 1e-4).all())
    assert float(norms.std()) > 0.05  # so it is not the shell


@pytest.mark.parametrize("name", ["rand/1/bin", "ga", "cma"])
def test_free_lets_candidates_go_where_the_scores_rise(name):
    norms = run(OPTIMIZERS[name](DIMS, prior="free"), 40, lambda x: x.norm(dim=1)).norm(dim=1)
    assert float(norms.max()) > 2 * math.sqrt(DIMS)


@every_optimizer
def test_start_is_asked_first_bit_for_bit(make):
    start = 2 * normal(3, DIMS, seed=9)
    asked = make(DIMS, start=start).ask()
    assert torch.equal(asked[:3], start)
    longer = 2 * normal(SIZE + 20, DIMS, seed=9)
    optimizer = make(DIMS, start=longer)
    assert torch.equal(optimizer.ask(), longer)
    optimizer.tell(sphere(longer))
    assert float(optimizer.scores.max()) == float(sphere(longer).max())


@pytest.mark.parametrize("name", ["rand/1/bin", "ga", "ga, person", "random"])
def test_the_best_of_a_long_start_survive(name):
    start = normal(SIZE + 20, DIMS, seed=9)
    optimizer = OPTIMIZERS[name](DIMS, start=start)
    optimizer.ask()
    optimizer.tell(sphere(start))
    assert torch.equal(optimizer.scores, sphere(start).sort(descending=True).values[:SIZE])


@pytest.mark.parametrize("name", ["rand/1/bin", "ga", "ga, person", "random"])
def test_a_short_start_is_filled_with_seeded_draws(name):
    start = normal(3, DIMS, seed=9)
    asked = OPTIMIZERS[name](DIMS, start=start, prior="free").ask()
    assert asked.shape == (SIZE, DIMS)
    assert float(asked[3:].std()) == pytest.approx(1, abs=0.15)
    assert torch.equal(asked, OPTIMIZERS[name](DIMS, start=start, prior="free").ask())


def test_the_order_of_the_population_does_not_matter_to_a_greedy_search():
    start, order = normal(SIZE, DIMS), torch.randperm(SIZE, generator=torch.Generator().manual_seed(1))
    for make in (
        OPTIMIZERS["cma"],
        OPTIMIZERS["random"],
        partial(GeneticAlgorithm, population=SIZE, selection="truncation"),
    ):
        one, other = make(DIMS, start=start), make(DIMS, start=start[order])
        run(one, 1)
        run(other, 1)
        assert torch.allclose(one.ask(), other.ask(), atol=1e-5)


GOOD: dict[str, Callable[..., Optimizer]] = {
    "rand/1/bin": partial(DifferentialEvolution, population=40, strategy="rand/1/bin", CR=0.9, dither=0),
    "rand/1/exp": partial(DifferentialEvolution, population=40, strategy="rand/1/exp", CR=0.9, dither=0),
    "ga": partial(GeneticAlgorithm, population=40),
    "ga, sbx and polynomial": partial(GeneticAlgorithm, population=40, crossover="sbx", mutation="polynomial"),
    "cma": CMAES,
}


@pytest.mark.parametrize("make", GOOD.values(), ids=list(GOOD))
@pytest.mark.parametrize(("objective", "share"), [(sphere, 0.005), (ellipsoid, 0.05)], ids=["sphere", "ellipsoid"])
def test_solves_the_sphere_and_a_rotated_ellipsoid_where_random_search_does_not(make, objective, share):
    optimizer, random = make(DIMS, prior="free", seed=1), RandomSearch(DIMS, population=40, prior="free", seed=1)
    while random.evaluations < 20_000:
        random.tell(objective(random.ask()))
    while optimizer.evaluations < 20_000 - 40:
        optimizer.tell(objective(optimizer.ask()))
    assert optimizer.evaluations <= random.evaluations
    assert optimizer.best_score > share * random.best_score


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "random"])
def test_beats_random_search_on_the_shell_after_a_thousand_evaluations(name):
    target = math.sqrt(DIMS) * torch.nn.functional.normalize(TARGET, dim=0)
    similarity = partial(torch.cosine_similarity, target[None])
    optimizer, random = OPTIMIZERS[name](DIMS), RandomSearch(DIMS, population=SIZE)
    while random.evaluations < 1000:
        random.tell(similarity(random.ask()))
    while optimizer.evaluations < 1000 - SIZE:
        optimizer.tell(similarity(optimizer.ask()))
    assert optimizer.best_score > random.best_score + 0.05


def test_warm_start_finds_what_lies_between():
    a, b = math.sqrt(DIMS) * torch.nn.functional.normalize(normal(2, DIMS, seed=5), dim=1)
    middle = slerp(a, b, 0.5)
    similarity = partial(torch.cosine_similarity, middle[None])
    ga = GeneticAlgorithm(DIMS, population=SIZE, start=torch.stack([a, b]), crossover="spherical", mutation_sigma=0.05)
    run(ga, 10, similarity)
    assert ga.best_score > 0.97


@pytest.mark.parametrize(
    ("make", "wrong", "name"),
    [
        (RandomSearch, {"dims": 1}, "dims"),
        (RandomSearch, {"dims": 8.5}, "dims"),
        (RandomSearch, {"population": 0}, "population"),
        (RandomSearch, {"population": math.nan}, "population"),
        (RandomSearch, {"population": True}, "population"),
        (RandomSearch, {"prior": "sphere"}, "prior"),
        (RandomSearch, {"seed": -1}, "seed"),
        (RandomSearch, {"seed": 2**32}, "seed"),
        (RandomSearch, {"seed": "1"}, "seed"),
        (RandomSearch, {"start": torch.zeros(2, 9)}, "start"),
        (RandomSearch, {"start": torch.zeros(8)}, "start"),
        (RandomSearch, {"start": torch.zeros(0, 8)}, "start"),
        (RandomSearch, {"start": torch.full((2, 8), math.nan)}, "start"),
        (DifferentialEvolution, {"population": 3, "strategy": "rand/1/bin"}, "population"),
        (DifferentialEvolution, {"population": 2, "strategy": "best/1/bin"}, "population"),
        (DifferentialEvolution, {"strategy": "rand/2/bin"}, "strategy"),
        (DifferentialEvolution, {"F": 0}, "F"),
        (DifferentialEvolution, {"F": math.nan}, "F"),
        (DifferentialEvolution, {"F": 2.1}, "F"),
        (DifferentialEvolution, {"CR": -0.1}, "CR"),
        (DifferentialEvolution, {"CR": math.inf}, "CR"),
        (DifferentialEvolution, {"F": 0.5, "dither": 0.6}, "dither"),
        (GeneticAlgorithm, {"population": 1}, "population"),
        (GeneticAlgorithm, {"population": 4, "elites": 4}, "elites"),
        (GeneticAlgorithm, {"population": 4, "elites": 5, "re_evaluate": True}, "elites"),
        (GeneticAlgorithm, {"population": 4, "elites": 2, "immigrants": 3}, "immigrants"),
        (GeneticAlgorithm, {"mutation_rate": 1.1}, "mutation_rate"),
        (GeneticAlgorithm, {"mutation_sigma": math.nan}, "mutation_sigma"),
        (GeneticAlgorithm, {"selection": "best"}, "selection"),
        (GeneticAlgorithm, {"crossover": "none"}, "crossover"),
        (GeneticAlgorithm, {"mutation": None}, "mutation"),
        (GeneticAlgorithm, {"replacement": "all"}, "replacement"),
        (CMAES, {"population": 1}, "population"),
        (CMAES, {"sigma": 0}, "sigma"),
        (CMAES, {"dims": 1}, "dims"),
    ],
)
def test_a_wrong_argument_is_named(make, wrong, name):
    with pytest.raises(ArgumentError) as caught:
        make(**{"dims": 8} | wrong)
    assert caught.value.name == name


@every_optimizer
def test_settings_make_the_same_optimizer_again(make):
    optimizer = make(DIMS, seed=5)
    again = type(optimizer)(DIMS, **optimizer.settings)
    assert again.settings == optimizer.settings
    if optimizer.settings.get("immigrants", 0) == 0:  # settings do not include re_evaluate
        assert torch.equal(run(again, 4), run(optimizer, 4))
